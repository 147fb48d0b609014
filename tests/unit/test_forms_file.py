"""`forms.toml`: what it may contain, and the sentence for each mistake."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guichet.definitions import lookup
from guichet.definitions.definition import Definition
from guichet.definitions.forms_file import FormsFileError, parse, read
from guichet.locales import LANGUAGES
from infra.build import BuildError, compile_forms
from tests.support.site_forms import QUOTE, site_forms


def test_a_form_is_as_it_is_written() -> None:
    form = parse(QUOTE)["devis"]
    assert form.title == dict.fromkeys(LANGUAGES, "Demande de devis") | {"en": "Request for a quote"}
    assert list(form.fields)[:3] == ["name", "email", "phone"]
    budget, surface = form.fields["budget"], form.fields["surface"]
    assert [(choice.value, choice.label["en"]) for choice in budget.choices] == [
        ("< 1 000 €", "< 1 000 €"),
        ("plus", "More"),
    ]
    assert (surface.min, surface.max, surface.required) == ("1", "10000", False)
    assert form.fields["date"].min == "2026-01-01"
    assert form.all_recipients == ("devis@example.org", "grands@example.org")
    assert form.recipients_of({"budget": "< 1 000 €"}) == ("devis@example.org",)
    assert form.recipients_of({"budget": "plus"}) == ("grands@example.org", "devis@example.org")


def test_a_text_in_one_language_stands_for_all_and_a_field_without_a_label_has_its_name() -> None:
    form = parse(
        '[a]\nfields.date_souhaitee = { type = "date" }\nfields.b = { type = "text", label = { en = "Bee" } }'
    )["a"]
    assert form.fields["date_souhaitee"].label == dict.fromkeys(LANGUAGES, "Date souhaitee")
    assert form.fields["b"].label == dict.fromkeys(LANGUAGES, "Bee")
    assert form.recipients == ()


def test_what_is_compiled_is_what_was_written(tmp_path: Path) -> None:
    (written,) = parse(QUOTE).values()
    with site_forms(tmp_path, compiled=True):
        assert lookup.names() == {"devis"}
        read_again = lookup.definition("devis")
        assert read_again is not None
        assert read_again.as_json() == written.as_json()
        assert lookup.definition("devis") is read_again
        # A stranger's name is looked up and not opened.
        assert lookup.definition("../compiled/devis") is None


def test_without_the_file_there_are_no_forms() -> None:
    assert lookup.names() == frozenset()
    assert lookup.definitions() == {}
    assert lookup.definition("devis") is None


TEXT = '{ type = "text" }'


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("[a", "This is not TOML: "),
        ("a = 1", "a: expected a form, such as [a] on a line of its own, with its settings beneath."),
        (
            f"[Devis]\nfields.a = {TEXT}",
            "[Devis]: the name of a form is part of its address: lower-case letters, digits",
        ),
        (f"[newsletter]\nfields.a = {TEXT}", "[newsletter]: this form is Guichet's own and cannot be defined here."),
        (f"[comments]\nfields.a = {TEXT}", "[comments]: this form is Guichet's own and cannot be defined here."),
        ("[a]", "[a] fields: is missing."),
        ("[a]\nfields = {}", '[a] fields: expected at least one field, such as fields.email = { type = "email" }.'),
        ('[a]\nfields.a = "text"', '[a] fields.a: expected settings, such as { type = "text" }.'),
        (
            f'[a]\ntitel = "A"\nfields.a = {TEXT}',
            "[a] titel: no such setting: expected one of title, recipients, retention_days, other_fields, reply,",
        ),
        ('[a]\nfields.a = { typ = "text" }', "[a] fields.a.type: is missing."),
        (
            '[a]\nfields.a = { type = "txt" }',
            "[a] fields.a.type: expected one of 'text', 'long_text', 'email', 'phone'",
        ),
        (
            '[a]\nfields.a = { type = "text", pattern = "x" }',
            "[a] fields.a.pattern: no such setting: expected one of type, label, help, required, min, max, choices.",
        ),
        (
            '[a]\nfields.a = { type = "choice" }',
            '[a] fields.a: a choice needs choices, such as choices = ["Yes", "No"].',
        ),
        ('[a]\nfields.a = { type = "choice", choices = ["x", "x"] }', "[a] fields.a: the choice 'x' appears twice."),
        (
            '[a]\nfields.a = { type = "text", choices = ["x"] }',
            "[a] fields.a: choices belong to the types choice and choices",
        ),
        (
            '[a]\nfields.a = { type = "consent" }',
            "[a] fields.a: a consent needs a label: the wording that is agreed to",
        ),
        ('[a]\nfields.a = { type = "number", min = 3, max = 1 }', "[a] fields.a: min is 3 and max is 1"),
        (
            '[a]\nfields.a = { type = "date", min = "31/12/2026" }',
            "[a] fields.a.min: expected a day, such as 2026-12-31, not '31/12/2026'.",
        ),
        (
            '[a]\nfields.a = { type = "date", max = "2026-02-31" }',
            "[a] fields.a.max: 2026-02-31 is not a day of the calendar.",
        ),
        (
            '[a]\nfields.a = { type = "text", max = 0 }',
            "[a] fields.a.max: expected a whole number of characters from 1 to 1000, not 0.",
        ),
        (
            '[a]\nfields.a = { type = "email", min = 3 }',
            "[a] fields.a.min: has no meaning for the type email: leave it out.",
        ),
        (
            '[a]\nfields.a = { type = "text", required = "yes" }',
            "[a] fields.a.required: expected true or false, not 'yes'.",
        ),
        (
            '[a]\nfields.a = { type = "text", label = { tlh = "x" } }',
            f"[a] fields.a.label: there is no language tlh: expected {' or '.join(LANGUAGES)}.",
        ),
        ('[a]\nfields.a = { type = "text", label = " " }', "[a] fields.a.label: expected a text that is not empty."),
        ('[a]\nfields.a = { type = "text", label = "a\\nb" }', "[a] fields.a.label: expected a single line of text."),
        (
            '[a]\nfields.email = { type = "text" }',
            "[a] fields.email: email, in lower case, has a meaning in emails: expected",
        ),
        (f"[a]\nfields._next = {TEXT}", "[a] fields._next: this name controls the form. Choose another one."),
        (f"[a]\nfields.a = {TEXT}\nfields.A = {TEXT}", "[a] fields.A: a is there, too, and case does not matter."),
        (f'[a]\nfields." " = {TEXT}', "[a] fields: ' ' is not a name for a field: expected 1 to 64 characters."),
        (
            f'[a]\nreply = "Merci"\nfields.a = {TEXT}',
            "[a] reply: nobody to mail it to: expected a field of type email.",
        ),
        (
            f'[a]\nrecipients = ["nobody"]\nfields.a = {TEXT}',
            "[a] recipients: 'nobody' is not an email address: expected a bare one, such as me@example.org.",
        ),
        (
            f'[a]\nrecipients = "a@b.org"\nfields.a = {TEXT}',
            "[a] recipients: expected a list of 1 to 10 addresses, such as",
        ),
        (
            f"[a]\nretention_days = 3\nfields.a = {TEXT}",
            "[a] retention_days: expected a whole number of days from 30 to",
        ),
        (
            f'[a]\nother_fields = "no"\nfields.a = {TEXT}',
            "[a] other_fields: expected one of 'keep', 'drop', 'refuse', not",
        ),
        (
            f'[a]\nroute = {{ field = "b", to = {{ x = ["a@b.org"] }} }}\nfields.a = {TEXT}',
            "[a] route.field: 'b' is not a field of type choice of this form.",
        ),
        (
            '[a]\nroute = { field = "a", to = { y = ["a@b.org"] } }\nfields.a = { type = "choice", choices = ["x"] }',
            "[a] route.to: 'y' is not a choice of a: expected one of x.",
        ),
        ("[a]\nfields = 3", '[a] fields: expected fields by name, such as fields.email = { type = "email" }.'),
        (
            '[a]\nfields.a = { type = "choice", choices = [3] }',
            "[a] fields.a.choices.0: expected a text, or a value with its label, such as { value = ",
        ),
        (
            '[a]\nfields.a = { type = "choice", choices = "x" }',
            '[a] fields.a.choices: expected a list of choices, such as ["Yes", "No"].',
        ),
        (
            '[a]\nfields.a = { type = "choice", choices = [] }',
            '[a] fields.a.choices: expected at least one choice, such as ["Yes", "No"].',
        ),
        (
            f'[a]\nroute = "topic"\nfields.a = {TEXT}',
            '[a] route: expected a field, and recipients by choice, such as { field = "topic", to = { Press = ["press@',
        ),
        (
            f'[a]\nroute = {{ field = "a", to = [] }}\nfields.a = {TEXT}',
            '[a] route.to: expected recipients by choice, such as { Press = ["press@example.org"] }.',
        ),
        (
            f'[a]\nroute = {{ field = "a", to = {{}} }}\nfields.a = {TEXT}',
            '[a] route.to: expected at least one choice, such as { Press = ["press@example.org"] }.',
        ),
        (
            "[a]\n" + "\n".join(f"fields.a{number} = {TEXT}" for number in range(51)),
            "[a] fields: expected at most 50 fields, not 51.",
        ),
        (
            '[a]\nfields.a = { type = "number", min = "0" }',
            "[a] fields.a.min: expected a number, such as 0.5, not '0'.",
        ),
        (
            '[a]\nfields.a = { type = "number", max = true }',
            "[a] fields.a.max: expected a number, such as 0.5, not true.",
        ),
        (
            f'[a]\nfields.a = {{ type = "number", max = 0x{"F" * 5000} }}',
            "[a] fields.a.max: expected a number, such as 0.5, not a longer number.",
        ),
        (
            f"[a]\nretention_days = 0x{'F' * 5000}\nfields.a = {TEXT}",
            "[a] retention_days: expected a whole number of days from 30 to 36500, not a longer number.",
        ),
        (f"[a]\nretention_days = {'9' * 5000}\nfields.a = {TEXT}", "This is not TOML: "),
        (
            f"[a]\nretention_days = 2026-12-31\nfields.a = {TEXT}",
            "[a] retention_days: expected a whole number of days from 30 to 36500, not 2026-12-31.",
        ),
        ("a=" + "[" * 3000, "This is not TOML of forms: values are nested too deep."),
        (
            f"[a.retention_days{'.x' * 3000}]",
            "[a] retention_days: expected a whole number of days from 30 to 36500, not",
        ),
        (f"[a.recipients]\n[a.reply{'.x' * 3000}]", "[a] recipients: expected a list of 1 to 10 addresses"),
    ],
    ids=lambda text: text[:60],
)
def test_a_mistake_gets_a_sentence_with_form_and_field(broken: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(FormsFileError) as wrong:
        parse(broken)
    assert any(problem.startswith(sentence) for problem in wrong.value.problems), wrong.value.problems
    assert all(problem.endswith((".", '"].')) for problem in wrong.value.problems)
    # The build stops with the same words.
    (tmp_path / "forms.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(BuildError) as stopped:
        compile_forms(tmp_path / "forms.toml", tmp_path / "compiled")
    assert str(wrong.value) in str(stopped.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(FormsFileError) as wrong:
        parse('[a]\nfields.a = { type = "txt" }\n[B]\n[c]\nreply = 1\nfields.c = { type = "consent" }')
    assert [problem.partition(":")[0] for problem in wrong.value.problems] == [
        "[a] fields.a.type",
        "[B]",
        "[c] reply",
        "[c] fields.c",
    ]


def test_a_byte_order_mark_is_not_a_part_of_the_file(tmp_path: Path) -> None:
    # As Notepad writes it.
    (tmp_path / "forms.toml").write_text(f"[a]\nfields.a = {TEXT}", encoding="utf-8-sig")
    assert list(read(tmp_path / "forms.toml")) == ["a"]
    assert list(parse(f"\ufeff[a]\nfields.a = {TEXT}")) == ["a"]


def test_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "forms.toml").write_bytes('[a]\ntitle = "Été"'.encode("cp1252"))
    with pytest.raises(FormsFileError, match="not UTF-8"):
        read(tmp_path / "forms.toml")


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["text", "choice", "number", "fr"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "label", "fr", "choices", "min"]), inner)
    ),
    max_leaves=6,
)


@pytest.mark.medium
@given(
    table=st.dictionaries(
        st.sampled_from(["title", "recipients", "reply", "fields", "route", "x"]), _VALUES, max_size=4
    )
)
def test_whatever_stands_in_the_file_is_a_form_or_gets_sentences(table: dict[str, object]) -> None:
    with suppress(FormsFileError):
        forms = parse(f"[a]\n{_toml(table)}")
        assert Definition.from_json(forms["a"].as_json()).as_json() == forms["a"].as_json()


def _toml(table: dict[str, object]) -> str:
    return "\n".join(f"{name} = {_inline(value)}" for name, value in table.items() if value is not None)


def _inline(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return f"{{ {', '.join(f'{name} = {_inline(part)}' for name, part in value.items() if part is not None)} }}"
        case list():
            return f"[{', '.join(_inline(part) for part in value if part is not None)}]"
        case str():
            # TOML's basic strings are JSON's, except for lone surrogates and DEL.
            return json.dumps(value).replace("\x7f", "\\u007f")
        case _:
            return str(value)
