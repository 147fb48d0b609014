"""The owner's own texts: used in the notifier's emails, and refused with what was expected."""

import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from guichet.locales import LANGUAGES, Language, say
from guichet.mail import texts
from guichet.mail.emails import renewal
from guichet.mail.mime import compose
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.settings import NotifierSettings
from guichet.store import renewals
from infra.build import BuildError, compile_models, include_texts
from infra.template import TEMPLATE
from tests.support.app import App
from tests.support.mail_readers import Reader, read_by_postal_mime, text_by_perl
from tests.support.newsletter import link_in_last_mail, open_link, press, refusal_in_last_mail, sign_up

SITE = "Atelier Bellevue"
PAGE = (TEMPLATE.parent / "infra" / "docs" / "texts.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ALL = "".join(
    f'[{email}.{language}]\nsubject = "S {email} {language} {{site}}"\n'
    f'body = """\nB {email} {language} <b>{{site}}</b> & co\n\n{place}\n\nFin\n"""\n'
    for email, place in (("confirmation", "{link}"), ("welcome", "…"), ("renewal", "{link}"), ("acknowledgement", "…"))
    for language in LANGUAGES
)

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)

Own = Callable[[str], None]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """Return a function that writes the file of the owner's own words."""
    monkeypatch.setattr(texts, "FILE", tmp_path / "texts.toml")
    texts.texts.cache_clear()

    def write(content: str) -> None:
        texts.FILE.write_text(textwrap.dedent(content), encoding="utf-8")
        texts.texts.cache_clear()

    yield write
    texts.texts.cache_clear()


class Read(HTMLParser):
    """The text of a page as it is shown, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown, self.links = "", []  # type: tuple[str, list[str]]
        self.elements: set[str] = set()
        self._in_body = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self._in_body = self._in_body or tag == "body"
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        if tag in {"br", "p", "h1"}:
            self.shown += "\n"

    def handle_data(self, data: str) -> None:
        """Note text."""
        if self._in_body:
            self.shown += data


def parts(mail: EmailMessage) -> tuple[str, Read]:
    """Return the text and the HTML of an email."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), Read(html.get_content())


def mails_of(app: App, language: Language) -> dict[str, EmailMessage]:
    """Sign up, confirm, be asked to renew, and write a message in a language; return these emails, by name."""
    sign_up(app, _language=language)
    press(app, open_link(app, link_in_last_mail(app)))
    app.play_stream()
    now, (subscriber,) = utc_now(), app.items("subscriber")
    item = renewals.confirmed("table", str(subscriber["id"]))
    assert item is not None
    assert renewals.ask("table", item, renewal.queued(language, now), now)
    app.post("/contact", data={"email": "camille@example.org", "message": "Bonjour", "_language": language})
    app.play_stream()
    confirmation, welcome, asks = (mail for mail in app.mails() if mail["To"] == "reader@example.org")
    (acknowledgement,) = (mail for mail in app.mails() if mail["To"] == "camille@example.org")
    return {"confirmation": confirmation, "welcome": welcome, "renewal": asks, "acknowledgement": acknowledgement}


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_email_to_a_visitor_has_the_owners_words(make_app: Any, own: Own, language: Language) -> None:
    own(ALL)
    for name, mail in mails_of(make_app(Acknowledge="on"), language).items():
        text, html = parts(mail)
        assert mail["Subject"] == f"S {name} {language} {SITE}"
        assert text.startswith(f"B {name} {language} <b>{SITE}</b> & co\n\n")
        assert text.partition("\n--\n")[0].endswith("\nFin\n")
        assert f"B {name} {language} <b>{SITE}</b> & co" in html.shown
        assert "b" not in html.elements
        assert say("hello", language) not in text + html.shown
        assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_email_must_say_stands_below_the_owners_words(make_app: Any, own: Own, language: Language) -> None:
    own(ALL)
    for name, mail in mails_of(make_app(Acknowledge="on"), language).items():
        text, html = parts(mail)
        below = text.partition("\n--\n")[2]
        sentences = texts.EMAILS[name]
        assert say(f"{sentences}_why", language, site=SITE) in below
        assert say(f"{sentences}_why", language, site=SITE) in html.shown
        if name in {"welcome", "renewal"}:
            (leaving,) = re.findall(r"https://\S+", below)
            assert "/newsletter/unsubscribe?" in leaving
            assert mail["List-Unsubscribe"] == f"<{leaving}>"
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        else:
            (leaving,) = re.findall(r"https://\S+", below)
            assert "/newsletter/refuse?" in leaving
            assert say(f"{sentences}_ignore", language) in below
        assert leaving in html.links


def test_the_link_stands_where_the_owner_put_it(app: App, own: Own) -> None:
    own("""
        [confirmation.fr]
        subject = "Oui ?"
        body = "Avant\\n\\nPar ici : {link} merci\\n\\nAprès"
    """)
    sign_up(app)
    (mail,) = app.mails()
    text, html = parts(mail)
    link = re.findall(r"https://\S+", text)[0]
    assert text.startswith(f"Avant\n\nPar ici : {link} merci\n\nAprès\n\n--\n")
    before, _, after = html.shown.partition(say("confirmation_request_button", "fr"))
    assert _words(before).endswith(f"{SITE} Oui ? Avant Par ici :")
    assert "merci" in after.split("Après")[0]
    assert html.links.count(link) == 2
    # It works, and so does the other.
    assert open_link(app, refusal_in_last_mail(app)).status_code == 200
    assert "Abonnement confirmé" in press(app, open_link(app, link)).text


@pytest.mark.medium
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_renewal_in_the_owner_s_words_has_its_button_and_its_end(make_app: Any, own: Own, language: Language) -> None:
    own(ALL)
    app = make_app(Acknowledge="on")
    text, html = parts(mails_of(app, language)["renewal"])
    link = re.findall(r"https://\S+/newsletter/renew\?\S+", text)[0]
    assert say("renewal_button", language) in html.shown
    assert say("confirmation_request_button", language) not in html.shown
    assert html.links.count(link) == 2
    until = say("renewal_until", language, until="|").partition("|")[0]
    assert until in text
    assert until in html.shown
    assert open_link(app, link).status_code == 200


@pytest.mark.medium
def test_what_the_file_leaves_out_keeps_guichets_words(make_app: Any, own: Own) -> None:
    own("""
        [confirmation.en]
        subject = "Only in English"
        body = "{link}"
    """)
    french = mails_of(make_app(Acknowledge="on"), "fr")
    assert french["confirmation"]["Subject"] == say("confirmation_request_subject", "fr", site=SITE)
    assert french["welcome"]["Subject"] == say("welcome_subject", "fr", site=SITE)
    assert french["renewal"]["Subject"] == say("renewal_subject", "fr", site=SITE)
    assert french["acknowledgement"]["Subject"] == say("acknowledgement_subject", "fr", site=SITE)


def test_mail_to_the_owner_keeps_guichets_words(app: App, own: Own) -> None:
    own(ALL)
    app.post("/contact", data={"email": "camille@example.org", "message": "Bonjour"})
    app.play_stream()
    (mail,) = app.mails()
    assert mail["Subject"] == f"[{SITE}] Message de camille@example.org"


def test_the_example_of_the_page_is_taken(app: App, own: Own) -> None:
    own(EXAMPLE)
    assert [(email, language) for email, language, _ in texts.texts().subjects] == [
        ("confirmation", "fr"),
        ("confirmation", "en"),
        ("welcome", "fr"),
    ]
    sign_up(app, _language="en")
    assert app.mails()[0]["Subject"] == f"One click left, and {SITE} is yours"


def test_a_site_whose_name_looks_like_a_placeholder_is_named_as_it_is(own: Own) -> None:
    own('[confirmation.fr]\nsubject = "{site}"\nbody = "{site} {link}"')
    words = texts.words("confirmation-request", "fr", "{link} {site}", "https://x.example")
    assert words is not None
    assert (words.subject, words.text) == ("{link} {site}", "{link} {site} https://x.example")


WRONG = {
    "no TOML": ("welcome", "expected TOML: Expected '='"),
    "no such email": ('[hello.fr]\nsubject = "a"', "[hello]: there is no such email; expected confirmation, welcome"),
    "no such language": (
        '[welcome.tlh]\nsubject = "a"\nbody = "b"',
        "[welcome.tlh]: there is no such language; expected fr",
    ),
    "no table": ("welcome = 1", "[welcome]: expected a table for each language"),
    "no table of a language": ('[welcome]\nfr = "b"', "[welcome.fr]: expected a table with subject and body"),
    "a word too many": (
        '[welcome.fr]\nsubject = "a"\nbody = "b"\nhtml = "c"',
        "[welcome.fr] html: expected only subject and",
    ),
    "no subject": ('[welcome.fr]\nbody = "b"', "[welcome.fr] subject: expected text, but it is missing"),
    "no text": ('[welcome.fr]\nsubject = 1\nbody = "b"', "[welcome.fr] subject: expected text in quotes"),
    "empty": ('[welcome.fr]\nsubject = ""\nbody = "b"', "[welcome.fr] subject: expected text, but it is empty"),
    "blank": ('[welcome.fr]\nsubject = "a"\nbody = "\\n \\n"', "[welcome.fr] body: expected text, but it is empty"),
    "two lines": (
        '[welcome.fr]\nsubject = "a\\nBcc: x@example.org"\nbody = "b"',
        "[welcome.fr] subject: expected one line",
    ),
    "a long subject": (
        f'[welcome.fr]\nsubject = "{"x" * 151}"\nbody = "b"',
        "[welcome.fr] subject: expected at most 150 characters, but it has 151",
    ),
    "a long body": (
        f'[acknowledgement.en]\nsubject = "a"\nbody = "{"x" * 5001}"',
        "[acknowledgement.en] body: expected at most 5000 characters, but it has 5001",
    ),
    "a control character": (
        '[welcome.fr]\nsubject = "a"\nbody = "b\\u0007"',
        "[welcome.fr] body: expected plain text, but it has the character U+0007",
    ),
    "a separator of lines": (
        '[welcome.fr]\nsubject = "a\\u2028b"\nbody = "b"',
        "[welcome.fr] subject: expected plain text, but it has the character U+2028",
    ),
    "no link": (
        '[confirmation.fr]\nsubject = "a"\nbody = "b"',
        "[confirmation.fr] body: expected {link} once, where the link belongs, but it is there 0 times",
    ),
    "two links": (
        '[confirmation.fr]\nsubject = "a"\nbody = "{link}{link}"',
        "[confirmation.fr] body: expected {link} once, where the link belongs, but it is there 2 times",
    ),
    "a link in a subject": (
        '[confirmation.fr]\nsubject = "{link}"\nbody = "{link}"',
        "[confirmation.fr] subject: expected no placeholder except {site}, but it has {link}",
    ),
    "a link in a welcome": (
        '[welcome.fr]\nsubject = "a"\nbody = "{link}"',
        "[welcome.fr] body: expected no placeholder except {site}, but it has {link}",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_with_its_email_its_language_and_what_was_expected(
    own: Own, tmp_path: Path, name: str
) -> None:
    content, expected = WRONG[name]
    with pytest.raises(texts.TextsError) as told:
        texts.read(content.encode())
    assert expected in str(told.value)
    # It makes the notifier's start fail, and the build.
    own(content)
    with pytest.raises(texts.TextsError, match=re.escape(f"texts.toml: {expected}")):
        texts.texts()
    with pytest.raises(BuildError, match=re.escape(f"texts.toml: {expected}")):
        include_texts(tmp_path)


@pytest.mark.parametrize("field", ["subject", "body"])
@pytest.mark.parametrize(
    "placeholder", ["{name}", "{email}", "{message}", "{}", "{ link }", "{LINK}", "{0}", "{site!r}"]
)
def test_the_owners_words_take_no_placeholder_but_their_own(field: str, placeholder: str) -> None:
    own = {"subject": "a", "body": "{link}"}
    own[field] += f" {placeholder}"
    content = "[confirmation.fr]\n" + "".join(f'{name} = "{text}"\n' for name, text in own.items())
    with pytest.raises(texts.TextsError, match=re.escape(f"[confirmation.fr] {field}: expected no placeholder except")):
        texts.read(content.encode())


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(texts.TextsError) as told:
        texts.read(b'[confirmation.fr]\nsubject = ""\nbody = ""\n[welcome.en]\nsubject = 1\n')
    assert len(str(told.value).splitlines()) == 4


def test_a_file_of_another_encoding_is_told_so() -> None:
    with pytest.raises(texts.TextsError, match=r"^expected UTF-8, but byte 25 is not$"):
        texts.read('[welcome.fr]\nsubject = "d\xe9j\xe0"\nbody = "b"'.encode("latin-1"))
    # A byte order mark is not a mistake, and neither are Windows line endings.
    found = texts.read('\ufeff[welcome.fr]\r\nsubject = "a"\r\nbody = """\r\nb\r\nc\r\n"""'.encode())
    assert found.welcome["fr"].body == "b\nc"


@pytest.mark.medium
@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(), st.text().map(str.encode), st.text("[]{}.\"'=\n welcom#fr1,", max_size=80).map(str.encode))
)
@example(b"x = " + b"9" * 5000)
@example(b"x = " + b"[" * 5000)
def test_any_file_is_read_or_refused_in_words(content: bytes) -> None:
    with suppress(texts.TextsError):
        assert isinstance(texts.read(content), texts.Texts)


# Any plain text: without control characters, and without what the file's own rules refuse.
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters="\ufeff"))
LINES = st.lists(PLAIN, max_size=6).map("\n".join)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    subject="Déjà  vu", before="From me\n.\n  indented  \n-- \nx", after="=?utf-8?q?a?= =3D &amp; <b> { } \U0001f389"
)
@example(subject="{site}", before="", after="")
@given(subject=PLAIN, before=LINES, after=LINES)
def test_what_the_owner_writes_arrives_as_it_was_written(  # noqa: PLR0913, PLR0917  two readers, three texts
    own: Own, in_node: Reader, in_perl: Reader, subject: str, before: str, after: str
) -> None:
    subject = subject.strip() or "x"
    body = f"{before}{{link}}{after}"
    text = {"subject": subject, "body": body}
    assume(not re.search(r"\{[^{}\n]*\}", f"{subject}\n{before}\n{after}".replace("{site}", "")))
    own("[confirmation.fr]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in text.items()))
    asked = SignUp(id="a", email="a@example.org", language="fr", asked_at=AT, expires_at=AT)
    raw = compose("confirmation-request", "fr", asked, NotifierSettings.from_environment()).as_bytes()
    read = read_by_postal_mime(in_node, raw)

    expected = subject.replace("{site}", SITE)
    assert read["subject"] == text_by_perl(in_perl, raw, "Subject") == expected
    (link, *_) = re.findall(r"https://api\.example/newsletter/confirm\?[^\s<>\"]+language=fr", read["text"])
    written = body.strip("\n").replace("{site}", SITE).replace("{link}", link)
    assert read["text"].replace("\r\n", "\n").startswith(f"{written}\n\n--\n")
    shown = Read(read["html"])
    assert _words(shown.shown).startswith(_words(f"{SITE}\n{expected}\n{before.replace('{site}', SITE)}"))
    assert _words(after.replace("{site}", SITE)) in _words(shown.shown)
    assert shown.elements <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "div",
        "table",
        "tr",
        "td",
        "p",
        "a",
        "br",
        "h1",
    }
    assert set(shown.links) == {link, shown.links[-1]}


def _toml(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08X}" for character in text) + '"'


def _words(text: str) -> str:
    """Return a text as a page shows it, whatever its blanks."""
    return " ".join(re.split(r"[ \t\n\f\r]+", text)).strip()


@pytest.mark.medium
def test_the_artifact_holds_the_file_and_reads_it_without_pydantic(own: Own, tmp_path: Path) -> None:
    into = tmp_path / "artifact"
    into.mkdir()
    include_texts(into)
    assert list(into.iterdir()) == []
    own(ALL)
    include_texts(into)
    assert (into / "texts.toml").read_bytes() == texts.FILE.read_bytes()
    assert '"guichet.mail.texts:Texts"' in compile_models()


def test_an_email_in_the_owners_words_has_the_site_s_colour_and_leads_to_the_privacy_policy(
    own: Own, make_app: Callable[..., App]
) -> None:
    own(ALL)
    app = make_app(AccentColor="#0b6e4f", PrivacyUrl="https://atelier.example/vie-privee")
    sign_up(app)
    (mail,) = app.mails()
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "B confirmation" in text.get_content()
    assert "Politique de confidentialité\xa0: https://atelier.example/vie-privee" in text.get_content()
    assert 'href="https://atelier.example/vie-privee"' in html.get_content()
    assert "background:#0b6e4f;color:#ffffff" in html.get_content()
    assert "#1f4fa3" not in html.get_content()
