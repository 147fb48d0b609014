"""A message to the owner."""

from tests.support.app import App

# The headers of the email about it, in order.
NOTIFICATION_HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Reply-To",
]


def contact(app: App, **fields: str) -> str:
    reply = app.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour", **fields})
    assert reply.status_code == 200
    return str(reply.get_json()["id"])
