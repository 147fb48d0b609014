"""Give back what was typed into a form that failed because of its session or the database: it would be lost otherwise.

Pages of the desk are not cached, so going back fetches the page again and discards what was typed there.
"""

from desk import pages, words
from desk.call import LARGEST_BODY, DeskError, Visit
from guichet.http.body import fields_of
from guichet.http.refusal import Refusal
from guichet.http.responses import Response

# The errors of a form that was posted from a page of the desk itself.
CODES = frozenset({"signed_out", "other_session"})
# The keys of the sentences for a refused body, by status. Other bodies could not be read at all.
CODE_OF_REFUSAL = {413: "too_large"}
# The largest request of Lambda. What is shown of it fits into a response, even with every `<` escaped.
_MOST_READ = 6 * 1024 * 1024
_MOST_SHOWN = LARGEST_BODY
# Nobody misses anything shorter, in characters.
_SHORT = 20
# Fields of that length that a browser or a page filled in; and a code, which is useless now.
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
    """Return as much of the texts as fits on a page, and whether anything is missing."""
    shown: list[str] = []
    left = _MOST_SHOWN
    for text in texts:
        written = text.encode()
        shown.append(written[:left].decode(errors="ignore"))
        left -= len(written)
        if left < 0:
            return shown, True
    return shown, False
