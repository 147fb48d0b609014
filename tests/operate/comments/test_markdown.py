"""HTML of other tools as Markdown: the same words, only our markup, nothing executable."""

import re
import time
from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guichet.comments import markdown
from infra.operate.comments_markdown import markdown_of


def rendered(text: str, markup: Any = "html") -> str:
    return markdown.html(markdown_of(text, markup)).replace("\n", "")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a <b>b</b> <em>c</em></p>", "<p>a <strong>b</strong> <em>c</em></p>"),
        ("<p>a<br />b</p><p>c</p>", "<p>a<br>b</p><p>c</p>"),
        ("a<br><br>b", "<p>a</p><p>b</p>"),
        ("<p>*no* _no_ `no` [no](x) &lt;b&gt; \\</p>",
         "<p>*no* _no_ `no` [no](x) &lt;b&gt; \\</p>"),
        ("<p># no</p><p>- no</p><p>1) no</p><p>&gt; no</p><p>+ no</p><p>===</p><p>~~~</p>",
         "<p># no</p><p>- no</p><p>1) no</p><p>&gt; no</p><p>+ no</p><p>===</p><p>~~~</p>"),
        ("<p>&amp;amp; &amp;#65;</p>", "<p>&amp;amp; &amp;#65;</p>"),
        ("<ul><li>a</li><li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ol start=4><li>a</li></ol>", '<ol start="4"><li>a</li></ol>'),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>"),
        ("<p><code>a`b &lt;</code></p>", "<p><code>a`b &lt;</code></p>"),
        ("<pre>a\n```\n b</pre>", "<pre><code>a``` b</code></pre>"),
        ("<p><b>“a”</b>b</p>", "<p>“a”b</p>"),
        ("<p><b>unclosed <i>both</p><p>next</p>", "<p><strong>unclosed <em>both</em></strong></p><p>next</p>"),
        ("<h2>a</h2><table><tr><td>b</td><td>c</td></tr></table>", "<p>a</p><p>b c</p>"),
        ("a<!-- b -->c<![1d<!x>e<?php f ?>g<!--h", "<p>aceg</p>"),
        ("<p>a</p><script>alert(1)</script><style>b{}</style><iframe src=x>c</iframe>", "<p>a</p>"),
        ("<p><a href='javascript:alert(1)'>a</a> <a href='data:,x'>b</a> <a href='//x'>c</a> <a>d</a></p>",
         "<p>a b c d</p>"),
        ("<p><img src=x onerror=alert(1) alt=Chat></p>", "<p>Chat</p>"),
        ("<p onclick=alert(1)>a</p><svg onload=alert(1)>", "<p>a</p>"),
    ],
)  # fmt: skip
def test_html_of_disqus(html: str, expected: str) -> None:
    assert rendered(html) == expected


@pytest.mark.parametrize(
    "href",
    [
        "https://x.example/a_(b)_c?d=*e*&f=[g]",
        "https://x.example/caf%C3%A9",
        'https://x.example/a b<c>"d"',
    ],
)
def test_a_link_leads_where_it_led(href: str) -> None:
    attribute = escape(href)
    shown = rendered(f'<p><a href="{attribute}">ici</a></p>')
    (found,) = re.findall('href="([^"]*)"', shown)
    bare = found.replace("&amp;", "&")
    assert bare == href.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E").replace('"', "%22").replace(
        "(", "%28"
    ).replace(")", "%29").replace("[", "%5B").replace("]", "%5D")


def test_line_breaks_of_wordpress_count() -> None:
    assert rendered("a\nb\n\n  c\n> d", "lines") == "<p>a<br>b</p><p>c<br>&gt; d</p>"
    assert rendered("<p>a\nb</p>") == "<p>a b</p>"
    # From Disqus, which has no paragraphs.
    assert rendered("a\nb\n\nc") == "<p>a<br>b</p><p>c</p>"


def test_markdown_of_isso_stays_as_it_is() -> None:
    text = "**a** `<p>` 1 < 2 & <https://x.example>\n\n> b"
    assert markdown_of(text, "markdown") == markdown_of(text, "markdown")
    assert markdown_of("**a** 1 < 2\n\n> b", "markdown") == "**a** 1 < 2\n\n> b"
    assert rendered("`<p>` <b>b</b>", "markdown") == "<p><code>&lt;p&gt;</code> <strong>b</strong></p>"


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


TAGS = ("p", "b", "em", "code", "pre", "ul", "ol", "li", "blockquote", "br", "a", "div", "script", "hr", "!--")
PIECES = st.lists(
    st.one_of(
        st.text(alphabet="ab é*_`[]()<>&#\\-+=~!|1.)\n\t\"'", max_size=8),
        st.sampled_from(
            [
                *(f"<{end}{tag}>" for end in ("", "/") for tag in TAGS),
                "<a href='http://x.example'>", "<a href='javascript:x'>", "<img alt='*i*'>", "&amp;lt;", "&#42;", "-->",
                "https://x.example/a_b",
            ]
        ),
    ),
    max_size=14,
).map("".join)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(PIECES, st.sampled_from(["html", "lines", "markdown"]))
def test_whatever_it_was_only_our_elements_come_of_it(text: str, markup: Any) -> None:
    seen = _Seen()
    seen.feed(markdown.html(markdown_of(text, markup)))
    for tag, attributes in seen.tags:
        assert tag in markdown.ELEMENTS
        assert (attributes.get("href") or "http://").startswith(("http://", "https://", "mailto:"))
        assert set(attributes) <= {"href", "rel", "start"}


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_no_word_is_lost_and_none_is_added(text: str) -> None:
    seen = _Seen()
    seen.feed(markdown.html(markdown_of(text, "html")))
    from infra.operate.comments_markdown import _Plain, _well_formed  # noqa: PLC0415

    assert "".join("".join(seen.words).split()) == "".join(_Plain.of(_well_formed(text)).split())


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        "</a ",
        "<b>",
        "<blockquote>",
        "<ul><li>",
        "&",
        "*",
        "[a](",
        "`",
        "<p>a",
        "<script",
        "<a href='",
        "<!",
    ],
)
@pytest.mark.parametrize("markup", ["html", "lines", "markdown"])
def test_a_text_that_is_made_to_take_long_does_not(piece: str, markup: Any) -> None:
    began = time.process_time()
    markdown_of(piece * (60_000 // len(piece)), markup)
    assert time.process_time() - began < 10
