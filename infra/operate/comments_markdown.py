"""Convert HTML that people wrote elsewhere to the Markdown of comments. HTML is never used directly.

The result is rendered and sanitized like any other comment. If its words would change, it is kept without emphasis, or
failing that as words only.
"""

import re
from collections.abc import Collection
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit

from markdown_it import MarkdownIt

from guichet.comments import markdown
from infra.operate.comments_sources import Markup

_PARAGRAPHS = frozenset(
    {
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "table",
        "tr",
        "dl",
        "dt",
        "dd",
        "figure",
        "hr",
    }
)
_CONTAINERS = frozenset({"blockquote", "ul", "ol", "li", "pre"})
_INLINE = {"em": "*", "i": "*", "strong": "**", "b": "**", "code": "`", "tt": "`", "a": ""}
_EMPHASIS = frozenset({"em", "i", "strong", "b"})
# Elements that embed something from elsewhere: its address is kept.
_EMBEDDED = frozenset({"embed", "iframe", "video", "audio", "source"})
_SILENT = frozenset({"script", "style", "iframe", "object", "template", "noscript", "title", "select"})
_DEEPEST = 12
_SPECIAL = re.compile(r"([\\`*_\[\]<])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BEGINNING = re.compile(r"^( *)(?:([#>+=~-])|(\d{1,9})([.)]))", re.MULTILINE)
_IN_ISSO = re.compile(
    r"</?(?:a|b|blockquote|br|code|del|div|em|h[1-6]|hr|i|img|ins|li|ol|p|pre|q|s|span|strong|sub|sup|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^>]*>?", re.DOTALL)
_NO_TAG = re.compile("<(?!/?[A-Za-z][^<>]*>)")
# In HTML written by WordPress or by hand, this is not a character reference: `?year=2014&region=3`.
_NO_ENTITY = re.compile("&(?=[A-Za-z])(?![A-Za-z][A-Za-z0-9]*;)")
_BREAK = re.compile(r"(<br\b[^<>]*>)[ \t]*\r?\n", re.IGNORECASE)
_INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)(?: {4}| {0,3}\t)[ \t]*\S")
_LINKS = ("http", "https")
_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SHORTENED = ("...", "…")
_FORMATS = _CONTAINERS | frozenset(_INLINE)


def markdown_of(text: str, markup: Markup) -> str:
    """Return another tool's text as Markdown: HTML, HTML whose line breaks count, or Markdown with some HTML."""
    if markup == "markdown":
        if not _IN_ISSO.search(text) and not _INDENTED.search(text):
            return text
        # Isso allowed HTML, except inside code. Comments here have no indented code.
        text = MarkdownIt("commonmark", {"html": True, "breaks": True, "maxNesting": 20}).render(text)
    text = _well_formed(text)
    # Old Disqus comments have no paragraphs either.
    lines = markup == "lines" or (markup == "html" and not re.search("<(?:p|br|div)\\b", text, re.IGNORECASE))
    if lines:
        # WordPress shows these as one.
        text = _BREAK.sub(r"\1", text)
    bare = _Writer.of(text, lines=lines, keeps=())
    words: str | None = None
    # Next to punctuation, Markdown may not see emphasis. The other formatting is still worth keeping.
    for left_out in ((), _EMPHASIS):
        formatted = _Writer.of(text, lines=lines, keeps=_FORMATS - frozenset(left_out))
        # Most are only words, and rendering takes most of an import's time.
        if formatted == bare:
            return bare
        words = words or _words_of(bare)
        if _words_of(formatted) == words:
            return formatted
    return bare


def _well_formed(html: str) -> str:
    """Return HTML without invisible parts, with every `<` that does not begin a tag as text.

    Python's parser fails on some broken declarations, and takes hours for many unclosed tags.
    """
    return _NO_ENTITY.sub("&amp;", _NO_TAG.sub("&lt;", _UNSEEN.sub("", html)))


def _words_of(written: str) -> str:
    """Return the text of a rendered comment, without blanks."""
    return "".join(_Plain.of(markdown.html(written)).split())


class _Words(HTMLParser):
    """Parses HTML, leaving out invisible elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # An object's film is in an element for browsers that do not support objects.
        if not self.silent or tag == "embed":
            self.start(tag, {name: value or "" for name, value in attrs})
        self.silent += tag in _SILENT

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif not self.silent:
            self.end(tag)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words(data)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Process the start of an element."""

    def end(self, tag: str) -> None:
        """Process the end of an element."""

    def words(self, text: str) -> None:
        """Process text."""


class _Plain(_Words):
    """The words of HTML, as `_Writer` keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._links: list[tuple[int, str]] = []

    @classmethod
    def of(cls, html: str) -> str:
        reader = cls()
        reader.feed(html)
        reader.close()
        return "".join(reader.found)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "a":
            self._links.append((len(self.found), _shown(attributes)))
        if tag == "img":
            self.found.append(_label(attributes))
        if tag in _EMBEDDED:
            self.found.append(_film(attributes))

    def end(self, tag: str) -> None:
        if tag == "a" and self._links:
            begin, title = self._links.pop()
            text = "".join(self.found[begin:])
            self.found[begin:] = [_lengthened(text, title)]

    def words(self, text: str) -> None:
        self.found.append(text)


class _Frame:
    """An element that is open: its name, its blocks so far, and the text of its last one."""

    def __init__(self, tag: str, begin: str = "", link: str = "", title: str = "") -> None:
        self.tag, self.begin, self.link, self.title = tag, begin, link, title
        self.blocks: list[str] = []
        self.text: list[str] = []


class _Writer(_Words):
    """Writes Markdown."""

    def __init__(self, *, lines: bool, keeps: Collection[str]) -> None:
        super().__init__()
        self._lines, self._keeps = lines, keeps
        self._blocks = [_Frame("")]
        self._inline: list[_Frame] = []

    @classmethod
    def of(cls, html: str, *, lines: bool, keeps: Collection[str]) -> str:
        """Return HTML as Markdown, with some elements kept and the others reduced to their words."""
        writer = cls(lines=lines, keeps=keeps)
        writer.feed(html)
        writer.close()
        while len(writer._blocks) > 1:
            writer._close_block()
        writer._flush()
        return "\n\n".join(writer._blocks[0].blocks).strip("\n")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._write("\n")
        elif tag == "img":
            self._write(_escaped(_label(attributes)))
        elif tag in _EMBEDDED:
            self._write(f" {_escaped(_film(attributes))} ")
        elif tag in _PARAGRAPHS:
            self._flush()
        elif tag in _CONTAINERS:
            self._flush()
            if tag in self._keeps and len(self._blocks) <= _DEEPEST:
                self._blocks.append(_Frame(tag, attributes.get("start", "")))
        elif tag in _INLINE and (tag in self._keeps or tag == "a") and len(self._inline) < _DEEPEST and not self._raw:
            link = _address(attributes) if tag in self._keeps else ""
            self._inline.append(_Frame(tag, link=link, title=_shown(attributes)))
        elif tag in {"td", "th"}:
            self._write(" ")

    def end(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._flush()
        elif tag in _CONTAINERS:
            self._flush()
            if any(frame.tag == tag for frame in self._blocks[1:]):
                while self._blocks[-1].tag != tag:
                    self._close_block()
                self._close_block()
        elif tag in _INLINE and any(frame.tag == tag for frame in self._inline):
            while self._inline[-1].tag != tag:
                self._close_inline()
            self._close_inline()

    def words(self, text: str) -> None:
        if self._raw is not None:
            self._raw.text.append(text)
        elif self._lines:
            for number, paragraph in enumerate(re.split(r"\n[ \t]*\n\s*", text.replace("\r", ""))):
                if number:
                    self._flush()
                self._write("\n".join(_escaped(re.sub(r"[ \t\f\v]+", " ", line)) for line in paragraph.split("\n")))
        else:
            self._write(_escaped(re.sub(r"[ \t\r\n\f]+", " ", text)))

    @property
    def _raw(self) -> _Frame | None:
        """The open element whose text must not be escaped, if any."""
        if self._blocks[-1].tag == "pre":
            return self._blocks[-1]
        return self._inline[-1] if self._inline and self._inline[-1].tag in {"code", "tt"} else None

    def _write(self, text: str) -> None:
        (self._raw or (self._inline or self._blocks)[-1]).text.append(text)

    def _close_inline(self) -> None:
        frame = self._inline.pop()
        text = "".join(frame.text)
        into = (self._inline or self._blocks)[-1].text
        inner = text.strip()
        if not inner:
            into.append(text)
            return
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        if frame.tag == "a":
            # Written before it is known that the link was shortened.
            inner = _escaped(frame.title) if _lengthened(inner, _escaped(frame.title)) != inner else inner
            inner = f"[{inner}]({frame.link})" if frame.link else inner
        elif frame.tag in {"code", "tt"}:
            inner = _code(inner)
        else:
            mark = _INLINE[frame.tag]
            inner = f"{mark}{inner}{mark}"
        into.append(f"{before}{inner}{after}")

    def _flush(self) -> None:
        """End a paragraph, if there is one."""
        while self._inline:
            self._close_inline()
        frame = self._blocks[-1]
        if frame.tag == "pre":
            return
        text, frame.text = "".join(frame.text), []
        for paragraph in re.split(r"\n\s*\n", text):
            lines = [line.strip() for line in paragraph.split("\n")]
            if written := "\n".join(filter(None, lines)):
                frame.blocks.append(_BEGINNING.sub(_harmless, written))

    def _close_block(self) -> None:
        self._flush()
        frame = self._blocks.pop()
        into = self._blocks[-1].blocks
        inner = "\n\n".join(frame.blocks)
        match frame.tag:
            case "pre":
                text = "".join(frame.text).strip("\n")
                fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
                into.extend([f"{fence}\n{text}\n{fence}"] if text.strip() else [])
            case "blockquote":
                into.extend(["\n".join(f"> {line}".rstrip() for line in inner.split("\n"))] if inner else [])
            case "li":
                into.append(inner)
            case _:
                into.extend([_list(frame)] if any(frame.blocks) else [])


def _list(frame: _Frame) -> str:
    begin = int(frame.begin) if re.fullmatch(r"\d{1,6}", frame.begin) else 1
    items = []
    for number, item in enumerate(filter(None, frame.blocks)):
        mark = f"{begin + number}. " if frame.tag == "ol" else "- "
        items.append(mark + item.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(items)


def _escaped(text: str) -> str:
    return _ENTITY.sub(r"\\&", _SPECIAL.sub(r"\\\1", text))


def _harmless(found: re.Match[str]) -> str:
    """Escape the start of a line that would be a list, a quote or a heading."""
    blanks, mark, number, dot = found.groups()
    return f"{blanks}\\{mark}" if mark else f"{blanks}{number}\\{dot}"


def _code(text: str) -> str:
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _address(attributes: dict[str, str]) -> str:
    """Return a link's target as Markdown can write it, or "" if comments may not link to it."""
    text = attributes.get("href", "").strip()
    try:
        parts = urlsplit(text)
        if parts.hostname in {"disq.us", "www.disq.us"} and parts.path == "/url":
            # Disqus counts clicks: its link contains the address, then a colon and a signature.
            text = parse_qs(parts.query).get("url", [""])[0].rpartition(":")[0]
            parts = urlsplit(text)
        if parts.scheme.lower() not in _LINKS or not (parts.netloc or parts.scheme.lower() == "mailto"):
            return ""
    except ValueError:
        return ""
    return quote(text, safe="/:?#@!$&'*+,;=-._~%")


def _shown(attributes: dict[str, str]) -> str:
    """Return the full text of a link that Disqus shortened: it is in the link's title."""
    title = attributes.get("title", "").strip()
    return title if title.startswith(("http://", "https://")) else ""


def _lengthened(text: str, title: str) -> str:
    cut = text.strip()
    whole = cut.endswith(_SHORTENED) and title.startswith(cut.rstrip(".…"))
    return title if title and whole else text


def _label(attributes: dict[str, str]) -> str:
    """Return the words for a picture: its own, or else its address, unless it is embedded as data."""
    source = attributes.get("src", "").strip()
    return attributes.get("alt", "").strip() or ("" if _SCHEME.match(source) else source)


def _film(attributes: dict[str, str]) -> str:
    """Return the address of a film or sound, if it is on the web."""
    source = attributes.get("src", "").strip()
    source = f"https:{source}" if source.startswith("//") else source
    return source if source.startswith(("http://", "https://")) else ""
