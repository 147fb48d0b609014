"""A spam filter's score of every possible email, and that none tracks its reader or hides where links lead."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import html5lib
import pytest

from guichet.locales import LANGUAGES, Language
from guichet.mail.series import Series
from guichet.records.issue import Edition
from guichet.records.record import utc_now
from guichet.settings import NotifierSettings
from tests.support import issues
from tests.support.emails import NAMES, email
from tests.support.stack import missing

# Five are spam, by default.
MOST = 0.1
LOGO, PRIVACY = "https://atelier.example/logo.png", "https://atelier.example/privacy"
# The looks of a site.
LOOKS: dict[str, dict[str, str]] = {
    "plain": {},
    "all": {"logo_url": LOGO, "privacy_url": PRIVACY},
    "logo": {"logo_url": LOGO, "site_name": "A"},
}
# Filters look for an image with little text.
SHORT = "![L’établi neuf, sous la verrière](https://atelier.example/img/etabli.jpg)\n\nÀ demain"


def copy(edition: Edition, language: Language, **changes: str) -> bytes:
    """Return an issue as a reader gets it."""
    settings = NotifierSettings.from_environment().model_copy(update=changes)
    return Series(issues.ISSUE, edition, language, settings).addressed("camille@example.org", issues.LINK)


def all_that_can_leave() -> Iterator[tuple[str, bytes]]:
    """Yield each email by a name, as it leaves."""
    for look, changes in LOOKS.items():
        for language in LANGUAGES:
            for name in NAMES:
                yield f"{name} {language} {look}", email(name, language, **changes).as_bytes()
            yield f"series {language} {look}", copy(issues.SAMPLE[language], language, **changes)
            short = Edition(subject="À demain", markdown=SHORT)
            yield f"short issue {language} {look}", copy(short, language, **changes)


def received(raw: bytes) -> bytes:
    """Return an email as it arrives, except for what the account's set-up decides: DKIM, and who gets bounces."""
    (to,) = re.findall(rb"(?m)^To: (\S+?),?\r$", raw)
    relay = b"a7-12.smtp-out.eu-west-3.amazonses.com"
    return (
        b"Received: from %b (%b [54.240.7.12])\r\n by mx.example.org (Postfix) with ESMTPS id 4Tq0Yx1Jz2z9s\r\n"
        b" for <%b>; %b\r\n" % (relay, relay, to, format_datetime(utc_now()).encode())
    ) + raw


@pytest.mark.slow
def test_spamassassin_finds_nothing_in_any_email(tmp_path: Path) -> None:
    program = shutil.which("spamassassin")
    if program is None:
        missing("SpamAssassin")
    mails = dict(all_that_can_leave())
    # A filter that is not running finds nothing at all.
    mails["spam"] = b"To: a@example.org\r\nSubject: BUY VIAGRA NOW\r\n\r\nBUY CHEAP VIAGRA NOW, CLICK HERE\r\n"
    paths = [tmp_path / str(number) for number in range(len(mails))]
    for path, raw in zip(paths, mails.values(), strict=True):
        path.write_bytes(b"X-Number: %b\r\n" % path.name.encode() + received(raw))
    # What it learnt from other mail is irrelevant, and would differ tomorrow.
    lines = ["use_bayes 0", "report_safe 0", "fold_headers 0", "add_header all Found _SCORE_ _TESTSSCORES(;)_"]
    done = subprocess.run(
        [program, "--local", "--nocreate-prefs", *(f"--cf={line}" for line in lines), *map(str, paths)],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    # It writes them one after the other, its own headers first.
    found = re.findall(rb"(?m)^X-Spam-Found: (\S+) (\S+)\r?$(?s:.*?)^X-Number: (\d+)\r?$", done.stdout)
    scores = {list(mails)[int(number)]: (float(score), rules.decode()) for score, rules, number in found}
    assert scores.keys() == mails.keys()
    assert scores.pop("spam")[0] > 1
    assert {name: found for name, found in scores.items() if found[0] > MOST} == {}


@pytest.mark.quick_cases(24)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_no_email_fetches_or_links_what_nobody_wrote(name: str, look: str, language: Language) -> None:
    settings = NotifierSettings.from_environment().model_copy(update=LOOKS[look])
    mail = email(name, language, **LOOKS[look])
    check_what_it_fetches_and_links(mail, {settings.api_url, LOGO, PRIVACY}, settings.logo)


def test_neither_does_a_copy_of_an_issue() -> None:
    for language in LANGUAGES:
        mail = message_from_bytes(copy(issues.SAMPLE[language], language), _class=EmailMessage, policy=policy.default)
        check_what_it_fetches_and_links(mail, {"https://api.atelier.example", LOGO, PRIVACY}, "")


def check_what_it_fetches_and_links(mail: EmailMessage, own: set[str], logo: str) -> None:
    """Check that what is fetched is the logo or an author's image, and that links are Guichet's or somebody's own."""
    text, html = (str(part.get_content()) for part in mail.iter_parts())
    document = html5lib.parse(html, namespaceHTMLElements=False)
    fetched = [node.get("src") for node in document.iter() if node.get("src") is not None]
    authors = [image for image in issues.IMAGES if image in text]
    assert [src for src in fetched if src != logo] == authors
    assert fetched.count(logo) == bool(logo)
    # Nothing else is fetched, and there is no invisible image.
    assert not re.search(r"(?i)<(?:link|iframe|script|object|embed|video|audio|input|form|base)\b|url\(|@import", html)
    assert not re.search(r"(?i)\b(?:background|srcset|poster|ping)=|<meta[^>]*refresh", html)
    for image in document.iter("img"):
        assert image.get("alt")
        assert not re.search(
            r"(?i)display:\s*none|(?:^|[;\s])(?:max-)?(?:width|height):\s*[01](?:px)?\b", image.get("style")
        )
        assert image.get("width") is None
        assert image.get("height") in {None, "40"}
    # Links in the text part lead to the same places, none through a redirect.
    for link in document.iter("a"):
        href = link.get("href")
        assert href.removeprefix("mailto:") in text or href in own
        words = "".join(link.itertext())
        if words.startswith("http"):
            assert words == href
