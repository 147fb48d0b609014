"""The languages: each says the same, in every part of its folder."""

import ast
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

import pytest

from guichet import locales
from guichet.locales import LANGUAGES, Language, locale, name_of
from guichet.records.message import Labelled, Message
from guichet.records.outbox import module_of
from infra.local.comments import DEMO
from infra.local.site import SITE
from infra.operate.words import Area, places
from infra.template import Template
from tests.support.emails import AT, NAMES
from tests.support.languages import FOLDER, parts, placeholders, sentences
from tests.support.typography import faults

# The parts with sentences.
PARTS = sorted(parts("en") - {"desk.", "commands."})


def test_every_folder_is_a_language_and_the_other_way_round() -> None:
    assert {module.name for module in pkgutil.iter_modules(locales.__path__)} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_parts(language: Language) -> None:
    assert {"", "desk.common", *(f"commands.{area}" for area in get_args(Area))} <= set(PARTS)
    assert parts(language) == {*PARTS, "desk.", "commands."}


@pytest.mark.parametrize("part", PARTS)
def test_every_sentence_is_there_in_every_language_with_the_same_places(part: str) -> None:
    first, *others = (placeholders(sentences(language, part)) for language in LANGUAGES)
    assert first
    assert all(first == other for other in others)


def test_the_template_offers_every_language_with_a_consent_wording_of_its_own() -> None:
    template = Template.load().document
    assert template["Parameters"]["DefaultLanguage"]["AllowedValues"] == list(LANGUAGES)
    wordings = {f"ConsentText{language.capitalize()}" for language in LANGUAGES}
    assert wordings - template["Parameters"].keys() == set()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert wordings - {name for group in groups for name in group["Parameters"]} == set()


def test_every_language_names_the_same_regions() -> None:
    first, *others = (places(language).keys() for language in LANGUAGES)
    assert first
    assert all(first == other for other in others)


def test_every_language_names_itself() -> None:
    assert {language for language in LANGUAGES if not locale(language).NAMES.get(language)} == set()


def test_a_language_is_called_by_its_name_in_another_and_without_one_by_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: tuple[Language, ...] = ("fr", "en")
    called = [name_of(language, said_in) for said_in in known for language in known]
    assert called == ["français", "anglais", "French", "English"]
    monkeypatch.delitem(locale("en").NAMES, "fr")
    assert name_of("fr", "en") == "français"


@pytest.mark.slow
def test_no_sentence_is_unused() -> None:
    functions = FOLDER.parents[1]
    texts, patterns = set(map(module_of, NAMES)), set()
    for path in functions.rglob("*.py"):
        if FOLDER in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            if isinstance(node, ast.JoinedStr):
                patterns.add(tuple(part.value if isinstance(part, ast.Constant) else None for part in node.values))
    for path in functions.rglob("templates/*"):
        texts.update(re.findall(r'(?:say|label)\("(\w+)"', path.read_text(encoding="utf-8")))
    # f"{name}_title" says `confirm_title` where somebody says "confirm".
    made = {
        "".join(text if part is None else str(part) for part in parts)
        for parts in patterns
        if parts.count(None) == 1
        for text in texts
    }
    for language in LANGUAGES:
        assert locale(language).SENTENCES.keys() - texts - made == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_days_of_a_leap_year_are_called_the_same_and_a_time_says_its_zone(language: Language) -> None:
    days = [datetime(2028, 1, 1, 23, 7, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    assert len({locale(language).day(day) for day in days}) == 366
    assert len({locale(language).day(day).split()[0] for day in days}) == 7
    for day in days:
        time = locale(language).when(day.astimezone(ZoneInfo("Asia/Kolkata")))
        # Early on the next day.
        assert time.startswith(locale(language).day(day + timedelta(hours=5, minutes=30)))
        assert "37" in time
        assert time.endswith("(Asia/Kolkata)")


def test_a_field_is_called_by_its_sentence_and_without_one_by_its_name_in_words() -> None:
    class Further(Message):
        mobile_number: Annotated[str, Labelled(max_length=2)] = ""
        # A sentence of that key says something else.
        hello: Annotated[str, Labelled()] = ""

    # A stored message is read whatever the limit is now.
    written = Further(
        id="m", language="fr", received_at=AT, expires_at=AT, phone="01 99 00 00 00", mobile_number="06 1", hello="Oui"
    )
    assert written.labelled("fr") == [("Téléphone", "01 99 00 00 00"), ("Mobile number", "06 1"), ("Hello", "Oui")]
    assert written.labelled("en") == [("Phone", "01 99 00 00 00"), ("Mobile number", "06 1"), ("Hello", "Oui")]


class Prose(HTMLParser):
    """What a page says: its texts, and the attributes that are read or read out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes that people read."""
        given = dict(attrs)
        read = {"aria-label", "title", "alt", "placeholder"} | (
            {"content"} if given.get("name") == "description" else set()
        )
        self.texts += [value for name, value in attrs if name in read and value and tag]

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        self.texts.append(data)


def test_the_prose_of_a_page_is_its_texts_and_what_is_read_out() -> None:
    page = '<meta name="description" content="A"><meta name="viewport" content="B"><p class="C" title="D">E</p>'
    assert Prose(page).texts == ["A", "D", "E"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Qu’y a-t-il\xa0: «\xa0l’œuvre\xa0»\u202f? À 8\xa0h\u202f!", 0),
        ("https://a.example/?b:c;d!", 0),
        ("l'œuvre", 1),
        ("Ici : là", 1),
        ("Ici\u202f: là", 1),
        ("Ici: là", 1),
        ("« ici »", 2),
        ("Ici ?", 1),
        ("Ici\xa0!", 1),
        ("Ici...", 1),
        ("48 heures", 1),
    ],
)
def test_the_rules_of_french_typography(text: str, wrong: int) -> None:
    assert len(faults(text)) == wrong


# An example of an issue is written as people type.
@pytest.mark.parametrize("part", sorted({*PARTS} - {"commands.issues"}))
def test_every_french_sentence_is_typeset(part: str) -> None:
    found = {key: faults(text) for key, text in sentences("fr", part).items()}
    assert {key: wrong for key, wrong in found.items() if wrong} == {}


def test_every_french_time_is_typeset() -> None:
    written = locale("fr").when(datetime(2026, 11, 1, 8, 5, tzinfo=UTC))
    assert faults(written) == []


@pytest.mark.parametrize("part", PARTS)
def test_no_sentence_has_straight_quotes_or_markup(part: str) -> None:
    for language in LANGUAGES:
        texts = sentences(language, part).values()
        assert [text for text in texts if re.search(r"['\"`]|</?\w|&\w+;", text)] == []


def test_the_french_of_the_template_and_of_the_demo_site_is_typeset() -> None:
    assert faults(Template.load().document["Parameters"]["ConsentTextFr"]["Default"]) == []
    pages = [SITE / name for name in ("index.html", "article.html")]
    texts = [text for page in pages for text in Prose(page.read_text(encoding="utf-8")).texts]
    texts += [one.comment for one in DEMO["/article.html"][1]]
    assert "Un projet\u202f? Contactez-moi\u202f!" in texts
    assert [fault for text in texts for fault in faults(text)] == []


def test_a_greeting_is_followed_by_a_capital_and_nothing_is_said_done_before_it_is() -> None:
    for language in LANGUAGES:
        sentences = locale(language).SENTENCES
        assert [key for key, text in sentences.items() if key.endswith("_lead") and text[0].islower()] == []
    known: tuple[Language, ...] = ("fr", "en")
    for language in known:
        sentences = locale(language).SENTENCES
        # Thanks appear once on each page and in each email.
        for title, text in (("thanks_title", "contact_accepted"), ("thanks_title", "newsletter_accepted")):
            assert re.search("Merci|Thank", sentences[title])
            assert not re.search("Merci|Thank", sentences[text])
        assert re.match("Merci pour votre abonnement\u202f!|Thank you for subscribing!", sentences["confirmed"])
    # A page with a button says what it will do, under a condition or as a question.
    for button in ("unsubscribe", "refuse"):
        assert re.search(r"\u202f\?|Si vous appuyez", locale("fr").SENTENCES[f"{button}_lead"])
        assert re.search(r"\?|If you press", locale("en").SENTENCES[f"{button}_lead"])
