"""Work out what the columns of another tool's file mean, from names and values, and what a row says about a person.

Tools are not detected: columns are recognised by English and French words, and by their contents. If a column may say
that somebody left but is not recognised, the operator is asked.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from guichet.addresses import parse as parse_address
from infra.operate.importing import dates, vocabulary
from infra.operate.importing.vocabulary import LEFT, STANDINGS, Kind, Standing

# Columns that decide what happens to a row.
STATES: tuple[Kind, ...] = ("subscribed", "confirmed", "pending", "unsubscribed", "bounced", "complained", "state")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a name or short text in lower case, without accents, split into words: `IsOptedOut` is `is opted out`."""
    # `Abonné(e)`, `inscrit·e·s`
    text = _BOTH_GENDERS.sub("e", unicodedata.normalize("NFC", text))
    whole, apart = _words(text), _words(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))
    if whole == apart:
        return whole
    # `uNsUbScRiBeD` and `inActive` are one word each.
    left = vocabulary.LEFT_WORD.search
    meant = _has_meaning(whole) or vocabulary.NEGATED.search(whole) or vocabulary.ABOUT_EMAIL.search(whole)
    return whole if (left(whole) and not left(apart)) or (meant and not _has_meaning(apart)) else apart


_BOTH_GENDERS = re.compile(r"(?<=[^\W\d])[(·•‧.]e\)?[·•‧.]?s?\)?(?![^\W\d])", re.IGNORECASE)


def _words(text: str) -> str:
    text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def _has_meaning(words: str) -> bool:
    patterns = (vocabulary.LEFT_WORD, vocabulary.STATE_NAME, vocabulary.SUBSCRIBED_NAME, vocabulary.CONFIRMED_WORD)
    named = any(words in known for known in vocabulary.NAMES.values())
    whole = (vocabulary.ABOUT_NEWS, vocabulary.ABOUT_WRITING, vocabulary.ENDED)
    return named or any(one.fullmatch(words) for one in whole) or any(one.search(words) for one in patterns)


def _readings(text: str) -> tuple[str, str]:
    """Return the possible readings of a text in plain words: both `nOn MeRcI` and `NonMerci` are two words."""
    return plain(text), _words(text)


def yes_or_no(text: str) -> bool | None:
    """Return whether a text says yes or no, or None if it says neither."""
    text = text.strip().lower()
    if vocabulary.CHANNELS.fullmatch(text):
        return vocabulary.OF_EMAIL in text
    return True if text in vocabulary.YES else False if text in vocabulary.NO else None


def nothing(text: str) -> bool:
    """Return whether a cell is empty, or holds one of the ways that databases write "nothing"."""
    return text.strip().lower() in vocabulary.NOTHING or dates.never(text)


@lru_cache(maxsize=4096)
def state_of(text: str) -> Standing | None:
    """Return the standing that a few words mean, such as `Never subscribed`, or None if they are not understood."""
    words = plain(text)
    if not words or words.count(" ") >= vocabulary.MOST_WORDS:
        return None
    for standing, pattern in vocabulary.WHOLE:
        if pattern.fullmatch(words):
            return standing
    for kind, pattern in vocabulary.PATTERNS:
        if found := pattern.search(words):
            # "not bounced" does not say that somebody left, and "clean" alone says nothing.
            negated = vocabulary.NEGATED.search(words[: found.start()])
            return None if negated or words == "clean" else kind
    return None


@dataclass
class Values:
    """What a scan of the whole file found in a column."""

    filled: int = 0
    empty: int = 0
    answers: int = 0
    noes: int = 0
    marks: int = 0
    channels: int = 0
    digits: int = 0
    wants_none: int = 0
    dates: int = 0
    serials: int = 0
    addresses: int = 0
    states: set[Standing] = field(default_factory=set)
    # A few of the cells that are not an answer, a date or a state, and those of them that may mean no. Then a few that
    # say that somebody left: clearly, even as a tag; as a request to leave; as a state; and with a word for it.
    others: dict[str, None] = field(default_factory=dict)
    denied: dict[str, None] = field(default_factory=dict)
    strong: dict[str, None] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    mentions: dict[str, None] = field(default_factory=dict)
    day_first: bool = False
    month_first: bool = False
    either: str = ""

    def add(self, cell: str) -> None:
        """Take one more cell into account."""
        text = cell.strip()
        if nothing(text):
            self.empty += 1
            self.wants_none += text.lower() in vocabulary.WANTS_NONE
            return
        self.filled += 1
        seen = _look(text)
        self.day_first |= seen.order == "day-first"
        self.month_first |= seen.order == "month-first"
        if seen.order == "either":
            self.either = text
        short = text[:_LONGEST_STATE]
        if seen.answer is not None:
            self.answers += 1
            self.noes += not seen.answer
            self.marks += text.lower() in vocabulary.MARKS
            self.digits += text.isdigit()
            self.channels += bool(vocabulary.CHANNELS.fullmatch(text.lower()))
        elif seen.is_date:
            self.dates += 1
        elif seen.is_address:
            self.addresses += 1
            _keep(self.others, short)
        elif seen.standing is not None:
            self.states.add(seen.standing)
        else:
            _keep(self.others, short)
            self._add_other(short)
        if seen.left is not None:
            _keep(self.left if seen.left else self.mentions, short)
        if seen.strong:
            _keep(self.strong, short)
        if seen.asked:
            _keep(self.asked, short)

    def _add_other(self, text: str) -> None:
        self.serials += dates.serial(text) is not None
        if text.startswith(vocabulary.CROSSES) or any(map(vocabulary.NO_IN_WORDS.match, _readings(text))):
            _keep(self.denied, text)

    @property
    def examples(self) -> list[str]:
        """A few cells, starting with those that are not understood."""
        found = (*self.strong, *self.asked, *self.denied, *self.others, *self.left, *self.mentions)
        return list(dict.fromkeys(found))[:3]


_LONGEST_STATE = 60
_LONGEST_TAGS = 4 * _LONGEST_STATE
_LONGEST_NOTE = 1000
_LONGEST_DATE = 45
_MOST_OTHERS = 50


class _Seen(NamedTuple):
    """What a non-empty cell contains."""

    answer: bool | None = None
    order: dates.Order | Literal["either"] | None = None
    is_date: bool = False
    is_address: bool = False
    standing: Standing | None = None
    # True if it says that somebody left, False if it only has a word for it, None if neither.
    left: bool | None = None
    strong: bool = False
    # Whether it is a note in which they asked to leave.
    asked: bool = False


@lru_cache(maxsize=1 << 15)
def _look(text: str) -> _Seen:
    answer = yes_or_no(text)
    if answer is not None:
        return _Seen(answer=answer)
    if any(one.isdigit() for one in text) and len(text) <= _LONGEST_DATE:
        order = dates.order_of(text)
        if order or dates.parse(text) is not None:
            return _Seen(order=order, is_date=True)
    if not any(one.isalpha() for one in text):
        return _Seen()
    if "@" in text and parse_address(text) is not None:
        return _Seen(is_address=True)
    tags = vocabulary.BETWEEN_TAGS.split(text[:_LONGEST_TAGS])
    strong = any(vocabulary.STRONG.fullmatch(words) for one in tags for words in _readings(one))
    standing = state_of(text) if len(text) <= _LONGEST_STATE else None
    left: bool | None = None
    if standing not in (None, "subscribed"):
        words = plain(text)
        left = bool(vocabulary.ALONE.fullmatch(words) or vocabulary.GONE.fullmatch(words))
    elif standing is None and vocabulary.LEFT_WORD.search(plain(text[:_LONGEST_STATE])):
        left = False
    asked = any(map(vocabulary.ASKED_TO_LEAVE.search, _readings(text[:_LONGEST_NOTE])))
    return _Seen(standing=standing, left=left, strong=strong, asked=asked)


def _keep(kept: dict[str, None], text: str) -> None:
    if len(kept) < _MOST_OTHERS:
        kept[text] = None


@dataclass(frozen=True)
class Column:
    """A column, its kind, and how good its date is as the date of consent: 0 is the best."""

    place: int
    name: str
    kind: Kind
    rank: int = 0
    # An empty cell means no: the column holds ticks, or dates of confirmation.
    empty_is_no: bool = False
    # Any text means yes: the column holds why or how they left.
    any_text: bool = False
    order: dates.Order | None = None


@dataclass(frozen=True)
class Question:
    """A column that may say that somebody left, but is not understood."""

    name: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class _Subject:
    """A column to be understood, and the plain names of all columns."""

    place: int
    name: str
    words: str
    values: Values
    names: Sequence[str]

    def is_(self, kind: Kind, *, rank: int = 0, empty_is_no: bool = False, any_text: bool = False) -> Column:
        return Column(self.place, self.name, kind, rank, empty_is_no=empty_is_no, any_text=any_text)

    @property
    def ignored(self) -> Column:
        return self.is_("ignore")

    @property
    def question(self) -> Question:
        return Question(self.name, tuple(self.values.examples))

    def ignored_unless(self, suspicious: object) -> Column | Question:
        return self.question if suspicious else self.ignored

    @property
    def has_left_word(self) -> bool:
        return bool(vocabulary.LEFT_WORD.search(self.words))


_Understood = Column | Question | None


def column_of(place: int, name: str, values: Values, names: Sequence[str], chosen: Kind | None) -> Column | Question:
    """Return a column with its kind, or the question what it is. `names` are the plain names of all columns.

    `chosen` is the kind that the operator gave.
    """
    subject = _Subject(place, name, plain(name), values, names)
    if chosen is not None:
        empty_is_no = chosen in ("subscribed", "confirmed") and values.empty > 0 and values.filled > 0
        return subject.is_(chosen, empty_is_no=empty_is_no, any_text=chosen in LEFT)
    for rule in _RULES:
        if (found := rule(subject)) is not None:
            return found
    return _by_values(subject)


def _named(column: _Subject) -> _Understood:
    """Return a column of addresses, names, languages or sources."""
    words = column.words
    kind = next((kind for kind, known in vocabulary.NAMES.items() if words in known), None)
    if words in ("subscriber", "abonne") and column.values.addresses:
        kind = "email"
    if words == "nom":
        kind = "last-name" if any(one in vocabulary.NAMES["first-name"] for one in column.names) else "name"
    several = sum(one in vocabulary.NAMES["email"] for one in column.names) > 1
    if kind == "email" and several and column.values.answers and not column.values.addresses:
        # `Mail` next to `E-mail`: whether they want any.
        return column.question
    beside = [one for one in column.values.asked if "@" in one or kind != "email"]
    if kind in ("email", "name", "first-name", "last-name") and beside:
        # `Roy (désinscrit)`, `désinscrit <ann@example.org>`
        return column.question
    return column.is_(kind) if kind else None


def _of_other_purpose(column: _Subject) -> _Understood:
    """Return a column that says whether they want something other than emails, if another column is about emails."""
    words, values = column.words, column.values
    if vocabulary.OTHER_PURPOSE.fullmatch(words) and any(
        vocabulary.ABOUT_EMAIL.search(one) or vocabulary.STATE_NAME.search(one) for one in column.names if one != words
    ):
        return column.ignored_unless(values.left or values.strong)
    return None


def _harmless(column: _Subject) -> _Understood:
    """Return a column that says nothing about leaving: about another channel, or a note, a link, a figure."""
    words, values = column.words, column.values
    if words in vocabulary.OURS or (
        vocabulary.OTHER_CHANNEL.search(words) and not vocabulary.ABOUT_EMAIL.search(words)
    ):
        return column.ignored
    if vocabulary.ADDRESS_OF_A_PAGE.search(words) and not vocabulary.STATE_NAME.search(words):
        # A link to unsubscribe is in every row; text in only some rows may be the reason for leaving.
        some = column.has_left_word and values.filled and values.empty
        return column.ignored_unless(some or values.strong)
    if vocabulary.HARMLESS.fullmatch(words) and not column.has_left_word and not vocabulary.STATE_NAME.search(words):
        left = values.left and vocabulary.NOTES.fullmatch(words)
        return column.ignored_unless(values.strong or values.asked or left)
    if vocabulary.OF_PAYMENT.fullmatch(words) and any(
        vocabulary.PAYMENT.search(one) for one in column.names if one != words
    ):
        return column.ignored
    if vocabulary.RATE.search(words) or (vocabulary.MEASURE.search(words) and not column.has_left_word):
        return column.ignored_unless(values.left or values.strong)
    return None


def _about_leaving(column: _Subject) -> _Understood:
    """Return a column whose name is about leaving: its cells are dates, answers, states or reasons."""
    for kind, pattern in vocabulary.PATTERNS:
        found = pattern.search(column.words)
        if found is None:
            continue
        # `not unsubscribed`: yes means subscribed.
        if vocabulary.NEGATED.search(column.words[: found.start()]):
            return column.question
        if kind == "bounced" and re.search(r"\bsoft\b", column.words):
            return column.ignored
        values = column.values
        others = values.others
        text = bool(vocabulary.REASON.search(column.words)) or (bool(vocabulary.AT.search(column.words)) and not others)
        figure = values.digits == values.answers > 0 and vocabulary.SEVERAL.search(column.words)
        if (figure or vocabulary.COUNT.search(column.words)) and not vocabulary.AT.search(column.words):
            # One bounce in twenty emails is no reason to suppress somebody for good.
            return column.ignored_unless(values.filled > values.noes)
        if others and vocabulary.MEANS.search(column.words):
            text = values.empty > 0
        elif vocabulary.AT.search(column.words):
            # `2023`, `mai 2023`, `45443`
            text = text or all(any(letter.isdigit() for letter in one) for one in others)
        types = kind == "bounced" and all(
            vocabulary.HARD.fullmatch(plain(one)) or vocabulary.SOFT.fullmatch(plain(one)) for one in others
        )
        return column.is_(kind, any_text=text and not types) if text or types or not others else column.question
    return None


def _of_states(column: _Subject) -> _Understood:
    """Return a column of states: people's, not the state they live in or that of something they pay for."""
    words, values = column.words, column.values
    if not vocabulary.STATE_NAME.search(words):
        return None
    place = bool(vocabulary.PLACE.search(words)) and not vocabulary.ABOUT_EMAIL.search(words)
    if words in ("state", "etat"):
        place = any(vocabulary.PLACE.search(one) for one in column.names)
    if place or vocabulary.OTHER_STATE.search(words):
        understood = values.left and not values.others and not values.dates and words in ("state", "etat")
        return column.is_("state") if understood else column.ignored_unless(values.left or values.strong)
    since = values.dates and not (values.others or values.states or values.answers) and vocabulary.AT.search(words)
    if since and any(vocabulary.STATE_NAME.search(one) for one in column.names if one != words):
        # Since when the state in another column applies.
        return column.ignored
    # WordPress writes 0 for all its users.
    zeros = values.digits == values.filled == values.noes > 0
    if values.others or values.dates or zeros:
        return column.question
    return column.is_("confirmed" if re.search(r"\b(confirm\w*|verif\w*|double|doi)\b", words) else "state")


def _about_confirming(column: _Subject) -> _Understood:
    """Return a column of confirmations: an empty cell among dates means that they did not confirm."""
    values = column.values
    if not vocabulary.CONFIRMED_NAME.fullmatch(column.words):
        return None
    if values.others:
        return column.question
    dated = values.dates > 0 or (bool(vocabulary.AT.search(column.words)) and not values.filled)
    return column.is_("confirmed", empty_is_no=dated or values.marks == values.filled > 0)


def _of_dates(column: _Subject) -> _Understood:
    """Return a column of the dates of consent."""
    words, values = column.words, column.values
    rank = next((rank for rank, one in enumerate(vocabulary.CONSENT) if one.fullmatch(words)), None)
    exact = words in ("consented at", "optin time", "date")
    no_dates = any(dates.serial(one) is None for one in values.others)
    if rank is None or values.answers or values.states or (no_dates and not exact):
        return None
    return column.is_("consented-at", rank=rank) if values.dates or values.serials or exact else None


def _about_subscribing(column: _Subject) -> _Understood:
    """Return a column that says whether people are subscribed, or since when."""
    words, values = column.words, column.values
    if (
        not vocabulary.SUBSCRIBED_NAME.search(words)
        or vocabulary.NETWORK.search(words)
        or vocabulary.COUNT.search(words)
    ):
        return None
    if vocabulary.NEGATED.search(words) or (vocabulary.UNTIL.search(words) and vocabulary.SINCE_WHEN.search(words)):
        return column.ignored_unless(values.filled)
    if values.others:
        # Other text, such as the names of newsletters, unless it may be about leaving. If some cells say yes, or are a
        # state, the column holds answers, and the other cells may mean no.
        unclear = values.noes or values.answers or values.states or values.wants_none or values.denied
        return column.ignored_unless(values.strong or values.left or values.mentions or unclear)
    if values.dates and not values.answers and not values.states:
        return (
            column.is_("consented-at", rank=len(vocabulary.CONSENT))
            if vocabulary.SINCE_WHEN.search(words)
            else column.ignored
        )
    wants_none = values.wants_none and vocabulary.PREFERENCE.search(words) and not vocabulary.AT.search(words)
    # phpList writes 0 for everybody, and an import that unsubscribed them all could not be undone.
    of_phplist = words == "optedin" and any(vocabulary.CONFIRMED_NAME.fullmatch(one) for one in column.names)
    # In PrestaShop, it says whether they want offers from partners.
    of_prestashop = words == "optin" and "newsletter" in column.names and values.noes
    # Unsubscribing by mistake cannot be undone: a figure does not suffice, nor do zeros in all rows.
    figure = values.noes and values.digits == values.answers and vocabulary.SEVERAL.search(words)
    zeros = values.digits == values.filled == values.noes > 1 and not values.empty
    if wants_none or of_prestashop or figure or zeros or (of_phplist and values.noes == values.filled):
        return column.question
    # If only some rows have `oui`, it is a box that the others did not tick. Brevo's `OPT_IN` is empty for people who
    # signed up with a double opt-in form.
    ticked = values.filled == values.answers > 0 == values.noes and not (
        words == "opt in" and any(vocabulary.CONFIRMED_NAME.fullmatch(one) for one in column.names)
    )
    return column.is_("subscribed", empty_is_no=ticked or values.channels > 0 or values.marks == values.filled > 0)


def _by_values(column: _Subject) -> Column | Question:
    """Return a column whose name says nothing, judged by its cells."""
    values = column.values
    numbers = any(one.replace(".", "").isdecimal() for one in values.others)
    figure = numbers or vocabulary.COUNT.search(column.words)
    words = column.words
    of_email = vocabulary.ABOUT_EMAIL.search(words)
    about = of_email or vocabulary.ABOUT_WRITING.fullmatch(words) or vocabulary.ABOUT_NEWS.fullmatch(words)
    denied = about and values.denied
    wants_none = of_email and vocabulary.NEGATED.search(words) and values.filled > values.noes
    ended = vocabulary.ENDED.fullmatch(words) and values.filled > values.noes
    preferred_none = values.wants_none and (about or vocabulary.PREFERENCE.search(words))
    no = values.noes and not figure and about and not vocabulary.FORMAT.search(words)
    if no or preferred_none or denied or wants_none or ended:
        # `Email ok`: no may mean that they want none.
        return column.question
    if not values.left and not values.strong and not values.asked:
        return column.ignored
    # If all cells are states, it is a column of states, whatever its name.
    exact = all(vocabulary.EXACT.fullmatch(plain(one)) for one in values.left) and all(
        vocabulary.NEVER_ASKED.fullmatch(plain(one)) for one in values.mentions
    )
    only_states = exact and values.left and not values.others and not values.dates and not values.answers
    return column.is_("state") if only_states else column.question


_RULES: Sequence[Callable[[_Subject], _Understood]] = (
    _named,
    _of_other_purpose,
    _harmless,
    _about_leaving,
    _of_states,
    _about_confirming,
    _of_dates,
    _about_subscribing,
)


def standing_of_file(stem: str) -> Standing | Literal["unclear"]:
    """Return what the first words of a file's name say about all its rows, or `unclear` if later words may."""
    words = plain(stem)
    for standing, pattern in vocabulary.FILES:
        if re.match(rf"({pattern.pattern})\b", words):
            return standing
    found = any(re.search(rf"\b({pattern.pattern})\b", words) for _, pattern in vocabulary.FILES)
    return "unclear" if found else "subscribed"


@dataclass(frozen=True)
class Verdict:
    """What a row says: the standing (None if a state is not understood), when they left, and the words that say so."""

    standing: Standing | None
    left_at: datetime | None = None
    because: str = ""


def verdict_of(columns: Iterable[Column], cells: Sequence[str]) -> Verdict:
    """Return what all columns of a row say together: the strictest counts."""
    strictest: Standing = "subscribed"
    because = ""
    left: list[datetime] = []
    unknown = ""
    for column in columns:
        if column.kind not in STATES:
            continue
        text = cells[column.place] if column.place < len(cells) else ""
        standing, at = _said_by(column, text)
        if standing is None:
            unknown = unknown or text.strip()
            continue
        if at is not None and standing in LEFT:
            left.append(at)
        if STANDINGS.index(standing) > STANDINGS.index(strictest):
            strictest, because = standing, f"{column.name}: {text.strip()}"
    if unknown and strictest not in LEFT:
        return Verdict(None, because=unknown)
    return Verdict(strictest, max(left, default=None), because)


# What yes and no mean, by kind of column.
_ANSWERS: Mapping[Kind, tuple[Standing, Standing]] = {
    "subscribed": ("subscribed", "unsubscribed"),
    "state": ("subscribed", "unsubscribed"),
    "confirmed": ("subscribed", "pending"),
    "pending": ("pending", "subscribed"),
    "unsubscribed": ("unsubscribed", "subscribed"),
    "bounced": ("bounced", "subscribed"),
    "complained": ("complained", "subscribed"),
}


def _said_by(column: Column, text: str) -> tuple[Standing | None, datetime | None]:
    """Return the standing in one cell, None if it is not understood, and since when."""
    yes, no = _ANSWERS[column.kind]
    if nothing(text):
        return ("pending" if column.empty_is_no else "subscribed"), None
    answer = yes_or_no(text)
    if answer is not None:
        return (yes if answer else no), None
    at = dates.parse(text, column.order)
    if at is None and dates.order_of(text.strip()) == "either":
        # The later of the two readings is stricter.
        readings = (dates.parse(text, "day-first"), dates.parse(text, "month-first"))
        at = max((one for one in readings if one is not None), default=None)
    if at is not None or dates.order_of(text.strip()):
        # A state is not a date.
        return (None if column.kind == "state" else yes), at
    return _said_in_words(column, plain(text), text, yes), None


def _said_in_words(column: Column, words: str, text: str, yes: Standing) -> Standing | None:
    if column.any_text:
        # A reason such as "too many emails, like spam" is not a complaint.
        return "complained" if vocabulary.COMPLAINT.fullmatch(words) else yes
    if column.kind == "bounced" and vocabulary.SOFT.fullmatch(words):
        return "subscribed"
    if column.kind == "bounced" and vocabulary.HARD.fullmatch(words):
        return "bounced"
    return state_of(text)
