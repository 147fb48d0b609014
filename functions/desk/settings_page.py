"""/desk/settings: what the stack was deployed with, to be read. Only a deploy changes it."""

from desk import pages, words
from desk.call import Call, Route
from guichet.http.responses import Response


def show(call: Call) -> Response:
    """Show the settings."""
    return pages.page(call, "settings.html", title=words.say("common.settings", call.language))


ROUTES: dict[str, Route] = {"GET settings": show}
