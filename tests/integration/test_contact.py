"""A contact message, from the post to the owner's inbox."""

from tests.conftest import Counter


def test_smoke(counter: Counter) -> None:
    r = counter.post("/contact", data={"email": "a@example.org", "message": "Bonjour"})
    print(r.status, r.headers, r.text)
    r = counter.post("/contact", json={"email": "a@example.org", "message": "Bonjour"})
    print(r.status, r.headers, r.text)
    r = counter.post("/newsletter", json={"email": "a@example.org", "message": "Bonjour"})
    print(r.status, r.headers, r.text)
    counter.play_stream()
    for m in counter.mails():
        print(m.as_string()[:3000])
    for i in counter.items():
        print(i)
