"""A sign-up, from the post to the confirmed subscriber."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from markupsafe import escape

from guichet.locales import LANGUAGES, Language, say
from guichet.mail import ses
from guichet.records.record import utc_now
from guichet.store import dynamodb, submissions, table
from tests.support.app import START, App
from tests.support.newsletter import (
    link_in_last_mail,
    local,
    open_link,
    press,
    sign_up,
    subjects_to,
    subscribe,
    unsubscribe_url,
)
from tests.support.wire import Wire, refusal, unreachable


@pytest.mark.parametrize("path", ["/newsletter", "/f/newsletter"])
def test_a_sign_up_is_a_request_and_subscribes_nobody(app: App, path: str) -> None:
    reply = app.post(path, json={"email": "Reader@Exämple.org", "name": "R", "source": "/blog", "consent": "J'accepte"})

    assert reply.status_code == 200
    (request,) = app.items("request")
    assert reply.json is not None
    assert reply.json["id"] == request["id"]
    assert request["email"] == "Reader@xn--exmple-cua.org"
    assert (request["name"], request["page"], request["consent_claim"]) == ("R", "/blog", "J'accepte")
    assert app.items("subscriber") == []


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Lou@gmial.com", "Lou@gmial.com"),
        ("lou@Exämple.org", "lou@exämple.org"),
        ("lou@xn--exmple-cua.org", "lou@exämple.org"),
        # Not a valid domain by today's rules, but mailed all the same.
        ("lou@xn--a.org", "lou@xn--a.org"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
@pytest.mark.parametrize("form", ["newsletter", "contact"])
def test_the_reply_to_a_script_names_the_address_that_was_given(
    app: App, form: str, given: str, shown: str, language: Language
) -> None:
    fields = {"email": given, "_language": language} | ({"message": "Bonjour"} if form == "contact" else {})
    # The same for one that is new, repeated or caught as spam.
    for more in ({}, {}, {"_gotcha": "x"}):
        reply = app.post(f"/{form}", json=fields | more)
        assert reply.status_code == 200
        assert reply.json is not None
        assert reply.json["message"] == say(f"{form}_accepted_for", language, email=shown)
        assert shown in reply.json["message"]
        assert "@" not in reply.json["next"]
        assert "%40" not in reply.json["next"]


def test_no_address_is_in_the_url_of_the_thank_you_page(app: App) -> None:
    assert app.post("/newsletter", data={"email": "lou@example.org"}).location == (
        "http://localhost/thanks?form=newsletter&language=fr"
    )


def test_the_address_gets_a_link_and_nothing_that_the_visitor_wrote(app: App) -> None:
    sign_up(app, name="BUY! NOW", source="http://evil.example", consent="BUY!", _subject="BUY!")

    (mail,) = app.mails()
    assert mail["To"] == "reader@example.org"
    assert mail["Reply-To"] is None
    assert mail["Subject"] == "Confirmez votre abonnement à la newsletter «\xa0Atelier Bellevue\xa0»"
    # No token has a "!".
    assert "BUY!" not in mail.as_string()
    assert "evil" not in mail.as_string()
    assert link_in_last_mail(app).startswith("https://api.example/newsletter/confirm?")


def test_the_email_is_in_the_visitors_language(app: App) -> None:
    sign_up(app, _language="en")

    assert app.mails()[0]["Subject"] == "Confirm your subscription to the Atelier Bellevue newsletter"
    assert parse_qs(urlsplit(link_in_last_mail(app)).query)["language"] == ["en"]


def test_opening_the_link_changes_nothing(app: App) -> None:
    sign_up(app)
    before = app.items()

    for _ in range(3):
        page = open_link(app, link_in_last_mail(app))
        assert page.status_code == 200
        assert "J’accepte de recevoir la newsletter" in page.text
        assert page.text.count("<button>") == 1
    assert app.items() == before


@pytest.mark.medium
def test_the_button_confirms_and_the_owner_is_told_once(app: App) -> None:
    sign_up(app, name="Zoé")
    page = open_link(app, link_in_last_mail(app))

    for _ in range(2):
        confirmed = press(app, page)
        assert confirmed.status_code == 200
        assert "Abonnement confirmé" in confirmed.text
        app.play_stream()
        app.sweep()

    (subscriber,) = app.items("subscriber")
    assert (subscriber["state"], subscriber["email"], subscriber["name"]) == ("confirmed", "reader@example.org", "Zoé")
    assert "expires_at" not in subscriber
    (subject,) = subjects_to(app, "owner@atelier.example")
    assert subject == "[Atelier Bellevue] Nouvel abonnement à la newsletter\xa0: reader@example.org"
    told = app.mails()[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "reader@example.org a confirmé" in told
    assert "Nom\xa0: Zoé" in told


@pytest.mark.medium
def test_the_proof_of_consent_holds_what_the_page_showed(make_app: Any) -> None:
    app = make_app(ConsentTextEn="One letter a month, as it was.", ConsentVersion="7")
    sign_up(app, _language="en", consent="the box", source="/blog/a")
    page = open_link(app, link_in_last_mail(app))
    assert "One letter a month, as it was." in page.text
    press(app, page)

    ((request,), (subscriber,)) = app.items("request"), app.items("subscriber")
    (proof,) = (
        {name: next(iter(value.values())) for name, value in entry["M"].items()} for entry in subscriber["history"]
    )
    at = proof.pop("at")
    assert proof == {
        "event": "confirmed",
        "wording_version": "7",
        "wording_language": "en",
        "wording": "One letter a month, as it was.",
        "request_id": request["id"],
        "asked_at": request["asked_at"],
        "page": "/blog/a",
        "consent_claim": "the box",
    }
    assert at > request["asked_at"]


@pytest.mark.medium
def test_nobody_agrees_to_a_wording_that_they_did_not_see(app: App) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    again = press(app, page, wording="an older one")

    assert again.status_code == 200
    assert "J’accepte de recevoir la newsletter" in again.text
    assert app.items("subscriber") == []
    assert "Abonnement confirmé" in press(app, again).text


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("field", ["request", "expires", "token"])
@pytest.mark.parametrize("value", ["", "x", "9999999999", "é", "-1", "99999999999999999999"])
def test_a_link_that_was_changed_proves_nothing(app: App, field: str, value: str) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    refused = press(app, page, **{field: value})
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link_in_last_mail(app)).query).items()}
    refused_page = app.http.get("/newsletter/confirm", query_string=fields | {field: value})

    assert (refused.status_code, refused_page.status_code) == (403, 403)
    assert "Ce lien est incomplet" in refused.text
    assert app.items("subscriber") == []


def test_a_link_without_anything_is_told_so(app: App) -> None:
    assert app.http.get("/newsletter/confirm").status_code == 403
    assert app.post("/newsletter/confirm").status_code == 403


def test_a_link_ends_after_48_hours(app: App) -> None:
    sign_up(app)
    link = link_in_last_mail(app)
    page = open_link(app, link)

    with time_machine.travel(utc_now() + timedelta(hours=47, minutes=59)):
        assert open_link(app, link).status_code == 200
    with time_machine.travel(utc_now() + timedelta(hours=48, seconds=1)):
        assert open_link(app, link).status_code == 410
        refused = press(app, page)
    assert refused.status_code == 410
    assert "Ce lien a expiré" in refused.text
    assert app.items("subscriber") == []


@pytest.mark.medium
def test_a_double_click_is_one_request_and_one_email(app: App) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z"):
        sign_up(app)
        sign_up(app, email="READER@example.org")
        app.sweep()

    assert len(app.items("request")) == 1
    assert len(app.mails()) == 1


def test_another_caller_is_told_nothing_of_a_request(app: App) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z"):
        replies = [
            app.post("/newsletter", json={"email": "a@example.org"}, environ_overrides={"REMOTE_ADDR": address}).json
            for address in ("203.0.113.1", "203.0.113.2")
        ]

    first, second = (reply or {} for reply in replies)
    assert first.pop("id") != second.pop("id")
    assert first == second
    assert len(app.items("request")) == 2


def test_the_addresses_of_one_ipv6_network_are_one_caller(app: App) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z"):
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:3::4", "2001:db8:1:3::1"):
            app.post("/newsletter", json={"email": "a@example.org"}, environ_overrides={"REMOTE_ADDR": address})

    assert len(app.items("request")) == 2
    assert sorted(caller["counted"] for caller in app.items("caller")) == ["1", "1"]


def test_a_request_ends_after_seven_days(app: App) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False):
        sign_up(app)
        (request,) = app.items("request")
        assert int(request["expires_at"]) - utc_now().timestamp() == 7 * 86400


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("days", [2, 8, 400])
def test_link_and_request_count_from_when_the_email_is_sent(app: App, days: int) -> None:
    sent_at = START + timedelta(days=days)
    with time_machine.travel(START, tick=False):
        app.post("/newsletter", data={"email": "reader@example.org"})
    with time_machine.travel(sent_at, tick=False):
        app.sweep()
        link = link_in_last_mail(app)
    (request,) = app.items("request")
    assert int(request["expires_at"]) == (sent_at + timedelta(days=7)).timestamp()
    with time_machine.travel(sent_at + timedelta(hours=48, seconds=1)):
        assert open_link(app, link).status_code == 410
    with time_machine.travel(sent_at + timedelta(hours=47, minutes=59)):
        page = open_link(app, link)
        assert "Abonnement confirmé" in press(app, page).text
    with time_machine.travel(sent_at + timedelta(days=7, seconds=1)):
        assert submissions.sign_up("table", request["id"]) is None


@pytest.mark.slow
def test_a_request_whose_email_ses_refuses_for_days_lives_until_it_is_taken(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(400, "SendingPausedException"))
        app.post("/newsletter", data={"email": "reader@example.org"})
        for _ in range(30):
            app.sweep()
            clock.shift(timedelta(hours=13))
        wire.always(None)
        app.sweep()
        assert "Abonnement confirmé" in press(app, open_link(app, link_in_last_mail(app))).text
        (request,) = app.items("request")
        assert int(request["expires_at"]) == (utc_now() + timedelta(days=7)).timestamp()


@pytest.mark.medium
@pytest.mark.parametrize("why", ["confirmed", "failed"])
def test_a_request_that_is_not_mailed_ends_too(app: App, why: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        if why == "confirmed":
            subscribe(app)
            clock.shift(timedelta(hours=1))
        else:
            Wire(ses.client()).plan(refusal(400, "MessageRejected"))
        app.post("/newsletter", data={"email": "reader@example.org", "name": "Z"})
        app.sweep()
        kept = timedelta(days=7 if why == "confirmed" else 90)
        (request,) = (one for one in app.items("request") if one.get("name") == "Z")
        assert int(request["expires_at"]) == (utc_now() + kept).timestamp()


def test_a_link_whose_request_is_gone_is_told_so(app: App) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    (request,) = app.items("request")
    key = dynamodb.marshalled(table.key_at(request["pk"]))
    dynamodb.client().delete_item(TableName="table", Key=key)

    assert press(app, page).status_code == 410
    assert app.items("subscriber") == []


def test_a_request_that_has_expired_counts_as_gone_before_it_is_deleted(app: App) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z"):
        app.post("/newsletter", json={"email": "a@example.org"})
        app.play_stream()
    (request,) = app.items("request")
    table_name = "table"
    with time_machine.travel("2026-11-30T09:59:00Z"):
        assert submissions.sign_up(table_name, request["id"]) is not None
    with time_machine.travel("2026-11-30T10:01:00Z"):
        assert submissions.sign_up(table_name, request["id"]) is None


def test_the_table_away_is_told_on_the_confirmation_page_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(unreachable)

    reply = press(app, page)
    assert reply.status_code == 503
    assert "même reçu deux fois" in reply.text


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("state", ["bounced", "complained", "unsubscribed"])
def test_an_older_link_brings_nobody_back(app: App, state: str) -> None:
    sign_up(app)
    link = link_in_last_mail(app)
    page = open_link(app, link)
    press(app, page)
    (subscriber,) = app.items("subscriber")
    dynamodb.client().update_item(
        TableName="table",
        Key=dynamodb.marshalled(table.key_at(subscriber["pk"])),
        UpdateExpression="SET #state = :state, left_at = :now",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues=dynamodb.marshalled({":state": state, ":now": utc_now().isoformat()}),
    )

    assert press(app, page).status_code == 410
    assert app.items("subscriber")[0]["state"] == state
    # Opened again, it says the same instead of offering the button.
    opened = open_link(app, link)
    assert opened.status_code == 410
    assert "<button" not in opened.text
    assert "Ce lien n" in opened.text


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=47), timedelta(days=3)])
def test_a_used_link_says_so_instead_of_offering_its_button(app: App, language: Language, later: timedelta) -> None:
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app, _language=language)
        link = link_in_last_mail(app)
        page = open_link(app, link)
        press(app, page)
        before = app.items()
        clock.shift(later)
        opened = open_link(app, link)

        assert opened.status_code == 200
        assert "<button" not in opened.text
        assert say("used_title", language) in opened.text
        assert escape(say("used", language, site="Atelier Bellevue")) in opened.text
        # The page does not reveal whose it is, and changes nothing.
        assert "reader@" not in opened.text
        assert app.items() == before
        # The button of a page that was opened before works as ever, or says the same.
        again = press(app, page, wording="an older one") if later else press(app, page)
        assert say("used_title" if later else "confirmed_title", language) in again.text
        assert again.status_code == 200


@pytest.mark.medium
def test_a_second_link_of_a_subscriber_says_that_they_are_subscribed(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app)
        first = link_in_last_mail(app)
        clock.shift(timedelta(minutes=20))
        sign_up(app, name="Lou")
        second = link_in_last_mail(app)
        assert first != second
        press(app, open_link(app, second))
        opened = open_link(app, first)

    assert opened.status_code == 200
    assert "<button" not in opened.text
    assert escape(say("subscribed", "fr", site="Atelier Bellevue")) in opened.text
    assert "Ce lien a déjà servi" in open_link(app, second).text


@pytest.mark.medium
def test_who_left_and_asked_again_can_confirm_by_the_new_link_alone(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        old = link_in_last_mail_of(app, "newsletter/confirm")
        clock.shift(timedelta(minutes=30))
        assert app.post(local(unsubscribe_url(app)), data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert open_link(app, old).status_code == 410
        clock.shift(timedelta(minutes=30))
        sign_up(app, name="Lou")
        assert "<button" not in open_link(app, old).text
        page = open_link(app, link_in_last_mail(app))
        assert page.text.count("<button>") == 1
        assert "Abonnement confirmé" in press(app, page).text


def link_in_last_mail_of(app: App, path: str) -> str:
    """Return the last link to a path that was mailed."""
    texts = [mail.get_body(("plain",)).get_content() for mail in app.mails()]  # type: ignore[union-attr]
    return str([link for text in texts for link in re.findall(r"https://\S+", text) if path in link][-1])
