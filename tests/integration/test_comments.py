"""Comments: accepted like any other form, shown to nobody before approval, and readable by everybody afterwards."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from comments import handler
from guichet.comments.plain import HIDDEN
from guichet.forms import rate_limit
from guichet.store import comments, dynamodb
from guichet.store.dynamodb import marshalled
from tests.support.app import SITE, START, App
from tests.support.refusals import MULTIPART, part
from tests.support.threads import GOOD, PAGE, SECRET, approve, outline, parts, post, public, read, shown, stored
from tests.support.wire import Wire, cancelled, unreachable

Make = Callable[..., App]
POSTED = ("/comments", "/f/comments")
MULTIPART_BODY = b"".join(part(f'name="{name}"', value).removesuffix(b"--b--\r\n") for name, value in GOOD.items())


# --- accepting a comment
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"json": GOOD}, 200),
        ({"data": GOOD}, 303),
        ({"data": MULTIPART_BODY + b"--b--\r\n", **MULTIPART}, 303),
        ({"json": {name.title(): value for name, value in GOOD.items()}}, 200),
    ],
)
def test_a_comment_is_kept_and_waits(app: App, path: str, arguments: dict[str, Any], status: int) -> None:
    reply = app.post(path, **arguments)
    assert reply.status_code == status
    (item,) = app.items("comment")
    assert {name: item.get(name) for name in (*GOOD, "state", "list")} == GOOD | {
        "state": "pending",
        "list": "comments#pending",
    }
    assert "expires_at" not in item
    app.play_stream()
    (mail,) = app.mails()
    assert (mail["To"], mail["Reply-To"]) == ("owner@atelier.example", "Camille <camille@example.org>")
    assert f"/desk/comments/{item['id']}" in mail.as_string()
    assert read(app) == {"page": PAGE, "count": 0, "comments": []}


@pytest.mark.parametrize(("language", "word"), [("fr", "Votre commentaire"), ("en", "Your comment")])
def test_who_commented_is_thanked_in_their_language(app: App, language: str, word: str) -> None:
    reply = app.post("/comments", data=GOOD | {"_language": language})
    thanks = urlsplit(reply.headers["location"])
    assert parse_qs(thanks.query) == {"form": ["comments"], "language": [language]}
    page = app.http.get(f"{thanks.path}?{thanks.query}")
    assert (page.status_code, word in page.text, f'lang="{language}"' in page.text) == (200, True, True)
    said = app.post("/comments", json=GOOD | {"_language": language}).get_json()["message"]
    assert said.startswith(word)
    # A stranger's address is not shown in full, as others may see the screen.
    assert "camille@" not in said


def test_a_comment_leads_on_to_allowed_origins_only(app: App) -> None:
    assert app.post("/comments", data=GOOD | {"_next": "/merci"}).headers["location"] == f"{SITE}/merci"
    for evil in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        reply = app.post("/comments", data=GOOD | {"_next": evil})
        assert urlsplit(reply.headers["location"]).path == "/thanks"


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"name": None, "comment": None}, {("REQUIRED_FIELD_MISSING", "name"), ("REQUIRED_FIELD_MISSING", "comment")}),
        ({"email": None}, {("REQUIRED_FIELD_MISSING", "email")}),
        (
            {"name": " ", "comment": "\u200b\n", "email": ""},
            {("REQUIRED_FIELD_EMPTY", name) for name in GOOD if name != "page"},
        ),
        ({"name": "x" * 101}, {("TOO_LONG", "name")}),
        ({"comment": "x" * 10_001}, {("TOO_LONG", "comment")}),
        ({"email": "nobody"}, {("TYPE_EMAIL", "email")}),
        ({"comment": {"a": 1}}, {("TYPE_TEXT", "comment")}),
        ({"page": None}, {("REQUIRED_FIELD_MISSING", "page")}),
        ({"page": "https://evil.example/a"}, {("TYPE_PAGE", "page")}),
        ({"page": "/a/../b"}, {("TYPE_PAGE", "page")}),
        ({"page": "x" * 2001}, {("TOO_LONG", "page")}),
        ({"parent": "x"}, {("TYPE_COMMENT", "parent")}),
        ({"parent": "A" * 32}, {("TYPE_COMMENT", "parent")}),
        ({"page": "a", "parent": "x"}, {("TYPE_PAGE", "page"), ("TYPE_COMMENT", "parent")}),
    ],
)
def test_a_wrong_comment_is_refused_with_all_that_is_wrong(
    app: App, changes: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    fields = {name: value for name, value in (GOOD | changes).items() if value is not None}
    reply = app.post("/comments", json=fields)
    assert reply.status_code == 422
    errors = reply.get_json()["errors"]
    assert {(one["code"], one["field"]) for one in errors} == problems
    assert not any(re.search("[{}]", one["message"]) for one in errors)
    assert app.items() == []
    page = app.post("/comments", data={name: value for name, value in fields.items() if isinstance(value, str)})
    assert (page.status_code, "<main" in page.text) == (422, True)


def test_a_field_is_called_as_the_form_calls_it(app: App) -> None:
    fields = {"Page": "nowhere", "Name": "Camille", "EMAIL": "camille@example.org", "Comment": "Yes", "Parent": "none"}
    errors = app.post("/comments", json=fields).get_json()["errors"]
    assert [(one["code"], one["field"]) for one in errors] == [("TYPE_PAGE", "Page"), ("TYPE_COMMENT", "Parent")]


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        (f"{SITE}/articles/tables/?a=b", "/articles/tables/"),
        ("https://www.atelier.example/articles/tables/index.html", "/articles/tables/"),
        # What browsers send to another origin by default.
        (f"{SITE}/", None),
        (SITE, None),
        ("https://evil.example/articles/tables/", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_form_without_a_page_stands_under_the_page_that_posts_it(app: App, referer: str, page: str | None) -> None:
    fields = {name: value for name, value in GOOD.items() if name != "page"}
    reply = app.post("/comments", json=fields, headers={"referer": referer})
    assert reply.status_code == (422 if page is None else 200)
    assert [item["page"] for item in app.items("comment")] == ([] if page is None else [page])


def test_a_long_address_of_a_page_is_refused_and_not_cut(app: App) -> None:
    fields = {name: value for name, value in GOOD.items() if name != "page"}
    reply = app.post("/comments", json=fields, headers={"referer": f"{SITE}/{'x' * 600}"})
    assert reply.status_code == 422


def test_what_fills_in_the_honeypot_is_spam_and_answered_as_ever(app: App) -> None:
    caught = app.post("/comments", json=GOOD | {"_gotcha": "x"})
    good = app.post("/comments", json=GOOD)
    assert {name: value for name, value in caught.get_json().items() if name != "id"} == {
        name: value for name, value in good.get_json().items() if name != "id"
    }
    states = {item["id"]: (item["state"], item.get("spam")) for item in app.items("comment")}
    assert states == {caught.get_json()["id"]: ("spam", "honeypot"), good.get_json()["id"]: ("pending", None)}
    app.play_stream()
    # The owner is notified only of the other one.
    assert len(app.mails()) == 1


def test_spam_ends_after_thirty_days_with_all_that_belongs_to_it(app: App) -> None:
    with time_machine.travel(START, tick=False):
        post(app, _gotcha="x")
    kept = {item["kind"]: item.get("expires_at") for item in app.items()}
    end = str(int((START + timedelta(days=30)).timestamp()))
    assert (kept["comment"], kept["authored"]) == (end, end)


def test_many_links_are_spam(app: App) -> None:
    text = " ".join(f"https://shop{number}.example/casino" for number in range(9))
    post(app, comment=f"[url={text}] casino viagra")
    (item,) = app.items("comment")
    assert (item["state"], "links" in item["spam"]) == ("spam", True)


@pytest.mark.medium
def test_a_double_click_is_one_comment(app: App) -> None:
    ids = {post(app, page=page) for page in (PAGE, "/articles/chairs", f"{SITE}{PAGE}?utm=1", f"{PAGE}index.html")}
    assert len(ids) == 1
    assert len(app.items("comment")) == len(app.items("authored")) == 1
    app.play_stream()
    assert len(app.mails()) == 1


def test_a_comment_that_is_posted_again_when_it_is_approved_stays_approved(app: App) -> None:
    comment_id = shown(app)
    assert post(app) == comment_id
    assert stored(comment_id).state == "approved"
    assert read(app)["count"] == 1


def test_the_same_words_under_another_page_or_to_another_comment_are_another_comment(app: App) -> None:
    first = post(app)
    assert len({first, post(app, page="/other/"), post(app, parent=first), post(app, _id="again")}) == 4


def test_a_caller_is_capped_and_told_until_when(make_app: Make) -> None:
    app = make_app(CallerHourlyCap="2")
    for number in range(2):
        post(app, comment=f"number {number}")
    over = app.post("/comments", json=GOOD)
    assert (over.status_code, over.headers["cache-control"]) == (429, "no-store")
    assert 0 < int(over.headers["retry-after"]) <= 3600
    # Counted by form.
    assert app.post("/contact", json={"email": "a@example.org", "message": "Bonjour"}).status_code == 200
    rate_limit.OVER_CAP.clear()
    assert read(app)["count"] == 0


@pytest.mark.medium
def test_a_comment_is_taken_with_a_solved_challenge_once(make_app: Make) -> None:
    app = make_app(ProofOfWork="required")
    assert app.post("/comments", json=GOOD).get_json()["errors"][0]["code"] == "BLOCKED"
    challenge = app.http.get("/comments/challenge").get_json()
    assert challenge["parameters"]["algorithm"] == "PBKDF2/SHA-256"
    assert app.post("/comments", json=GOOD | {"altcha": "e30="}).status_code == 422
    assert app.items("comment") == []


@pytest.mark.parametrize("path", POSTED)
def test_another_site_may_not_post_comments(app: App, path: str) -> None:
    for origin, status in (("https://evil.example", 403), (SITE, 200), ("null", 200)):
        assert app.post(path, json=GOOD, headers={"origin": origin}).status_code == status


def test_what_cannot_be_kept_is_no_success(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(unreachable)
    reply = app.post("/comments", json=GOOD)
    assert (reply.status_code, reply.headers["cache-control"], "retry-after" in reply.headers) == (
        503,
        "no-store",
        True,
    )


# --- reading ----------------------------------------------------------------------------------------------------------


def test_nothing_is_shown_before_it_is_approved_and_then_what_is_public_alone(app: App) -> None:
    first = post(app)
    assert read(app)["comments"] == []
    approve(first)
    reply = shown(app, comment="So do I.", name="Zoé", email="zoe@example.org", parent=first)
    again = shown(app, comment="Me too.", name="Ada", email="ada@example.org", parent=reply)
    thread = read(app)
    assert outline(thread) == [(first, [reply, again])]
    assert thread["count"] == 3
    (comment,) = thread["comments"]
    assert set(comment) == {"id", "name", "time", "html", "replies"}
    assert comment["html"].strip() == "<p>I <em>like</em> them.</p>"
    assert {tuple(sorted(one)) for one in comment["replies"]} == {("html", "id", "name", "time")}


def test_an_address_that_was_approved_proves_nothing(app: App) -> None:
    first = shown(app)
    second = post(app, comment="Buy this!")
    assert stored(second).state == "pending"
    assert outline(read(app)) == [(first, [])]


def test_neither_an_address_nor_anything_made_of_one_is_public(app: App) -> None:
    first = shown(app)
    shown(app, parent=first, comment="again", name="Zoé", email="zoe@example.org")
    public = json.dumps(read(app))
    assert "example.org" not in public
    for item in app.items():
        # Keys of authors, networks and pages are hashes; only ids of comments are public.
        for secret in re.findall(
            r"[0-9a-f]{32,}|[A-Za-z0-9_-]{43}", f"{item['pk']} {item['sk']} {item.get('network_id')}"
        ):
            known = re.search(rf"comment#{secret}|entry#.*{secret}", f"{item['pk']} {item['sk']}")
            assert known or secret not in public, item


@pytest.mark.parametrize(
    "page", [PAGE, "/articles/chairs", "/articles/chairs.html", f"{SITE}{PAGE}?a#b", f"{PAGE}index.html"]
)
def test_a_page_is_read_however_it_is_written(app: App, page: str) -> None:
    first = shown(app)
    assert outline(read(app, page)) == [(first, [])]


@pytest.mark.parametrize(
    "page", ["", "articles", "https://evil.example/", "/a/../b", "/%ff", "/\x00", "/" + "x" * 9000]
)
def test_no_page_of_the_site_is_refused_and_cached_nowhere(app: App, page: str) -> None:
    shown(app)
    wire = Wire(dynamodb.client())
    reply = app.http.get("/comments", query_string={"page": page}, headers={"accept": "application/json"})
    assert (reply.status_code, reply.headers["cache-control"]) == (422, "no-store")
    assert reply.get_json()["errors"][0]["code"] == "TYPE_PAGE"
    assert wire.operations == []


@pytest.mark.parametrize(
    "after", ["x", "~", "a" * 65, "entry#", f"{'2' * 27}Z~{'g' * 32}", f"{'2' * 27}Z~{'0' * 32}~", f"about{'0' * 60}"]
)
def test_a_wrong_cursor_is_refused(app: App, after: str) -> None:
    wire = Wire(dynamodb.client())
    reply = app.http.get("/comments", query_string={"page": PAGE, "after": after})
    assert (reply.status_code, reply.headers["cache-control"], wire.operations) == (422, "no-store", [])


def test_a_cursor_of_another_page_or_of_nothing_shows_nothing_else(app: App) -> None:
    first = shown(app)
    reply = read(app, "/other/", after=f"2026-11-23T10:00:00.000000Z~{'0' * 32}")
    assert (reply["comments"], "next" in reply) == ([], False)
    behind = read(app, after=f"2000-01-01T00:00:00.000000Z~{'0' * 32}")
    assert outline(behind) == [(first, [])]


def test_it_is_opened_without_a_page_and_says_that_it_takes_forms(app: App) -> None:
    for path in POSTED:
        reply = app.http.get(path, headers={"accept": "text/html"})
        assert (reply.status_code, reply.headers["allow"], reply.headers["cache-control"]) == (405, "POST", "no-store")


def test_caches_may_keep_it_a_minute_by_origin_and_ask_whether_it_changed(app: App) -> None:
    first = shown(app)
    reply = app.http.get("/comments", query_string={"page": PAGE}, headers={"origin": SITE, "cookie": "a=b"})
    assert reply.headers["cache-control"] == "public, max-age=60"
    assert {name.strip().lower() for name in reply.headers["vary"].split(",")} == {"origin"}
    assert reply.headers["access-control-allow-origin"] == SITE
    assert {"set-cookie", "access-control-allow-credentials"}.isdisjoint({name.lower() for name, _ in reply.headers})
    etag = reply.headers["etag"]
    for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        same = app.http.get("/comments", query_string={"page": PAGE}, headers={"if-none-match": given})
        assert (same.status_code, same.data, same.headers["etag"]) == (304, b"", etag)
        assert same.headers["cache-control"] == "public, max-age=60"
        assert "origin" in same.headers["vary"].lower()
    other = app.http.get("/comments", query_string={"page": PAGE}, headers={"if-none-match": '"x"'})
    assert other.status_code == 200
    shown(app, parent=first, comment="New")
    changed = app.http.get("/comments", query_string={"page": PAGE}, headers={"if-none-match": etag})
    assert (changed.status_code, changed.headers["etag"] != etag) == (200, True)


def test_another_site_s_script_may_not_read_it(app: App) -> None:
    shown(app)
    for query in ({"page": PAGE}, {"page": "nowhere"}, {}):
        reply = app.http.get("/comments", query_string=query, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in reply.headers
        own = app.http.get("/comments", query_string=query, headers={"origin": SITE})
        assert own.headers["access-control-allow-origin"] == SITE


def test_an_outage_is_told_to_scripts_too_and_cached_nowhere(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(unreachable)
    reply = app.http.get(
        "/comments", query_string={"page": PAGE}, headers={"origin": SITE, "sec-fetch-mode": "cors", "accept": "*/*"}
    )
    assert (reply.status_code, reply.headers["cache-control"]) == (503, "no-store")
    assert int(reply.headers["retry-after"]) > 0
    assert reply.headers["access-control-allow-origin"] == SITE
    assert reply.get_json()["errors"][0]["code"] == "UNAVAILABLE"


def test_reading_is_one_query_and_writes_nothing(app: App) -> None:
    first = shown(app)
    shown(app, parent=first, comment="New")
    wire = Wire(dynamodb.client())
    before = app.items()
    read(app)
    assert wire.operations == ["Query"]
    assert app.items() == before


@pytest.mark.medium
@pytest.mark.parametrize("per_part", [1, 2, 3, 50])
def test_the_parts_of_a_thread_have_each_comment_once(app: App, monkeypatch: pytest.MonkeyPatch, per_part: int) -> None:
    monkeypatch.setattr(handler, "PER_PART", per_part)
    expected = []
    for number in range(3):
        with time_machine.travel(START + timedelta(minutes=number), tick=False):
            root = shown(app, comment=f"root {number}")
            replies = [shown(app, comment=f"reply {reply} {number}", parent=root) for reply in range(number)]
        expected.append((root, sorted(replies)))
    found = parts(app)
    assert [one.get("count") for one in found] == [6] + [None] * (len(found) - 1)
    assert len(found) == -(-6 // per_part)
    merged: list[tuple[str, list[str]]] = []
    for one in found:
        for comment in one["comments"]:
            replies = [reply["id"] for reply in comment["replies"]]
            if comment.get("before"):
                # It continues with the comment that the previous part ended in.
                assert merged[-1][0] == comment["id"]
                merged[-1][1].extend(replies)
            else:
                assert "deleted" not in comment
                merged.append((comment["id"], replies))
    assert [(root, sorted(replies)) for root, replies in merged] == expected
    # As appended by a client that does not encode it.
    if "next" in found[0]:
        plain = app.http.get(f"/comments?page={PAGE}&after={found[0]['next']}")
        assert plain.get_json() == found[1]


@pytest.mark.slow
def test_a_part_ends_where_dynamodb_ends_it(app: App) -> None:
    # A query reads one megabyte at most (AWS: "Paginating table query results").
    for number in range(40):
        shown(app, comment="&" * 9_000, _id=str(number), name=str(number))
        if number % 18 == 17:
            rate_limit.OVER_CAP.clear()
            for item in app.items("caller"):
                dynamodb.call("delete_item", TableName="table", Key=marshalled({"pk": item["pk"], "sk": item["sk"]}))
    found = parts(app)
    assert len(found) > 1
    assert sorted(one["name"] for found_part in found for one in found_part["comments"]) == sorted(map(str, range(40)))


# --- moderation -------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_what_answers_a_comment_that_is_gone_or_hidden_or_elsewhere_stands_by_itself(app: App) -> None:
    gone, hidden, caught = post(app, comment="a"), post(app, comment="b"), post(app, comment="c")
    elsewhere, away = shown(app, page="/other/"), "0" * 32
    at = START
    comments.delete("table", SECRET, stored(gone), at)
    comments.withdraw("table", SECRET, stored(hidden), "refused", at)
    comments.withdraw("table", SECRET, stored(caught), "spam", at)
    answers = [shown(app, parent=one, comment=f"to {one}") for one in (gone, hidden, caught, elsewhere, away)]
    assert outline(read(app)) == [(one, []) for one in answers]


def test_an_answer_stands_under_its_comment_however_its_page_is_written(app: App) -> None:
    first = shown(app)
    answers = [shown(app, page=page, parent=first, comment=page) for page in (PAGE[:-1], f"{PAGE[:-1]}.html")]
    assert [(root, set(found)) for root, found in outline(read(app))] == [(first, set(answers))]


def test_an_answer_waits_for_a_comment_that_waits(app: App) -> None:
    first = post(app)
    reply = post(app, parent=first, comment="So do I.")
    assert approve(reply) == "parent waits"
    assert approve(first) == "approved"
    assert approve(reply) == "approved"
    assert outline(read(app)) == [(first, [reply])]


@pytest.mark.medium
def test_a_comment_that_is_deleted_leaves_a_stub_where_it_was_answered(app: App) -> None:
    first = shown(app)
    reply = shown(app, parent=first, comment="So do I.")
    assert comments.delete("table", SECRET, stored(first), START)
    assert read(app)["comments"][0] | {"replies": []} == {"id": first, "deleted": True, "replies": []}
    late = shown(app, parent=reply, comment="And I.")
    assert (outline(read(app)), read(app)["count"]) == ([(first, [reply, late])], 2)
    for one in (reply, late):
        assert comments.delete("table", SECRET, stored(one), START)
    assert read(app) == {"page": PAGE, "count": 0, "comments": []}


def test_a_comment_that_comes_back_is_where_it_was(app: App) -> None:
    with time_machine.travel(START):
        first = shown(app)
    second = shown(app, comment="second")
    reply = shown(app, parent=first, comment="So do I.")
    before = read(app)
    assert comments.withdraw("table", SECRET, stored(first), "refused", START)
    assert read(app)["count"] == 2
    assert approve(first) == "approved"
    assert read(app) == before
    assert outline(before) == [(first, [reply]), (second, [])]


def test_everybody_sees_a_name_without_the_address_in_it(app: App) -> None:
    shown(app, name="Camille, camille@example.org")
    assert [one["name"] for one in read(app)["comments"]] == [f"Camille, {HIDDEN}"]


def test_two_owners_at_once_change_a_comment_once(app: App) -> None:
    comment_id = post(app)
    seen = stored(comment_id)
    assert comments.approve("table", SECRET, seen, public("<p>one</p>"), START) == "approved"
    assert comments.approve("table", SECRET, seen, public("<p>two</p>"), START) == "already"
    assert not comments.withdraw("table", SECRET, seen, "refused", START)
    assert not comments.delete("table", SECRET, seen, START)
    assert [one["html"] for one in read(app)["comments"]] == ["<p>one</p>"]
    approved = stored(comment_id)
    assert comments.withdraw("table", SECRET, approved, "spam", START)
    assert not comments.withdraw("table", SECRET, approved, "refused", START)
    assert not comments.delete("table", SECRET, approved, START)
    assert (stored(comment_id).state, read(app)["count"]) == ("spam", 0)
    assert comments.delete("table", SECRET, stored(comment_id), START)
    assert comments.approve("table", SECRET, seen, public("<p>three</p>"), START) == "gone"
    assert read(app)["count"] == 0


def test_a_comment_that_is_approved_is_not_approved_again(app: App) -> None:
    comment_id = shown(app)
    assert approve(comment_id) == "already"
    assert (outline(read(app)), read(app)["count"]) == ([(comment_id, [])], 1)


def test_who_saw_a_comment_in_its_former_place_takes_nothing_away(app: App) -> None:
    first = shown(app)
    reply = shown(app, parent=first, comment="So do I.")
    seen = stored(reply)
    # Another owner refuses both, and approves only the reply: it now starts its own thread.
    for one in (reply, first):
        assert comments.withdraw("table", SECRET, stored(one), "refused", START)
    assert approve(reply) == "approved"
    assert not comments.withdraw("table", SECRET, seen, "refused", START)
    assert not comments.delete("table", SECRET, seen, START)
    assert (outline(read(app)), read(app)["count"]) == ([(reply, [])], 1)


def test_a_change_that_is_sent_again_is_the_same_change(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    comment_id = post(app)
    seen = stored(comment_id)
    monkeypatch.setattr(dynamodb, "_FIRST_WAIT", 0.001)
    wire = Wire(dynamodb.client())
    wire.plan(unreachable, cancelled("None", "None", "TransactionConflict", "None"))
    assert comments.approve("table", SECRET, seen, public("<p>x</p>"), START) == "approved"
    assert wire.operations == ["TransactWriteItems"] * 3
    # DynamoDB does not do the same twice, if only its answer was lost (AWS: "TransactWriteItems", "Idempotency").
    assert len({json.loads(body)["ClientRequestToken"] for body in wire.bodies}) == 1
    assert read(app)["count"] == 1


def test_the_page_is_called_as_its_first_comment_called_it(app: App) -> None:
    shown(app)
    shown(app, page="/articles/chairs.html", comment="again")
    (thread,) = comments.threads("table")
    assert (thread.page, thread.count) == (PAGE, 2)


@pytest.mark.medium
def test_the_owner_is_not_told_of_what_was_dealt_with_before(app: App) -> None:
    deleted, approved, refused = (post(app, comment=f"number {number}") for number in range(3))
    assert comments.delete("table", SECRET, stored(deleted), START)
    assert approve(approved) == "approved"
    assert comments.withdraw("table", SECRET, stored(refused), "refused", START)
    app.play_stream()
    app.sweep()
    assert app.mails() == []
    assert [item for item in app.items("email") if "outbox" in item] == []
