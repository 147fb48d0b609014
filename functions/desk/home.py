"""/desk itself: the latest messages."""

from desk.call import Call, Route
from guichet.http.responses import HEADERS, Response


def home(call: Call) -> Response:
    """Redirect to the messages."""
    return {"statusCode": 303, "headers": {**HEADERS, "location": call.url("messages")}}


ROUTES: dict[str, Route] = {"GET ": home}
