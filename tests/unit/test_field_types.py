"""The field types: what each accepts, as people write it, and what is stored."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError, SchemaValidator

from guichet.definitions.forms_file import parse
from guichet.forms.field_types import check, schema, shown
from guichet.http.body import Repeated, clean
from guichet.http.request import Request
from guichet.locales import LANGUAGES, Language, locale

# In a definition, so that limits and labels are as a site writes them.
FIELDS = parse(
    """
[a]
fields.text = { type = "text", min = 2, max = 5 }
fields.long = { type = "long_text", max = 10 }
fields.mail = { type = "email" }
fields.phone = { type = "phone" }
fields.url = { type = "url" }
fields.number = { type = "number", min = -5, max = 100_000.5 }
fields.any = { type = "number" }
fields.date = { type = "date", min = 2026-01-01, max = 2027-12-31 }
fields.choice = { type = "choice", choices = ["a, b", { value = "c", label = { fr = "Cé", en = "See" } }] }
fields.choices = { type = "choices", choices = ["a, b", "c", "d"], min = 1, max = 2 }
fields.consent = { type = "consent", label = { fr = "J’accepte", en = "I agree" } }
fields.needed = { type = "consent", required = true, label = "Oui" }
"""
)["a"].fields


def request(language: Language = "fr", accept_language: str = "") -> Request:
    return Request("id", "POST /f/{form}", {"accept-language": accept_language}, {}, "", "", language, {})


def stored(name: str, value: object, language: Language = "fr", accept_language: str = "") -> str:
    return check(FIELDS[name], request(language, accept_language), value)


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("text", "a  b", "a b"),
        ("text", "", ""),
        ("long", "a\nb", "a\nb"),
        ("mail", "Zoe@EXAMPLE.org", "Zoe@example.org"),
        ("phone", "+33 (0)1.99.00-12-34", "+33 (0)1.99.00-12-34"),
        ("phone", "01\u00a099\u202f00 12 34", "01 99 00 12 34"),
        ("phone", "020 7946 0000 ext. 12", "020 7946 0000 ext. 12"),
        ("url", "https://example.org/a?b#c", "https://example.org/a?b#c"),
        ("url", "www.exemple.fr/page", "https://www.exemple.fr/page"),
        ("number", "1 234,50", "1234.5"),
        ("number", "1\u202f234,50 €", "1234.5"),
        ("number", "1.234,50", "1234.5"),
        ("number", "1,234.50", "1234.5"),
        ("number", "12", "12"),
        ("number", "1,5", "1.5"),
        ("number", "1.5", "1.5"),
        ("number", "1.234", "1.234"),
        ("number", "-,5", "-0.5"),
        ("number", "1e3", "1000"),
        ("number", "0,00", "0"),
        ("any", "1.234.567", "1234567"),
        ("any", "1'234'567.8", "1234567.8"),
        ("date", "31/12/2026", "2026-12-31"),
        ("date", "2026-12-31", "2026-12-31"),
        ("date", "1.2.2026", "2026-02-01"),
        ("date", "01 / 02 / 2026", "2026-02-01"),
        ("date", "31 décembre 2026", "2026-12-31"),
        ("date", "1er août 2026", "2026-08-01"),
        ("date", "31 dec 2026", "2026-12-31"),
        ("date", "le jeudi 31 décembre 2026", "2026-12-31"),
        ("date", "1 er mai 2026", "2026-05-01"),
        ("date", "5-mai-2026", "2026-05-05"),
        ("date", "2026/12/31", "2026-12-31"),
        ("number", "$1,234", "1234"),
        ("choice", "c", "c"),
        ("choice", "a, b", "a, b"),
        ("choices", Repeated(["d", "a, b"]), "a, b\nd"),
        ("choices", "a, b", "a, b"),
        ("choices", "", ""),
        ("consent", "on", "J’accepte"),
        ("consent", "true", "J’accepte"),
        ("consent", "false", ""),
        ("consent", "Refuse", ""),
        ("consent", Repeated(["false", "off"]), ""),
        ("consent", Repeated(["off", "on"]), "J’accepte"),
        ("consent", "", ""),
    ],
)
def test_what_a_french_visitor_writes_is_stored_normalized(name: str, written: str, kept: str) -> None:
    assert stored(name, written) == kept


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("number", "1,234", "1234"),
        ("number", "1,234.50", "1234.5"),
        ("number", "$1,234", "1234"),
        ("number", "1,5", "1.5"),
        ("date", "31/12/2026", "2026-12-31"),
        ("date", "12/31/2026", "2026-12-31"),
        ("date", "31 December 2026", "2026-12-31"),
        ("date", "December 31st, 2026", "2026-12-31"),
        ("date", "3rd of March 2026", "2026-03-03"),
        ("date", "Thursday, December 31, 2026", "2026-12-31"),
        ("consent", "on", "I agree"),
    ],
)
def test_what_an_english_visitor_writes_is_stored_normalized(name: str, written: str, kept: str) -> None:
    assert stored(name, written, "en") == kept


@pytest.mark.parametrize(
    ("accept_language", "kept"),
    [("en-US,en;q=0.9", "2026-03-04"), ("en-GB,en;q=0.9", "2026-04-03"), ("fr-FR", "2026-04-03")],
)
def test_a_date_in_figures_is_read_as_in_the_country_of_the_browser(accept_language: str, kept: str) -> None:
    assert stored("date", "03/04/2026", "en", accept_language) == kept
    assert stored("date", "03/04/2026", "fr", accept_language) == "2026-04-03"


@pytest.mark.parametrize(
    ("name", "written", "code", "values"),
    [
        ("text", "a", "TOO_SHORT", {"limit": 2}),
        ("text", "abcdef", "TOO_LONG", {"limit": 5}),
        # Six UTF-16 code units, as browsers count.
        ("text", "😀😀😀", "TOO_LONG", {"limit": 5}),
        ("long", "12345678901", "TOO_LONG", {"limit": 10}),
        ("mail", "zoe", "TYPE_EMAIL", {}),
        ("phone", "call me", "TYPE_PHONE", {}),
        ("phone", "12", "TYPE_PHONE", {}),
        ("phone", "1234567890123456789012", "TYPE_PHONE", {}),
        ("url", "javascript:alert(1)", "TYPE_URL", {}),
        ("url", "ftp://example.org", "TYPE_URL", {}),
        ("url", "https://", "TYPE_URL", {}),
        ("url", "example", "TYPE_URL", {}),
        ("number", "ten", "TYPE_NUMERIC", {}),
        ("number", "1 23", "TYPE_NUMERIC", {}),
        ("number", "1,2,3", "TYPE_NUMERIC", {}),
        ("number", "1.2.3,4.5", "TYPE_NUMERIC", {}),
        ("number", "NaN", "TYPE_NUMERIC", {}),
        ("number", "٣", "TYPE_NUMERIC", {}),
        ("number", "-6", "NUMBER_TOO_SMALL", {"limit": "-5"}),
        ("number", "100001", "NUMBER_TOO_LARGE", {"limit": "100\u202f000,5"}),
        ("date", "31/13/2026", "TYPE_DATE", {}),
        ("date", "30/02/2026", "TYPE_DATE", {}),
        ("date", "31/12/26", "TYPE_DATE", {}),
        ("date", "1 jui 2026", "TYPE_DATE", {}),
        ("date", "tomorrow", "TYPE_DATE", {}),
        ("date", "31/12/2025", "DATE_TOO_EARLY", {"limit": "jeudi 1er janvier 2026"}),
        ("date", "01/01/2028", "DATE_TOO_LATE", {"limit": "vendredi 31 décembre 2027"}),
        ("choice", "Cé", "NOT_A_CHOICE", {}),
        ("choices", Repeated(["c", "x"]), "NOT_A_CHOICE", {}),
        ("choices", Repeated(["a, b", "c", "d"]), "TOO_MANY_CHOICES", {"limit": 2}),
        ("needed", "off", "REQUIRED_FIELD_EMPTY", {}),
        ("needed", "", "REQUIRED_FIELD_EMPTY", {}),
        ("text", ["a"], "TYPE_TEXT", {}),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(
    name: str, written: object, code: str, values: dict[str, Any]
) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        stored(name, written)
    assert (refused.value.type, refused.value.context or {}) == (code, values)


def test_in_english_a_date_that_might_be_two_is_refused() -> None:
    with pytest.raises(PydanticCustomError, match="see its code"):
        stored("date", "03/04/2026", "en", "en")
    assert stored("date", "03/03/2026", "en", "en") == "2026-03-03"


def test_how_figures_are_read_is_said_in_the_folder_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale("en"), "DAY_FIRST", True)
    assert stored("date", "03/04/2026", "en", "en-US") == "2026-04-03"
    assert stored("number", "1,234", "fr") == "1.234"
    monkeypatch.setattr(locale("fr"), "number", locale("en").number)
    assert stored("number", "1,234", "fr") == "1234"


@pytest.mark.medium
@given(at=st.dates(date(2026, 1, 1), date(2027, 12, 31)), language=st.sampled_from(LANGUAGES))
def test_a_day_is_read_as_it_is_shown_with_its_weekday_or_without(at: date, language: Language) -> None:
    text = shown(FIELDS["date"], at.isoformat(), language)
    assert stored("date", text, language) == at.isoformat()
    assert stored("date", text.partition(" ")[2], language) == at.isoformat()


@pytest.mark.medium
@given(number=st.decimals(-5, 100_000, places=3), language=st.sampled_from(LANGUAGES))
def test_a_number_is_read_as_it_is_shown(number: Decimal, language: Language) -> None:
    kept = stored("number", f"{number:f}", language)
    assert Decimal(kept) == number
    assert stored("number", shown(FIELDS["number"], kept, language), language) == kept


@pytest.mark.medium
@given(
    name=st.sampled_from(sorted(FIELDS)),
    value=st.text(max_size=30) | st.from_regex(r"[0-9 .,/e'-]{1,20}", fullmatch=True),
)
def test_whatever_a_stranger_writes_is_stored_or_refused_and_stays_what_it_is(name: str, value: str) -> None:
    value = clean(value)
    validated = SchemaValidator(schema({name: FIELDS[name]}))
    try:
        kept = validated.validate_python({name: value}, context=request())[name]
    except ValueError:
        return
    if FIELDS[name].type not in ("consent", "choices"):
        assert stored(name, kept) == kept
    assert isinstance(shown(FIELDS[name], kept, "fr"), str)


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize(
    "value",
    [
        f"https://{'a' * 64_000} b",
        f"1{' ' * 64_000}1",
        "1," * 32_000,
        f"a@{'b.' * 32_000}",
        f"{chr(0x200B) * 20_000}a{chr(0x200B) * 20_000}",
        f"+{'0 ' * 32_000}",
        f"{'a.' * 32_000}/",
    ],
)
def test_the_largest_answers_are_refused_or_stored(name: str, value: str) -> None:
    # A quadratic expression would take ten seconds here: a function's whole timeout.
    with suppress(PydanticCustomError):
        assert isinstance(stored(name, value), str)


def test_choices_are_shown_by_their_labels() -> None:
    assert shown(FIELDS["choice"], "c", "fr") == "Cé"
    assert shown(FIELDS["choices"], "a, b\nc", "en") == "a, b\nc"
    # No longer offered.
    assert shown(FIELDS["choice"], "gone", "en") == "gone"


def test_a_field_that_is_missing_is_told_by_its_name() -> None:
    fields = {"needed": FIELDS["needed"], "text": FIELDS["text"]}
    with pytest.raises(ValueError, match="needed"):
        SchemaValidator(schema(fields)).validate_python({}, context=request())
