"""The demo site's server."""

from pathlib import Path

import pytest
from werkzeug.test import Client

from infra.local.site import SITE, WRITTEN_API, Site

API = "http://127.0.0.1:4711"


@pytest.fixture
def site(tmp_path: Path) -> Client:
    """Return a site of a few files, next to a file that is not part of it."""
    folder = tmp_path / "site"
    (folder / "blog").mkdir(parents=True)
    (folder / "index.html").write_text(f'<form action="{WRITTEN_API}/contact">é</form>', encoding="utf-8")
    (folder / "blog" / "index.html").write_text("<p>blog</p>", encoding="utf-8")
    (folder / "form.js").write_text(f'fetch("{WRITTEN_API}/contact")', encoding="utf-8")
    (folder / "data.bin").write_bytes(WRITTEN_API.encode() + b"\xff")
    (folder / "noname").write_bytes(b"?")
    (tmp_path / "secret.html").write_text("not the site's", encoding="utf-8")
    return Client(Site(folder, API))


@pytest.mark.parametrize(("path", "text"), [("/", "/contact"), ("/index.html", "/contact"), ("/form.js", "/contact")])
def test_pages_and_scripts_hold_the_real_address_of_the_api(site: Client, path: str, text: str) -> None:
    response = site.get(path)
    assert response.status_code == 200
    assert API + text in response.text
    assert WRITTEN_API not in response.text


def test_other_files_are_served_byte_for_byte(site: Client) -> None:
    assert site.get("/data.bin").data == WRITTEN_API.encode() + b"\xff"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/form.js", "text/javascript; charset=utf-8"),
        ("/noname", "application/octet-stream"),
    ],
)
def test_a_file_is_served_with_its_media_type_and_is_not_cached(site: Client, path: str, content_type: str) -> None:
    headers = site.get(path).headers
    assert headers["content-type"] == content_type
    assert headers["cache-control"] == "no-cache"


def test_a_folder_is_its_index_page(site: Client) -> None:
    assert site.get("/blog/").text == "<p>blog</p>"


@pytest.mark.parametrize(
    "path", ["/none.html", "/blog", "/../secret.html", "/%2e%2e/secret.html", "//etc/passwd", "/%00"]
)
def test_what_is_not_a_file_of_the_site_is_not_found(site: Client, path: str) -> None:
    response = site.get(path)
    assert response.status_code == 404
    assert "not the site's" not in response.text


def test_a_site_takes_no_posts(site: Client) -> None:
    assert site.post("/", data={"a": "b"}).status_code == 404


def test_the_head_of_a_page_can_be_asked_for(site: Client) -> None:
    response = site.head("/")
    assert response.status_code == 200
    assert response.data == b""


def test_the_forms_of_the_demo_site_lead_to_the_api() -> None:
    page = Client(Site(SITE, API)).get("/").text
    assert f'action="{API}/contact"' in page
    assert f'action="{API}/newsletter"' in page


def test_a_page_that_wants_them_gets_the_comments_that_are_exported(tmp_path: Path) -> None:
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog" / "index.html").write_text("<h2>A</h2>\n<!-- comments of this page -->\n<p>B", encoding="utf-8")
    (tmp_path / "other.html").write_text("<p>B", encoding="utf-8")
    asked: list[str] = []

    def thread(page: str) -> bytes:
        asked.append(page)
        return rb"<ol>\1</ol>"

    served = Client(Site(tmp_path, API, thread))
    assert served.get("/blog/").text == "<h2>A</h2>\n<ol>\\1</ol><p>B"
    assert served.get("/other.html").text == "<p>B"
    assert asked == ["/blog/"]
    assert Client(Site(tmp_path, API)).get("/blog/").text == "<h2>A</h2>\n<p>B"
