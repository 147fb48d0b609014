"""Comments from other tools: the files, the pages that they are about, and the result of an import."""

from typing import Any

from infra.build import ROOT
from tests.support.app import App
from tests.support.operate import Said

HERE = ROOT / "tests" / "operate" / "comments"
DISQUS, WORDPRESS = HERE / "disqus.xml", HERE / "wordpress.xml"
PAIN, CAFE = "/articles/pain/", "/articles/caf%C3%A9/"
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://atelier.example/articles/pain/</loc><lastmod>2026-01-01</lastmod></url>
<url><loc>https://atelier.example/articles/caf%c3%a9/</loc></url>
</urlset>
"""


def thread(app: App, page: str) -> list[dict[str, Any]]:
    """Return a page's thread as everybody reads it."""
    answer = app.http.get("/comments", query_string={"page": page}).json
    assert answer is not None
    return list(answer["comments"])


def outline(app: App, page: str) -> list[Any]:
    """Return the authors by place: each first comment with its replies."""
    return [(one.get("name", "deleted"), [reply["name"] for reply in one["replies"]]) for one in thread(app, page)]


def words(said: Said) -> dict[str, Any]:
    """Return the summary of an import with --json."""
    return dict(said.rows[-1])
