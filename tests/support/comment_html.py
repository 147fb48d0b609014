"""The rules for a comment's HTML, checked with independent parsers: html5lib, and Python's own."""

import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import html5lib

from guichet.comments.markdown import html

# Duplicated on purpose.
ALLOWED: dict[str, set[str]] = {
    **{name: set() for name in ("p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "li")},
    "ol": {"start"},
    "a": {"href", "rel"},
}
REL = {"nofollow", "ugc", "noopener"}
BLOCKS = {"p", "br", "pre", "blockquote", "ul", "ol", "li"}
DEEPEST = 24
# Places where a site may put it, with the path to its parent there. `{}` is the comment.
PLACES = (
    "<!doctype html><html lang=en><title>t</title><body><ol><li id=here>{}</li></ol><p>after</body></html>",
    "<!doctype html><body><article><div id=here>{}</div></article><p>after",
    "<!doctype html><body><noscript><div id=here>{}</div></noscript><p>after",
    "<!doctype html><body><template><div id=here>{}</div></template><p>after",
    "<!doctype html><body><table><tr><td id=here>{}</td></tr></table><p>after",
    "<!doctype html><body><details><summary>s</summary><blockquote id=here>{}</blockquote></details><p>after",
)
# A fediverse handle is not an address.
_ADDRESS = re.compile(
    r"(?<![@\w.+-])[\w.+-]*[^\W_][\w.+-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
)

# A tree in a form common to both parsers: texts, and elements as (name, attributes, children).
Tree = list[Any]


def check(markdown: str) -> str:
    """Check a comment's HTML against all rules, and return it. Raises AssertionError."""
    made = html(markdown)
    assert html(markdown) == made, "it is not the same twice"
    tree = joined(_fragment(made))
    for name, attributes, depth in _elements(tree):
        assert attributes.keys() <= ALLOWED[name], (name, attributes)
        assert depth <= DEEPEST, depth
        if name == "a":
            assert set(attributes["rel"].split()) == REL, attributes
            _check_link(attributes["href"])
        assert re.fullmatch("[0-9]{1,9}", attributes.get("start", "1")), attributes
    assert joined(_own(made)) == tree, "two parsers read two things"
    for place in PLACES:
        assert joined(_placed(made, place)) == tree, place
    text = _text(tree)
    assert not _ADDRESS.search(text), text
    assert not [mark for mark in text if _is_hidden(mark)], text
    return made


def _check_link(href: str) -> None:
    parts = urlsplit(href)
    assert parts.scheme in {"http", "https"}, href
    assert parts.netloc, href
    assert "@" not in parts.netloc, href
    assert href.isascii(), href
    assert not re.search(r"[\s\"<>\\]", href), href
    assert not _ADDRESS.search(unquote(href)), href


def _is_hidden(mark: str) -> bool:
    return unicodedata.bidirectional(mark) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"} or (
        unicodedata.category(mark) in {"Cc", "Cs"} and mark not in "\n\t"
    )


def _elements(tree: Tree, depth: int = 1) -> Iterator[tuple[str, dict[str, str], int]]:
    for node in tree:
        if not isinstance(node, str):
            name, attributes, children = node
            assert name in ALLOWED, name
            yield name, attributes, depth
            yield from _elements(children, depth + 1)


def _text(tree: Tree) -> str:
    parts = []
    for node in tree:
        if isinstance(node, str):
            parts.append(node)
        else:
            gap = "\n" if node[0] in BLOCKS else ""
            parts.append(f"{gap}{_text(node[2])}{gap}")
    return "".join(parts)


def joined(tree: Tree) -> Tree:
    """Return a tree with adjacent texts joined: parsers report them in pieces."""
    found: Tree = []
    for node in tree:
        if not isinstance(node, str):
            found.append((node[0], dict(node[1]), joined(node[2])))
        elif found and isinstance(found[-1], str):
            found[-1] += node
        elif node:
            found.append(node)
    return found


# --- html5lib ---------------------------------------------------------------------------------------------------------


def _fragment(made: str) -> Tree:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return _children(parser.parseFragment(made))


def _placed(made: str, place: str) -> Tree:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    document = parser.parse(place.replace("{}", made), scripting=False)
    (here,) = [node for node in document.iter() if isinstance(node.tag, str) and node.get("id") == "here"]
    return _children(here)


def _children(node: Any) -> Tree:
    found: Tree = [node.text or ""]
    for child in node:
        assert isinstance(child.tag, str), "a comment, or an instruction"
        found += [(child.tag, dict(child.attrib), _children(child)), child.tail or ""]
    return found


# --- Python's own -----------------------------------------------------------------------------------------------------


class _Balanced(HTMLParser):
    """Reads tags that are balanced, and nothing else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, dict[str, str], Tree]] = [("", {}, [])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), "an attribute twice"
        element: tuple[str, dict[str, str], Tree] = (tag, {name: value or "" for name, value in attrs}, [])
        self.stack[-1][2].append(element)
        if tag != "br":
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag, "not balanced"

    def handle_data(self, data: str) -> None:
        self.stack[-1][2].append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def _own(made: str) -> Tree:
    parser = _Balanced()
    parser.feed(made)
    parser.close()
    ((_, _, tree),) = parser.stack
    return tree
