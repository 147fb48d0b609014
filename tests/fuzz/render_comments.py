"""Comments through the renderer and the sanitizer, read by independent parsers: `make fuzz`, 200,000 of them.

`python -m tests.fuzz.render_comments -runs=200000 -seed=1`. Each is derived from a seed and its number, which is
printed on failure to reproduce it.
"""

import random
import re
import sys
import time
from collections import Counter

from tests.support.comment_html import check

SEED = 20261126
# A tenth of them is longer.
MOST_PARTS, MOST_OF_LONG = 14, 120
# What breaks renderers and sanitizers: markup of both, what lies between them, and what people write.
PARTS = (
    *(
        "*",
        "**",
        "***",
        "_",
        "__",
        "`",
        "``",
        "```\n",
        "~~~\n",
        "> ",
        ">",
        "- ",
        "+ ",
        "* ",
        "1. ",
        "12) ",
        "# ",
        "---\n",
    ),
    *("\n", "\n\n", "  \n", "\\\n", "\\", "    ", "\t", " ", " ", " ", "===\n", "|a|b|\n", "|-|-|\n", "[x] ", "~~"),
    *(
        "[",
        "]",
        "(",
        ")",
        "](",
        "![",
        "[a](",
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!",
    ),
    *(
        "<script>",
        "</script>",
        "<style>",
        "<svg>",
        "<math>",
        "<template>",
        "<noscript>",
        "<title>",
        "<textarea>",
        "<p>",
    ),
    *("<a href=", "<img src=x onerror=alert(1)>", "<iframe>", "<b>", "</b>", "</li>", "</ol>", "</div>", "<mglyph>"),
    *("&", "&amp;", "&lt;", "&#60;", "&#x3c;script&#x3e;", "&#0;", "&NewLine;", "&Tab;", "&colon;", "&quot;", "&copy"),
    *("javascript:alert(1)", "JaVaScRiPt:", "java\nscript:", "data:text/html,", "vbscript:", "mailto:", "ftp://a.b/"),
    *("https://example.org/", "http://a.example", "HTTPS://B.example/?q=1&r=<", "//evil.example", "/path", "#id", "?q"),
    *("https://a@b.example/", "https://a.b\\@c", "https://[::1]/", "http://", "https://é.example/ü", "www.example.org"),
    *("me@example.org", "<me@example.org>", "me@", "@example.org", "%40", "&#64;", "@me@social.example", "@", ".org"),
    *(
        '"',
        "'",
        '"title"',
        "`code`",
        "**bold**",
        "*em*",
        "<3",
        ":-)",
        ">:(",
        "¯\\_(ツ)_/¯",
        "2*3*4",
        "snake_case",
        "#1",
    ),
    *(
        "\u202e",
        "\u202d",
        "\u2066",
        "\u2069",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u00ad",
        "\u2028",
        "\u0085",
        "\u00a0",
        "\0",
    ),
    *(
        "\x1b",
        "\ufffe",
        "\ud800",
        "\U0001f600",
        "e\u0301",
        "\u0300" * 9,
        "\u3164",
        "été",
        "中文",
        "שלום",
        "a",
        "b",
        "word",
    ),
)


def comment(seed: int, number: int) -> str:
    """Return one comment: parts in any order, sometimes a random character, and nested repetitions of one part."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311
    most = MOST_OF_LONG if chance.random() < 0.1 else MOST_PARTS
    parts = []
    for _ in range(chance.randint(1, most)):
        part = chance.choice(PARTS)
        if chance.random() < 0.05:
            part = chr(chance.randrange(0x11000))
        if chance.random() < 0.03:
            part *= chance.randint(2, 40)
        parts.append(part)
    return "".join(parts)


def fuzz(runs: int, seed: int = SEED, first: int = 0) -> Counter[str]:
    """Check comments. Return how many elements of each name were made. Raises AssertionError, and prints."""
    made: Counter[str] = Counter()
    for number in range(first, first + runs):
        text = comment(seed, number)
        try:
            html = check(text)
        except Exception:
            sys.stderr.write(f"seed {seed}, number {number}: {text!r}\n")
            raise
        made.update(re.findall("<([a-z]+)", html))
    return made


def main(arguments: list[str]) -> None:
    """Fuzz, and print the figures."""
    given = dict(one.lstrip("-").split("=", 1) for one in arguments[1:])
    runs, began = int(given.get("runs", "200000")), time.monotonic()
    made = fuzz(runs, int(given.get("seed", SEED)), int(given.get("first", "0")))
    seconds = time.monotonic() - began
    for name, number in made.most_common():
        sys.stdout.write(f"{number:9,}  <{name}>\n")
    sys.stdout.write(f"{runs:9,}  comments in {seconds:,.1f} seconds\n")


if __name__ == "__main__":
    main(sys.argv)
