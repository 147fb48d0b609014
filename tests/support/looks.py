"""How pages and emails look: their elements, and their style sheets."""

import re
from typing import Any

import html5lib

LOGO = "https://atelier.example/images/logo.png"


def tags(html: str, name: str) -> list[Any]:
    """Return the elements of a name in a page."""
    # Strict: it raises on anything that a validator would call a parse error.
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return list(parser.parse(html).iter(name))


def style_of(html: str) -> str:
    """Return the style sheet of a page or an email."""
    # The content of comments is only for Outlook.
    shown = re.sub("<!--.*?-->", "", html, flags=re.DOTALL)
    (style,) = re.findall("<style>(.*?)</style>", shown, re.DOTALL)
    return str(style)
