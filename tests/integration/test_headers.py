"""The headers of emails: every reader, on every Python, reads what was written."""

import hashlib
import random
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.ses.models import ses_backends

from guichet.locales import LANGUAGES
from guichet.mail import headers
from guichet.mail.mime import compose
from guichet.records.comment import Comment
from guichet.records.message import Message
from guichet.settings import NotifierSettings
from infra.template import Template
from tests.support.app import ACCOUNT, REGION, App
from tests.support.mail_readers import (
    Reader,
    mailbox_by_perl,
    on_the_wire,
    read_by_postal_mime,
    text_by_perl,
)
from tests.support.newsletter import subscribe

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SITE_NAME = Template.load().document["Parameters"]["SiteName"]
# RFC 2047, section 2.
LONGEST_WORD = 75
# RFC 5322, section 2.1.1.
LONGEST_LINE = 998
# What people write, and what parsers may misread.
WORDS = [
    "Aurélie",
    "Géraud",
    "Crêperie",
    "devis",
    "l'œuvre",
    "🎉",
    "👩\u200d👩\u200d👧",
    "العربية",
    "שלום",
    "日本語のサイト",
    "O'Brien",
    "(atelier)",
    '"guillemets"',
    "Dupont,",
    "a\\b",
    "x@example.org",
    "<x@example.org>",
    "=?utf-8?q?=C3=A9?=",
    "=?utf-8?b?w6k=?=",
    "=?",
    "?=",
    "=C3=A9",
    "_",
    "e\u0301",
    "1;2:3.",
    "Ж" * 40,
    "x" * 90,
]
# Invisible characters are tested elsewhere: tests/integration/test_marks.py.
UNSEEN = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufffc]")


def texts(longest: int) -> st.SearchStrategy[str]:
    """Return a strategy for a text as a visitor types it: on one line, with blanks of all kinds."""
    any_word = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=30)
    words = st.one_of(st.sampled_from(WORDS), any_word.filter(lambda word: not UNSEEN.search(word)))
    pairs = st.lists(st.tuples(words, st.sampled_from([" ", " ", "  ", "\t", "\xa0", "\u3000"])), max_size=12)
    return pairs.map(lambda drawn: "".join(map("".join, drawn))).filter(lambda text: len(text) <= longest)


def is_site_name(text: str) -> bool:
    """Return whether the template allows a site's name, which has no blank at its ends that it overlooks."""
    return bool(
        re.fullmatch(SITE_NAME["AllowedPattern"], text)
        and len(text) <= SITE_NAME["MaxLength"]
        and text == text.strip().strip("\ufeff")
        and text.isprintable()
    )


SITES = st.one_of(
    texts(SITE_NAME["MaxLength"]).filter(is_site_name),
    st.from_regex(SITE_NAME["AllowedPattern"], fullmatch=True).filter(is_site_name),
)


def message(name: str, subject: str, text: str = "Bonjour") -> Message:
    return Message(
        id="m",
        email="zoe@example.org",
        message=text,
        name=" ".join(name.split()),
        subject=" ".join(subject.split()),
        language="fr",
        received_at=AT,
        expires_at=AT + timedelta(days=9),
    )


def written(site: str, name: str, subject: str, text: str = "Bonjour") -> bytes:
    owner = NotifierSettings.from_environment().model_copy(update={"site_name": site})
    return compose("contact-notification", "fr", message(name, subject, text), owner).as_bytes()


def commented(site: str, name: str, text: str) -> bytes:
    """Return the email about a comment."""
    owner = NotifierSettings.from_environment().model_copy(update={"site_name": site})
    comment = Comment(
        id="c",
        page="/a/",
        name=" ".join(name.split()),
        email="zoe@example.org",
        comment=text,
        state="pending",
        language="fr",
        received_at=AT,
    )
    return compose("comment-notification", "fr", comment, owner).as_bytes()


def in_python(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def in_old_python(raw: bytes, name: str) -> str:
    return str(make_header(decode_header(message_from_bytes(raw)[name])))


def check_the_wire(raw: bytes) -> None:
    """Check that an email's headers obey RFC 2047 and RFC 5322."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    for line in head.decode().split("\r\n"):
        assert len(line) <= LONGEST_LINE
        assert line.isprintable()
        assert line.strip()
    for word in re.findall(r"=\?\S*", head.decode()):
        # Each word is separate: some servers refuse mail in which two are joined.
        assert re.fullmatch(r"=\?utf-8\?[bq]\?[!->@-~]+\?=", word), word
        assert len(word) <= LONGEST_WORD


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@example(site="Crêperie Chez Zoé", name="Aurélie Géraud", subject="")
@example(site="A  B", name="=?utf-8?q?a=0d=0aBcc:_x@evil.example?=", subject="=?utf-8?q?=ff?=")
@example(site="Atelier, Bellevue (Lyon)", name="Dupont, Jean", subject='un "devis" \\o/')
@given(site=SITES, name=texts(60), subject=texts(120))
def test_site_name_and_subject_are_read_as_they_were_written(
    in_perl: Reader, in_node: Reader, site: str, name: str, subject: str
) -> None:
    raw = written(site, name, subject)
    check_the_wire(raw)
    name, subject = " ".join(name.split()), " ".join(subject.split())
    who = (name or "zoe@example.org").replace("[", "(").replace("]", ")")
    line = f"[{site}] {subject} – {who}" if subject else f"[{site}] Message de {who}"
    by_node, by_python = read_by_postal_mime(in_node, raw), in_python(raw)
    assert text_by_perl(in_perl, raw, "Subject") == line
    assert by_node["subject"] == line
    assert in_old_python(raw, "Subject") == line
    assert str(by_python["Subject"]) == line
    for header, words, address in (
        ("From", site, "guichet@atelier.example"),
        ("Reply-To", name, "zoe@example.org"),
    ):
        assert mailbox_by_perl(in_perl, raw, header) == (words, address)
        (mailbox,) = [by_node["from"]] if header == "From" else by_node["replyTo"]
        assert (mailbox["name"], mailbox["address"]) == (words, address)
        (parsed,) = by_python[header].addresses
        assert parsed.addr_spec == address
        # Its parser makes one blank of several, and one where an encoded word follows another.
        if not re.search(r"\?=\s+=\?", on_the_wire(raw, header)):
            assert parsed.display_name == " ".join(words.split())


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example(site="Crêperie Chez Zoé", name="Aurélie Géraud [admin]", text="Bonjour")
@example(site="A  B", name="=?utf-8?q?a=0d=0aBcc:_x@evil.example?=", text="--\r\nFrom: x")
@given(site=SITES, name=texts(60), text=texts(200))
def test_the_email_about_a_comment_is_read_as_it_was_written(
    in_perl: Reader, in_node: Reader, site: str, name: str, text: str
) -> None:
    raw = commented(site, name, text)
    check_the_wire(raw)
    name = " ".join(name.split())
    who = (name or "zoe@example.org").replace("[", "(").replace("]", ")")
    line = f"[{site}] Commentaire de {who}"
    by_node, by_python = read_by_postal_mime(in_node, raw), in_python(raw)
    assert [text_by_perl(in_perl, raw, "Subject"), by_node["subject"], str(by_python["Subject"])] == [line] * 3
    (mailbox,) = by_node["replyTo"]
    assert mailbox_by_perl(in_perl, raw, "Reply-To") == (name, "zoe@example.org")
    assert (mailbox["name"], mailbox["address"]) == (name, "zoe@example.org")


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@example("a\r\nBcc: x@evil.example")
@example("\x85\u2028\u2029\x0b\x0c\x1c")
@example("\udc80\ud83d")
@example("")
@given(st.text(st.characters(), max_size=300))
def test_whatever_the_text_a_header_stays_one_header(text: str) -> None:
    mail = EmailMessage(policy=headers.WIRE)
    mail["From"] = headers.mailbox("From", text, "guichet@atelier.example")
    mail["Reply-To"] = headers.mailbox("Reply-To", text, f"{'z' * 64}@{'d' * 60}.example.org")
    mail["Subject"] = headers.text("Subject", text)
    mail.set_content("x")
    raw = mail.as_bytes()
    check_the_wire(raw)
    assert in_python(raw).keys() == [
        "From",
        "Reply-To",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    assert [address.addr_spec for address in in_python(raw)["From"].addresses] == ["guichet@atelier.example"]
    read = text.encode(errors="replace").decode()
    # Except for line breaks, of which Python knows ten.
    if read.splitlines() == [read]:
        assert in_old_python(raw, "Subject") == read


@pytest.mark.parametrize("value", ["a\r\nBcc: x@evil.example", "a\nb", "a\r\n\r\nb", "é", "a\x00", "x" * 999, None, 5])
def test_what_is_not_written_for_the_wire_is_no_header(value: Any) -> None:
    mail = EmailMessage(policy=headers.WIRE)
    with pytest.raises(ValueError, match="X-Test is not written for the wire"):
        mail["X-Test"] = value


@pytest.mark.parametrize(
    ("display_name", "value"),
    [
        ("", "a@example.org"),
        ("Atelier Bellevue", "Atelier Bellevue <a@example.org>"),
        ("J. Dupont", '"J. Dupont" <a@example.org>'),
        ("Dupont, Jean (Lyon)", '"Dupont, Jean (Lyon)" <a@example.org>'),
        ("Zoé", "=?utf-8?q?Zo=C3=A9?= <a@example.org>"),
        ('Jean "le Grand"', "=?utf-8?q?Jean_=22le_Grand=22?= <a@example.org>"),
        ("=?utf-8?q?a?=", "=?utf-8?b?PT91dGYtOD9xP2E/PQ==?= <a@example.org>"),
        (
            "Crêperie Chez Zoé, à l'Atelier de la Côte d'Émeraude",
            (
                "=?utf-8?b?Q3LDqnBlcmll?= Chez =?utf-8?b?Wm/DqSwgw6A=?= l'Atelier de la\r\n"
                " =?utf-8?b?Q8O0dGUgZCfDiW1lcmF1ZGU=?= <a@example.org>"
            ),
        ),
    ],
)
def test_a_name_is_written_as_plainly_as_it_can_be(display_name: str, value: str) -> None:
    assert headers.mailbox("From", display_name, "a@example.org") == value


def test_a_long_subject_of_plain_words_is_folded_between_them() -> None:
    subject = "word " * 40 + "end"
    value = headers.text("Subject", subject)
    assert value.replace("\r\n", "") == subject
    assert max(map(len, f"Subject: {value}".split("\r\n"))) <= 78


def test_ten_owners_are_ten_recipients() -> None:
    owners = tuple(f"{'o' * 45}{number}@example.org" for number in range(10))
    value = headers.addresses("To", owners)
    assert tuple(value.replace("\r\n", "").split(", ")) == owners
    assert max(map(len, f"To: {value}".split("\r\n"))) <= 78


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_email_is_read_alike_by_all(make_app: Any, in_perl: Reader, in_node: Reader, language: str) -> None:
    site = "Crêperie Chez Zoé"
    app: App = make_app(SiteName=site, DefaultLanguage=language, Acknowledge="on", WeeklyDigest="on")
    name, subject = "Aurélie Géraud", "Un dîner à l'île d'Oléron pour l'été prochain, ou à Noël"
    text = "Bonjour à tous.\r\n\r\n  .\r\nFrom ici à là\r\n" + "Élan " * 400 + "\r\n🎉 =3D = \t \r\n"
    answers = {"email": "aurelie@example.org", "name": name, "_language": language}
    subscribe(app, **answers)
    app.post("/contact", json={**answers, "message": text, "subject": subject, "Prénom": "Zoé"})
    app.post("/comments", json={**answers, "comment": text, "page": "/île/"})
    app.play_stream()
    mails = [mail.as_bytes() for mail in app.mails()]
    assert len(mails) == 6
    for raw in raws(app):
        check_the_wire(raw)
        # RFC 2045, section 6.7.
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        by_node, by_python = read_by_postal_mime(in_node, raw), in_python(raw)
        assert by_node["from"] == {"address": "guichet@atelier.example", "name": site}
        assert mailbox_by_perl(in_perl, raw, "From") == (site, "guichet@atelier.example")
        read = by_node["subject"]
        assert read == text_by_perl(in_perl, raw, "Subject") == in_old_python(raw, "Subject")
        assert site in read
        for kind in ("text", "html"):
            (part,) = [part for part in by_python.walk() if part.get_content_subtype() == kind.replace("text", "plain")]
            assert by_node[kind].rstrip().splitlines() == part.get_content().rstrip().splitlines()
    said = {"fr": "Commentaire de", "en": "Comment by"}[language]
    by_subject = {mail["subject"]: mail for mail in (read_by_postal_mime(in_node, raw) for raw in raws(app))}
    for line in (f"[{site}] {subject} – {name}", f"[{site}] {said} {name}"):
        notification = by_subject[line]
        assert notification["replyTo"] == [{"address": "aurelie@example.org", "name": name}]
        assert "> From ici à là" in notification["text"].splitlines()
        assert "Élan " * 400 in notification["text"]


def raws(app: App) -> list[bytes]:
    """Return the mails that SES accepted, unchanged."""
    app.mails()
    return [mail.raw_data.encode() for mail in ses_backends[ACCOUNT][REGION].sent_messages]


@pytest.mark.medium
def test_the_link_that_unsubscribes_is_on_one_line_however_long_the_api_s_address_is(make_app: Any) -> None:
    app: App = make_app(
        ApiDomain=".".join(["d" * 61] * 4) + ".org",
        ApiCertificateArn="arn:aws:acm:eu-west-3:123456789012:certificate/1",
    )
    subscribe(app)
    (raw,) = [raw for raw in raws(app) if b"List-Unsubscribe" in raw]
    value = on_the_wire(raw, "List-Unsubscribe")
    assert re.fullmatch(r"<https://[!-;=?-~]+>", value)
    # SES accepts no longer ones.
    assert len(value) <= 995


def test_the_longest_names_and_subjects_make_no_endless_headers(app: App) -> None:
    answers = {"email": f"{'z' * 64}@{'d' * 60}.example.org", "message": "Bonjour"}
    app.post("/contact", json={**answers, "name": "é" * 1000, "subject": "x" * 1000})
    app.post("/contact", json={**answers, "name": "N" * 1000, "_subject": "é" * 5000})
    app.play_stream()
    for raw, name in zip(raws(app), ("é" * 99, "N" * 99), strict=True):
        check_the_wire(raw)
        assert str(make_header(decode_header(message_from_bytes(raw)["Reply-To"]))).startswith(f"{name}…")
        assert max(len(on_the_wire(raw, header)) for header in ("Subject", "Reply-To")) < LONGEST_LINE


# The hash of what is written below, on any Python from 3.11 to 3.13.
SAME_BYTES = "3c6d18097c5ee0c02a41558b32185322a8d73ef381f0fd78511ea8fd632552ee"


@pytest.mark.slow
def test_every_python_writes_the_same_bytes() -> None:
    dice = random.Random(20261123)  # noqa: S311
    made = hashlib.sha256()
    for _ in range(500):
        name, subject, text = (" ".join(dice.choices(WORDS, k=dice.randint(1, 20))) for _ in range(3))
        mail = EmailMessage(policy=headers.WIRE)
        mail["From"] = headers.mailbox("From", name, "guichet@atelier.example")
        mail["Subject"] = headers.text("Subject", subject)
        mail.set_content(f"{text}\n.\n{subject} \n", cte="quoted-printable")
        mail.add_alternative(f"<p>{text}</p>\n", subtype="html", cte="quoted-printable")
        mail.set_boundary("boundary")
        made.update(mail.as_bytes())
    assert made.hexdigest() == SAME_BYTES
