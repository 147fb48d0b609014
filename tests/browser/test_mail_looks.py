"""The emails as mail programs show them: wide and narrow, light and dark. They load nothing: images are off."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from email.message import EmailMessage
from html import unescape
from textwrap import indent
from typing import Any, Literal, NamedTuple
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, Route

from guichet.locales import LANGUAGES, Language
from guichet.mail import texts
from infra.local import inbox
from infra.local.forms import DEMO
from infra.template import TEMPLATE
from tests.support import issues
from tests.support.app import SITE, App, isolated, resolve
from tests.support.emails import email
from tests.support.site_forms import site_forms
from tests.support.stack import unquoted
from tests.support.visitor import OF_COLOURS, Visitor, faint_texts, violations_in

Visit = Callable[..., Visitor]
Scheme = Literal["light", "dark"]
FORM = "application/x-www-form-urlencoded"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
MESSAGE = f"Bonjour,\n\n  - <b>horaires</b> & adresse\n  - https://example.org/{LONG * 3}\n\nÀ bientôt"
ANSWERS = {
    "name": LONG,
    "email": "zoe@example.org",
    "phone": "06 12 34 56 78",
    "subject": "Un devis",
    "message": MESSAGE,
    "budget": "2 000 €",
    LONG[:60]: f"4 rue des Vignes\n69001 {LONG}",
}
# The labels of the demo's own form.
QUOTE: dict[str, Any] = {
    "name": "Léa",
    # Each mailbox gets one acknowledgement in a while.
    "email": "lea@example.org",
    "phone": "+33 1 99 00 00 00 poste 12",
    "site": f"https://example.org/{LONG * 3}",
    "needs": ["site", "texts"],
    "pages": "120",
    "budget": "small",
    "date": "2026-12-31",
    "message": f"{MESSAGE}\n{LONG * 2}",
    "call": "yes",
}


# The owner's own texts: those on the page about them, and others for the rest.
OWN = re.findall(
    r"```toml\n(.*?)```", (TEMPLATE.parent / "infra/docs/texts.md").read_text(encoding="utf-8"), re.DOTALL
)[0]
OWN += f"""
[acknowledgement.fr]
subject = "Bien reçu"
body = "Bonjour,\\n\\n  - {LONG}\\n  - https://example.org/{LONG * 3}\\n\\nÀ bientôt"
"""


class Written(NamedTuple):
    """Every email in one language, oldest first, and the page of the inbox that they are in."""

    mails: list[EmailMessage]
    inbox: str


@pytest.fixture(scope="module", params=["fr", "en", "own"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Return every email in one language, from a stack whose owner reads that language too."""
    language, folder = request.param, tmp_path_factory.mktemp(f"mails-{request.param}")
    own = folder / "texts.toml"
    if language == "own":
        language = "fr"
        own.write_text(OWN, encoding="utf-8")
    with (
        ExitStack() as after,
        isolated(),
        patch.object(texts, "FILE", own),
        site_forms(folder, DEMO.read_text(encoding="utf-8")),
    ):
        texts.texts.cache_clear()
        after.callback(texts.texts.cache_clear)
        given = {"DefaultLanguage": language, "AccentColor": "#8a3d1f", "Acknowledge": "on", "WeeklyDigest": "on"}
        app = App(resolve(**given))
        posts: list[tuple[str, dict[str, Any]]] = [
            ("/contact", ANSWERS),
            ("/f/devis", QUOTE),
            ("/newsletter", {"email": "reader@example.org"}),
        ]
        for path, answers in posts:
            reply = app.post(path, data={**answers, "_language": language}, headers={"Origin": SITE})
            assert reply.status_code == 303
        app.play_stream()
        (request_mail,) = [mail for mail in app.mails() if "/newsletter/confirm?" in _body(mail, "plain")]
        link = re.findall(r"/newsletter/confirm\?(\S+)", _body(request_mail, "plain"))[0]
        fields = f"{link}&wording=1".encode()
        assert app.post("/newsletter/confirm", data=fields, content_type=FORM).status_code == 200
        app.play_stream()
        # For the digest.
        app.sweep()
        app.play_stream()
        return Written(app.mails(), inbox.inbox_page(inbox.mails()))


def _renewals() -> list[EmailMessage]:
    """Return the email that is sent after years, which this stack has not sent."""
    return [email("renewal", language) for language in LANGUAGES]


def _body(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def in_mail(found: list[str]) -> list[str]:
    """Drop axe's findings about landmarks: those are up to the mail client."""
    return [line for line in found if not line.startswith(("region", "landmark-one-main"))]


def test_they_fit_can_be_read_and_load_nothing(visit: Visit, written: Written) -> None:
    assert len(written.mails) == 8
    # One page for all: creating a browser context takes longer than reading an email.
    visitor = visit()
    page = visitor.page
    for mail in [*written.mails, *_renewals()]:
        page.set_content(_body(mail, "html"))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (paper == "rgb(18, 21, 28)") == (scheme == "dark")
            for width in (320, 360, 1000):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, mail["Subject"]
                if scheme == "dark" and width == 320:
                    assert faint_texts(page) == [], mail["Subject"]
                # At 360 the layout is the same as at 320. Dark mode only changes colours, which are checked below.
                if scheme == "light" and width != 360:
                    assert in_mail(visitor.violations()) == [], mail["Subject"]
            if scheme == "dark":
                assert visitor.violations(OF_COLOURS) == [], mail["Subject"]
        assert visitor.requests == []


def test_the_text_says_all_that_the_html_says(written: Written) -> None:
    for mail in [*written.mails, *_renewals()]:
        html, text = _body(mail, "html"), _body(mail, "plain")
        # Repetitions: the title, the preview line, and a button with the address that is also in the text.
        repeats = r"<head>.*?</head>|<div style=\"display:none.*?</div>|<h1.*?</h1>|<a class=\"button\".*?<br>"
        shown = re.sub(repeats, "", html, flags=re.DOTALL)
        said = re.findall(r"\w+", unescape(re.sub(r"<[^>]*>", " ", shown)))
        assert len(said) > 10
        assert set(said) <= set(re.findall(r"\w+", f"{mail['Subject']}\n{text}")), mail["Subject"]
        links = set(map(unescape, re.findall(r'href="([^"]+)"', html)))
        assert links == set(re.findall(r"https?://\S+/(?:newsletter|desk)/\S+", text))


def test_the_owner_reads_every_answer_in_both(written: Written) -> None:
    mails = [mail for mail in written.mails if mail["Reply-To"]]
    # Choices and days are shown as people read them.
    shown = {name: answer for name, answer in QUOTE.items() if name not in ("needs", "budget", "date", "call")}
    for answers, subject in ((ANSWERS, "Un devis"), (shown, "Léa")):
        (mail,) = [mail for mail in mails if subject in str(mail["Subject"])]
        html, text = unescape(_body(mail, "html")), _body(mail, "plain")
        for answer in answers.values():
            # Lines of an answer are indented, so that none passes for another field.
            assert answer in unquoted(text) or indent(answer, "  ") in unquoted(text)
            assert answer in html
        assert mail["Reply-To"].addresses[0].addr_spec == answers["email"]


def test_answers_of_several_lines_keep_them_in_outlook(written: Written) -> None:
    (contact,) = [mail for mail in written.mails if "Un devis" in str(mail["Subject"])]
    (quote,) = [mail for mail in written.mails if "Léa" in str(mail["Subject"])]
    kept = [
        unescape(text)
        for mail in (contact, quote)
        for text in re.findall("<pre[^>]*>(.*?)</pre>", _body(mail, "html"), re.DOTALL)
    ]
    assert kept[:2] == [MESSAGE, ANSWERS[LONG[:60]]]
    assert [text.split("\n")[0] for text in kept[2:]] in (["Un site", "Bonjour,"], ["A website", "Bonjour,"])
    assert kept[3] == QUOTE["message"]


def test_the_address_of_a_button_stands_in_full_beside_it(written: Written) -> None:
    (mail,) = [mail for mail in written.mails if "/newsletter/confirm?" in _body(mail, "html")]
    html = _body(mail, "html")
    (link,) = set(re.findall(r'class="button" href="([^"]+/newsletter/confirm[^"]+)"', html))
    assert f">{link}</a>" in html


def test_the_inbox_shows_them_all_newest_first(visit: Visit, written: Written) -> None:
    page = visit().page
    page.set_content(written.inbox)
    subjects = [str(mail["Subject"]) for mail in reversed(written.mails)]
    assert page.locator("article h2").all_inner_texts() == subjects
    assert page.locator("iframe").count() == len(subjects)


ISSUE_EMAILS = ("issue", "issue-test", "issue-sent", "issue-paused")
# As wide as a camera's, in place of the sample's.
PHOTO = b'<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="1500"><path d="M0 0h4000v1500H0z"/></svg>'
STICKS_OUT = """
    [...document.querySelectorAll(".card *")].filter(one =>
      one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline"
      || one.getBoundingClientRect().right > innerWidth
    ).map(one => one.outerHTML.slice(0, 80))
"""


@pytest.mark.parametrize("images", ["on", "off"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_issue_with_everything_in_it_fits_and_can_be_read(
    browser: Browser, language: Language, scheme: Scheme, images: str
) -> None:
    asked: list[str] = []

    def fetch(route: Route) -> None:
        asked.append(route.request.url)
        if images == "off":
            route.abort()
        else:
            route.fulfill(body=PHOTO, content_type="image/svg+xml")

    # The test to the owner looks like the issue. The others have no images.
    page = browser.new_page(color_scheme=scheme)
    page.route("**/*", fetch)
    for name in ISSUE_EMAILS if images == "on" else ISSUE_EMAILS[:1]:
        asked.clear()
        page.set_content(_body(email(name, language, privacy_url="https://atelier.example/privacy"), "html"))
        # The author's images and nothing else: nobody learns who opens the email.
        authors = list(issues.IMAGES) if name in {"issue", "issue-test"} else []
        # The test email to the owner has the same images, which may still be in the page's cache.
        assert asked == authors or (name == "issue-test" and not asked)
        assert page.locator("img").evaluate_all("all => all.map(one => one.src)") == authors
        assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 28)") == (
            scheme == "dark"
        )
        for width in (320, 360, 600, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            # Nothing has its own scroll bar or sticks out of the card either.
            assert page.evaluate(STICKS_OUT) == [], name
            # Words in the table are not broken; and if an image is missing, its words are there.
            assert all(
                height < 45 for height in page.locator("th").evaluate_all("all => all.map(one => one.clientHeight)")
            )
            boxes = page.locator("img").evaluate_all("all => all.map(one => [one.clientWidth, one.clientHeight])")
            assert all(wide > 100 and high > 16 for wide, high in boxes)
        assert in_mail(violations_in(page)) == [], name
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ISSUE_EMAILS)
def test_the_text_of_an_issue_s_emails_says_all_that_the_html_says(name: str, language: Language) -> None:
    mail = email(name, language, privacy_url="https://atelier.example/privacy")
    html, text = _body(mail, "html"), _body(mail, "plain")
    shown = re.sub(r"<head>.*?</head>|<div style=\"display:none.*?</div>|<h1.*?</h1>", "", html, flags=re.DOTALL)
    said = re.findall(r"[^\W_]+", unescape(re.sub(r"<[^>]*>", " ", shown)))
    said += re.findall(r"[^\W_]+", unescape(" ".join(re.findall(r'alt="([^"]*)"', shown))))
    assert len(said) > 20
    assert set(said) <= set(re.findall(r"[^\W_]+", text))
    links = {unescape(link).removeprefix("mailto:") for link in re.findall(r'(?:href|src)="([^"]+)"', html)}
    assert all(link in text for link in links)
