"""The strictest standing of each address in a file, kept on disk, so that memory use does not grow with the file."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import blake2b

from guichet.addresses import normalized
from infra.operate.importing.reader import Line
from infra.operate.importing.vocabulary import LEFT, STANDINGS
from infra.operate.queries import blocks

_SCHEMA = """
CREATE TABLE found (
  address BLOB PRIMARY KEY, rank INTEGER, number INTEGER, email TEXT, language TEXT, left_at TEXT, outcome TEXT
) WITHOUT ROWID
"""
# Of several rows for an address, the strictest counts, and the latest time of leaving.
_ADD = """
INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET
  left_at = max(found.left_at, excluded.left_at),
  outcome = CASE WHEN excluded.rank > found.rank THEN excluded.outcome ELSE found.outcome END,
  rank = max(found.rank, excluded.rank)
"""


class Standings:
    """The addresses that a file says are not subscribed, in a temporary file that is deleted at the end."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(_SCHEMA)

    def add(self, lines: Iterable[Line], outcome: str) -> None:
        """Add what rows say about their addresses, and the outcome of further rows with the same address."""
        self._database.executemany(
            _ADD,
            (
                (
                    _key(line.email),
                    STANDINGS.index(line.standing),
                    line.number,
                    line.email,
                    line.language,
                    line.left_at.isoformat() if line.left_at else "",
                    outcome,
                )
                for line in lines
            ),
        )

    def left(self, size: int) -> Iterator[list[Line]]:
        """Yield the addresses that left, each once, in blocks."""
        least = STANDINGS.index(LEFT[0])
        rows = self._database.execute(
            "SELECT number, email, language, rank, left_at FROM found WHERE rank >= ?", (least,)
        )
        lines = (
            Line(
                number=number,
                email=email,
                language=language,
                standing=STANDINGS[rank],
                left_at=datetime.fromisoformat(at) if at else None,
            )
            for number, email, language, rank, at in rows
        )
        return blocks(lines, size)

    def count_left(self) -> int:
        """Return how many addresses left."""
        least = STANDINGS.index(LEFT[0])
        return int(self._database.execute("SELECT count(*) FROM found WHERE rank >= ?", (least,)).fetchone()[0])

    def settle(self, outcomes: Iterable[tuple[str, str]]) -> None:
        """Set the outcomes of further rows with these addresses."""
        self._database.executemany(
            "UPDATE found SET outcome = ? WHERE address = ?", ((outcome, _key(email)) for email, outcome in outcomes)
        )

    def outcome(self, email: str) -> str | None:
        """Return the outcome of a row that would subscribe an address, or None if no other row forbids it."""
        row = self._database.execute("SELECT outcome FROM found WHERE address = ?", (_key(email),)).fetchone()
        return str(row[0]) if row else None


@contextmanager
def standings() -> Iterator[Standings]:
    """Open an empty store."""
    # SQLite deletes a database with an empty name on closing it ("Temporary Databases" in its documentation).
    with closing(sqlite3.connect("")) as database:
        yield Standings(database)


def _key(email: str) -> bytes:
    return blake2b(normalized(email).encode(), digest_size=16).digest()
