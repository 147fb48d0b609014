"""Markdown in an issue: nothing live that must not be, nothing lost, and text as readable as the HTML."""

import re
from html import unescape
from typing import Any

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guichet.accent import accent
from guichet.mail import markdown
from tests.support import issues

# The elements in an issue's HTML. Only images are fetched, and nothing runs.
TAGS = {
    *("a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre"),
    *("s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"alt", "class", "href", "scope", "src", "start", "style", "title"}
# Those of layout.html, for the dark colours.
CLASSES = {"ink", "soft", "tint", "rule", "quote", "link"}


def parsed(html: str) -> Any:
    return html5lib.HTMLParser(namespaceHTMLElements=False).parseFragment(html)


def shown(html: str) -> list[str]:
    """Return the words of HTML in their order, those of images included."""
    words: list[str] = []
    for node in parsed(html).iter():
        words += re.findall(r"[^\W_]+", node.get("alt", "") if node.tag == "img" else "")
        for part in filter(None, (node.text, *(child.tail for child in node))):
            words += re.findall(r"[^\W_]+", part)
    return words


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <s>c</s></p>"),
        ("a\nb\\\nc  \nd", "<p>a\nb<br>\nc<br>\nd</p>"),
        ("# a\n\n###### b", "<h1>a</h1>\n<h6>b</h6>"),
        ("a\n=\n\nb\n-", "<h1>a</h1>\n<h2>b</h2>"),
        ("- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("7. a\n8. b", '<ol start="7">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> a\n>\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("```html\n<b> &amp;\n```", "<pre><code>&lt;b&gt; &amp;amp;\n</code></pre>"),
        ("    a\n      b", "<pre><code>a\n  b\n</code></pre>"),
        ("***", "<hr>"),
        ("&eacute; &copy; \\*a\\* &lt;", "<p>é © *a* &lt;</p>"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        ("<script>\nalert(1)\n</script>", "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>"),
        ("[a](https://a.example/?b=1&c=2 'd')", '<p><a href="https://a.example/?b=1&amp;c=2" title="d">a</a></p>'),
        ("[a][b]\n\n[b]: http://a.example", '<p><a href="http://a.example">a</a></p>'),
        ("[](https://a.example)", '<p><a href="https://a.example">https://a.example</a></p>'),
        ("![a *b*](https://a.example/i.png)", '<p><img src="https://a.example/i.png" alt="a b"></p>'),
        # An image that must not be fetched, or would be invisible, becomes a link.
        ("![a](http://a.example/i.png)", '<p><a href="http://a.example/i.png">a</a></p>'),
        ("![](https://a.example/i.png)", '<p><a href="https://a.example/i.png">https://a.example/i.png</a></p>'),
        ("[![](https://a.example/i.png)](https://b.example)", '<p><a href="https://b.example">https://a.example/i.png</a></p>'),
        ("|a|b|\n|-|-:|\n|c|d|", (
            '<table>\n<thead>\n<tr>\n<th scope="col">a</th>\n<th scope="col">b</th>\n</tr>\n</thead>\n'
            "<tbody>\n<tr>\n<td>c</td>\n<td>d</td>\n</tr>\n</tbody>\n</table>"
        )),
        # An empty header is dropped.
        ("|a||\n|-|-|\n|c|d|", (
            '<table>\n<thead>\n<tr>\n<th scope="col">a</th>\n<td></td>\n</tr>\n</thead>\n'
            "<tbody>\n<tr>\n<td>c</td>\n<td>d</td>\n</tr>\n</tbody>\n</table>"
        )),
    ],
)  # fmt: skip
def test_as_html(written: str, html: str) -> None:
    assert re.sub(r' (?:class|style)="[^"]*"', "", markdown.html(written)).strip() == html


NAMES = " ".join(["Name"] * 14)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("*a* **b** ~~c~~ `d`", "*a* **b** ~~c~~ `d`"),
        ("a\nb\\\nc  \nd", "a b\nc\nd"),
        ("# a *b*\n\n## ab\n\n### c", "a *b*\n=====\n\nab\n---\n\n### c"),
        ("- a\n  - b\n  - c\n- d", "- a\n  - b\n  - c\n- d"),
        ("* a\n\n  b\n* c", "- a\n\n  b\n\n- c"),
        ("9. a\n1. b\n   - c", " 9. a\n10. b\n    - c"),
        ("1) a\n2) b", "1) a\n2) b"),
        ("> a\n> b\n>\n> > c\n>\n> - d", "> a b\n>\n> > c\n>\n> - d"),
        ("```sh\na  b\n\n  c\n```", "```sh\na  b\n\n  c\n```"),
        ("a\n\n      b\n    c", "a\n\n      b\n    c"),
        ("a\n\n---\n\nb", "a\n\n* * *\n\nb"),
        ("&eacute; &copy; \\*a\\* &lt; &amp;amp;", "é © *a* < &amp;"),
        ("<b>a</b> &nbsp;b", "<b>a</b> \xa0b"),
        ("[a](https://a.example/?b=1&c=2)", "a <https://a.example/?b=1&c=2>"),
        ("[a *b*](https://a.example 'c')", "a *b* <https://a.example> (c)"),
        ("<https://a.example/é>, <me@a.example>", "<https://a.example/%C3%A9>, <me@a.example>"),
        ("[https://a.example](https://a.example)", "<https://a.example>"),
        ("[](https://a.example)", "<https://a.example>"),
        ("![a *b*](https://a.example/i.png)", "[a b] <https://a.example/i.png>"),
        ("[![a](https://a.example/i.png)](https://b.example)", "[a] <https://a.example/i.png> <https://b.example>"),
        ("![a](http://a.example/i.png)", "a <http://a.example/i.png>"),
        ("|Name|Number|\n|-|-:|\n|a|1|\n|bcdef|22|", "Name    Number\n-----   ------\na            1\nbcdef       22"),
        (
            f"|{'Name ' * 14}|Number|\n|-|-|\n|{'b ' * 20}|22|\n|c||",
            f"{NAMES} –\n{'b ' * 19}b\nNumber – 22\n\n{NAMES} –\nc",
        ),
        ("a" * 80 + " b", "a" * 80 + "\nb"),
        (f"{'a ' * 34}`b c d e` f", f"{('a ' * 34).strip()}\n`b c d e` f"),
        (f"{'a ' * 34}[b](https://a.example/{'x' * 80})", f"{'a ' * 34}b\n<https://a.example/{'x' * 80}>"),
        (f"- {'a ' * 40}", f"- {('a ' * 35).strip()}\n  a a a a a"),
        (f"> {'a ' * 40}", f"> {('a ' * 35).strip()}\n> a a a a a"),
    ],
)
def test_as_text(written: str, text: str) -> None:
    assert markdown.text(written) == text


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)", "vbscript:x", "data:text/html,x"),
        *("file:///etc/passwd", "ftp://a.example", "tel:+33123", "/a", "a.html", "//a.example", "#a", "?a"),
        "www.a.example",
        *("https:a", "https:///a", "https://", "http:/a.example", "mailto:", "mailto:?subject=a", "", "<>", "\\https://a"),
    ],
)  # fmt: skip
def test_what_is_not_live_stays_to_be_read(address: str) -> None:
    for written in (f"[a]({address})", f"![a]({address})", f"<{address}>", f"[a][b]\n\n[b]: {address}"):
        html, text = markdown.html(written), markdown.text(written)
        assert not re.search(r"<(?:a|img)\b", html), written
        words = re.findall(r"[^\W_]+", unescape(written))
        # A definition that no link can use is a paragraph.
        assert [word for word in words if word not in shown(html)] == []
        assert [word for word in words if word not in text] == []


BITS = st.sampled_from(
    [
        *("# ", "## ", "- ", "1. ", "> ", "\n", "\n\n", "**", "*", "_", "~~", "`", "```\n", "    ", "\\", "  \n"),
        *("---\n", "===\n"),
        *("[a](https://a.example/?b=c&d=é)", "[a](javascript:b)", "![i](https://a.example/i.png)", "![](http://a.example)"),
        *("[", "]", "(", ")", "![", "<", ">", '"', "'", "<b>", "<img src=x onerror=y>", "<!--"),
        "<a href='javascript:x'>",
        *("|a|b|\n|-|-|\n|c|d|\n", "|", "&amp;", "&lt;script&gt;", "&#x22;", "<https://a.example>", "<me@a.example>"),
        *("one ", "two ", "été ", "https://a.example/x_y_z ", "javascript:", "data:", "[r]"),
        "\n[r]: https://r.example 'x'\n",
    ]
)  # fmt: skip
ANY = st.lists(st.one_of(BITS, BITS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))), max_size=30)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@example([issues.SAMPLE["fr"].markdown])
@example(['[a](https://a.example/"onmouseover=x)', '!["><script>](https://a.example/"x.png)'])
@example(["> " * 300, "- " * 300, "x"])
@example(["*" * 2000, "a", "*" * 2000])
@example(["### Une rubrique dont le titre est si long qu’il prend plus d’une ligne du texte brut\n"])
@given(ANY)
def test_whatever_is_written_nothing_is_live_that_may_not_be_and_both_say_the_same(drawn: list[str]) -> None:
    written = "".join(drawn)
    html, text = markdown.html(written), markdown.text(written)
    for node in parsed(html).iter():
        if node.tag == "DOCUMENT_FRAGMENT":
            continue
        assert node.tag in TAGS
        assert set(node.keys()) <= ATTRIBUTES
        assert set(node.get("class", "").split()) <= CLASSES
        assert re.match(r"https?://[^/]|mailto:[^?]", node.get("href", "https://a"), re.IGNORECASE)
        assert (
            node.get("href", "https://a.example").lower().removeprefix("mailto:") in f"{text} https://a.example".lower()
        )
        if node.tag == "img":
            assert re.match(r"https://[^/]", node.get("src"), re.IGNORECASE)
            assert node.get("src") in text
            assert node.get("alt")
        # No visible link leads nowhere.
        if node.tag == "a":
            assert "".join(node.itertext()).strip() or node.find(".//img") is not None
    # An address is shown as people write it, and linked as machines write it.
    addresses = "".join(re.findall(r"<[^>]*>", html))
    assert [word for word in shown(html) if word not in text and word not in addresses] == []
    # Outside code and tables, only a single word may be longer than a line.
    for line in text.split("\n"):
        words = line.lstrip("> -0123456789.)").split(" ")
        longest = max(map(len, words))
        assert (
            sum(map(len, words)) + len(words) - 1 <= max(markdown.WIDTH, longest)
            or {"`", "|"} & set(line)
            or "  " in line
        )


def test_the_colours_are_the_site_s() -> None:
    shades = accent("#aa3311").light
    html = markdown.html("> [a](https://a.example) `b`", shades)
    assert html.count(shades.line) == 2
    assert html.count(shades.tint) == 1


def test_words_of_a_table_break_only_if_a_phone_has_no_room_for_them() -> None:
    narrow, wide = (
        "|Stage|Jours|Prix|\n|-|-|-|\n|Assemblages|2|95|",
        "|Stage|Jours|Prix|\n|-|-|-|\n|Assemblages de bois|2|1234567890|",
    )
    assert "anywhere" not in markdown.html(narrow)
    assert "anywhere" in markdown.html(wide)
