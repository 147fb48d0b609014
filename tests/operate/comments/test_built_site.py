"""The demo site's article, built by Eleventy from a `guichet comments export`: its thread needs no script."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from infra.local.comments import DEMO, write_demo
from infra.local.site import SITE, THREAD
from tests.support.discussion import Discussion
from tests.support.npm import built, node
from tests.support.operate import Operate

pytestmark = pytest.mark.slow

CONFIGURATION = "export default () => ({ htmlTemplateEngine: 'njk' });\n"
# A site's own template may use the data in this way, instead of using the HTML as it is.
OWN = """{% set entry = guichet.pages[page.url] %}
{% macro one(comment) %}<li id="comment-{{ comment.id }}"><article>
<header><b class="guichet-name">{{ comment.name }}</b></header>
<div class="guichet-text">{{ comment.html | safe }}</div></article>
{% if comment.replies | length %}<ol>{% for reply in comment.replies %}{{ one(reply) }}{% endfor %}</ol>{% endif %}</li>
{% endmacro %}
{% if entry %}<ol class="guichet-comments">
{% for comment in guichet[entry.file].comments %}{{ one(comment) }}{% endfor %}</ol>{% endif %}
"""


def test_eleventy_builds_the_article_with_its_thread(discussion: Discussion, operate: Operate, tmp_path: Path) -> None:
    node()
    write_demo(discussion.settings.table_name, discussion.settings.signing_secret)
    assert operate(discussion.app, "comments", "export", str(tmp_path), "--for", "eleventy").code == 0
    # As the documentation says.
    line = "{% set entry = guichet.pages[page.url] %}{% if entry %}{{ guichet[entry.file].html | safe }}{% endif %}\n"
    pages = {name: (SITE / name).read_bytes() for name in ("article.html", "en/article.html")}
    assert all(THREAD.search(page) for page in pages.values())
    sources = {name: THREAD.sub(line.encode(), page).decode() for name, page in pages.items()}
    # One page with an explicit path, and one in the form that static hosts prefer.
    sources["en/article.html"] = f"---\npermalink: /en/article.html\n---\n{sources['en/article.html']}"
    sources["own.html"] = f"---\npermalink: /own.html\n---\n{OWN}".replace("page.url", "'/article.html'")
    site = built(tmp_path, {"eleventy.config.mjs": CONFIGURATION, **sources})

    exported = json.loads((tmp_path / "_data" / "guichet" / "pages.json").read_text(encoding="utf-8"))
    for path, file in {"/article.html": "article/index.html", "/en/article.html": "en/article.html"}.items():
        page = (site / file).read_text(encoding="utf-8")
        data = (tmp_path / "_data" / "guichet" / f"{exported[path]['file']}.json").read_text(encoding="utf-8")
        thread = json.loads(data)["html"]
        assert thread in page
        texts = unescape(re.sub("<[^>]+>", "", page))
        for one in DEMO[path][1]:
            assert one.name in texts
            assert re.sub(r"[*]|\[|\]\(.*\)", "", one.comment)[:30] in texts
        # The reply is below the comment that it answers.
        first, answer, last = (thread.index(one.name) for one in DEMO[path][1])
        assert first < thread.index("<ol>", first) < answer < thread.index("</ol>", answer) < last
    own = (site / "own.html").read_text(encoding="utf-8")
    assert re.findall('id="(comment-[0-9a-f]+)"', own) == re.findall(
        'id="(comment-[0-9a-f]+)"', (site / "article" / "index.html").read_text(encoding="utf-8")
    )
