"""A message to the owner."""

from tests.support.app import App


def contact(app: App, **fields: str) -> str:
    reply = app.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour", **fields})
    assert reply.status_code == 200
    return str(reply.get_json()["id"])
