"""The owner moderates comments at the desk: nothing appears unapproved, and actions only apply to what was seen."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from guichet.records.comment import STATES, Comment
from guichet.store import comments
from tests.support.app import START, App
from tests.support.desk import OWNER, Browser, forms_of
from tests.support.threads import PAGE, SECRET, approve, outline, post, read, shown, stored

Make = Callable[..., App]
OTHER = "other@example.org"


@pytest.fixture
def app(make_app: Make) -> App:
    """Return a stack with room for many comments, and two owners."""
    return make_app(OwnerEmail=f"{OWNER},{OTHER}", CallerHourlyCap="1000")


def told(page: TestResponse) -> str:
    """Return a page's report of what was done."""
    found = re.search(r'<(p|div) class="told" role="status">(.*?)</\1>', page.text, re.DOTALL)
    return unescape(" ".join(re.sub("<[^>]+>", " ", found[2]).split())) if found else ""


def listed(page: TestResponse) -> list[str]:
    """Return the ids that a list shows, in its order."""
    assert page.status_code == 200
    return re.findall(r'id="tick-([0-9a-f]{32})"', page.text)


def several(browser: Browser, page: TestResponse, do: str, *ticked: str, **fields: str) -> TestResponse:
    """Tick some comments of a page, and press a button."""
    (form,) = [form for form in forms_of(page) if "seen" in form["fields"]]
    boxes = {f"ticked-{one}": "1" for one in ticked}
    return browser.follow(browser.post("/desk/comments", form["fields"] | boxes | {"do": do} | fields))


def act(browser: Browser, comment_id: str, label: str) -> TestResponse:
    """Open a comment's page, and press one of its buttons."""
    return browser.press(browser.get(f"comments/{comment_id}"), label)


def link(page: TestResponse, words: str) -> str:
    """Return where the link with a given text leads."""
    (found,) = re.findall(rf'<a (?:[^>]*)href="([^"]+)"[^>]*>{re.escape(words)}</a>', page.text)
    return unescape(found)


# --- one comment ------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_nothing_appears_before_the_owner_approves_it_and_then_it_does(app: App) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    assert read(app)["comments"] == []

    page = act(browser, comment_id, "Approve")

    assert told(page) == "Approved. It is on the page within a minute."
    (only,) = read(app)["comments"]
    assert (only["id"], only["name"], only["html"]) == (comment_id, "Camille", "<p>I <em>like</em> them.</p>\n")


def test_a_page_shows_who_wrote_where_as_it_was_written_and_as_it_will_be_seen(app: App) -> None:
    comment_id = post(app, comment="I *like* <b>them</b>.", page="/caf%C3%A9/")
    page = Browser(app).signed_in().get(f"comments/{comment_id}")
    assert '<div class="wrote shown" dir="auto"><p>I <em>like</em> &lt;b&gt;them&lt;/b&gt;.</p>' in page.text
    assert '<pre class="wrote" dir="auto">I *like* &lt;b&gt;them&lt;/b&gt;.</pre>' in page.text
    assert "camille@example.org" in page.text
    assert link(page, "<bdi>/café/</bdi>") == "https://atelier.example/caf%C3%A9/"
    # Nothing can be edited.
    assert "<textarea" not in page.text
    assert {button for form in forms_of(page) for button in form["buttons"]} == {
        "Approve", "Refuse", "Spam", "Sign out",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[https://good.example](https://evil.example/?a=1&b=2)", "(https://evil.example/?a=1&amp;b=2)"),
        ("[here *now*](https://evil.example)", "(https://evil.example)"),
        # Letters that look like Latin ones are not.
        ("https://аррӏе.com", "(https://xn--80ak6aa92e.com)"),
        (f"[a](https://evil.example/{'b' * 500})", f"(https://evil.example/{'b' * 178}…)"),
        ("https://plain.example/?a=1&b=2", ""),
        ("<https://plain.example>", ""),
    ],
)
def test_where_a_link_leads_is_told_unless_its_words_say_so(app: App, written: str, told: str) -> None:
    comment_id = post(app, comment=f"See {written} first.")
    browser = Browser(app).signed_in()
    state = stored(comment_id).state
    for page in (browser.get(f"comments/{comment_id}"), browser.get(f"comments?state={state}")):
        assert re.findall(r'</a> <bdi class="hint">(.*?)</bdi>', page.text) == ([told] if told else [])


@pytest.mark.medium
def test_what_it_answers_is_shown_and_whether_that_is_approved(app: App) -> None:
    first = post(app, comment="First words")
    answer = post(app, comment="An answer", parent=first, name="Zoé")
    browser = Browser(app).signed_in()

    page = browser.get(f"comments/{answer}")
    assert "Replies to a pending comment by" in page.text
    assert '<blockquote dir="auto">First words</blockquote>' in page.text
    waits = browser.press(page, "Approve")
    assert told(waits).startswith("Nothing was done: it replies to a pending comment.")
    assert read(app)["comments"] == []

    act(browser, first, "Approve")
    page = browser.get(f"comments/{answer}")
    assert "Replies to the approved comment by" in page.text
    browser.press(page, "Approve")
    assert outline(read(app)) == [(first, [answer])]


@pytest.mark.parametrize("away", ["gone", "another page"])
def test_an_answer_to_what_is_not_there_says_that_it_will_stand_by_itself(app: App, away: str) -> None:
    parent = "0" * 32 if away == "gone" else shown(app, page="/other/", comment="Elsewhere")
    answer = post(app, parent=parent, comment="An answer")
    page = Browser(app).signed_in().get(f"comments/{answer}")
    assert "The comment it replied to is gone, so it starts its own thread." in page.text
    assert "Elsewhere" not in page.text


STEPS = {
    ("pending", "Refuse"): ("refused", "Refused. Nobody else sees it."),
    ("pending", "Spam"): ("spam", "Filed as spam. Nobody else sees it."),
    ("approved", "Refuse"): ("refused", "Refused. Nobody else sees it."),
    ("approved", "Spam"): ("spam", "Filed as spam. Nobody else sees it."),
    ("refused", "Approve"): ("approved", "Approved. It is on the page within a minute."),
    ("refused", "Spam"): ("spam", "Filed as spam. Nobody else sees it."),
    ("spam", "Not spam"): ("pending", "Not spam: it now waits for approval."),
}


def in_state(app: App, state: str, **fields: str) -> str:
    """Return a comment in a state."""
    comment_id = post(app, **fields)
    if state == "approved":
        approve(comment_id)
    elif state != "pending":
        assert comments.withdraw("table", SECRET, stored(comment_id), state, START)  # type: ignore[arg-type]
    return comment_id


@pytest.mark.parametrize(("before", "label"), STEPS)
def test_each_button_moves_a_comment_and_only_an_approved_one_is_seen(app: App, before: str, label: str) -> None:
    after, sentence = STEPS[before, label]
    comment_id = in_state(app, before)
    page = act(Browser(app).signed_in(), comment_id, label)
    assert told(page) == sentence
    assert stored(comment_id).state == after
    assert [one["id"] for one in read(app)["comments"]] == ([comment_id] if after == "approved" else [])


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_buttons_and_its_own_words(app: App, state: str) -> None:
    comment_id = in_state(app, state)
    for language in ("en", "fr"):
        page = Browser(app, language=language).signed_in().get(f"comments/{comment_id}")
        assert page.status_code == 200
    page = Browser(app).signed_in().get(f"comments/{comment_id}")
    buttons = {button for form in forms_of(page) for button in form["buttons"]} - {"Sign out"}
    assert buttons == {label for before, label in STEPS if before == state} | (
        {"Approve"} if state == "pending" else set()
    )


@pytest.mark.medium
def test_releasing_spam_mails_it_as_if_it_had_just_come(app: App) -> None:
    comment_id = post(app, _gotcha="x")
    assert stored(comment_id).state == "spam"
    app.play_stream()
    assert app.mails() == []
    page = act(Browser(app).signed_in(), comment_id, "Not spam")
    assert told(page) == "Not spam: it now waits for approval."
    app.play_stream()
    (mail,) = app.mails()
    assert f"/desk/comments/{comment_id}" in mail.as_string().replace("=\n", "")
    assert stored(comment_id).spam == ""
    assert stored(comment_id).expires_at is None


def test_a_comment_that_changed_since_the_page_showed_it_is_left_alone(app: App) -> None:
    comment_id = post(app)
    mine, theirs = Browser(app).signed_in(), Browser(app).signed_in(OTHER)
    page = mine.get(f"comments/{comment_id}")
    act(theirs, comment_id, "Refuse")
    after = mine.press(page, "Approve")
    assert told(after).startswith("Nothing was done: the comment has changed since the page showed it.")
    assert stored(comment_id).state == "refused"
    assert read(app)["comments"] == []


@pytest.mark.medium
def test_two_owners_may_do_the_same(app: App) -> None:
    comment_id = post(app)
    mine, theirs = Browser(app).signed_in(), Browser(app).signed_in(OTHER)
    page = mine.get(f"comments/{comment_id}")
    act(theirs, comment_id, "Approve")
    assert told(mine.press(page, "Approve")) == "That was done already, perhaps by another owner."
    assert len(read(app)["comments"]) == 1


@pytest.mark.parametrize("label", ["Approve", "Refuse", "Spam"])
def test_a_comment_that_was_deleted_meanwhile_says_so(app: App, label: str) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    page = browser.get(f"comments/{comment_id}")
    comments.delete("table", SECRET, stored(comment_id), START)
    gone = browser.press(page, label)
    assert gone.status_code == 404
    assert "This comment is gone: it was deleted or erased, or it has expired." in unescape(gone.text)
    assert browser.get(f"comments/{comment_id}").status_code == 404


# --- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_deleting_asks_and_says_that_a_stub_stays_where_answers_are(app: App) -> None:
    first = shown(app)
    answer = shown(app, parent=first, comment="An answer")
    browser = Browser(app).signed_in()
    alone = browser.get(f"comments/{answer}/delete")
    asked = browser.get(f"comments/{first}/delete")
    assert "their replies stay, and a note says that a comment was deleted" not in alone.text
    assert "their replies stay, and a note says that a comment was deleted" in asked.text
    # Asking changes nothing.
    assert outline(read(app)) == [(first, [answer])]

    page = browser.press(asked, "Delete for good")

    assert told(page) == "Deleted."
    assert comments.comment("table", first) is None
    (stub,) = read(app)["comments"]
    assert (stub["id"], stub["deleted"], [one["id"] for one in stub["replies"]]) == (first, True, [answer])
    # The second press, in another tab, also succeeds.
    assert told(browser.press(asked, "Delete for good")) == "Deleted."


def test_what_was_approved_since_it_was_asked_is_not_deleted(app: App) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    asked = browser.get(f"comments/{comment_id}/delete")
    approve(comment_id)
    assert told(browser.press(asked, "Delete for good")).startswith("Nothing was done: the comment has changed")
    assert len(read(app)["comments"]) == 1


# --- several at once --------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_several_are_approved_at_once_what_is_answered_first(app: App) -> None:
    first = post(app, comment="First")
    answer = post(app, comment="An answer", parent=first)
    other = post(app, comment="Another")
    browser = Browser(app).signed_in()
    page = several(browser, browser.get("comments"), "approve", answer, first)
    assert told(page) == "Approved: 2."
    assert outline(read(app)) == [(first, [answer])]
    assert listed(page) == [other]


@pytest.mark.medium
def test_all_that_a_page_shows_is_approved_by_one_button_without_a_script(app: App) -> None:
    with time_machine.travel(START):
        first = post(app, comment="First")
    # As in some imports: the reply is older than the comment that it answers.
    with time_machine.travel(START - timedelta(hours=1)):
        answer = post(app, comment="An answer", parent=first)
    browser = Browser(app).signed_in()
    page = browser.get("comments")
    assert listed(page) == [answer, first]
    assert told(several(browser, page, "approve-all")) == "Approved: 2."
    assert outline(read(app)) == [(first, [answer])]


@pytest.mark.medium
def test_an_answer_waits_for_what_it_answers(app: App) -> None:
    first = post(app, comment="First")
    answers = [post(app, comment=f"Answer {number}", parent=first) for number in range(2)]
    browser = Browser(app).signed_in()
    page = several(browser, browser.get("comments"), "approve", *answers)
    assert told(page) == "Left waiting, because they reply to a pending comment: 2."
    assert listed(page) == [first, *answers]


@pytest.mark.medium
def test_each_of_several_is_acted_on_as_the_page_showed_it_and_told_in_numbers(app: App) -> None:
    ids = [post(app, comment=f"Comment {number}") for number in range(4)]
    browser = Browser(app).signed_in()
    page = browser.get("comments")
    approve(ids[0])
    comments.withdraw("table", SECRET, stored(ids[1]), "spam", START)
    comments.delete("table", SECRET, stored(ids[2]), START)
    after = several(browser, page, "approve-all")
    assert told(after) == (
        "Approved: 1. Done already, perhaps by another owner: 1. "
        "Left alone, because they have changed since the page showed them: 1. Gone meanwhile: 1."
    )
    assert [one["id"] for one in read(app)["comments"]] == [ids[0], ids[3]]
    assert stored(ids[1]).state == "spam"


@pytest.mark.medium
def test_deleting_several_asks_first(app: App) -> None:
    ids = [in_state(app, "spam", comment=f"Comment {number}") for number in range(3)]
    browser = Browser(app).signed_in()
    asked = several(browser, browser.get("comments?state=spam"), "delete", ids[0], ids[2])
    assert "<h1>Delete 2 comments?</h1>" in asked.text
    assert len(comments.in_state("table", "spam")) == 3
    page = browser.press(asked, "Delete for good")
    assert told(page) == "Deleted: 2."
    assert listed(page) == [ids[1]]
    assert 'aria-current="page">Spam</a>' in page.text


def test_who_does_not_delete_several_goes_back_to_their_list(app: App) -> None:
    comment_id, browser = shown(app, email="ann@example.org"), Browser(app).signed_in()
    author = unescape(link(browser.get(f"comments/{comment_id}"), "All comments from this address"))
    for of in ("comments?state=approved&q=like&path=%2Farticles%2Fchairs%2F", author.partition("/desk/")[2]):
        page = browser.get(of)
        assert listed(page) == [comment_id]
        sure = several(browser, page, "delete", comment_id)
        back = unescape(link(sure, "Leave it as it is"))
        assert back.endswith(f"/desk/{of}")


def test_nothing_ticked_is_told_and_changes_nothing(app: App) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    page = several(browser, browser.get("comments?state=&q=like"), "approve")
    assert told(page) == "Nothing was done: no comment was ticked."
    assert listed(page) == [comment_id]
    assert 'value="like"' in page.text


@pytest.mark.parametrize("do", ["", "edit", "approve-", "approve-some", "delete-"])
def test_a_button_that_is_none_does_nothing_to_what_is_not_ticked(app: App, do: str) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    several(browser, browser.get("comments"), do)
    assert stored(comment_id).state == "pending"


def test_what_the_page_did_not_show_is_not_acted_on(app: App) -> None:
    one, other = post(app, comment="One"), post(app, comment="Other")
    browser = Browser(app).signed_in()
    several(browser, browser.get("comments"), "approve", one, other, seen=f"{one}.pending x.y {other}.odd")
    assert [stored(one).state, stored(other).state] == ["approved", "pending"]


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_those_that_wait_longest_come_first_and_of_the_others_the_newest(app: App) -> None:
    browser = Browser(app)
    for state in STATES:
        ids = []
        for hours in range(3):
            with time_machine.travel(START + timedelta(hours=hours)):
                ids.append(in_state(app, state, comment=f"{state} {hours}"))
        with time_machine.travel(START + timedelta(hours=3)):
            page = browser.signed_in().get(f"comments?state={state}")
        assert listed(page) == (ids if state == "pending" else ids[::-1])


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("query", ["", "q=chairs", "path=/articles/chairs"])
@pytest.mark.parametrize("state", ["pending", "approved"])
def test_a_long_list_is_shown_in_pages_each_once(app: App, state: str, query: str) -> None:
    ids = [in_state(app, state, comment=f"Nice chairs {number}") for number in range(45)]
    in_state(app, state, comment="Other", page="/other/")
    browser = Browser(app).signed_in()
    found: list[str] = []
    page = browser.get(f"comments?state={state}&{query}")
    while True:
        found += listed(page)
        if 'rel="next"' not in page.text:
            break
        page = browser.get(unescape(re.findall(r'rel="next" href="([^"]+)"', page.text)[0]))
    assert len(found) == len(set(found)) == (46 if not query else 45)
    assert set(ids) <= set(found)


@pytest.mark.medium
def test_a_list_is_searched_by_words_and_by_page(app: App) -> None:
    one = post(app, comment="Le chêne est beau", name="Zoé")
    other = post(app, comment="The oak", page="/oak.html", email="anna@example.org")
    browser = Browser(app).signed_in()
    for query, found in {
        "q=chene": [one],
        "q=ZOE+beau": [one],
        "q=anna@": [other],
        "q=nobody": [],
        "path=/oak": [other],
        "path=oak/index.html": [other],
        "path=https://atelier.example/articles/chairs/%23comments": [one],
        "path=/oak&q=chene": [],
    }.items():
        assert listed(browser.get(f"comments?{query}")) == found, query
    assert "There is no such comment here." in browser.get("comments?q=nobody").text
    assert "This is not a page of your site." in browser.get("comments?path=/../x").text


@pytest.mark.parametrize("query", ["after=x", f"after=99999999T999999999999-{'0' * 32}", "state=odd", "path=%5B"])
def test_an_odd_query_shows_the_list(app: App, query: str) -> None:
    comment_id = post(app)
    page = Browser(app).signed_in().get(f"comments?{query}")
    assert page.status_code == 200
    if "path" not in query:
        assert listed(page) == [comment_id]


@pytest.mark.slow
def test_the_menu_says_on_each_page_how_many_wait(app: App) -> None:
    browser = Browser(app).signed_in()
    assert link(browser.get("messages"), "Comments") == "https://api.example/desk/comments"
    ids = [post(app, comment=f"Comment {number}") for number in range(3)]
    assert "Comments (3)" in browser.follow(browser.get()).text
    assert "Commentaires (3)" in Browser(app, language="fr").signed_in().get("outbox").text
    several(browser, browser.get("comments"), "approve", *ids[:2])
    assert "Comments (1)" in browser.get("settings").text
    for number in range(100):
        post(app, comment=f"More {number}")
    assert "Comments (99+)" in browser.get("outbox").text


def test_a_long_comment_is_shown_in_full_on_its_own_page_alone(app: App) -> None:
    comment_id = post(app, comment=f"{'word ' * 1000}THE END")
    browser = Browser(app).signed_in()
    assert "THE END" not in browser.get("comments").text
    assert browser.get(f"comments/{comment_id}").text.count("THE END") == 2


# --- their authors ----------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_all_comments_of_an_address_are_found_from_one_whatever_their_state(app: App) -> None:
    mine = {state: in_state(app, state, comment=state, email="zoe@example.org") for state in STATES}
    post(app, comment="Of somebody else")
    browser = Browser(app).signed_in()
    there = link(browser.get(f"comments/{mine['spam']}"), "All comments from this address")
    assert "zoe" not in there
    page = browser.get(there)
    assert set(listed(page)) == set(mine.values())
    assert "anybody can type an address" in page.text

    after = several(browser, page, "spam", mine["pending"], mine["approved"])
    assert told(after) == "Filed as spam: 2."
    assert set(listed(after)) == set(mine.values())
    assert read(app)["comments"] == []
    assert browser.get(f"comments/by/{'0' * 32}").status_code == 404


@pytest.mark.medium
def test_deleting_the_last_comments_of_an_address_leads_to_the_list_and_says_so(app: App) -> None:
    mine = [post(app, comment=text, email="zoe@example.org") for text in ("One", "Two")]
    browser = Browser(app).signed_in()
    page = browser.get(link(browser.get(f"comments/{mine[0]}"), "All comments from this address"))
    page = browser.press(several(browser, page, "delete", mine[0]), "Delete for good")
    assert (told(page), listed(page)) == ("Deleted: 1.", [mine[1]])
    page = browser.press(several(browser, page, "delete", mine[1]), "Delete for good")
    assert page.status_code == 200
    assert told(page) == "Deleted: 1."


def test_a_link_leads_to_erasing_its_author(app: App) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    there = link(browser.get(f"comments/{comment_id}"), "Erase this person…")
    assert "camille" not in there
    page = browser.get(there)
    assert page.status_code == 200
    assert "camille@example.org" in page.text


# --- permissions and logs ---------------------------------------------------------------------------------------------


def test_the_emails_link_asks_for_a_session_and_leads_back(app: App) -> None:
    comment_id = post(app)
    app.play_stream()
    mail = app.mails()[-1]
    body = mail.get_body(("plain",))
    assert body is not None
    (there,) = re.findall(rf"https://\S+/desk/comments/{comment_id}", body.get_content())
    browser = Browser(app)
    page = browser.follow(browser.get(there.replace("https://api.example", "")))
    assert "I *like* them." not in page.text
    (form,) = [form for form in forms_of(page) if "address" in form["fields"]]
    assert form["fields"]["next"] == f"comments/{comment_id}"


@pytest.mark.parametrize("action", ["approve", "refuse", "spam", "release", "delete"])
def test_nothing_is_changed_by_get_nor_from_elsewhere(app: App, action: str) -> None:
    comment_id, browser = post(app), Browser(app).signed_in()
    assert browser.get(f"comments/{comment_id}/{action}").status_code == (200 if action == "delete" else 405)
    fields = {"seen": "pending"}
    assert browser.post(f"comments/{comment_id}/{action}", fields).status_code == 403
    assert browser.post(f"comments/{comment_id}/{action}", fields, Origin="https://evil.example").status_code == 403
    assert Browser(app).post(f"comments/{comment_id}/{action}", fields).status_code == 403
    assert stored(comment_id).state == "pending"


@pytest.mark.medium
def test_every_change_is_logged_by_ids_with_the_session_and_no_address(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [post(app, comment=f"Comment {number}") for number in range(2)]
    browser = Browser(app).signed_in()
    page = browser.get("comments")
    several(browser, page, "approve-all")
    act(browser, ids[1], "Refuse")
    lines = [vars(record) for record in caplog.records if record.getMessage() == "comment moderated"]
    assert [(line["comment_id"], line["action"], line["state"], line["outcome"]) for line in lines] == [
        (ids[0], "approve", "pending", "done"),
        (ids[1], "approve", "pending", "done"),
        (ids[1], "refuse", "approved", "done"),
    ]
    assert all(re.fullmatch("[0-9a-f]{32,64}", line["session_id"]) for line in lines)
    assert "camille" not in str(lines)


HTML = "<script>alert(1)</script>"


def test_a_strangers_words_are_text_wherever_they_stand(app: App) -> None:
    fields: dict[str, Any] = {"name": f"{HTML}\u202e", "page": "/%3Cscript%3Ealert(1)%3C/script%3E/"}
    first = post(app, comment=HTML, **fields)
    answer = post(app, comment=f"{HTML} answer", parent=first, **fields)
    browser = Browser(app).signed_in()
    for page in ("comments", f"comments/{answer}", f"comments/{answer}/delete", f"comments?q={HTML}&path={HTML}"):
        text = browser.get(page).text
        assert "<script>alert" not in text, page
        assert "\u202e" not in text, page


def test_a_comment_without_an_address_has_no_author_to_look_for(app: App) -> None:
    comment_id = post(app)
    record = stored(comment_id)
    bare = Comment.model_validate(record.model_dump() | {"email": ""})
    from guichet.store import table  # noqa: PLC0415
    from tests.support.many import put  # noqa: PLC0415

    put(table.item_of(bare, list="comments#pending"))
    page = Browser(app).signed_in().get(f"comments/{comment_id}")
    assert page.status_code == 200
    assert "All comments from this address" not in page.text
    assert "Erase this person" not in page.text
    assert PAGE in page.text


# --- the deploy hook --------------------------------------------------------------------------------------------------


@pytest.mark.medium
@pytest.mark.parametrize("label", ["Refuse", "Spam"])
def test_what_appears_or_goes_at_the_desk_asks_for_a_build(make_app: Make, label: str) -> None:
    app = make_app(DeployHookUrl="https://host.example/hook")
    browser = Browser(app).signed_in()

    def owed() -> list[str]:
        return [str(item["version"]) for item in app.items("email") if item["name"] == "deploy-hook"]

    one = post(app, comment="One")
    assert owed() == []
    act(browser, one, "Approve")
    assert owed() == ["1"]
    act(browser, one, label)
    assert owed() == ["2"]
