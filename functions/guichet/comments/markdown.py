"""A comment's Markdown as HTML that is safe on any page: a small subset of CommonMark, and then a sanitizer.

Emphasis, code, quotes, lists and links. HTML is plain text, and so are headings, images, tables and rules: readers see
what was typed. People who know no Markdown get what they typed: line breaks, `2*3*4`, `#1`, a smiley that begins with
`>`, and addresses of pages as links.

Only http and https are live, and only as whole addresses. Nobody's email address gets through, live or as text.

Rendered once, when the owner approves it; imported only there, since the parser costs every start some 20 ms.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, link
from markdown_it.rules_inline import escape as escaped
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markupsafe import escape

from guichet.comments.plain import HIDDEN, addresses, visible, without_addresses

ELEMENTS = frozenset({"p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
ATTRIBUTES = {"a": frozenset({"href"}), "ol": frozenset({"start"})}
SCHEMES = frozenset({"http", "https"})
# A comment's links tell search engines nothing, and tell the linked site nothing about the page.
REL = "nofollow ugc noopener"
# How deep quotes and lists may be nested. Deeper ones stay text: the parser itself would drop them.
_DEEPEST = 10
_MAX_NESTING = 100
# `good.example@evil.example` as a host is meant to deceive.
_LIVE = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w@/])https?://[^\s<>\"“”«»‹›\\^`{|}]+", re.IGNORECASE)
_NO_END = ".,;:!?'’*_~…"
_PAIRS = {")": "(", "]": "["}
# A smiley that begins with `>`, which is not a quote.
_FACE = re.compile(r">[:;=._-]['´`]?[-^]?[()\[\]{}|/\\<>oOpPdD3_.]")
_TRIES, _MOST_TRIES = "tries", 200
_SHRUG = re.compile(r"\\_\([^\s()]{1,3}\)_/¯")


def html(markdown: str) -> str:
    """Return a comment as HTML with only ELEMENTS and ATTRIBUTES, plus `rel` on links."""
    return _sanitized(_parser().render(visible(markdown)))


def _sanitized(made: str) -> str:
    return nh3.clean(
        made,
        tags=set(ELEMENTS),
        # Without an entry for all elements, `title` and `lang` would be allowed.
        attributes={"*": set(), **{name: set(allowed) for name, allowed in ATTRIBUTES.items()}},
        url_schemes=set(SCHEMES),
        link_rel=REL,
    )


class _Parser(MarkdownIt):
    """The parser, with our own definition of a link."""

    def validateLink(self, url: str) -> bool:  # noqa: N802  the parser's name
        """Return whether an address may be a link."""
        if not _LIVE.fullmatch(url) or addresses(unquote(url)):
            return False
        # If the sanitizer cannot parse it, the link would lead nowhere.
        return "href=" in _sanitized(f'<a href="{escape(url)}"></a>')

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """Return a link's address as it is displayed: as it was written, not decoded."""
        return link


@cache
def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "breaks": True, "linkify": False, "maxNesting": _MAX_NESTING})
    parser.disable(["code", "heading", "lheading", "image", "html_block", "html_inline", "reference"])
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.inline.ruler.at("escape", _escape)
    parser.inline.ruler.at("link", _link)
    parser.core.ruler.push("comment", _finish)
    return parser


# --- rules of the parser ----------------------------------------------------------------------------------------------


def _quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  the parser's order
    """Parse a quote, but not a smiley such as `>:(`."""
    if state.level >= _DEEPEST or _FACE.match(state.src, state.bMarks[start] + state.tShift[start]):
        return False
    return blockquote(state, start, end, silent)


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Parse a list."""
    return state.level < _DEEPEST and list_block(state, start, end, silent)


def _emphasis(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse emphasis as the parser's own rule does, except within `2*3*4`."""
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(state.pos, marker == "*")
    around = state.src[state.pos - 1 : state.pos] + state.src[state.pos + scanned.length :][:1]
    in_word = len(around) == 2 and around.isascii() and around.isalnum()  # noqa: PLR2004  before and after
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=scanned.can_open and not in_word,
                close=scanned.can_close and not in_word,
            )
        )
    state.pos += scanned.length
    return True


def _escape(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse an escaped character, but keep the backslash of a shrug."""
    shrug = _SHRUG.match(state.src, state.pos) if state.src[state.pos - 1 : state.pos] == "¯" else None
    if shrug is None:
        return escaped(state, silent)
    if not silent:
        state.pending += shrug[0]
    state.pos = shrug.end()
    return True


def _link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse a link. The number of unmatched brackets is limited, as each costs a search to the end of the text."""
    tries = state.env.get(_TRIES, 0)
    if tries >= _MOST_TRIES or state.src.find("](", state.pos, state.posMax) < 0:
        return False
    found = link(state, silent)
    state.env[_TRIES] = tries if found else state.env.get(_TRIES, 0) + 1
    return found


def _finish(state: StateCore) -> None:
    """Turn bare URLs into links, and hide email addresses."""
    tokens: list[Token] = []
    for token in state.tokens:
        if token.type == "inline":
            token.children = _hidden(list(_named(list(_linked(token.children or [])))))
            tokens.append(token)
        elif token.type == "hr":
            # This includes a row of stars or dashes.
            written = Token("text", "", 0, content=token.markup[1:])
            inline = Token("inline", "", 0, content=written.content, children=[written])
            tokens += [Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]
        else:
            token.content = without_addresses(token.content)
            tokens.append(token)
    state.tokens = tokens


def _linked(tokens: list[Token]) -> Iterator[Token]:
    """Yield tokens with bare URLs as links, and without links that lead nowhere."""
    parser, inside, live = _parser(), False, False
    for token in tokens:
        match token.type:
            case "link_open":
                inside, live = True, parser.validateLink(str(token.attrs.get("href", "")))
                if live:
                    yield token
            case "link_close":
                inside = False
                if live:
                    yield token
            case "text" if not inside:
                yield from _with_links(token.content)
            case _:
                yield token


def _named(tokens: list[Token]) -> Iterator[Token]:
    """Yield tokens where a link without visible text shows its address, so that it is seen before approval."""
    start = 0
    for place, token in enumerate(tokens):
        if token.type == "link_open":
            start = place
        elif token.type == "link_close" and not _shows("".join(one.content for one in tokens[start:place])):
            yield Token("text", "", 0, content=str(tokens[start].attrs["href"]))
        yield token


def _shows(text: str) -> bool:
    """Return whether a text contains anything other than blanks, joiners and marks."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def _with_links(text: str) -> Iterator[Token]:
    parser, done = _parser(), 0
    for found in _BARE.finditer(text):
        shown = _trimmed(found[0])
        url = parser.normalizeLink(shown)
        if not parser.validateLink(url):
            continue
        yield Token("text", "", 0, content=text[done : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": url})
        yield Token("text", "", 0, content=shown)
        yield Token("link_close", "a", -1)
        done = found.start() + len(shown)
    yield Token("text", "", 0, content=text[done:])


def _trimmed(url: str) -> str:
    """Return a URL without the punctuation of the sentence around it."""
    while url:
        end = url[-1]
        if end not in _NO_END and not (end in _PAIRS and url.count(end) > url.count(_PAIRS[end])):
            break
        url = url[:-1]
    return url


def _hidden(tokens: list[Token]) -> list[Token]:
    """Hide email addresses in a line of tokens, even one that spans several: `a*@*example.org`."""
    texts = ["\n" if token.type in {"softbreak", "hardbreak"} else token.content for token in tokens]
    for start, end in reversed(addresses("".join(texts))):
        place, is_first = 0, True
        for token, text in zip(tokens, texts, strict=True):
            first, last = max(start - place, 0), min(end - place, len(text))
            if first < last and token.content:
                token.content = token.content[:first] + (HIDDEN if is_first else "") + token.content[last:]
                is_first = False
            place += len(text)
    return tokens
