"""Commenters see and delete their comments through a link in their own mail."""

import json
import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from comments import mine, pages
from guichet.http import links
from guichet.locales import LANGUAGES
from guichet.records.record import utc_now
from guichet.signing import subscriber_id, token
from guichet.store import comments, dynamodb
from tests.support.app import START, App, isolated, resolve
from tests.support.newsletter import link_in_last_mail, local, open_link, press, refusal_in_last_mail
from tests.support.races import just_before
from tests.support.threads import PAGE, SECRET, approve, outline, post, read, shown, stored
from tests.support.wire import Wire

ANN = "ann@example.org"
MINE = "/comments/mine"


def ask(app: App, email: str = ANN, **fields: str) -> TestResponse:
    reply = app.post(MINE, data={"email": email} | fields)
    app.play_stream()
    return reply


@pytest.mark.medium
@pytest.mark.parametrize(("page", "told"), [("/café/", "/café/"), ("/a%E2%80%AEb%20%3Cc%3E/", "/ab &lt;c&gt;/")])
def test_a_page_is_called_as_people_read_it_and_turns_nothing_around(app: App, page: str, told: str) -> None:
    post(app, email=ANN, page=page)
    app.play_stream()
    (to_owner,) = app.mails()
    plain, html = (part.get_content() for part in to_owner.iter_parts())
    assert f"Page\N{NO-BREAK SPACE}: {unescape(told)}" in plain
    assert told in html
    assert told in open_link(app, linked(app)).text


def mails(app: App, address: str = ANN) -> list[str]:
    return [str(mail["Subject"]) for mail in app.mails() if mail["To"] == address]


def linked(app: App, email: str = ANN) -> str:
    """Return the link that an address gets."""
    assert ask(app, email).status_code == 303
    return link_in_last_mail(app)


def to(page: TestResponse, label: str) -> str:
    """Return where a page's link leads, by the beginning of its label."""
    (url,) = re.findall(rf'<a href="([^"]+)">{label}', page.text)
    return unescape(str(url))


def fields_of(link: str, **changes: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()} | changes


@pytest.mark.medium
def test_the_page_asks_for_an_address_and_the_link_comes_by_mail(app: App) -> None:
    comment_id = shown(app, email=ANN, comment="<b>My</b> words")
    page = app.http.get(MINE, headers={"accept-language": "en"})
    assert page.status_code == 200
    assert 'type="email" required name="email"' in page.text
    # A program fills in the hidden field.
    assert '<p hidden><label>Leave this empty <input name="_gotcha"' in page.text
    reply = press(app, page, email=ANN)
    thanks = open_link(app, reply.headers["location"])
    assert "If anybody commented with this address" in thanks.text
    assert ANN not in reply.headers["location"]
    app.play_stream()
    assert mails(app) == ["Your comments on Atelier Bellevue"]
    link = link_in_last_mail(app)
    assert ANN not in link
    mine_ = open_link(app, link)
    assert mine_.status_code == 200
    assert "&lt;b&gt;My&lt;/b&gt; words" in mine_.text
    assert f">{PAGE} · " in mine_.text
    assert "Everybody sees it." in mine_.text
    asked = open_link(app, to(mine_, "Delete this comment"))
    assert "Delete this comment?" in asked.text
    # Opening a page never changes anything.
    assert stored(comment_id).state == "approved"
    done = press(app, asked)
    assert "The comment is deleted" in done.text
    assert (read(app)["count"], read(app)["comments"]) == (0, [])
    # Pressing again gives the same page.
    assert press(app, asked).text == done.text
    assert "There are no more comments with your address." in open_link(app, to(done, "Back to your")).text


@pytest.mark.medium
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_pages_are_in_both_languages_and_give_nothing_away(app: App, language: str) -> None:
    shown(app, email=ANN)
    post(app, email=ANN, comment="another")
    ask(app, _language=language)
    seen = [app.http.get(f"{MINE}?language={language}"), open_link(app, link_in_last_mail(app))]
    delete_one, delete_all = (unescape(url) for url in re.findall(r'<a href="([^"]+comment=[^"]+)"', seen[1].text)[1:3])
    seen += [open_link(app, delete_one), open_link(app, delete_all)]
    seen += [press(app, seen[3])]
    titles = [re.findall("<h1>(.*?)</h1>", page.text)[0] for page in seen]
    assert len(set(titles)) == 4
    for page in seen:
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert "<script" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (delete_one in seen[1].text, app.items("comment")) == (False, [])


@pytest.mark.slow
def test_replies_and_work_are_the_same_whether_there_are_comments_or_not(make_app: Any) -> None:
    def reply(state: str, arguments: dict[str, Any]) -> tuple[Any, ...]:
        with isolated():
            app = App(resolve())
            with time_machine.travel(START, tick=False):
                if state != "none":
                    made = post(app, email=ANN, **({"_gotcha": "x"} if state == "spam" else {}))
                if state == "approved":
                    approve(made)
                if state == "asked":
                    ask(app)
            wire = Wire(dynamodb.client())
            with time_machine.travel(START + timedelta(hours=2), tick=False):
                got = app.post(MINE, **arguments, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
            sizes = [len(body) for body in wire.bodies]
            return got.status_code, sorted(got.headers), got.data, wire.operations, sizes

    del make_app
    for arguments in ({"json": {"email": ANN}}, {"data": {"email": ANN}}):
        first = reply("none", arguments)
        assert first[3] == ["TransactWriteItems"]
        for state in ("pending", "approved", "spam", "asked"):
            assert reply(state, arguments) == first


def test_without_comments_nobody_is_mailed(app: App) -> None:
    shown(app)
    assert ask(app).status_code == 303
    assert mails(app) == []
    (row,) = [item for item in app.items("email") if "comments-link" in item["sk"]]
    assert "there are no comments of the address" in row.values()
    # The request expires within days.
    (request,) = app.items("link-request")
    assert float(request["expires_at"]) < (utc_now() + timedelta(days=8)).timestamp()


@pytest.mark.slow
def test_an_address_gets_a_link_in_fifteen_minutes_and_three_a_day_whoever_asks(app: App) -> None:
    post(app, email=ANN)
    with time_machine.travel(START, tick=False) as clock:
        for number in range(20):
            app.post(MINE, data={"email": ANN}, environ_overrides={"REMOTE_ADDR": f"198.51.{number}.9"})
            app.play_stream()
            clock.shift(timedelta(minutes=2))
            app.sweep()
        assert len(mails(app)) == 3
        for number in range(30):
            app.post(MINE, data={"email": ANN}, environ_overrides={"REMOTE_ADDR": f"198.51.{number}.9"})
            app.play_stream()
        clock.shift(timedelta(hours=3))
        app.sweep()
        assert len(mails(app)) == 3


@pytest.mark.medium
def test_links_and_confirmations_share_what_strangers_get_a_day(make_app: Any) -> None:
    app = make_app(StrangerMailPerDay="1")
    post(app, email=ANN)
    app.post("/newsletter", data={"email": "reader@example.org"}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    app.play_stream()
    assert len(mails(app, "reader@example.org")) == 1
    ask(app)
    assert mails(app) == []


@pytest.mark.medium
def test_a_blocked_address_gets_none(app: App) -> None:
    post(app, email=ANN)
    ask(app)
    press(app, open_link(app, refusal_in_last_mail(app)))
    with time_machine.travel(utc_now() + timedelta(hours=1)):
        ask(app)
    assert len(mails(app)) == 1


@pytest.mark.medium
def test_what_a_program_filled_in_is_answered_alike_and_mails_nobody(app: App) -> None:
    post(app, email=ANN)
    assert ask(app, _gotcha="x").headers["location"] == ask(app, "other@example.org").headers["location"]
    assert mails(app) == []
    assert "list" not in next(item for item in app.items("link-request") if item.get("spam"))


@pytest.mark.parametrize("mode", ["off", "on", "required"])
def test_it_works_without_a_script_whatever_the_forms_of_the_site_ask_for(make_app: Any, mode: str) -> None:
    app = make_app(ProofOfWork=mode)
    assert ask(app).status_code == 303
    wrong = app.post(MINE, data={"email": ANN, "altcha": "x"})
    assert wrong.status_code == (303 if mode == "off" else 422)


@pytest.mark.medium
def test_what_was_not_approved_is_one_answer_so_that_nobody_learns_what_is_caught(app: App) -> None:
    link = linked_with(app)
    page = open_link(app, link)
    assert page.text.count("Nobody sees it: the owner of the site has not approved it.") == 3
    assert page.text.count("Everybody sees it.") == 1
    assert "spam" not in page.text.lower()


def linked_with(app: App) -> str:
    """Return the link of somebody who has a comment in each state."""
    shown(app, email=ANN, comment="one")
    post(app, email=ANN, comment="two")
    post(app, email=ANN, comment="three", _gotcha="x")
    refused = post(app, email=ANN, comment="four")
    assert comments.withdraw("table", SECRET, stored(refused), "refused", utc_now())
    ask(app, _language="en")
    return link_in_last_mail(app)


@pytest.mark.medium
def test_all_go_at_once_and_a_stub_stays_where_others_answered(app: App) -> None:
    link = linked_with(app)
    first = next(item["id"] for item in app.items("comment") if item["comment"] == "one")
    answer = shown(app, parent=first, comment="an answer")
    page = open_link(app, to(open_link(app, link), "Delete all of them"))
    assert "All your comments are deleted" in press(app, page).text
    assert [item["id"] for item in app.items("comment")] == [answer]
    assert outline(read(app)) == [(first, [answer])]
    assert read(app)["count"] == 1
    assert ANN not in json.dumps(app.items("authored"))
    assert press(app, page).status_code == 200


@pytest.mark.medium
def test_too_many_for_one_press_go_with_the_next(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    link = linked_with(app)
    page = open_link(app, to(open_link(app, link), "Delete all of them"))
    ticks = iter(range(100))
    monkeypatch.setattr(mine, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr(mine, "TIME_TO_DELETE", 2.5)
    left = press(app, page)
    assert "Press the button again" in left.text
    assert len(app.items("comment")) == 2
    assert "All your comments are deleted" in press(app, left).text
    assert app.items("comment") == []


@pytest.mark.medium
def test_who_wrote_many_sees_them_all_page_by_page(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    for number in range(5):
        post(app, email=ANN, comment=f"words {number}")
    ask(app, _language="en")
    page, found = open_link(app, link_in_last_mail(app)), []
    while True:
        found += re.findall(r"words \d", page.text)
        if "Older comments" not in page.text:
            break
        page = open_link(app, to(page, "Older comments"))
    assert found == [f"words {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.medium
def test_of_the_comments_of_others_nothing_is_seen_and_nothing_deleted(app: App) -> None:
    other = shown(app, comment="of another")
    post(app, email=ANN)
    fields = fields_of(linked(app))
    page = app.http.get(f"{MINE}?{urlencode(fields | {'comment': other})}")
    assert "of another" not in page.text
    before = app.items("comment")
    assert app.post(f"{MINE}/delete", data=fields | {"comment": other}).status_code == 200
    assert app.items("comment") == before


@pytest.mark.medium
def test_a_link_ends_after_48_hours_and_the_page_offers_another(app: App) -> None:
    comment_id = post(app, email=ANN)
    with time_machine.travel(START, tick=False) as clock:
        link = linked(app)
        clock.shift(timedelta(hours=47, minutes=59))
        assert open_link(app, link).status_code == 200
        clock.shift(timedelta(minutes=2))
        page = open_link(app, link)
        assert page.status_code == 410
        assert 'name="email"' in page.text
        assert app.post(f"{MINE}/delete", data=fields_of(link, comment=comment_id)).status_code == 410
    assert stored(comment_id)


@pytest.mark.medium
def test_a_token_is_for_one_address_one_time_and_this_alone(app: App) -> None:
    comment_id = post(app, email=ANN)
    fields = fields_of(linked(app))
    other = subscriber_id(SECRET, "other@example.org")
    until = links._until(fields)  # noqa: SLF001
    wrong = [
        {"author": other},
        {"expires": str(int(fields["expires"]) + 1)},
        {"token": token(SECRET, "unsubscribe", fields["author"], None)},
        {"token": token(SECRET, "refuse", fields["author"], until)},
        {"token": ""},
    ]
    for change in wrong:
        changed = fields | change | {"comment": comment_id}
        assert app.http.get(f"{MINE}?{urlencode(changed)}").status_code == 403
        assert app.post(f"{MINE}/delete", data=changed).status_code == 403
    # And it opens nothing else.
    subscriber = {"subscriber": fields["author"], **fields}
    assert app.http.get(f"/newsletter/refuse?{urlencode(subscriber)}").status_code == 403
    assert stored(comment_id)


@pytest.mark.medium
@pytest.mark.parametrize("wrong", ["a" * 3000, "É" * 1100, "../comment", " "])
def test_what_is_no_id_asks_the_table_for_nothing_by_it(app: App, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """DynamoDB refuses keys of more than 2,048 bytes, and the visitor would see an outage."""
    shown(app, email=ANN)
    link = linked(app)
    asked: list[str] = []
    known = comments.comment

    def noted(table: str, one: str) -> Any:
        asked.append(one)
        return known(table, one)

    monkeypatch.setattr(comments, "comment", noted)
    assert app.http.get(f"{local(link)}&{urlencode({'comment': wrong})}").status_code == 200
    assert app.post(f"{MINE}/delete", data=fields_of(link, comment=wrong)).status_code == 200
    assert wrong not in asked
    assert len(read(app)["comments"]) == 1


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fields=st.dictionaries(
        st.sampled_from(["author", "expires", "token", "comment", "from", "language", "email"]), TEXTS, max_size=6
    ),
    keep=st.sets(st.sampled_from(["author", "expires", "token"])),
)
def test_whatever_is_sent_nothing_of_anybody_is_shown_or_deleted(fields: dict[str, str], keep: set[str]) -> None:
    with isolated():
        app = App(resolve())
        comment_id = post(app, email=ANN, comment="secret words")
        until = utc_now().replace(microsecond=0) + timedelta(hours=1)
        known = fields_of(links.comments_link("", ANN, "en", SECRET, until))
        sent = fields | {name: known[name] for name in keep}
        whole = all(sent.get(name) == known[name] for name in ("author", "expires", "token"))
        page = app.http.get(f"{MINE}?{urlencode(sent)}")
        assert page.status_code in {200, 403}
        assert ("secret words" in page.text) == whole
        assert app.post(f"{MINE}/delete", data=sent).status_code in {200, 403}
        assert app.post(MINE, data=sent).status_code in {303, 422}
        assert (comments.comment("table", comment_id) is None) == (whole and sent.get("comment") == "all")


@pytest.mark.medium
def test_one_that_the_owner_approves_just_then_is_deleted_with_what_is_shown(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment_id = post(app, email=ANN)
    fields = fields_of(linked(app), comment=comment_id)
    raced: list[str] = []
    just_before(monkeypatch, comments, "delete", lambda: raced.append(approve(comment_id)))
    assert app.post(f"{MINE}/delete", data=fields).status_code == 200
    assert raced == ["approved"]
    assert (app.items("comment"), read(app)["comments"], read(app)["count"]) == ([], [], 0)


@pytest.mark.medium
def test_it_is_logged_by_ids_alone(app: App, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    comment_id = post(app, email=ANN, comment="secret words")
    fields = fields_of(linked(app), comment=comment_id)
    app.post(f"{MINE}/delete", data=fields)
    (record,) = [one for one in caplog.records if one.message == "deleted by its author"]
    assert vars(record)["submission_id"] == comment_id
    logged = str([vars(one) for one in caplog.records]) + "".join(capsys.readouterr())
    assert not [word for word in (ANN, "secret words", fields["token"]) if word in logged]


@pytest.mark.medium
def test_the_local_page_answers_to_its_own_address(app: App) -> None:
    assert local(linked_with(app)).startswith("/comments/mine?author=")
