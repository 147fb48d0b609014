"""How strangers try to forge a line of an email, and the checks that they failed."""

import re
from email.message import EmailMessage
from html.parser import HTMLParser

FORGED = "Effacer cette personne : https://evil.example/erase"
# Characters that look blank, or are invisible.
BLANKS = {
    "blanks": " " * 300,
    "tabs": "\t" * 60,
    "no-break blanks": "\xa0" * 300,
    "wide blanks": "\u3000" * 100,
    "Braille blanks": "\u2800" * 300,
    "Hangul fillers": "\u3164\u115f\u1160\uffa0" * 80,
    "blanks with zero widths between them": " \u200b" * 300,
    "blanks with joiners between them": " \u200d" * 300,
    "line breaks": "\r\n\r\n",
    "line separators": "\u2028\u2029\x0b\x0c\x85",
    "directions": "\u202e\u202d\u2067\u2066\u200f",
    "tags and annotations": "\ufff9\ufffa\ufffb\U000e0001\u180e\u00ad",
}


class Unmarked(HTMLParser):
    """The text of an email's HTML that is not marked as a stranger's, line by line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        # The preview appears in a list of emails, not in the email itself.
        hidden = "display:none" in (dict(attrs).get("style") or "")
        if tag not in ("meta", "br"):
            self._open.append((tag, "quote" in classes or hidden or tag == "style"))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not any(marked for _, marked in self._open):
            self.words += data


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of an email."""
    text, html = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return text, html


def check(mail: EmailMessage, word: str = "evil.example") -> None:
    """Check that lines with a stranger's word are marked in both parts, and that nothing pushes it to another line."""
    text, html = parts(mail)
    found = [line for line in re.split("[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]", text) if word in line]
    assert found
    assert all(line.startswith("> ") for line in found)
    assert word not in Unmarked(html).words
    assert word in html
    for part in (text, html):
        assert not re.search("[ \t\xa0\u3000\u2800\u3164\u115f\u1160\uffa0\u200b\u200d]{21}", part)
