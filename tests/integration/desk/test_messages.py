"""The owner reads messages at the desk: by form and day, in the spam folder, by search, and one by one."""

from tests.support.app import App
from tests.support.desk import Browser


def test_try(app: App) -> None:
    for n in range(3):
        app.post("/contact", json={"email": "zoe@example.org", "message": f"Bonjour {n}", "name": "Zoé"})
    app.play_stream()
    desk = Browser(app).signed_in()
    page = desk.get("messages")
    assert page.status_code == 200, page.text
    print(page.text)
    one = desk.get("messages/" + app.items("message")[0]["id"])
    print(one.text)
    one = desk.press(one, "This is spam")
    print(one.text)
    print(desk.get("messages/spam").text)
    print(desk.get("messages?q=bonjour+2").text)
    one = desk.press(one, "Not spam")
    print(one.status_code)
    assert 0
