"""AccentColor, LogoUrl and PrivacyUrl: their effect on pages and emails."""

import base64
import hashlib
import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape

import pytest
from werkzeug.test import TestResponse

from guichet.accent import accent
from tests.support.app import App
from tests.support.desk import Browser
from tests.support.looks import LOGO, style_of, tags
from tests.support.newsletter import READER, open_link, press

PRIVACY = "https://atelier.example/vie-privee?a=1&b=2#emails"
OWNER = "owner@atelier.example"
Make = Callable[..., App]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def link_to(mail: EmailMessage, path: str) -> str:
    return str(re.findall(rf"https://api\S+{path}\?\S+", part(mail, "plain"))[0])


def walk(app: App) -> tuple[dict[str, TestResponse], list[EmailMessage]]:
    """Let a visitor write and subscribe; return the pages that they and the owner see, and every email."""
    pages = {
        "thanks": app.http.get("/thanks"),
        "opened": app.http.get("/contact"),
        "wrong": app.post("/contact", data={"email": "a@b", "message": "Bonjour"}),
        "two wrongs": app.post("/contact", data={"email": "a@b"}),
        "invalid link": app.http.get("/newsletter/confirm?request=x"),
    }
    app.post("/contact", data={"email": "zoe@example.org", "message": "Bonjour"})
    app.post("/newsletter", data={"email": READER})
    app.play_stream()
    by_reader = [mail for mail in app.mails() if mail["To"] == READER]
    pages["confirm"] = open_link(app, link_to(by_reader[0], "/newsletter/confirm"))
    pages["refuse"] = open_link(app, link_to(by_reader[0], "/newsletter/refuse"))
    pages["confirmed"] = press(app, pages["confirm"])
    app.play_stream()
    mails = app.mails()
    welcome = mails[-2] if mails[-1]["To"] == OWNER else mails[-1]
    pages["unsubscribe"] = open_link(app, link_to(welcome, "/newsletter/unsubscribe"))
    return pages, mails


@pytest.mark.medium
def test_without_them_pages_and_emails_load_nothing_and_link_to_no_policy(make_app: Make) -> None:
    pages, mails = walk(make_app(Acknowledge="on"))
    assert len(pages) == 9
    assert len(mails) == 5
    for page in pages.values():
        assert "img-src" not in page.headers["content-security-policy"]
        assert tags(page.text, "img") == []
        assert [link.text for link in tags(page.text, "a")] == ["Retour au site «\xa0Atelier Bellevue\xa0»"]
    for mail in mails:
        assert tags(part(mail, "html"), "img") == []
        assert "confidentialité" not in part(mail, "plain") + part(mail, "html")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("color", ["#1f4fa3", "#FFD500", "#ffffff"])
def test_the_accent_colour_is_in_every_page_and_email_and_the_policy_names_the_style(
    make_app: Make, color: str
) -> None:
    pages, mails = walk(make_app(AccentColor=color, Acknowledge="on"))
    light, dark = accent(color)
    for page in pages.values():
        style = style_of(page.text)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
        found = re.findall(r"--accent: (\S+); --button: (\S+); --on-button: (\S+);", style)
        assert found == [tuple(light[:3]), tuple(dark[:3])]
    buttons = 0
    for mail in mails:
        html = part(mail, "html")
        assert f"border-color: {dark.line} !important" in style_of(html)
        for link in tags(html, "a"):
            styled = link.attrib["style"]
            if link.attrib["class"] == "button":
                buttons += 1
                assert f"background:{light.button};color:{light.on_button};" in styled
                assert f"border:1px solid {light.line};" in styled
            else:
                assert f"color:{light.line}" in styled
    assert buttons == 1


@pytest.mark.medium
def test_a_logo_of_the_site_s_own_stands_for_its_name_and_nothing_else_may_be_loaded(make_app: Make) -> None:
    pages, mails = walk(make_app(LogoUrl=LOGO, Acknowledge="on"))
    for page in pages.values():
        policy = page.headers["content-security-policy"]
        assert re.findall("img-src ([^;]*);", policy) == ["https://atelier.example"]
        assert policy.startswith("default-src 'none';")
    for html in (*(page.text for page in pages.values()), *(part(mail, "html") for mail in mails)):
        (logo,) = tags(html, "img")
        assert logo.attrib["src"] == LOGO
        assert logo.attrib["alt"] == "Atelier Bellevue"
        assert logo.attrib["height"] == "40"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://tracker.example/logo.png",
        "http://atelier.example/logo.png",
        "https://atelier.example:8443/logo.png",
        "https://atelier.example.evil.example/logo.png",
    ],
)
def test_a_logo_of_elsewhere_is_not_shown(make_app: Make, elsewhere: str) -> None:
    pages, mails = walk(make_app(LogoUrl=elsewhere, Acknowledge="on"))
    for page in pages.values():
        assert page.status_code < 500
        assert "img-src" not in page.headers["content-security-policy"]
    for html in (*(page.text for page in pages.values()), *(part(mail, "html") for mail in mails)):
        assert tags(html, "img") == []
        assert "logo.png" not in html


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("language", "words"), [("fr", "Politique de confidentialité"), ("en", "Privacy policy")])
def test_every_page_and_every_email_to_a_visitor_leads_to_the_privacy_policy(
    make_app: Make, language: str, words: str
) -> None:
    pages, mails = walk(make_app(PrivacyUrl=PRIVACY, Acknowledge="on", DefaultLanguage=language))
    for page in pages.values():
        assert [link.attrib["href"] for link in tags(page.text, "a") if link.text == words] == [PRIVACY]
    for mail in mails:
        found = [link.attrib["href"] for link in tags(part(mail, "html"), "a") if link.text == words]
        # The owner wrote it.
        wanted = [] if mail["To"] == OWNER else [PRIVACY]
        assert found == wanted
        assert re.findall(r"^.*vie-privee.*$", part(mail, "plain"), re.MULTILINE) == [
            f"{words}\xa0: {PRIVACY}" if language == "fr" else f"{words}: {PRIVACY}" for _ in wanted
        ]


@pytest.mark.medium
def test_what_destroys_something_has_not_the_colour_of_what_confirms(app: App) -> None:
    pages, _ = walk(app)
    assert [name for name, page in pages.items() for button in tags(page.text, "button") if button.attrib] == []
    erase = Browser(app).signed_in().get(f"people?message={app.items('message')[0]['id']}")
    first, *_ = (button for button in tags(erase.text, "button") if button.text == "Erase everything")
    assert first.attrib == {"class": "destroys"}
    style = style_of(erase.text)
    assert "\n.destroys { border-color: var(--danger); background: var(--danger); color: var(--on-danger); }" in style


@pytest.mark.medium
def test_one_error_is_a_sentence_and_two_are_a_list(app: App) -> None:
    pages, _ = walk(app)
    assert tags(pages["wrong"].text, "li") == []
    assert "nom@exemple.fr" in unescape(pages["wrong"].text)
    assert len(tags(pages["two wrongs"].text, "li")) == 2
    assert [name for name, page in pages.items() if len(tags(page.text, "li")) == 1] == []
