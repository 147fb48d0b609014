"""Strangers: the spam folder, the proof of work, the caps under concurrency."""

import base64
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from altcha import solve_challenge
from altcha.v2 import Challenge, Payload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guichet.forms import proof_of_work
from guichet.forms.parse import Form
from guichet.forms.spam import Words, judge
from guichet.http.request import Request
from guichet.records.record import utc_now
from guichet.settings import ContactSettings
from guichet.store import dynamodb
from tests.support.app import PARAMETERS, START, App
from tests.support.samples import sample
from tests.support.wire import Wire, cancelled

GOOD = {"email": "a@example.org", "message": "Bonjour, je voudrais un devis."}
# As a form for comments has it.
COMMENT = {"page": "/chairs/", "name": "Zoé", "comment": "Bonjour"}
CHALLENGES = ["/challenge", "/newsletter/challenge", "/comments/challenge"]
FORMS = ["/contact", "/f/contact", "/newsletter", "/f/newsletter", "/comments", "/f/comments"]
RUSSIAN_A = "\u0430"


def as_json(app: App, path: str, fields: dict[str, Any], **headers: str) -> Any:
    further = COMMENT if path.endswith("comments") else {}
    return app.post(path, json=fields | further, headers=headers)


def session(seconds: float, *, webdriver: Any = False) -> str:
    """Return what Formspree's clients report about the page: how long ago it was shown."""
    data = {"loadedAt": int((utc_now().timestamp() - seconds) * 1000), "webdriver": webdriver}
    return base64.b64encode(json.dumps(data).encode()).decode()


# --- the spam folder --------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("path", FORMS)
def test_the_honeypot_files_as_spam_and_answers_as_ever(make_app: Callable[..., App], path: str) -> None:
    app = make_app(SpamFilter="off")
    with time_machine.travel(START, tick=False):
        honest = as_json(app, path, GOOD | {"_id": "1"})
        caught = as_json(app, path, GOOD | {"email": "b@example.org", "_id": "2", "_gotcha": "x"})
        app.play_stream()
        end = int((utc_now() + timedelta(days=30)).timestamp())

    assert caught.status_code == 200
    assert sorted(caught.headers) == sorted(honest.headers)
    # Except for the address that each was posted with.
    message = caught.json["message"].replace("b@example.org", "a@example.org")
    assert {**caught.json, "id": "", "message": message} == {**honest.json, "id": ""}
    (spam,) = (item for item in app.items() if "spam" in item)
    assert spam["spam"] == "honeypot"
    assert spam["list"] == ("comments#spam" if path.endswith("comments") else "spam#2026-11-23")
    assert int(spam["expires_at"]) == end
    assert len(app.mails()) == 1
    assert "b@example.org" not in app.mails()[0].as_string()


@pytest.mark.parametrize("value", [{"a": 1}, [["x"]], ["x"], True, 0])
def test_a_honeypot_is_filled_by_anything(app: App, value: Any) -> None:
    as_json(app, "/contact", GOOD | {"_gotcha": value})

    assert app.items("message")[0]["spam"] == "honeypot"


def test_the_honeypot_has_the_name_that_the_parameter_gives(make_app: Callable[..., App]) -> None:
    app = make_app(HoneypotField="website")
    app.post("/contact", data=GOOD | {"website": "x", "_gotcha": "y"})
    app.post("/contact", data=GOOD | {"website": "", "_gotcha": "y", "message": "second"})

    spam = {item["message"]: item.get("spam") for item in app.items("message")}
    assert spam == {GOOD["message"]: "honeypot", "second": None}
    assert all("extra" not in item for item in app.items("message"))


SPAM = {
    "links": (
        {"message": "http://a http://b http://c http://d http://e http://f [url=x]"},
        "links (4), link markup (3)",
    ),
    "markup": (
        {"message": "<a href=x>cheap</a>", "name": "www.cheap.example"},
        "link markup (3), link in a short field (3)",
    ),
    "alphabets": (
        {"message": f"P{RUSSIAN_A}ypal https://x", "subject": "http://x"},
        "link in a short field (3), mixed alphabets (3)",
    ),
    "phrases": ({"message": "Casino! Viagra! www.a www.b www.c"}, "links (1), known phrases (4)"),
    "extra field": ({"message": "x", "projet": "casino viagra [url]", "name": "http://x"}, None),
}


@pytest.mark.parametrize("case", [name for name in SPAM if name != "extra field"])
def test_many_signs_file_a_message_with_its_reason_and_never_refuse_it(app: App, case: str) -> None:
    fields, reason = SPAM[case]
    reply = app.post("/contact", data=GOOD | fields)
    app.play_stream()

    assert reply.status_code == 303
    assert app.items("message")[0]["spam"] == reason
    assert app.mails() == []


ONE_LINK = "www.casino-du-lac.example"
HONEST = [
    {"subject": f"Refonte de {ONE_LINK}"},
    {"subject": f"Refonte de {ONE_LINK}", "message": "Bonjour, nous voulons refaire le site de notre casino."},
    {"_subject": f"Formulaire de https://{ONE_LINK}/", "message": f"Le casino a changé de site : https://{ONE_LINK}"},
    {"message": "Voici https://www.a.example, et https://www.b.example/page."},
    {
        "message": "Mon site : www.a.example <https://www.a.example/>, <http://a.example>. L'autre : www.b.example",
        "x": "é",
    },
    {
        "subject": "https://www.a.example",
        "message": "https://www.a.example https://www.b.example https://www.c.example",
    },
    {"message": f'<a href="https://{ONE_LINK}">{ONE_LINK}</a>'},
    {"message": " ".join(f"https://{www}atelier.example/{page}" for www in ("", "www.") for page in range(5))},
    {"J'accepte https://atelier.example/privacy": "oui", "message": "Le casino de notre ville"},
    {"message": "Voici mon site : https://a.example et https://b.example"},
    {"message": "Мы хотим сайт. We want a website. Θέλουμε ιστοσελίδα."},
    {"message": "Le casino de notre ville cherche une agence."},
    {"message": "x", "name": "Αλέξανδρος"},
    {"message": "<b>gras</b>"},
]


CAUGHT = [
    ({"_subject": "http://x casino", "message": "Viagra"}, "link in a short field (3), known phrases (4)"),
    ({"casino": "viagra", "http://x": "y"}, "link in a short field (3), known phrases (4)"),
    ({"https://x.example": "", "message": f"P{RUSSIAN_A}ypal"}, "link in a short field (3), mixed alphabets (3)"),
    ({"name": "http://x", "message": "[url=http://y]"}, "link markup (3), link in a short field (3)"),
    ({"phone": "http://x", "message": "[url=http://y]"}, "link markup (3), link in a short field (3)"),
    ({"message": "https://a,https://b,https://c,https://d viagra casino"}, "links (2), known phrases (4)"),
    ({"name": "http://x", "message": "http://a http://b http://c http://d"}, "links (2), link in a short field (3)"),
]


@pytest.mark.parametrize(("fields", "reason"), CAUGHT)
def test_subjects_and_names_of_fields_are_judged_too_and_joined_links_are_several(
    app: App, fields: dict[str, str], reason: str
) -> None:
    assert app.post("/contact", json=GOOD | fields).status_code == 200

    assert app.items("message")[0]["spam"] == reason


WRITTEN = ("{0}", "https://{0}/", "https://www.{0}", "[url=https://{0}]{0}[/url]", '<a href="http://{0}">ici</a>')


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["casino.example", "viagra-cialis.example", f"p{RUSSIAN_A}ypal.example/forex?casino"]),
    st.dictionaries(
        st.sampled_from(["message", "name", "subject", "phone", "_subject", "ville", "site {0}"]),
        st.tuples(*[st.sampled_from(["", *WRITTEN])] * 3),
        max_size=7,
    ),
)
def test_one_link_is_never_enough(link: str, placed: dict[str, tuple[str, ...]]) -> None:
    contact_settings = ContactSettings.from_environment()
    fields = {name.format(f"www.{link}"): " ".join(parts).format(link) for name, parts in placed.items()}
    names = [name for name in fields if name.startswith("site ")]
    words = Words(
        (fields.get("name", ""), fields.get("phone", ""), *names),
        (fields.get("subject", ""), fields.get("_subject", "")),
        "\n".join((fields.get("message", ""), fields.get("ville", ""), *(fields[name] for name in names))),
    )
    request = Request.from_event(sample("contact-json.json"), "fr")
    assert judge(words, Form({}, {}), request, contact_settings) == ""


@pytest.mark.medium
def test_the_longest_post_is_judged_at_once() -> None:
    request = Request.from_event(sample("contact-json.json"), "fr")
    for piece in ("<a ", "<a href=www.", ",", "https://", "https://a,", "[url=", "www.", "p\u0430", "aa.", "casino "):
        words = Words((), (), f"https://{piece * (65536 // len(piece))}")
        began = time.perf_counter()
        judge(words, Form({}, {}), request, ContactSettings.from_environment())
        assert time.perf_counter() - began < 2, piece


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("fields", HONEST)
def test_an_honest_message_is_not_filed(app: App, fields: dict[str, str]) -> None:
    app.post("/contact", data=GOOD | fields)
    app.play_stream()

    assert "spam" not in app.items("message")[0]
    assert len(app.mails()) == 1


def test_the_filter_is_off_by_parameter(make_app: Callable[..., App]) -> None:
    app = make_app(SpamFilter="off")
    app.post("/contact", data=GOOD | SPAM["links"][0], headers={"formspree-session-data": session(0.1)})

    assert "spam" not in app.items("message")[0]


@pytest.mark.parametrize(
    ("data", "filed"),
    [
        (lambda: session(0.5), True),
        (lambda: session(60, webdriver=True), True),
        (lambda: base64.b64encode(b'{"webdriver": true}').decode(), True),
        (lambda: session(2.5), False),
        (lambda: session(-3600), False),
        (lambda: session(60, webdriver="yes"), False),
        (lambda: "%%%", False),
        (lambda: base64.b64encode(b"[1]").decode(), False),
        (lambda: base64.b64encode(b"\xff").decode(), False),
        (lambda: base64.b64encode(b'{"loadedAt": true}').decode(), False),
        (lambda: base64.b64encode(b"[" * 100_000).decode()[:5000], False),
    ],
)
def test_haste_counts_towards_spam_but_is_never_enough(
    app: App,
    data: Callable[[], str],
    filed: bool,  # noqa: FBT001
) -> None:
    headers = {"formspree-session-data": data()}
    alone = app.post("/contact", data=GOOD, headers=headers)
    links = app.post("/contact", data=GOOD | {"message": "casino http://a"}, headers=headers)

    assert (alone.status_code, links.status_code) == (303, 303)
    spam = {item["message"]: "spam" in item for item in app.items("message")}
    assert spam == {GOOD["message"]: False, "casino http://a": filed}


def test_a_hasty_sign_up_with_a_link_for_a_name_gets_no_email(app: App) -> None:
    headers = {"formspree-session-data": session(0.1)}
    app.post("/newsletter", data={"email": "a@example.org", "name": "http://cheap.example"}, headers=headers)
    app.play_stream()

    assert app.mails() == []
    assert app.items("request")[0]["spam"] == "sent at once (3), link in a short field (3)"


# --- proof of work ----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    # A solution takes hundreds of tries.
    monkeypatch.setattr(proof_of_work, "_COST", 5)


def solution(app: App, path: str = "/challenge") -> str:
    """Fetch a challenge and solve it, as the widget does."""
    reply = app.http.get(path)
    assert reply.status_code == 200
    assert reply.json is not None
    challenge = Challenge.from_dict(reply.json)
    solved = solve_challenge(challenge)
    assert solved is not None
    return Payload(challenge, solved).to_base64()


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("handed_out", CHALLENGES)
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("how", ["on", "required"])
def test_a_solved_challenge_is_taken_once(make_app: Callable[..., App], path: str, how: str, handed_out: str) -> None:
    app = make_app(ProofOfWork=how)
    proof = solution(app, handed_out)
    first = as_json(app, path, GOOD | {"altcha": proof})
    repeated = as_json(app, path, GOOD | {"altcha": proof})
    other = as_json(app, path, GOOD | {"email": "b@example.org", "altcha": proof})

    assert (first.status_code, repeated.status_code, other.status_code) == (200, 200, 422)
    assert [error["code"] for error in other.json["errors"]] == ["BLOCKED"]
    kind = {"contact": "message", "comments": "comment"}.get(path.rpartition("/")[2], "request")
    assert len(app.items(kind)) == 1


@pytest.mark.parametrize("path", FORMS)
def test_without_a_proof_a_form_is_served_unless_one_is_required(make_app: Callable[..., App], path: str) -> None:
    statuses = [as_json(make_app(ProofOfWork=how), path, GOOD).status_code for how in ("off", "on")]
    assert statuses == [200, 200]


@pytest.mark.parametrize("path", FORMS)
def test_a_required_proof_is_required_of_everybody(make_app: Callable[..., App], path: str) -> None:
    app = make_app(ProofOfWork="required")
    reply = as_json(app, path, GOOD)
    assert reply.status_code == 422
    assert reply.json["errors"][0]["code"] == "BLOCKED"
    assert app.items() == []


def test_wrong_proofs_are_refused(make_app: Callable[..., App]) -> None:
    app = make_app(ProofOfWork="on")
    good = json.loads(base64.b64decode(solution(app)))
    foreign = json.loads(json.dumps(good))
    foreign["challenge"]["signature"] = "0" * 64
    tampered = json.loads(json.dumps(good))
    tampered["challenge"]["parameters"]["cost"] = 1
    unsolved = json.loads(json.dumps(good))
    unsolved["solution"] = {"counter": 0, "derivedKey": "00" * 32}
    unsigned = {"challenge": {"parameters": good["challenge"]["parameters"]}, "solution": good["solution"]}
    wrong = [base64.b64encode(json.dumps(part).encode()).decode() for part in (foreign, tampered, unsolved, unsigned)]
    for proof in [*wrong, {"a": 1}, "x", "e30=", "\u00e9", "{}", base64.b64encode(b"[" * 9999).decode()]:
        reply = as_json(app, "/contact", GOOD | {"altcha": proof})
        assert (reply.status_code, reply.json["errors"][0]["code"]) == (422, "BLOCKED")
    with time_machine.travel(utc_now() + timedelta(hours=1, seconds=2)):
        expired = base64.b64encode(json.dumps(good).encode()).decode()
        assert as_json(app, "/contact", GOOD | {"altcha": expired}).status_code == 422
    assert app.items() == []


@pytest.mark.parametrize("path", CHALLENGES)
def test_there_is_no_challenge_where_it_is_off(app: App, path: str) -> None:
    reply = app.http.get(path, headers={"accept": "application/json"})
    # Not an error, which browsers would show in red in the console of every page.
    assert (reply.status_code, reply.data) == (204, b"")
    assert reply.headers["cache-control"] == "no-store"


def test_a_proof_is_part_of_the_one_write(make_app: Callable[..., App]) -> None:
    app = make_app(ProofOfWork="required")
    wire = Wire(dynamodb.client())
    app.post("/contact", data=GOOD | {"altcha": solution(app)})

    assert wire.operations == ["TransactWriteItems"]
    kinds = [
        action["Put"]["Item"]["kind"]["S"] for action in json.loads(wire.bodies[0])["TransactItems"] if "Put" in action
    ]
    assert kinds == ["message", "email", "proof"]


# --- concurrency ------------------------------------------------------------------------------------------------


def in_parallel(posts: list[Callable[[], int]]) -> list[int]:
    with ThreadPoolExecutor(len(posts)) as pool:
        return list(pool.map(lambda post: post(), posts))


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("conflicts", [0.0, 0.3])
def test_fifty_parallel_posts_over_the_cap_of_twenty(app: App, conflicts: float) -> None:
    wire = Wire(dynamodb.client())
    chance = random.Random(20)  # noqa: S311
    if conflicts:
        conflict = cancelled("None", "None", "TransactionConflict")
        wire.always(lambda request: conflict(request) if chance.random() < conflicts else None)

    def post(number: int) -> int:
        return app.post("/contact", data=GOOD | {"message": str(number)}).status_code

    # In the same clock hour: one cap.
    with time_machine.travel(START, tick=True):
        statuses = in_parallel([lambda number=number: post(number) for number in range(50)])  # type: ignore[misc]
        assert len(app.items("message")) <= 20
        again = [number for number, status in enumerate(statuses) if status == 503]
        for number in again:
            statuses[number] = post(number)

    assert sorted(statuses) == [303] * 20 + [429] * 30
    assert len(app.items("message")) == 20
    assert [item["counted"] for item in app.items("caller")] == ["20"]


@pytest.mark.slow
def test_one_solution_with_fifty_messages_in_parallel_is_accepted_once(make_app: Callable[..., App]) -> None:
    app = make_app(ProofOfWork="required", CallerHourlyCap="1000")
    proof = solution(app)
    statuses = in_parallel(
        [
            lambda number=number: (
                app.post(  # type: ignore[misc]
                    "/contact", data=GOOD | {"message": str(number), "altcha": proof}
                ).status_code
            )
            for number in range(50)
        ]
    )

    assert sorted(statuses) == [303] + [422] * 49
    assert len(app.items("message")) == 1
    assert len(app.items("email")) == 1


def test_the_forwarded_address_is_not_believed(make_app: Callable[..., App]) -> None:
    app = make_app(CallerHourlyCap="1")
    statuses = [
        app.post(
            "/contact",
            data=GOOD | {"message": address},
            headers={"x-forwarded-for": address, "forwarded": f"for={address}"},
        ).status_code
        for address in ("198.51.100.1", "198.51.100.2")
    ]
    assert statuses == [303, 429]


def test_spam_counts_against_the_cap_and_a_new_hour_begins_anew(make_app: Callable[..., App]) -> None:
    app = make_app(CallerHourlyCap="1")
    with time_machine.travel("2026-11-23T10:59:30Z"):
        caught = app.post("/contact", data=GOOD | {"_gotcha": "x"})
        over = app.post("/contact", data=GOOD | {"message": "second"})
        other_form = app.post("/newsletter", data=GOOD)
    with time_machine.travel("2026-11-23T11:00:01Z"):
        next_hour = app.post("/contact", data=GOOD | {"message": "second"})

    assert [reply.status_code for reply in (caught, over, other_form, next_hour)] == [303, 429, 303, 303]
    assert 1 <= int(over.headers["retry-after"]) <= 30


def test_nothing_kept_tells_who_called(app: App) -> None:
    app.post("/contact", data=GOOD)
    app.post("/newsletter", data=GOOD)

    assert "203.0.113" not in json.dumps(app.items())
    assert PARAMETERS["SigningSecret"] not in json.dumps(app.items())
