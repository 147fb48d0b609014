"""The states of an address, and how it gets into each."""

from guichet.http.links import refusal_link, unsubscribe_link
from guichet.signing import subscriber_id
from tests.support.app import App
from tests.support.feedback import feedback
from tests.support.newsletter import READER, SECRET, sign_up, subscribe


def bring_to(app: App, state: str, address: str = READER) -> None:
    """Bring an address into a state."""
    if state == "asked":
        sign_up(app, email=address)
    elif state != "new":
        subscribe(app, email=address)
    if state == "unsubscribed":
        app.post(unsubscribe_link("", subscriber_id(SECRET, address), "fr", SECRET))
    if state == "blocked":
        app.post(refusal_link("", address, "fr", SECRET))
    if state in ("bounced", "complained"):
        feedback(app, "bounce-permanent" if state == "bounced" else "complaint", ADDRESS=address)
