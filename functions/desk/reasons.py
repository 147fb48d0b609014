"""Why an email waits, failed or was dropped, in words. Its row has that in English, for logs and commands."""

from desk import words
from guichet.locales import Language

# The keys of the sentences, by what a row says. A test finds each of them in the code that writes it.
WHOLE = {
    "it was filed as spam": "filed_as_spam",
    "it is late to say that the message arrived": "too_late",
    "a later one of this address takes its place": "replaced",
    "its link was mailed a moment before it was asked for again, or since": "mailed_before",
    "the address is confirmed already": "confirmed_already",
    "the address left after it asked": "left",
    "the address is blocked": "blocked",
    "the address bounced": "bounced",
    "the address complained": "complained",
    "what it tells of was erased or has expired": "gone",
    "StrangerMailPerDay is used up for today": "used_up",
    "its network had its share of StrangerMailPerDay today": "share",
    "the mailbox had one a moment ago, or enough of them today": "often",
    "the erasure goes on": "erasing",
    "to all others before": "sent_before",
}
# Of these, the beginning; the rest is what SES, the mailbox's provider or Python said.
BEGINNINGS = {
    "the owner's mailbox takes no mail: ": "mailbox",
    "it cannot be written: ": "unwritable",
    "the table did not answer: ": "table",
    "no answer of SES after ": "in_doubt",
}


def why(reason: str, language: Language) -> str:
    """Return a reason in a language. What SES or a provider said stays as they said it."""
    if reason in WHOLE:
        return words.say(f"reasons.{WHOLE[reason]}", language)
    for beginning, key in BEGINNINGS.items():
        if reason.startswith(beginning):
            return words.say(f"reasons.{key}", language, said=reason.removeprefix(beginning))
    return reason
