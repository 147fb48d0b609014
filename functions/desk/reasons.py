"""Why an email failed or was dropped, in words. Its row has that in English, for logs and commands.

Why one waits is told apart by guichet.outbox.reasons.
"""

from desk import words
from guichet.locales import Language

# The keys of the sentences, by what a row says. A test finds each of them in the code that writes it.
WHOLE = {
    "it was filed as spam": "filed_as_spam",
    "it is late to say that the message arrived": "too_late",
    "a later one of this address takes its place": "replaced",
    "its link was mailed a moment before it was asked for again, or since": "mailed_before",
    "there are no comments of the address": "no_comments",
    "the address is confirmed already": "confirmed_already",
    "the address left after it asked": "left",
    "the address is blocked": "blocked",
    "the address bounced": "bounced",
    "the address complained": "complained",
    "what it tells of was erased or has expired": "gone",
}
# Of these, a part; the rest is a number.
PARTS = {"no answer of SES after ": "in_doubt", " runs ended before it was sent": "ended"}


def why(reason: str, language: Language) -> str:
    """Return a reason in a language. What SES or a provider said stays as they said it."""
    key = WHOLE.get(reason) or next((key for part, key in PARTS.items() if part in reason), None)
    return words.say(f"reasons.{key}", language) if key else reason
