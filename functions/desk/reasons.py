"""Why an email failed or was dropped, in words. Its row has the reason in English, for logs and commands.

guichet.outbox.reasons says why an email waits.
"""

from desk import words
from guichet.locales import Language

# The keys of the sentences, by the reason in a row. A test checks that some code writes each of them.
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
# Those that contain a number.
PARTS = {"no answer of SES after ": "in_doubt", " runs ended before it was sent": "ended"}


def why(reason: str, language: Language) -> str:
    """Return a reason in a language. The words of SES or a provider are not translated."""
    key = WHOLE.get(reason) or next((key for part, key in PARTS.items() if part in reason), None)
    return words.say(f"reasons.{key}", language) if key else reason
