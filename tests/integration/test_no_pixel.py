"""No email tracks its reader. Each is read by independent decoders, and checked against an allowlist.

Nothing is fetched except the owner's logo and an issue author's images, from the same URL for all readers; every link
leads where it says, with no more about its reader than the tokens that `infra/openapi.yaml` names.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Comment, Element

import html5lib
import pytest

from guichet.locales import LANGUAGES, Language
from guichet.mail import texts
from guichet.mail.mime import compose
from guichet.mail.series import Series
from guichet.records.issue import Edition
from guichet.records.message import Message
from guichet.records.sign_in import SignIn
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings
from infra.template import TEMPLATE, Template, safe_load
from tests.support import issues
from tests.support.app import App
from tests.support.clients import listening
from tests.support.contact import contact
from tests.support.emails import NAMES, RECORDS, email, record_of
from tests.support.mail_readers import postal_mime, read_by_postal_mime
from tests.support.newsletter import subscribe
from tests.support.site_forms import site_forms

LOGO, PRIVACY = "https://atelier.example/logo.png", "https://atelier.example/privacy"
LOOKS: dict[str, dict[str, str]] = {
    "plain": {},
    "all": {"logo_url": LOGO, "privacy_url": PRIVACY, "reply_to_email": "bonjour@atelier.example"},
    # On another origin, a third party could track it.
    "elsewhere": {"logo_url": "https://pixels.example/logo.png"},
}
# The headers that an email may have: none requests a receipt, and none names another sender.
HEADERS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to", "auto-submitted",
    "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "thead", "tr", "td", "th", "p", "h1",
    "h2", "h3", "h4", "h5", "h6", "a", "img", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr",
    "br",
}  # fmt: skip
# Only Outlook reads these: they are in comments.
OF_OUTLOOK = {"noscript", "xml", "o:officedocumentsettings", "o:allowpng", "o:pixelsperinch"}
ATTRIBUTES = {
    "lang", "charset", "name", "content", "style", "class", "width", "height", "align", "cellpadding", "cellspacing",
    "border", "role", "href", "src", "alt", "title", "dir", "scope", "start",
}  # fmt: skip
METAS = {"viewport", "color-scheme", "supported-color-schemes", "x-apple-disable-message-reformatting"}
# Ways in which a style sheet fetches, and their disguises.
FETCHES = re.compile(r"(?i)url|@import|@font-face|@namespace|image|src|expression|behavior|binding|content\s*:|\\")
HIDDEN = re.compile(r"(?i)display:\s*none|visibility|opacity|(?:^|[;\s])(?:max-)?(?:width|height):\s*[01](?:px)?\b")
# What strangers and authors may try.
TRACKER = "https://pixels.example/t.gif?reader=camille"
PIXEL = f'<img src="{TRACKER}" width=1 height=1>'
MARKUP = (
    f'{PIXEL}<link rel=stylesheet href={TRACKER}><style>@import "{TRACKER}"</style>'
    f'<table background="{TRACKER}"></table><iframe src="{TRACKER}"></iframe><video poster="{TRACKER}"></video>'
    f'<object data="{TRACKER}"></object><picture><source srcset="{TRACKER} 1x"></picture>'
)
HOSTILE = Edition(
    subject="À demain",
    markdown=(
        f"{MARKUP}\n\nAvant {MARKUP} après\n\n![]({TRACKER})\n\n![rien](http://pixels.example/p.gif)\n\n"
        "![donnée](data:image/gif;base64,R0lGODlhAQABAAAAACw=)\n\n![cid](cid:logo)\n\n![script](javascript:alert(1))\n\n"
        f"[lien](javascript:alert(1)) et ![vue](https://atelier.example/vue.jpg)\n\n```\n{MARKUP}\n```\n"
    ),
    preheader="<img src=x>",
)
SHOWN_OF_HOSTILE = ["https://atelier.example/vue.jpg"]


class Read(NamedTuple):
    """An email as read by an independent decoder: its headers, lower case, and its two parts."""

    headers: list[tuple[str, str]]
    text: str
    html: str


def read(raw: bytes) -> Read:
    """Return an email as read by Python's old parser, which Guichet does not use."""
    mail = message_from_bytes(raw)
    assert mail.get_content_type() == "multipart/alternative"
    parts = [part for part in mail.walk() if not part.is_multipart()]
    # Neither an attachment nor a picture, however it is called.
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    of_parts = {"content-type", "content-transfer-encoding", "mime-version"}
    assert {name.lower() for part in parts for name in part} <= of_parts
    text, html = (bytes(part.get_payload(decode=True)).decode() for part in parts)
    return Read([(name.lower(), str(value)) for name, value in mail.items()], text, html)


def elements(html: str) -> Iterator[tuple[Element, bool]]:
    """Yield each element of a page, with what only Outlook reads, and whether it is that."""
    for node in html5lib.parse(html, namespaceHTMLElements=False).iter():
        if node.tag is Comment:
            inside = re.sub(r"^\[if mso\]>|<!\[endif\]$", "", str(node.text))
            assert inside != node.text, f"a comment for nobody: {node.text}"
            # A table that is not closed there is a table all the same.
            fragment = html5lib.parseFragment(inside, container="body", namespaceHTMLElements=False)
            yield from ((one, True) for one in fragment.iter() if one.tag != "DOCUMENT_FRAGMENT")
        else:
            yield node, False


class Found(NamedTuple):
    """What an email fetches, and where it links."""

    images: list[str]
    links: list[str]


def inspect(raw: bytes) -> Found:
    """Check that an email only contains what is allowed, and return what it fetches and where it links."""
    mail = read(raw)
    assert {name for name, _ in mail.headers} <= HEADERS
    images, links = [], []
    for node, outlook in elements(mail.html):
        assert node.tag in ELEMENTS | (OF_OUTLOOK if outlook else set()), node.tag
        names = {name for name in node.attrib if not name.startswith("xmlns")}
        assert names <= ATTRIBUTES, (node.tag, names)
        assert not FETCHES.search(node.get("style", "")), node.get("style")
        if node.tag == "style":
            assert not FETCHES.search(node.text or "")
        if node.tag == "meta":
            assert node.get("charset") or node.get("name") in METAS
        assert node.get("href") is None or node.tag == "a"
        assert node.get("src") is None or node.tag == "img"
        if node.tag == "a":
            links.append(str(node.get("href")))
        if node.tag == "img":
            # An invisible one would be there for another purpose.
            assert node.get("alt")
            assert not HIDDEN.search(node.get("style", ""))
            assert (node.get("width"), node.get("height")) in {(None, None), (None, "40")}
            images.append(str(node.get("src")))
    for name, value in mail.headers:
        if name == "list-unsubscribe":
            links += re.findall(r"<(\S+)>", value)
    # Mail programs make links of text that looks like one: it leads to the same places.
    links += re.findall(r"https?://[^\s<>()]+", mail.text)
    return Found(images, links)


@cache
def documented() -> dict[str, set[str]]:
    """Return the pages that links may lead to, with their allowed parameters."""
    described = safe_load((TEMPLATE.parent / "infra/openapi.yaml").read_text(encoding="utf-8"))
    shared = described["components"]["parameters"]
    pages = {}
    for path, operations in described["paths"].items():
        given = [*operations.get("get", {}).get("parameters", ()), *operations.get("parameters", ())]
        named = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in given]
        if "get" in operations and re.match("/(newsletter|comments|desk)", path):
            pages[path] = {one["name"] for one in named if one["in"] == "query"}
    # The link and its key belong to the owner's own browser, and lead to no page for readers.
    return pages | {"/desk/sign-in/link": {"id", "token"}}


def check_links(found: Found, api: str, written: str, own: set[str]) -> None:
    """Check that links lead to documented pages of the API, to the owner's own, or to what somebody wrote."""
    for link in found.links:
        parts = urlsplit(link)
        if f"{parts.scheme}://{parts.netloc}" == api:
            page = parts.path if parts.path in documented() else re.sub("^/desk/.*", "/desk/{page+}", parts.path)
            assert {name for name, _ in parse_qsl(parts.query)} <= documented()[page], link
        else:
            assert link in own or link.removeprefix("mailto:").rstrip(".,;") in written, link


def settings_of(look: str) -> NotifierSettings:
    return NotifierSettings.from_environment().model_copy(update=LOOKS[look])


def logo_of(look: str) -> list[str]:
    return [LOGO] if look == "all" else []


def hostile(record: Any) -> Any:
    """Return a record in which a stranger put a pixel wherever they may write."""
    if isinstance(record, Message):
        extra = ((MARKUP, MARKUP), ("b", f"![x]({TRACKER})"))
        changes: dict[str, Any] = {"name": MARKUP, "subject": MARKUP, "message": MARKUP, "phone": MARKUP}
        return record.model_copy(update={**changes, "extra": extra, "form_subject": MARKUP, "page": TRACKER})
    if isinstance(record, SignUp | Subscriber):
        return record.model_copy(update={"name": MARKUP})
    return record


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_no_email_watches_its_reader(name: str, look: str, language: Language) -> None:
    settings = settings_of(look)
    record = record_of(name, language)
    for one in (record, hostile(record)):
        found = inspect(compose(name, language, one, settings).as_bytes())
        authors = list(issues.IMAGES) if hasattr(one, "edition") else []
        assert found.images == logo_of(look) + authors
        written = f"{one!r} {getattr(one, 'edition', '')}"
        check_links(found, record_api(settings, one), written, {settings.privacy_url})


def record_api(settings: NotifierSettings, record: Any) -> str:
    """Return the API that an email's links lead to: a sample of an issue has its own link."""
    if hasattr(record, "unsubscribe_link"):
        parts = urlsplit(record.unsubscribe_link)
        return f"{parts.scheme}://{parts.netloc}"
    return settings.api_url


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("edition", "images"),
    [(None, list(issues.IMAGES)), (HOSTILE, SHOWN_OF_HOSTILE)],
    ids=["sample", "hostile"],
)
def test_no_copy_of_an_issue_does(edition: Edition | None, images: list[str], look: str, language: Language) -> None:
    edition = edition or issues.SAMPLE[language]
    series = Series(issues.ISSUE, edition, language, settings_of(look))
    others = issues.LINK.replace("s" * 32, "0" * 32).replace("t" * 43, "1" * 43)
    copies = [
        inspect(series.addressed(to, link))
        for to, link in (("camille@example.org", issues.LINK), ("dominique@example.com", others))
    ]
    for found, link in zip(copies, (issues.LINK, others), strict=True):
        assert found.images == logo_of(look) + images
        check_links(found, "https://api.atelier.example", edition.markdown, {PRIVACY, edition.url})
        assert link in found.links
    # Only a reader's own link differs.
    plain = [[link for link in found.links if "subscriber=" not in link] for found in copies]
    assert plain[0] == plain[1]


@pytest.mark.medium
def test_two_visitors_get_the_same_addresses_but_for_their_tokens() -> None:
    settings = settings_of("all")
    for name in NAMES:
        record = record_of(name, "fr")
        if not hasattr(record, "email"):
            continue
        others = record.model_copy(update={"email": "dominique@example.com", "id": "another"})
        both = [inspect(compose(name, "fr", one, settings).as_bytes()) for one in (record, others)]
        assert both[0].images == both[1].images == [LOGO]
        plain = [[re.sub(r"\?.*|[^/]+$", "", link) for link in found.links] for found in both]
        assert plain[0] == plain[1], name


@pytest.mark.medium
@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_does_an_email_in_the_owners_words_nor_a_forms_own_reply(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = dict.fromkeys(("confirmation", "renewal"), "{link}")
    own = "".join(
        f"[{one}.{language}]\nsubject = '{{site}}'\nbody = '''\n{MARKUP}\n{link.get(one, '')}\n'''\n"
        for one in texts.EMAILS
    )
    reply = f"[devis]\ntitle = '''{PIXEL}'''\nreply = '''{MARKUP}'''\nfields.email = {{ type = 'email' }}\n"
    fields = "fields.b = { type = 'long_text', label = '''<img src=x>''' }\n"
    monkeypatch.setattr(texts, "FILE", tmp_path / "texts.toml")
    texts.FILE.write_text(own, encoding="utf-8")
    settings = settings_of("all")
    of_form = hostile(RECORDS[Message]).model_copy(update={"form": "devis", "extra": (("b", MARKUP),)})
    with site_forms(tmp_path / "forms", reply + fields):
        mails = [
            compose(name, language, record, settings)
            for name, record in (
                *((key.replace("_", "-"), record_of(key.replace("_", "-"), language)) for key in texts.EMAILS.values()),
                ("acknowledgement", of_form),
                ("form-notification", of_form),
                ("desk-sign-in", RECORDS[SignIn].model_copy(update={"purpose": "fresh-code"})),
                ("rejected-notice", RECORDS[Subscriber]),
            )
        ]
    monkeypatch.undo()
    texts.texts.cache_clear()
    for mail in mails:
        found = inspect(mail.as_bytes())
        assert found.images == [LOGO]
        check_links(found, settings.api_url, MARKUP + of_form.page, {PRIVACY})


@pytest.mark.slow
def test_node_reads_the_same_in_every_email() -> None:
    """Another program shows what was inspected: no part is hidden from either of them."""
    with postal_mime() as reader:
        for name in NAMES:
            for language in LANGUAGES:
                raw = email(name, language, **LOOKS["all"]).as_bytes()
                mail, theirs = read(raw), read_by_postal_mime(reader, raw)
                assert theirs["html"].strip() == mail.html.replace("\r\n", "\n").strip()
                assert theirs["text"].strip() == mail.text.replace("\r\n", "\n").strip()


@pytest.mark.medium
def test_what_leaves_is_all_that_was_inspected() -> None:
    """All sending goes through one function, and every email has its own module."""
    calls: dict[str, set[str]] = {"send_email": set(), "envelope": set(), "EmailMessage": set()}
    root = TEMPLATE.parent
    for path in [*(root / "functions").rglob("*.py"), *(root / "infra" / "operate").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in calls:
                    calls[name].add(str(path.relative_to(root)))
    assert calls == {
        "send_email": {"functions/guichet/mail/ses.py"},
        # The test email of the command is plain text.
        "envelope": {"functions/guichet/mail/mime.py", "infra/operate/commands/sample_email.py"},
        "EmailMessage": {"functions/guichet/mail/mime.py"},
    }


# --- SES itself -------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_ses_is_told_to_track_nothing_of_any_email(app: App) -> None:
    asked: list[dict[str, Any]] = []
    note: Callable[..., None] = lambda params, **_: asked.append(params)  # noqa: E731
    with listening("provide-client-params.sesv2.SendEmail", note):
        contact(app)
        subscribe(app)
        app.sweep()
    # Two to the owner, the confirmation link, the welcome.
    assert len(asked) >= 4
    off = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    assert all(one["ConfigurationOverrides"] == {"Tracking": off} for one in asked)


def test_no_configuration_set_tracks_openings_or_clicks() -> None:
    resources = Template.load().document["Resources"].values()
    destinations = [one for one in resources if one["Type"] == "AWS::SES::ConfigurationSetEventDestination"]
    sets = [one for one in resources if one["Type"] == "AWS::SES::ConfigurationSet"]
    assert (len(sets), len(destinations)) == (2, 2)
    for one in destinations:
        kinds = one["Properties"]["EventDestination"]["MatchingEventTypes"]
        assert set(kinds) == {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"}
    # Neither links through a tracking domain, nor engagement metrics.
    text = json.dumps(sets)
    assert "Tracking" not in text
    assert '"ENABLED"' not in text


def test_a_logo_has_the_same_address_for_everybody() -> None:
    pattern = Template.load().document["Parameters"]["LogoUrl"]["AllowedPattern"]
    assert re.fullmatch(pattern, LOGO)
    for url in (f"{LOGO}?reader=1", f"{LOGO}#reader", f"{LOGO}?"):
        assert not re.fullmatch(pattern, url)
