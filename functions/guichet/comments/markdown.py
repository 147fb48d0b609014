"""A comment's Markdown as HTML that can stand on any page: a small part of CommonMark, and then a sanitizer.

Emphasis, code, quotes, lists and links. HTML is text like any other; headings, images and tables are not for comments.
Rendered once, when the owner approves it; imported only there, since the parser costs every start some 20 ms.
"""

from functools import cache

import nh3
from markdown_it import MarkdownIt

ELEMENTS = frozenset({"p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
ATTRIBUTES = {"a": frozenset({"href"}), "ol": frozenset({"start"})}
SCHEMES = frozenset({"http", "https", "mailto"})
# Search engines learn nothing from a comment's links, and the site behind one nothing of the page.
REL = "nofollow ugc noopener"


def html(markdown: str) -> str:
    """Return a comment as HTML of ELEMENTS and ATTRIBUTES alone; links have `rel` besides."""
    return nh3.clean(
        _parser().render(markdown),
        tags=set(ELEMENTS),
        attributes={name: set(allowed) for name, allowed in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        link_rel=REL,
    )


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False, "maxNesting": 20})
    return parser.disable(["heading", "lheading", "image", "hr", "html_block", "html_inline", "reference"])
