"""What the columns of another tool's file mean, by their names and values, and what a row says of a person.

No tool is detected: columns are understood by words, English or French, and by what is in them. What may say that
somebody left, and is not understood, is a question to the operator.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args

from guichet.addresses import parse as parse_address
from infra.operate.importing import dates

# What a row says, the strictest last.
Standing = Literal["subscribed", "pending", "unsubscribed", "bounced", "complained"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
LEFT: tuple[Standing, ...] = ("unsubscribed", "bounced", "complained")

# What a column is. `state` holds words such as "cleaned". The others before it answer with yes, no or a date: yes to
# `subscribed` and `confirmed` is good, and yes to the rest is not.
Kind = Literal[
    "email", "name", "first-name", "last-name", "language", "source", "consented-at",
    "subscribed", "confirmed", "pending", "unsubscribed", "bounced", "complained", "state", "ignore",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
_STATES = ("subscribed", "confirmed", "pending", "unsubscribed", "bounced", "complained", "state")

_NAMES: Mapping[Kind, frozenset[str]] = {
    "email": frozenset(
        {
            "email", "e mail", "emails", "mail", "courriel", "email address", "emailaddress", "mail address",
            "adresse e mail", "adresse email", "adresse mail", "adresse courriel", "adresse de courriel",
            "adresse electronique", "adresse de messagerie", "email 1", "e mail 1", "e mail 1 value", "primary email",
            "contact email", "subscriber email", "subscriber s email", "member email", "user email",
        }
    ),
    "name": frozenset(
        {"name", "full name", "fullname", "nom complet", "nom et prenom", "prenom et nom", "display name", "contact name",
         "subscriber name", "nom affiche"}
    ),
    "first-name": frozenset(
        {"first name", "firstname", "fname", "first", "given name", "givenname", "forename", "prenom", "prenoms",
         "subscriber first name"}
    ),
    "last-name": frozenset(
        {"last name", "lastname", "lname", "last", "surname", "family name", "familyname", "nom de famille",
         "subscriber last name"}
    ),
    "language": frozenset({"language", "langue", "lang", "locale", "preferred language", "langue preferee"}),
    "source": frozenset({"source", "page", "origine", "provenance", "signup source", "acquisition source"}),
}  # fmt: skip
# Columns of dates that are when somebody consented, the best first. The last ones are when they came to the list.
_CONSENT_DATES = (
    r"confirm\w* (time|at|date|on)|(date|heure) (de )?(la )?confirm\w*|confirme\w* le",
    r"consent\w*( given)? (at|time|date|on)|(date|heure) (de |du )?consentement|consentement le",
    r"opt ?(ed )?in( time| date| at| on| timestamp)|optin(time|date)|(date|heure) (d )?opt ?in",
    r"(subscribed|subscriber|subscription|signup|sign up|signed up|joined|registered|registration)( at| date| on| time| since)?"
    r"( created at)?|date (subscribed|joined|registered)|(date )?(d )?(inscription|abonnement)|(inscrit|abonne)e? le"
    r"|(inscrit|abonne)e? depuis|since|depuis",
    r"created( at| on| date| time)?( utc 0)?|creation( date| time)?|date (created|added|de creation|d ajout)"
    r"|added( at| on| date| time)|(cree|ajoute)e? le|start date|date",
)
_CONSENT = [re.compile(one) for one in _CONSENT_DATES]

# --- words in names ---------------------------------------------------------------------------------------------------

_COMPLAINED = r"complain\w*|complaint\w*|plaint\w*|spam\w*|abus\w*|junk|indesirable\w*|signale\w*"
_BOUNCED = (
    r"\w*bounc\w*|rebond\w*|rebound\w*|cleaned|clean|nettoye\w*|undeliver\w*|non deliv\w*|non delivr\w*|npai|invalid\w*"
    r"|erron\w*"
)
_UNSUBSCRIBED = (
    r"unsub\w*|un subscri\w*|de ?sinscri\w*|de ?sabonn\w*|desouscri\w*|opt(ed|ing)? ?outs?|remov\w*|delet\w*|supprim\w*"
    r"|suppression\w*|suppress\w*|disabl\w*|desactiv\w*|de ?activat\w*|inactiv\w*|inactif\w*|archiv\w*|black ?list\w*"
    r"|block ?list\w*|block\w*|bloque\w*|bloqua\w*|bloc?age|liste (noire|rouge)|exclud\w*|exclu(e|s|es)?|exclusion\w*|cancel\w*|annul\w*|resili\w*"
    r"|left|leav\w*|parti(e|s|es)?|departs?|quit(s|ted|te|tee)?|sorti\w*|refus\w*|oppos\w*|objected|revo[kcq]\w*|withdr[ae]w\w*"
    r"|retire(e|s|es)?|stop\w*|terminat\w*|suspend\w*|suspens\w*|bann\w*|banned|denied|declin\w*|reject\w*|rejet\w*|dnd|dnc"
    r"|do not \w+|ne (pas|plus) \w+|no (more )?(e ?)?mails?|no longer \w+|plus de mails?|email off|mail off|mute\w*|ended"
    r"|forgotten|oublie\w*|erased|efface\w*|trash\w*|corbeille|resign\w*|lapsed|lifted"
)
_PENDING = (
    r"pending\w*|un ?confirmed|un ?verified|un ?activated|non confirm\w*|non verif\w*|en attente\w*|awaiting\w*"
    r"|not confirmed|not verified|a confirmer|waiting\w*|non ?subscribed|never subscribed"
)
_PATTERNS: Sequence[tuple[Kind, re.Pattern[str]]] = tuple(
    (kind, re.compile(rf"\b({words})\b"))
    for kind, words in (
        ("complained", _COMPLAINED), ("bounced", _BOUNCED), ("unsubscribed", _UNSUBSCRIBED), ("pending", _PENDING),
    )
)  # fmt: skip
_LEFT_WORD = re.compile(rf"\b({_COMPLAINED}|{_BOUNCED}|{_UNSUBSCRIBED}|{_PENDING})\b")
_STATE_NAME = re.compile(r"\b(status|statuses|state|statut|etat|standing|situation)\b")
_CONFIRMED_NAME = re.compile(
    r"(is |est |email |e mail |adresse |optin |opt in )*(confirm(ed|e|ee|ation)?|verified|verifie|validated|valide"
    r"|double opt ?(ed )?in|doi|activated)( at| time| date| on| le| status)?|date (de )?(la )?(confirmation|validation)"
    r"|sib double opt in|doi (confirmed|date)( at)?"
)
_SUBSCRIBED_NAME = re.compile(
    r"\b(subscri(bed|be|ber|ption|ptions)|abonne(e|s|es)?|abonnements?|inscrit(e|s|es)?|inscriptions?|opt(ed|s)? ?in"
    r"|newsletters?|lettres?|infolettres?|accept\w*|accord|consent\w*|agree\w*|permissions?|authori[sz]\w*|autoris\w*|allow\w*"
    r"|active|actif|actifs|enabled|activee?|marketing|mailing|mailable|contactable|receives?|recoit|wants?|souhaite"
    r"|gdpr|rgpd|deliverable|joignable|reachable|valid|mailings?)\b"
)
# Said of another channel, or of something that is not the person's wish.
_OTHER_CHANNEL = re.compile(
    r"\b(sms|whatsapp|phone|phones|telephone|tel|mobile|portable|gsm|landline|push|fax|call|calls|appels?|postal"
    r"|courrier|facebook|twitter|messenger)\b"
)
_ABOUT_EMAIL = re.compile(r"\b(e ?mails?|mails?|courriels?)\b")
_ADDRESS_OF_A_PAGE = re.compile(r"\b(url|link|lien|href|token|jeton|code|key|cle|hash|template|page|redirect)\b")
_NETWORK = re.compile(r"\b(ip|ips|ip address|from|user agent|browser)\b")
_MEASURE = re.compile(
    r"\b(rate|rates|taux|score|rating|percent|percentage|pct|opens?|opened|ouvertures?|clicks?|clicked|clics?|views?"
    r"|vues?|days|jours|months|mois|sent|envoyes?|revenue|price|prix|amount|montant|shares|comments|hours|weeks)\b"
)
_COUNT = re.compile(r"\b(count|counts|number|nombre|num|nb|total|totals|times)\b")
_PAYMENT = re.compile(
    r"\b(stripe|expiry|expir\w*|plan|plans|tier|tiers|paid|pay|payant\w*|payment\w*|paiement\w*|paypal|revenue|billing"
    r"|factur\w*|invoice\w*|order\w*|commande\w*|premium|trial|purchas\w*|achat\w*|customer|founding|comp|gift)\b"
)
# What has to do with a paid subscription as well as with a free one.
_OF_PAYMENT = re.compile(
    r"(active|paid|stripe|premium) (subscription|subscriber|plan|member|membership)|(subscription )?(cancel\w*|end|ended"
    r"|expir\w*)( date| at| on)?|cancel at period end|churn\w*"
)
_PLACE = re.compile(
    r"\b(address|adresse|region|province|country|pays|zip|postcode|city|ville|shipping|billing|county|departement"
    r"|commune)\b"
)
_OTHER_STATE = re.compile(
    r"\b(civil|marital|matrimonial\w*|family|job|employment|emploi|order|commande|payment|paiement|delivery|livraison"
    r"|invoice|facture|plan|vip)\b"
)
_HARMLESS = re.compile(
    r"(e ?mail )?(notes?|remarks?|remarques?|commentaires?|comments?|description|bio|id|uuid|leid|euid|uid|guid)"
    r"|(contact |subscriber |external |ext )id|tags?|labels?|etiquettes?|groups?|groupes?|segments?|lists?|listes?"
    r"|listids?|interests?|interets?|country|pays|city|ville|company|entreprise|societe|organi[sz]ation"
    r"|timezone|time zone|metadata|attributes|attributs|last changed|modified|modified time|updated at|utm \w+|cc"
)
# As a cell of a free text, these alone are taken for a state.
_STRONG = re.compile(
    r"(unsub\w*|un subscri\w*|de ?sinscri\w*|de ?sabonn\w*|opt(ed)? ?out|(hard )?bounced|complained|black ?listed?|"
    r"block ?listed?|do not (e?mail|contact)|ne (pas|plus) (contacter|ecrire))( (le|on|at|by|par)?( ?\w+){0,3})?"
)
_REASON = re.compile(
    r"\b(reason|raison|motif|cause|campaign|campagne|title|titre|other|comment|commentaire|by|par|from|ip|message|type"
    r"|feedback)\b"
)
# Free texts of our own export.
_OURS = ("wording", "wording version", "statement", "consent claim", "asked from", "confirmed from", "unsubscribe url")
_SINCE_WHEN = re.compile(r"\b(subscri\w*|abonn\w*|inscri\w*|opt(ed)? ?in|newsletters?|consent\w*)\b")
_AT = re.compile(r"\b(time|at|date|on|le|timestamp|since|depuis|heure)\b")

# --- words in cells ---------------------------------------------------------------------------------------------------

_YES = frozenset(
    {"true", "yes", "y", "t", "1", "oui", "o", "vrai", "v", "on", "x", "✓", "✔", "☑", "✅", "wahr", "ja", "si"}
)
_NO = frozenset({"false", "no", "n", "f", "0", "non", "faux", "off", "☐", "✗", "✘", "❌", "nein"})
_MARKS = frozenset({"x", "✓", "✔", "☑", "✅"})
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "null", "none", "nil", "nan", "undefined", "aucun", "aucune", "[]", "{}", "jamais", "never", "\\n"})  # fmt: skip
_SUBSCRIBED_WORD = re.compile(
    r"((currently|still|toujours|yes|oui) )?(subscribed|subscriber|subscribe|abonnee?|inscrite?|confirmed|confirmee?|active"
    r"|actif|activee?|enabled|valide?|validee?|verified|verifiee?|deliverable|regular|premium|gifted|trialed|trialing|free|paid"
    r"|comp|comped|member|unpaid|past due|churning|churned|approved|accepted|accepte|opened|ok|normal|live|current"
    r"|(single |double )?opt(ed)? ?in( confirmed)?)( (single|double) opt ?in)?"
)
_NEVER_ASKED = re.compile(
    rf"({_PENDING}|not set|unset|not (yet )?(opted in|activated)|never (confirmed|subscribed|opted in|verified)"
    r"|jamais (confirme|inscrit|abonne)e?|invited|invitee?|to confirm|transactional( only)?|no consent|unknown|inconnue?"
    r"|new|nouveau|prospect|lead|customer|paused|pause|en pause|held|on hold|guest|expired|optin pending"
    r"|confirmation (pending|sent)|validating|needs attention)"
)
_NOT_SUBSCRIBED = re.compile(
    r"(not|no longer|non|pas|plus|n est plus|n est pas) (currently )?(subscribed|subscriber|abonnee?|inscrite?|active|actif"
    r"|opted in|enabled|opt in)"
)
_NEGATED = re.compile(r"\b(not|never|non|pas|jamais|no|isn t|without|sans)\b")
_PERMANENT = re.compile(r"(hard|permanent|general|suppressed|oui)( bounce)?|bounce|dure?")
_TEMPORARY = re.compile(r"(soft|transient|temporary|temporaire|undetermined)( bounce)?|mou|molle")
_MOST_WORDS = 6


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a name or a short text in lower case, without accents, its words apart: `IsOptedOut` is `is opted out`."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def yes_or_no(text: str) -> bool | None:
    """Return what an answer says, or None if it is none."""
    text = text.strip().lower()
    return True if text in _YES else False if text in _NO else None


def nothing(text: str) -> bool:
    """Return whether a cell says nothing, in one of the ways that databases write it."""
    return text.strip().lower() in _NOTHING or dates.never(text)


@lru_cache(maxsize=4096)
def state_of(text: str) -> Standing | None:
    """Return the standing that a word or two say, such as `Never subscribed`, or None if they are not understood."""
    words = plain(text)
    if not words or words.count(" ") >= _MOST_WORDS:
        return None
    if _NEVER_ASKED.fullmatch(words):
        return "pending"
    if _NOT_SUBSCRIBED.fullmatch(words):
        return "unsubscribed"
    if _SUBSCRIBED_WORD.fullmatch(words):
        return "subscribed"
    for kind, pattern in _PATTERNS:
        if found := pattern.search(words):
            # "not bounced" is nobody's leaving, and "never clean" is nothing that is known.
            negated = _NEGATED.search(words[: found.start()])
            return None if negated or words == "clean" else _standing(kind)
    return None


def _standing(kind: Kind) -> Standing:
    return next(one for one in STANDINGS if one == kind)


@dataclass
class Values:
    """What is known of the cells of a column, after a look at the whole file."""

    filled: int = 0
    empty: int = 0
    answers: int = 0
    marks: int = 0
    dates: int = 0
    addresses: int = 0
    states: set[Standing] = field(default_factory=set)
    # Cells that are no answer, date, or state, a few of them; those that alone would say that somebody left; and those
    # that say so among other words.
    others: dict[str, None] = field(default_factory=dict)
    strong: dict[str, None] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    day_first: bool = False
    month_first: bool = False
    either: str = ""

    def add(self, cell: str) -> None:
        """Look at one more cell."""
        if nothing(cell):
            self.empty += 1
            return
        self.filled += 1
        text = cell.strip()
        order = dates.order_of(text)
        self.day_first |= order == "day-first"
        self.month_first |= order == "month-first"
        if order == "either":
            self.either = text
        if yes_or_no(text) is not None:
            self.answers += 1
            self.marks += text.lower() in _MARKS
        elif order or dates.parse(text) is not None:
            self.dates += 1
        elif len(text) <= _LONGEST_STATE and (standing := state_of(text)):
            self.states.add(standing)
            if standing != "subscribed":
                _keep(self.left, text)
        else:
            self.addresses += "@" in text and parse_address(text) is not None
            _keep(self.others, text[:_LONGEST_STATE])
        if any(_STRONG.fullmatch(plain(one)) for one in re.split(r"[,;|]", text[: 4 * _LONGEST_STATE])):
            _keep(self.strong, text[:_LONGEST_STATE])

    @property
    def examples(self) -> list[str]:
        """A few cells, those first that are not understood."""
        return [*self.strong, *self.others, *self.left][:3]


_LONGEST_STATE = 60
_MOST_OTHERS = 50


def _keep(kept: dict[str, None], text: str) -> None:
    if len(kept) < _MOST_OTHERS:
        kept[text] = None


@dataclass(frozen=True)
class Column:
    """A column, what it is, and how good its date is as that of the consent: 0 is the best."""

    place: int
    name: str
    kind: Kind
    rank: int = 0
    # An empty cell of it says no: the others have a mark, or it is when they confirmed.
    empty_is_no: bool = False
    # Any text in it says yes: it is why or how they left.
    any_text: bool = False
    order: dates.Order | None = None


@dataclass(frozen=True)
class Question:
    """A column that may say that somebody left, and is not understood."""

    name: str
    examples: tuple[str, ...]


def column_of(place: int, name: str, values: Values, names: Sequence[str], chosen: Kind | None) -> Column | Question:
    """Return what a column is, among columns of these plain names, or the question what it is."""
    words = plain(name)
    if chosen is not None:
        return _chosen(place, name, values, chosen)
    for kind, known in _NAMES.items():
        if words in known:
            return Column(place, name, kind)
    if words in ("subscriber", "abonne") and values.addresses:
        return Column(place, name, "email")
    if words == "nom":
        given = any(one in _NAMES["first-name"] for one in names)
        return Column(place, name, "last-name" if given else "name")
    ignored = Column(place, name, "ignore")
    if words in _OURS:
        return ignored
    question = Question(name, tuple(values.examples))
    if _OTHER_CHANNEL.search(words) and not _ABOUT_EMAIL.search(words):
        return ignored
    if (_HARMLESS.fullmatch(words) or _ADDRESS_OF_A_PAGE.search(words)) and not _STATE_NAME.search(words):
        return question if values.strong else ignored
    paid = _OF_PAYMENT.fullmatch(words) and any(_PAYMENT.search(one) for one in names if one != words)
    if paid or (_MEASURE.search(words) and not values.left and not values.strong):
        return ignored
    for kind, pattern in _PATTERNS:
        if found := pattern.search(words):
            # `not unsubscribed`: yes is good.
            negated = _NEGATED.search(words[: found.start()])
            return question if negated else _about_leaving(Column(place, name, kind), words, values, question)
    if _STATE_NAME.search(words):
        confirming = re.search(r"\b(confirm\w*|verif\w*|double|doi)\b", words)
        return _of_states(Column(place, name, "confirmed" if confirming else "state"), words, values, names, question)
    if _CONFIRMED_NAME.fullmatch(words):
        return _about_confirming(Column(place, name, "confirmed"), values, question)
    if (dated := _of_dates(Column(place, name, "consented-at"), words, values)) is not None:
        return dated
    if _SUBSCRIBED_NAME.search(words) and not _NETWORK.search(words) and not _COUNT.search(words):
        return _about_subscribing(Column(place, name, "subscribed"), words, values, question)
    return _by_values(Column(place, name, "state"), values, question)


def _chosen(place: int, name: str, values: Values, kind: Kind) -> Column:
    """Return a column that the operator says what it is."""
    empty_is_no = kind in ("subscribed", "confirmed") and values.empty > 0 and values.filled > 0
    return Column(place, name, kind, empty_is_no=empty_is_no, any_text=kind in LEFT)


def _about_leaving(column: Column, words: str, values: Values, question: Question) -> Column | Question:
    """Return a column by whose name people left, if its cells are dates, answers or reasons."""
    soft = re.search(r"\bsoft\b", words) and column.kind == "bounced"
    if soft or (_MEASURE.search(words) and not values.states):
        return Column(column.place, column.name, "ignore")
    text = bool(_REASON.search(words)) or (bool(_AT.search(words)) and not values.others)
    understood = text or not _unclear(column.kind, values)
    return Column(column.place, column.name, column.kind, any_text=text) if understood else question


# The names of files as tools give them to a list of those who left.
_FILES: Sequence[tuple[Standing, re.Pattern[str]]] = (
    ("complained", re.compile(r"complain\w*|plaintes?|spam\w*")),
    ("bounced", re.compile(r"(hard )?bounc\w*|cleaned (members?|emails?|contacts?|audience|subscribers?)|rebonds?")),
    ("pending", re.compile(r"non ?subscribed|unconfirmed|unactivated|pending|non (abonn|inscri|confirm)\w*")),
    (
        "unsubscribed",
        re.compile(
            r"unsub\w*|de ?sinscri\w*|de ?sabonn\w*|opt(ed)? ?outs?|block ?list\w*|black ?list\w*|suppress\w*|exclu\w*"
        ),
    ),
)


def standing_of_file(stem: str) -> Standing | Literal["unclear"]:
    """Return what the name of a file says of all its rows: `unsubscribed_members_export`. In its midst it is unclear."""
    words = plain(stem)
    for standing, pattern in _FILES:
        if re.match(rf"({pattern.pattern})\b", words):
            return standing
    found = any(re.search(rf"\b({pattern.pattern})\b", words) for _, pattern in _FILES)
    return "unclear" if found else "subscribed"


def _unclear(kind: Kind, values: Values) -> bool:
    if kind == "bounced":
        return not all(_PERMANENT.fullmatch(plain(one)) or _TEMPORARY.fullmatch(plain(one)) for one in values.others)
    return bool(values.others)


def _of_states(
    column: Column, words: str, values: Values, names: Sequence[str], question: Question
) -> Column | Question:
    """Return a column of states: people's, unless it is where they live."""
    place = _PLACE.search(words) or (words in ("state", "etat") and any(_PLACE.search(one) for one in names))
    if not values.states and not values.answers and (place or _OTHER_STATE.search(words)):
        return Column(column.place, column.name, "ignore")
    if _OTHER_STATE.search(words) and not values.strong:
        return Column(column.place, column.name, "ignore")
    return question if values.others or values.dates else column


def _about_confirming(column: Column, values: Values, question: Question) -> Column | Question:
    """Return a column of confirmations: an empty cell among dates says that there was none."""
    if values.others:
        return question
    dated = values.dates > 0 or (bool(_AT.search(plain(column.name))) and not values.filled)
    return Column(column.place, column.name, column.kind, empty_is_no=dated or values.marks == values.filled > 0)


def _of_dates(column: Column, words: str, values: Values) -> Column | None:
    """Return a column of the dates of consent, or None if it has others, or is none."""
    rank = next((rank for rank, one in enumerate(_CONSENT) if one.fullmatch(words)), None)
    exact = words in ("consented at", "optin time", "date")
    if rank is None or values.answers or values.states or (values.others and not exact):
        return None
    return Column(column.place, column.name, column.kind, rank=rank) if values.dates or exact else None


def _about_subscribing(column: Column, words: str, values: Values, question: Question) -> Column | Question:
    """Return a column that says whether people are subscribed, or since when."""
    ignored = Column(column.place, column.name, "ignore")
    if values.others:
        # Text of another kind, such as the newsletters' names, unless it may be about leaving.
        said = values.strong or values.left or any(_LEFT_WORD.search(plain(one)) for one in values.others)
        return question if said else ignored
    if values.dates and not values.answers and not values.states:
        since = Column(column.place, column.name, "consented-at", rank=len(_CONSENT))
        return since if _SINCE_WHEN.search(words) else ignored
    if not values.filled or _AT.search(words):
        return ignored if not values.states and not values.answers else column
    return Column(column.place, column.name, column.kind, empty_is_no=values.marks == values.filled)


def _by_values(column: Column, values: Values, question: Question) -> Column | Question:
    """Return a column of which the name says nothing: its cells may."""
    if values.left or values.strong:
        # All of them are states: it is a column of states, whatever its name is.
        if not values.others and not values.dates and not values.answers:
            return column
        return question
    return Column(column.place, column.name, "ignore")


@dataclass(frozen=True)
class Verdict:
    """What a row says: the standing, when they left, and the words that say so. None if a state is not understood."""

    standing: Standing | None
    left_at: datetime | None = None
    because: str = ""


def verdict_of(columns: Iterable[Column], cells: Sequence[str]) -> Verdict:
    """Return what a row says in all its columns together: the strictest counts."""
    strictest: Standing = "subscribed"
    because = ""
    left: list[datetime] = []
    unknown = ""
    for column in columns:
        if column.kind not in _STATES:
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


# What yes and no mean in a column.
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
    """Return what one cell says, and since when. None is not understood."""
    yes, no = _ANSWERS[column.kind]
    if nothing(text):
        return ("pending" if column.empty_is_no else "subscribed"), None
    answer = yes_or_no(text)
    if answer is not None:
        return (yes if answer else no), None
    at = dates.parse(text, column.order)
    if at is not None or dates.order_of(text.strip()):
        # A state is not a date.
        return (None if column.kind == "state" else yes), at
    words = plain(text)
    if column.kind == "bounced" and _TEMPORARY.fullmatch(words):
        return "subscribed", None
    if column.kind == "bounced" and _PERMANENT.fullmatch(words):
        return "bounced", None
    if (standing := state_of(text)) is not None and not (column.any_text and standing == "subscribed"):
        # A reason such as "too many emails (spam)" is not a complaint.
        return (yes if column.any_text else standing), None
    return (yes if column.any_text else None), None
