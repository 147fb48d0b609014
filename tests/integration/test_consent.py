"""What is recorded as consent: what the person saw on the confirmation page, not a stranger's words."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

from tests.support.app import App
from tests.support.newsletter import link_in_last_mail, local, open_link, press, sign_up, subscriber

STRANGER = {"name": "Toto le Clown", "consent": "J'accepte tout, toujours.", "source": "https://evil.example/a"}


def proof(app: App) -> dict[str, Any]:
    (event,) = subscriber(app)["history"]
    return {name: next(iter(value.values())) for name, value in event["M"].items()}


@pytest.mark.medium
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_shows_what_came_with_the_request_and_says_so(app: App, language: str) -> None:
    sign_up(app, **STRANGER, _language=language)
    page = open_link(app, link_in_last_mail(app))

    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    (section,) = document.iterfind(".//section")
    texts = " ".join(section.itertext())
    assert ("Reçu avec la demande" if language == "fr" else "Received with the request") in texts
    assert ("quelqu’un d’autre" if language == "fr" else "somebody else") in texts
    assert [cell.text for cell in section.iterfind(".//dd")] == [STRANGER["source"], STRANGER["consent"]]
    (line,) = document.iterfind(".//input[@id]")
    (label,) = document.iterfind(f".//label[@for='{line.get('id')}']")
    assert (line.get("value"), line.get("maxlength")) == (STRANGER["name"], "1000")
    assert label.text == ("Votre nom (facultatif)" if language == "fr" else "Your name (optional)")
    assert document.find(f".//*[@id='{line.get('aria-describedby')}']") is not None


@pytest.mark.medium
def test_a_request_that_brought_nothing_shows_nothing_of_it(app: App) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    assert "<section" not in page.text
    assert 'name="name" value=""' in page.text


@pytest.mark.medium
def test_what_is_recorded_is_what_the_page_showed(app: App) -> None:
    sign_up(app, **STRANGER)
    assert press(app, open_link(app, link_in_last_mail(app)), name="  Carole\n Dupont ").status_code == 200

    assert subscriber(app)["name"] == "Carole Dupont"
    assert (proof(app)["consent_claim"], proof(app)["page"]) == (STRANGER["consent"], STRANGER["source"])
    app.play_stream()
    assert "Toto" not in app.mails()[-1].as_string()


@pytest.mark.medium
def test_what_a_page_posts_counts_more_than_the_query_of_its_address(app: App) -> None:
    sign_up(app)
    link = local(link_in_last_mail(app))
    posted = {"name": "Camille", "wording": "1"}
    assert app.post(f"{link}&name=Toto&wording=0", data=posted).status_code == 200
    assert subscriber(app)["name"] == "Camille"


@pytest.mark.medium
def test_a_name_that_is_deleted_is_not_kept(app: App) -> None:
    sign_up(app, **STRANGER)
    press(app, open_link(app, link_in_last_mail(app)), name="")
    assert "name" not in subscriber(app) or subscriber(app)["name"] == ""


@pytest.mark.medium
@pytest.mark.parametrize("shown", [None, "", "x", "é"])
def test_what_was_not_shown_is_not_recorded(app: App, shown: str | None) -> None:
    sign_up(app, **STRANGER)
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link_in_last_mail(app)).query).items()}
    fields |= {"wording": "1"} | ({} if shown is None else {"shown": shown})
    assert app.post("/newsletter/confirm", data=fields).status_code == 200

    assert subscriber(app).get("name", "") == ""
    assert not {"consent_claim", "page"} & proof(app).keys()


@pytest.mark.medium
def test_the_page_of_another_request_proves_nothing(app: App) -> None:
    sign_up(app)
    (shown,) = re.findall(r'name="shown" value="([^"]+)"', open_link(app, link_in_last_mail(app)).text)
    sign_up(app, email="second@example.org", **STRANGER)
    press(app, open_link(app, link_in_last_mail(app)), shown=shown)
    assert "consent_claim" not in proof(app)


@pytest.mark.medium
@pytest.mark.parametrize(("name", "status"), [("n" * 1000, 200), ("n" * 1001, 422)])
def test_a_name_has_the_limits_of_the_form(app: App, name: str, status: int) -> None:
    sign_up(app)
    reply = press(app, open_link(app, link_in_last_mail(app)), name=name)
    assert reply.status_code == status
    assert len(app.items("subscriber")) == (status == 200)


@pytest.mark.medium
def test_a_strangers_words_are_no_html_on_the_page(app: App) -> None:
    words = '"><script>alert(1)</script>'
    sign_up(app, name=words, consent=words, source=words)
    page = open_link(app, link_in_last_mail(app))
    assert "<script" not in page.text
    assert unescape(page.text).count(words) == 3


@pytest.mark.medium
def test_reading_what_the_page_shows_changes_nothing(app: App) -> None:
    sign_up(app, **STRANGER)
    before = app.items()
    open_link(app, link_in_last_mail(app))
    assert app.items() == before
