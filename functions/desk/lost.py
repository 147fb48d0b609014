"""What was typed into a form that could not be taken, for its session or for the database: else it would be lost.

Browsers fetch a page anew when one goes back to it, and with it what was typed there: pages of the desk are not stored.
"""

from desk import pages, words
from desk.call import DeskError, Visit
from guichet.http.body import fields_of
from guichet.http.refusal import Refusal
from guichet.http.responses import Response

# The errors of a form that was posted from a page of the desk itself.
CODES = frozenset({"signed_out", "other_session"})
# Nobody misses less, in characters.
_SHORT = 20
# What a browser or a page filled in.
_NOT_TYPED = frozenset({"token", "code"})


def page(visit: Visit, error: DeskError) -> Response:
    """Render the error, with the texts that were posted, if any."""
    language = visit.language
    return pages.page(
        visit,
        "lost.html",
        title=words.say("common.error_title", language),
        status=error.status,
        sentence=words.say(f"common.{error.code}", language),
        texts=_typed(visit),
    )


def _typed(visit: Visit) -> list[str]:
    if visit.method != "POST":
        return []
    try:
        fields = fields_of(visit.request)
    except Refusal:
        return []
    return [
        value
        for name, value in fields.items()
        if isinstance(value, str) and name not in _NOT_TYPED and (len(value) >= _SHORT or "\n" in value)
    ]
