"""Repeats: a double click, or a form sent again after an error, is the same submission and has the same id.

The id is a keyed hash of form, verdict (caught as spam or not), answers and the caller's network, so that nobody's copy
hides another person's, or reveals whether somebody else sent it. If the client sends its own key, that key
distinguishes two submissions with the same words; otherwise time does, in windows of ten minutes.
"""

from typing import NamedTuple

from guichet.forms.parse import Form
from guichet.forms.rate_limit import network
from guichet.http.request import Request
from guichet.settings import FormSettings
from guichet.signing import keyed_hash

# In seconds. A form sent again this soon is a repeat, even across the end of a window.
WINDOW = 600


class Identity(NamedTuple):
    """A submission's id, and the ids that it would have in the windows before and after.

    If one of those is stored, the submission is a repeat. The later window counts too: an earlier click may be stored
    after a later one.
    """

    id: str
    neighbours: tuple[str, ...] = ()


def identify(  # noqa: PLR0913  what an id is made of
    form: str, answers: object, *, caught: bool, client_key: str, request: Request, settings: FormSettings
) -> Identity:
    """Return the identity of a submission. `answers` are JSON-like."""
    secret = settings.signing_secret
    # The answers may be long, and are hashed once.
    same = keyed_hash(secret, "submission", form, caught, answers, network(request.caller))

    def hashed(told_apart_by: str, value: str | int) -> str:
        return keyed_hash(secret, "submission", same, told_apart_by, value)

    if client_key:
        return Identity(hashed("key", client_key))
    # The gateway's clock: retries of the same event, and functions whose clocks differ, see the same time.
    window = int(request.at.timestamp()) // WINDOW
    return Identity(hashed("window", window), (hashed("window", window - 1), hashed("window", window + 1)))


def client_key(form: Form, request: Request) -> str:
    """Return the client's own key for a submission, or an empty string."""
    return form.control.get("_id") or request.headers.get("idempotency-key", "")
