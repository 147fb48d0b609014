"""Markdown of a newsletter issue: as HTML with inlined styles, and as plain text that is as readable.

CommonMark with tables and strikethrough. HTML is plain text. A link is live if it is http, https or mailto; an image is
shown if it is https and has an alternative text. Any other stays as text.

Imported only where issues are rendered: importing the parser takes some 20 ms.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from textwrap import wrap
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from guichet.accent import Shades, accent

# Where a line of the text part may break. URLs and code are never broken.
WIDTH = 72
# However deep lists and quotes are.
_NARROWEST = 24
# The parser cuts off deeper ones. Each level takes some frames of Python's own stack.
_DEEPEST = 100

_LIVE = re.compile(r"https?://[^\s/?#]+\S*|mailto:[^\s?]+\S*", re.IGNORECASE)
_SHOWN = re.compile(r"https://[^\s/?#]+\S*", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n]+")
# Separates the columns of a table.
_BETWEEN = "   "
# The parser never outputs this character.
_KEPT_SPACE = "\0"

_INK, _RULE = "#1d2433", "#d9d5cb"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
_SIZES = {"h1": 22, "h2": 19, "h3": 17, "h4": 16, "h5": 16, "h6": 16}
# What the layout and a table's own margins leave of 320 pixels.
_ON_A_PHONE, _CELL_PADDING, _WIDEST_CHARACTER = 254, 6, 10
_DEFAULT = accent("#1f4fa3").light


def html(markdown: str, shades: Shades = _DEFAULT) -> Markup:
    """Return Markdown as HTML for `layout.html`, in the site's shades on light paper, with the layout's classes."""
    parser = _parser()
    env: dict[str, object] = {"shades": shades}
    tokens = parser.parse(markdown, env)
    _style(tokens, shades)
    return Markup(parser.renderer.render(tokens, parser.options, env))  # noqa: S704  the renderer escapes


def text(markdown: str) -> str:
    """Return Markdown as plain text: URLs after their link texts, lists numbered, quotes marked, lines wrapped."""
    return _blocks(_tree(_parser().parse(markdown)), WIDTH)


class _Html(RendererHTML):
    """Writes images that are shown, and code."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render an image. Its alternative text is styled, as most readers see it first."""
        del options, env
        src, alt = _image(tokens[idx])
        title = tokens[idx].attrGet("title")
        return (
            f'<img class="soft" src="{escape(src)}" alt="{escape(alt)}"{f" title={_quoted(title)}" if title else ""} '
            'style="max-width:100%;height:auto;border:0;border-radius:8px;vertical-align:middle;'
            'color:#565e6e;font-size:14px;line-height:1.5">'
        )

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a code span."""
        del options
        style = f"padding:1px 4px;border-radius:4px;background:{env['shades'].tint};color:{_INK}"
        return (
            f'<code class="tint" style="{style};font:14px/1.4 {_MONO};white-space:pre-wrap">'
            f"{escape(tokens[idx].content)}</code>"
        )

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a code block. Its lines wrap, as mail programs have no scroll bar for it."""
        del options
        style = f"margin:{tokens[idx].meta['margin']};padding:12px 16px;border-radius:8px"
        return (
            f'<pre class="tint" style="{style};background:{env["shades"].tint};color:{_INK};font:14px/1.5 {_MONO};'
            f'white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word">'
            f"<code>{escape(tokens[idx].content)}</code></pre>\n"
        )

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a fenced code block."""
        return self.code_block(tokens, idx, options, env)


class _Parser(MarkdownIt):
    """A parser that makes only live links into links."""

    def __init__(self) -> None:
        options = {"html": False, "xhtmlOut": False, "maxNesting": _DEEPEST}
        super().__init__("commonmark", options, renderer_cls=_Html)
        self.enable(["table", "strikethrough"])
        self.core.ruler.push("readable", _make_readable)

    def validateLink(self, url: str) -> bool:  # noqa: N802  the library's name
        """Return whether an address is live."""
        return bool(_LIVE.fullmatch(url))


@cache
def _parser() -> MarkdownIt:
    return _Parser()


def _quoted(value: str | float) -> str:
    return f'"{escape(value)}"'


def _image(token: Token) -> tuple[str, str]:
    """Return the address of an image and its alternative text."""
    return str(token.attrs["src"]), _SPACES.sub(" ", _plain(token.children or ())).strip()


def _plain(tokens: Sequence[Token]) -> str:
    """Return the text of inline tokens without any markup."""
    parts = {"softbreak": " ", "hardbreak": " "}
    return "".join(
        _plain(token.children) if token.children else parts.get(token.type, token.content) for token in tokens
    )


def _make_readable(state: StateCore) -> None:
    """Remove what would be invisible: links without text or address, and images that are not shown."""
    for token in state.tokens:
        if token.children:
            token.children = list(_readable(token.children))


def _readable(tokens: Sequence[Token]) -> Iterator[Token]:
    # The link that a token is in: links are not nested.
    href: str | None = None
    for place, token in enumerate(tokens):
        if token.type == "link_open":
            href = str(token.attrs["href"])
            yield token if href else _text("[")
            if href and tokens[place + 1].type == "link_close":
                yield _text(href)
        elif token.type == "link_close":
            yield token if href else _text("]()")
            href = None
        elif token.type == "image":
            yield from _readable_image(token, in_link=bool(href))
        else:
            yield token


def _readable_image(token: Token, *, in_link: bool) -> Iterator[Token]:
    """Yield an image that is shown or, in its place, its words as a link to it."""
    src, alt = _image(token)
    if alt and _SHOWN.fullmatch(src):
        yield token
    elif in_link or not src:
        yield _text(alt or src or "![]()")
    else:
        yield Token("link_open", "a", 1, attrs={"href": src})
        yield _text(alt or src)
        yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _style(tokens: Sequence[Token], shades: Shades) -> None:
    """Give tokens the classes and styles that mail programs need."""
    last = _last_in_its_parent(tokens)
    breaks = ""
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            breaks = _breaks_in_cells(tokens[place:])
        if token.nesting >= 0 and token.type != "inline":
            margin = "0" if place in last else "0 0 8px" if token.level else "0 0 16px"
            _style_block(token, place, margin, shades)
        if token.type in {"th_open", "td_open"}:
            token.attrs["style"] = f"{token.attrs['style']};{breaks}"
        if token.type == "th_open" and not tokens[place + 1].content:
            # An empty header says nothing about its column.
            token.tag = tokens[place + 2].tag = "td"
            token.attrs.pop("scope")
        for child in token.children or ():
            if child.type == "link_open":
                child.attrs |= {"class": "link", "style": f"color:{shades.line}"}


def _breaks_in_cells(tokens: Sequence[Token]) -> str:
    """Return where the words of the table at the start of `tokens` may break: nowhere, if they fit on a phone.

    A table is as wide as its words, and the narrowest phone shows only `_ON_A_PHONE` pixels of it.
    """
    longest: list[int] = []
    column = 0
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            column = 0
        elif token.type == "inline":
            if column == len(longest):
                longest.append(0)
            words = _SPACES.split(_plain(token.children or ()))
            longest[column] = max(longest[column], *map(len, words))
            column += 1
    width = sum(size * _WIDEST_CHARACTER + 2 * _CELL_PADDING for size in longest)
    return "overflow-wrap:break-word;word-break:normal" if width <= _ON_A_PHONE else "overflow-wrap:anywhere"


def _last_in_its_parent(tokens: Sequence[Token]) -> set[int]:
    """Return the indexes of blocks that are the last in their parent."""
    opened: list[int] = []
    last = set()
    for place, token in enumerate(tokens):
        start = opened.pop() if token.nesting == -1 else place
        if token.nesting == 1:
            opened.append(place)
        elif token.type != "inline" and place + 1 < len(tokens) and tokens[place + 1].nesting == -1:
            last.add(start)
    return last


def _style_block(token: Token, place: int, margin: str, shades: Shades) -> None:
    tag = token.tag
    styles = {
        "p": f"margin:{margin}",
        "ul": f"margin:{margin};padding:0 0 0 24px",
        "ol": f"margin:{margin};padding:0 0 0 28px",
        "li": "margin:0 0 4px",
        "table": f"width:100%;margin:{margin};border-collapse:collapse",
    }
    classes = {"blockquote": "quote", "hr": "rule"}
    if tag in _SIZES:
        above = "24px" if place else "0"
        styles[tag] = f"margin:{above} 0 8px;font-size:{_SIZES[tag]}px;line-height:1.3"
    elif tag in {"th", "td"}:
        # A table inherits nothing where a mail program drops the doctype.
        classes[tag] = "ink rule"
        align = token.attrs.pop("style", "text-align:left")
        styles[tag] = (
            f"padding:6px {_CELL_PADDING}px;border-bottom:1px solid {_RULE};color:{_INK};"
            f"font-size:15px;line-height:1.5;vertical-align:top;{align}"
        )
        if tag == "th":
            token.attrs["scope"] = "col"
    styles["blockquote"] = f"margin:{margin};padding:0 0 0 16px;border-left:4px solid {shades.line}"
    styles["hr"] = f"margin:24px 0;border:0;border-top:1px solid {_RULE}"
    token.meta["margin"] = margin
    if tag in classes:
        token.attrs["class"] = classes[tag]
    if tag in styles:
        token.attrs["style"] = styles[tag]


class _Block(NamedTuple):
    """A block, with the blocks inside it. Text is in a child of the type `inline`."""

    token: Token
    inside: list["_Block"]

    @property
    def words(self) -> str:
        """Its text, with the author's hard line breaks."""
        return _inline(self.inside[0].token.children or ()) if self.inside else ""


def _tree(tokens: Sequence[Token]) -> list[_Block]:
    """Return the outermost blocks."""
    opened: list[list[_Block]] = [[]]
    for token in tokens:
        if token.nesting == -1:
            opened.pop()
            continue
        block = _Block(token, [])
        opened[-1].append(block)
        if token.nesting == 1:
            opened.append(block.inside)
    return opened[0]


def _blocks(blocks: Sequence[_Block], width: int) -> str:
    """Return blocks as text, wrapped to a width unless a word is longer."""
    # In a tight list, no blank line separates an item's blocks.
    gap = "\n" if any(map(_is_tight, blocks)) else "\n\n"
    return gap.join(_block(block, max(width, _NARROWEST)) for block in blocks)


def _is_tight(block: _Block) -> bool:
    return block.token.type == "paragraph_open" and block.token.hidden


def _block(block: _Block, width: int) -> str:  # noqa: PLR0911  one for each kind
    token, inside = block
    match token.type:
        case "heading_open":
            return _heading(block, width)
        case "bullet_list_open":
            return _list(inside, ["- "] * len(inside), width)
        case "ordered_list_open":
            first = int(token.attrs.get("start", 1))
            return _list(inside, [f"{first + place}{token.markup} " for place in range(len(inside))], width)
        case "blockquote_open":
            quoted = _blocks(inside, width - 2).split("\n")
            return "\n".join(f"> {line}".rstrip(" ") for line in quoted)
        case "fence":
            return f"{token.markup}{token.info}\n{token.content}{token.markup}"
        case "code_block":
            return _indented(token.content.rstrip("\n"), "    ", "    ")
        case "table_open":
            return _table([row.inside for part in inside for row in part.inside], width)
        case "hr":
            return "* * *"
        case _:
            return _wrapped(block.words, width)


def _heading(block: _Block, width: int) -> str:
    if underline := {"h1": "=", "h2": "-"}.get(block.token.tag):
        words = _wrapped(block.words, width)
        # Two hyphens on their own would start a signature.
        return f"{words}\n{underline * max(3, *map(len, words.split(chr(10))))}"
    mark = f"{'#' * int(block.token.tag[1])} "
    return f"{mark}{_wrapped(block.words, width - len(mark))}"


def _list(items: Sequence[_Block], markers: Sequence[str], width: int) -> str:
    indent = max(map(len, markers))
    written = [
        _indented(_blocks(item.inside, width - indent), marker.rjust(indent), " " * indent)
        for item, marker in zip(items, markers, strict=True)
    ]
    inside = [block for item in items for block in item.inside if block.token.type == "paragraph_open"]
    return ("\n" if all(map(_is_tight, inside)) else "\n\n").join(written)


def _indented(block: str, first: str, further: str) -> str:
    lines = block.split("\n")
    return "\n".join(f"{further if place else first}{line}".rstrip(" ") for place, line in enumerate(lines))


def _table(rows: Sequence[Sequence[_Block]], width: int) -> str:
    """Return a table as columns if they fit; otherwise each row as lines of column name and cell."""
    head, *body = [[cell.words.replace("\n", " ") for cell in row] for row in rows]
    sizes = [max(3, *map(len, column)) for column in zip(head, *body, strict=True)]
    if sum(sizes) + len(_BETWEEN) * (len(sizes) - 1) <= width:
        to_the_right = ["right" in str(cell.token.attrs.get("style")) for cell in rows[0]]
        lines = (
            _BETWEEN.join(
                cell.rjust(size) if right else cell.ljust(size)
                for cell, size, right in zip(line, sizes, to_the_right, strict=True)
            )
            for line in (head, ["-" * size for size in sizes], *body)
        )
        return "\n".join(line.rstrip(" ") for line in lines).replace(_KEPT_SPACE, " ")
    cells = (
        [f"{name} – {cell}" if name else cell for name, cell in zip(head, row, strict=True) if cell] for row in body
    )
    return "\n\n".join("\n".join(_wrapped(line, width) for line in lines) for lines in cells)


def _inline(tokens: Sequence[Token]) -> str:
    """Return inline tokens as text, with the author's hard line breaks."""
    written: list[str] = []
    link, words_begin = None, 0
    for token in tokens:
        if token.type == "link_open":
            link, words_begin = token, len(written)
        elif token.type == "link_close" and link:
            words = "".join(written[words_begin:])
            written[words_begin:] = [_link(link, words)]
        else:
            written.append(_inline_token(token))
    return "".join(written)


def _inline_token(token: Token) -> str:
    match token.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "code_inline":
            return f"{token.markup}{token.content}{token.markup}".replace(" ", _KEPT_SPACE)
        case "image":
            src, alt = _image(token)
            return f"[{alt}] <{src}>{_title(token)}"
        case "text":
            return _SPACES.sub(" ", token.content)
        case _:
            # The marks around what is emphasized.
            return token.markup


def _link(link: Token, words: str) -> str:
    href = str(link.attrs["href"])
    # The link text may be the address itself, without encoding.
    if link.info == "auto" or words == href:
        return f"<{href.removeprefix('mailto:')}>"
    return f"{words} <{href}>{_title(link)}"


def _title(token: Token) -> str:
    title = _SPACES.sub(" ", str(token.attrs.get("title", ""))).strip()
    return f" ({title})" if title else ""


def _wrapped(words: str, width: int) -> str:
    lines = (wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""] for line in words.split("\n"))
    return "\n".join(line for wrapped in lines for line in wrapped).replace(_KEPT_SPACE, " ")
