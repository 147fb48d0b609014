"""The desk's look: the site's colour and logo, as on every other page, and nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from guichet.accent import accent
from tests.support.app import App
from tests.support.desk import Browser
from tests.support.looks import LOGO, style_of, tags


@pytest.mark.medium
def test_it_has_the_look_of_the_other_pages_and_loads_no_more(make_app: Callable[..., App]) -> None:
    app = make_app(AccentColor="#1f4fa3", LogoUrl=LOGO)
    browser = Browser(app, language="fr")
    pages = {"sign-in": browser.get("sign-in")}
    browser.signed_in()
    shown = ("messages", "subscribers", "issues", "outbox", "settings", "sessions")
    pages |= {page: browser.get(page) for page in (*shown, "messages/none", "nowhere")}
    light, _ = accent("#1f4fa3")
    for name, page in pages.items():
        style = style_of(page.text)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';"), name
        assert f"style-src 'sha256-{digest}';" in policy
        assert f"--accent: {light.line};" in style
        assert [logo.attrib["src"] for logo in tags(page.text, "img")] == [LOGO]
        assert [heading.text for heading in tags(page.text, "h1")] != [""]
        assert len(tags(page.text, "h1")) == 1
        # Neither robots nor caches keep it, and no other site learns of it.
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert '<meta name="robots" content="noindex">' in page.text
    titles = [tags(page.text, "title")[0].text for name, page in pages.items() if page.status_code == 200]
    assert len(set(titles)) == len(titles)
