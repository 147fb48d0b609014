"""A message to the owner."""

from tests.support.app import Counter


def contact(counter: Counter, **fields: str) -> str:
    reply = counter.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour", **fields})
    assert reply.status_code == 200
    return str(reply.get_json()["id"])
