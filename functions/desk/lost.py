"""What was typed into a form that could not be taken, for its session or for the database: else it would be lost.

Browsers fetch a page anew when one goes back to it, and with it what was typed there: pages of the desk are not stored.
"""

from desk import pages, words
from desk.call import LARGEST_BODY, DeskError, Visit
from guichet.http.body import fields_of
from guichet.http.refusal import Refusal
from guichet.http.responses import Response

# The errors of a form that was posted from a page of the desk itself.
CODES = frozenset({"signed_out", "other_session"})
# The keys of the sentences for a body that could not be taken, by its status. Of others, nothing could be read.
CODE_OF_REFUSAL = {413: "too_large"}
# As much as Lambda takes at once. What is shown of it fits into its response, whatever is written in place of a `<`.
_MOST_READ = 6 * 1024 * 1024
_MOST_SHOWN = LARGEST_BODY
# Nobody misses less, in characters.
_SHORT = 20
# What a browser or a page filled in, as far as it is as long; and a code, which is of use to nobody.
_NOT_TYPED = frozenset(
    {"token", "code", "changed", "content", "email", "id", "message", "permit", "record", "subscriber"}
)


def page(visit: Visit, error: DeskError) -> Response:
    """Render the error, with the texts that were posted, if any."""
    if visit.page in pages.FRAMED:
        return pages.framed_error(visit, error)
    language = visit.language
    texts, cut = _shown(_typed(visit))
    return pages.page(
        visit,
        "lost.html",
        title=words.say("common.error_title", language),
        status=error.status,
        sentence=words.say(f"common.{error.code}", language),
        texts=texts,
        cut=cut,
    )


def _typed(visit: Visit) -> list[str]:
    if visit.method != "POST":
        return []
    try:
        fields = fields_of(visit.request, _MOST_READ)
    except Refusal:
        return []
    return [
        value
        for name, value in fields.items()
        if isinstance(value, str) and name not in _NOT_TYPED and (len(value) >= _SHORT or "\n" in value)
    ]


def _shown(texts: list[str]) -> tuple[list[str], bool]:
    """Return as much of the texts as a page has room for, and whether some of it is missing."""
    shown: list[str] = []
    left = _MOST_SHOWN
    for text in texts:
        written = text.encode()
        shown.append(written[:left].decode(errors="ignore"))
        left -= len(written)
        if left < 0:
            return shown, True
    return shown, False
