"""The comments of the demo site's article: the initial ones, and their export as in a build of the site."""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from guichet.comments.public import public_part
from guichet.locales import Language
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.store import comments, dynamodb, table
from infra.operate.comments_export import Options, export
from infra.operate.connection import OperatorError, OperatorSettings

_OPTIONS = Options(None, ("html",), feed="")


class Written(NamedTuple):
    """A comment to begin with. `answers` is the name of whom it answers, if it answers anybody."""

    name: str
    comment: str
    days_ago: float
    answers: str = ""


DEMO: Mapping[str, tuple[Language, tuple[Written, ...]]] = {
    "/article.html": (
        "fr",
        (
            Written(
                "Hélène Roux",
                "Dans mon exemplaire de *La Cuisinière*, ma grand-mère a noté « moins de sel ». Elle avait raison.",
                5,
            ),
            Written("Atelier Bellevue", "Et le livre, lui, n’a jamais été corrigé !", 4.5, "Hélène Roux"),
            Written(
                "Karim Benali",
                "Les relieurs rognaient les marges, et les notes avec. À lire là-dessus : "
                "[l’histoire du livre](https://fr.wikipedia.org/wiki/Histoire_du_livre).",
                3,
            ),
        ),
    ),
    "/en/article.html": (
        "en",
        (
            Written(
                "Anne Miller",
                "In my copy of a cookery book, my grandmother wrote *less salt*. She was right.",
                5,
            ),
            Written("Atelier Bellevue", "And the book itself was never corrected!", 4.5, "Anne Miller"),
            Written(
                "Karim Benali",
                "Binders used to trim the margins, and the notes with them. More on this: "
                "[the history of books](https://en.wikipedia.org/wiki/History_of_books).",
                3,
            ),
        ),
    ),
}


class Build:
    """The exported threads of the site's pages.

    They are exported again when a page is requested, as a site's own build would do after each approval. While the
    table does not answer, a page keeps its previous content.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="guichet-comments-")
        self._lock = threading.Lock()
        self._begun = False

    def thread(self, page: str) -> bytes:
        """Return the list of a page's comments, empty if it has none."""
        with self._lock:
            try:
                settings = OperatorSettings.from_environment()
                if not self._begun:
                    write_demo(settings.table_name, settings.signing_secret)
                    self._begun = True
                export(Path(self._folder.name), _OPTIONS, settings)
            except (BotoCoreError, ClientError, OperatorError, dynamodb.UnavailableError) as error:
                logging.getLogger(__name__).warning("the comments cannot be exported now: %s", error)
            return self._exported(page)

    def _exported(self, page: str) -> bytes:
        folder = Path(self._folder.name)
        index = folder / "pages.json"
        known = json.loads(index.read_bytes()) if index.is_file() else {}
        return (folder / f"{known[page]['file']}.html").read_bytes() if page in known else b""

    def close(self) -> None:
        """Remove the export."""
        self._folder.cleanup()


def write_demo(table_name: str, secret: str) -> None:
    """Write and approve the demo's initial comments, unless they exist."""
    now = utc_now()
    for page, (language, thread) in DEMO.items():
        ids = {one.name: hashlib.sha256(f"{page} {one.name}".encode()).hexdigest()[:32] for one in thread}
        for one in thread:
            if comments.comment(table_name, ids[one.name]):
                continue
            new = Comment(
                id=ids[one.name],
                page=page,
                name=one.name,
                comment=one.comment,
                parent=ids.get(one.answers, ""),
                state="pending",
                language=language,
                received_at=now - timedelta(days=one.days_ago),
            )
            dynamodb.transact([table.put(table_name, table.item_of(new))])
            comments.approve(table_name, secret, new, public_part(new), now)
