"""The markup of the site's own forms in Chromium: the server accepts whatever Chromium lets through.

Chromium stops whatever the server refuses, except `EXCEPTIONS`, which no HTML attribute can express.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from guichet.definitions.lookup import definition
from guichet.http.body import clean
from guichet.locales import LANGUAGES, Language
from guichet.visible import is_visible
from infra.operate.form_html import render
from tests.support.app import App, resolve
from tests.support.site_forms import site_forms

FORM = "essai"
Answers = dict[str, list[str]]
# Show a form, and fill in lists, calendars and boxes.
CHOOSE = """([html, answers]) => {
  document.body.innerHTML = html;
  for (const field of document.querySelectorAll('form :is(input, select)')) {
    const values = answers[field.name];
    if (!values) continue;
    if (field.type === 'checkbox') field.checked = values.includes(field.value);
    else if (field.localName === 'select' || field.type === 'date') field.value = values[0];
  }
}"""
FOCUS = """(name) => {
  const field = [...document.querySelectorAll('form :is(input, textarea)')].find((field) => field.name === name);
  field.focus();
}"""
# Return whether the form may be sent, what Chromium stops, and what would be sent.
SEND = """async (multipart) => {
  const form = document.querySelector('form');
  const data = new FormData(form);
  const message = new Response(multipart ? data : new URLSearchParams(data));
  return {
    passes: HTMLFormElement.prototype.checkValidity.call(form),
    stopped: [...form.querySelectorAll(':is(input, select, textarea):invalid')].map((field) => field.name),
    sent: Object.fromEntries([...new Set(data.keys())].map((name) => [name, data.getAll(name)])),
    type: message.headers.get('content-type'),
    body: [...new Uint8Array(await message.arrayBuffer())],
  };
}"""
TYPED = ("text", "long_text", "email", "phone", "url", "number")


@dataclass(frozen=True)
class Tried:
    """The outcome of a form: whether Chromium let it through, which fields it stopped, and the server's reply."""

    passes: bool
    stopped: list[str]
    sent: Answers
    status: int
    errors: list[dict[str, str]]

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.errors]


class Window:
    """A window of Chromium in which forms are filled in, and the app that they are posted to."""

    def __init__(self, page: Page, app: App, folder: Path) -> None:
        self._page, self._app, self._folder = page, app, folder

    def fill(
        self, fields: dict[str, Any], answers: Answers, language: Language = "fr", *, multipart: bool = False
    ) -> Tried:
        with site_forms(self._folder, toml({FORM: {"fields": fields}})):
            own = definition(FORM)
            assert own
            html = render(own, language, api="https://api.example", site="Atelier", contact="a@b.fr", retention_days=30)
            self._page.evaluate(CHOOSE, [html, answers])
            for name, field in own.fields.items():
                if field.type in TYPED and answers.get(name):
                    # Not by its value: length limits only apply to what somebody typed.
                    self._page.evaluate(FOCUS, name)
                    self._page.keyboard.insert_text(answers[name][0])
            got = self._page.evaluate(SEND, multipart)
            body, headers = bytes(got["body"]), {"Accept": "application/json"}
            reply = self._app.post(f"/f/{FORM}", data=body, content_type=got["type"], headers=headers)
        said: dict[str, Any] = json.loads(reply.text)
        return Tried(got["passes"], got["stopped"], got["sent"], reply.status_code, said.get("errors", []))


def toml(forms: dict[str, Any]) -> str:
    """Return forms as TOML."""

    def inline(part: Any) -> str:
        match part:
            case dict():
                return "{" + ", ".join(f"{inline(key)} = {inline(of)}" for key, of in part.items()) + "}"
            case list():
                return "[" + ", ".join(map(inline, part)) + "]"
            case date():
                return part.isoformat()
            case _:
                # Texts are written as in JSON, which does not escape this one.
                return json.dumps(part, ensure_ascii=False).replace("\x7f", "\\u007f")

    return "\n".join(
        f"[{name}]\n" + "\n".join(f"{k} = {inline(v)}" for k, v in of.items()) for name, of in forms.items()
    )


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def window(page: Page, tmp_path: Path) -> Window:
    return Window(page, App(resolve(CallerHourlyCap="1000000")), tmp_path)


class Known(NamedTuple):
    """What Chromium lets through although the server refuses it: why, the codes and types of field, and an example."""

    reason: str
    codes: set[str]
    types: set[str]
    holds: Callable[[str], bool]
    field: dict[str, Any]
    answer: list[str]


def _unseen(text: str) -> bool:
    return not is_visible(clean(text))


EXCEPTIONS = {
    "nothing at all": Known(
        "No attribute says that one of several optional fields must be filled in.",
        {"EMPTY"},
        set(),
        lambda _: True,
        {"type": "text"},
        [""],
    ),
    "boxes": Known(
        "A box can be required, but no attribute counts how many of a group are ticked.",
        {"REQUIRED_FIELD_EMPTY", "TOO_FEW_CHOICES", "TOO_MANY_CHOICES"},
        {"choices"},
        lambda _: True,
        {"type": "choices", "choices": ["un", "deux"], "required": True},
        [],
    ),
    "blank lines": Known(
        "A textarea takes no pattern, and to `required` a blank is an answer.",
        {"REQUIRED_FIELD_EMPTY"},
        {"long_text"},
        _unseen,
        {"type": "long_text", "required": True},
        ["  \n "],
    ),
    "blank ends of lines": Known(
        "A textarea takes no pattern, and `minlength` counts the blanks before and after a text.",
        {"TOO_SHORT"},
        {"long_text"},
        lambda text: clean(text) != text,
        {"type": "long_text", "min": 5},
        ["Oui    "],
    ),
    "blank signs": Known(
        "A few letters and signs show nothing, as the empty Braille cell. To a pattern they are letters and signs.",
        {"REQUIRED_FIELD_EMPTY"},
        {"text"},
        _unseen,
        {"type": "text", "required": True},
        ["\u2800"],
    ),
    "control characters": Known(
        "No key types them, and the server drops them before it counts. `minlength` counts them.",
        {"TOO_SHORT"},
        {"text", "long_text"},
        lambda text: clean(text) != text,
        {"type": "text", "min": 3},
        ["a\x01b"],
    ),
    "endless numbers": Known(
        "A field for a number has no longest length, and a browser takes 1e-5000 for 0.",
        {"TYPE_NUMERIC"},
        {"number"},
        lambda text: len(text) > 60 or "e" in text.lower(),
        {"type": "number"},
        ["0." + "1" * 70],
    ),
    "more digits than a browser computes with": Known(
        "Browsers compare numbers with some 17 digits, the server compares them all.",
        {"NUMBER_TOO_SMALL", "NUMBER_TOO_LARGE"},
        {"number"},
        lambda text: sum(map(str.isdigit, text)) > 15,
        {"type": "number", "max": 0.1},
        ["0.10000000000000000001"],
    ),
    "too much": Known(
        "Each field has its longest length, but no attribute limits a form as a whole.",
        {"TOO_LARGE"},
        set(),
        lambda _: True,
        {"type": "long_text"},
        ["é" * 20_000],
    ),
}


def exception(error: dict[str, str], fields: dict[str, Any], sent: Answers) -> str:
    """Return the name of the exception that covers an error, or an empty string."""
    name = error.get("field", "")
    kind, text = fields.get(name, {}).get("type", ""), "".join(sent.get(name, []))
    return next(
        (
            known
            for known, of in EXCEPTIONS.items()
            if error["code"] in of.codes and (not of.types or kind in of.types) and of.holds(text)
        ),
        "",
    )


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=12)
# What people write, and slight variations of it.
WRITTEN = {
    "text": ANYTHING | st.sampled_from(["", " ", "   ", "Oui", " Oui ", "😀😀", "\u200b\u200b\u200b", "un\u2028deux"]),
    "long_text": ANYTHING | st.sampled_from(["", " \n ", "Oui", "Oui\nNon\n\n", "😀" * 4, "\u3164"]),
    "email": st.emails()
    | ANYTHING
    | st.from_regex(r"[a-z.=?@é\"-]{0,5}@[a-zé0-9.-]{0,6}(\.[a-z0-9]{0,3})?", fullmatch=True)
    | st.sampled_from(
        ["a@localhost", "a@é.fr", "a@💩.la", "x" * 64 + "@b.fr", "a@" + "b" * 63 + ".fr", "a@ß.de", "a@b."]
    )
    | st.builds(
        "{}@{}.fr".format, st.just("a"), st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x2FFF), max_size=40)
    ),
    "phone": st.from_regex(r"(\+33|0)[1-9]([ .-]?[0-9]{2}){4}", fullmatch=True)
    | st.text("0123456789 +().-/,xXpPeEt", max_size=26)
    | ANYTHING
    | st.from_regex(r"\+?[0-9 ().-]{1,24}( x[0-9]{0,8})?", fullmatch=True)
    | st.sampled_from([" +33 1 99 00 00 00 ", "01\u00a099\u00a000\u00a000\u00a000", "0199000000 poste 12"]),
    "url": st.from_regex(r"https?://[a-zé0-9-]{1,9}\.[a-z]{2,3}(:[0-9]{2,4})?(/[\w.~%-]{0,5}){0,3}", fullmatch=True)
    | st.text("htps:/.wa é?#[]@\\", max_size=16).map("http{}".format)
    | st.text("a.:/?#é 1@[]%", max_size=12).map("https://{}".format)
    | ANYTHING
    | ANYTHING.map("https://{}".format)
    | st.sampled_from(["example.org", "mailto:a@b.fr", "HTTPS://É.fr/x y", "https:/a.fr", "https:a.fr", "//a.fr"]),
    "number": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers(-20, 20).map(str)
    | st.text("0123456789.,-+eE ", max_size=10)
    | st.sampled_from(["1e400", "1e0005", "1e-5000", "-0", ".5", "5.", "1 234,50", "1" * 61, "0.10000000000000000001"]),
    "date": st.dates().map(date.isoformat)
    | st.dates(date(2025, 12, 1), date(2027, 2, 1)).map(date.isoformat)
    | st.sampled_from(["", "12026-01-01", "0000-01-01", "0001-01-01", "9999-12-31", "2026-02-29"]),
    "consent": st.sampled_from(["yes", ""]),
}
SEEN = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8).filter(is_visible)
NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12).filter(
    lambda name: (
        is_visible(name)
        and name == name.strip()
        and not name.startswith("_")
        and name.lower() not in ("email", "message", "name", "subject", "phone", "altcha")
    )
)


@st.composite
def fields_with_answer(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Draw a field of a form, and an answer to it."""
    kind = draw(st.sampled_from([*WRITTEN, "choice", "choices"]))
    made: dict[str, Any] = {"type": kind, "required": draw(st.booleans()), "label": draw(SEEN)}
    limits: list[Any] = []
    match kind:
        case "text" | "long_text":
            limits = draw(st.lists(st.integers(1, 8), min_size=2, max_size=2))
        case "number":
            limits = draw(st.lists(st.integers(-20, 20) | st.sampled_from([0.1, -2.5, 1e30]), min_size=2, max_size=2))
        case "date":
            limits = draw(st.lists(st.dates(date(2025, 12, 1), date(2027, 2, 1)), min_size=2, max_size=2))
        case "choice" | "choices":
            made["choices"] = draw(st.lists(SEEN, min_size=1, max_size=4, unique=True))
            if kind == "choices":
                limits = draw(st.lists(st.integers(1, len(made["choices"])), min_size=2, max_size=2))
    made |= {name: limit for name, limit in zip(("min", "max"), sorted(limits), strict=False) if draw(st.booleans())}
    if kind in WRITTEN:
        return made, [draw(WRITTEN[kind])]
    most = 1 if kind == "choice" else 4
    answer = draw(st.lists(st.sampled_from(made["choices"]), min_size=0, max_size=most, unique=True))
    return made, answer or ([""] if kind == "choice" else [])


@given(
    # Names are case-insensitive.
    drawn=st.lists(
        st.tuples(NAMES, fields_with_answer()), min_size=1, max_size=4, unique_by=lambda one: one[0].lower()
    ).map(dict),
    language=st.sampled_from(LANGUAGES),
    multipart=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_chromium_lets_through_the_server_accepts(
    window: Window, drawn: dict[str, tuple[dict[str, Any], list[str]]], language: Language, *, multipart: bool
) -> None:
    fields = {name: made for name, (made, _) in drawn.items()}
    tried = window.fill(fields, {name: answer for name, (_, answer) in drawn.items()}, language, multipart=multipart)
    event(f"Chromium {'lets it through' if tried.passes else 'stops it'}, the server says {tried.status}")

    unexpected = [error for error in tried.errors if not exception(error, fields, tried.sent)]
    # Together with another mistake, an exception stops nothing either, but the other mistake must.
    of_stopped = [error for error in unexpected if error.get("field") in tried.stopped]
    assert unexpected == of_stopped, tried.sent
    assert (tried.status == 200) == (tried.errors == [])


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_each_exception_is_real(window: Window, name: str) -> None:
    known = EXCEPTIONS[name]
    # In addition, since an empty form would be refused for that.
    fields = {"champ": known.field} | ({} if name == "nothing at all" else {"autre": {"type": "text"}})
    if name == "too much":
        fields |= {"encore": known.field}
    answers = dict.fromkeys(fields, known.answer) | ({"autre": ["Bonjour"]} if "autre" in fields else {})
    tried = window.fill(fields, answers)

    assert tried.passes
    assert tried.status in (413, 422)
    assert [exception(error, fields, tried.sent) for error in tried.errors] == [name]


@pytest.mark.parametrize(
    ("field", "answer", "code"),
    [
        ({"type": "text", "required": True}, "", "REQUIRED_FIELD_EMPTY"),
        ({"type": "text", "required": True}, " ", "REQUIRED_FIELD_EMPTY"),
        ({"type": "text", "required": True}, "\u200b", "REQUIRED_FIELD_EMPTY"),
        ({"type": "long_text", "required": True}, "", "REQUIRED_FIELD_EMPTY"),
        ({"type": "number", "required": True}, "", "REQUIRED_FIELD_EMPTY"),
        ({"type": "date", "required": True}, "", "REQUIRED_FIELD_EMPTY"),
        ({"type": "choice", "choices": ["un"], "required": True}, "", "REQUIRED_FIELD_EMPTY"),
        ({"type": "choices", "choices": ["un"], "required": True}, None, "REQUIRED_FIELD_EMPTY"),
        ({"type": "choices", "choices": ["un", "deux"], "required": True, "min": 2}, "un", "TOO_FEW_CHOICES"),
        ({"type": "consent", "label": "D’accord", "required": True}, None, "REQUIRED_FIELD_EMPTY"),
        ({"type": "text", "min": 4}, "Oui", "TOO_SHORT"),
        ({"type": "text", "min": 4}, " Oui ", "TOO_SHORT"),
        ({"type": "long_text", "min": 4}, "Oui", "TOO_SHORT"),
        ({"type": "email"}, "camille", "TYPE_EMAIL"),
        ({"type": "email"}, "camille@localhost", "TYPE_EMAIL"),
        ({"type": "email"}, "camille..b@example.org", "TYPE_EMAIL"),
        ({"type": "email"}, "=?a?@example.org", "TYPE_EMAIL"),
        ({"type": "email"}, f"{'x' * 65}@example.org", "TYPE_EMAIL"),
        ({"type": "email"}, "camille@192.0.2.1", "TYPE_EMAIL"),
        ({"type": "phone"}, "demain", "TYPE_PHONE"),
        ({"type": "phone"}, "12", "TYPE_PHONE"),
        ({"type": "url"}, "javascript:alert(1)", "TYPE_URL"),
        ({"type": "url"}, "https://exemple.fr/a b", "TYPE_URL"),
        ({"type": "number", "min": -1.5}, "-2", "NUMBER_TOO_SMALL"),
        ({"type": "number", "max": 10}, "10.5", "NUMBER_TOO_LARGE"),
        ({"type": "date", "min": date(2026, 1, 1)}, "2025-12-31", "DATE_TOO_EARLY"),
        ({"type": "date", "max": date(2026, 1, 1)}, "2026-01-02", "DATE_TOO_LATE"),
        ({"type": "date"}, "12026-01-01", "TYPE_DATE"),
    ],
)
def test_what_the_server_refuses_chromium_stops(
    window: Window, field: dict[str, Any], answer: str | None, code: str
) -> None:
    fields = {"champ": field, "autre": {"type": "text"}}
    tried = window.fill(fields, {"champ": [] if answer is None else [answer], "autre": ["Bonjour"]})
    assert (tried.passes, set(tried.stopped), tried.status, tried.codes) == (False, {"champ"}, 422, [code])


@pytest.mark.parametrize("kind", ["text", "long_text"])
def test_nobody_can_type_more_than_the_server_takes(window: Window, kind: str) -> None:
    tried = window.fill({"champ": {"type": kind, "max": 5}}, {"champ": ["😀😀😀"]}, multipart=True)
    assert (tried.passes, tried.sent["champ"], tried.status) == (True, ["😀😀"], 200)


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ({"type": "email"}, "Camille@É.example"),
        ({"type": "phone"}, "+33 (0)1 99 00 00 00 poste 12"),
        ({"type": "url"}, "https://é.example/è?q=1#a"),
        ({"type": "number", "min": 0}, "1.5e3"),
        ({"type": "number"}, "1e0005"),
        ({"type": "date", "min": date(2026, 1, 1)}, "2026-01-01"),
        ({"type": "text", "min": 4, "max": 5}, " Ouis! "),
        ({"type": "choice", "choices": ["<b>\"&'</b>"]}, "<b>\"&'</b>"),
        ({"type": "choices", "choices": ["un, deux", "trois"], "required": True}, "un, deux"),
    ],
)
@pytest.mark.parametrize("multipart", [False, True])
def test_what_fits_passes_both(window: Window, field: dict[str, Any], answer: str, *, multipart: bool) -> None:
    tried = window.fill({'a "quoted" & <name>': field}, {'a "quoted" & <name>': [answer]}, multipart=multipart)
    assert (tried.passes, tried.stopped, tried.status, tried.errors) == (True, [], 200, [])
