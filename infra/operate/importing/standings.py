"""The strictest that a file says of each address, on disk, so that memory stays flat for any file."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from typing import NamedTuple, cast

from guichet.addresses import normalized
from infra.operate.importing.meaning import STANDINGS, Standing


class Found(NamedTuple):
    """The strictest standing of an address in the file, and the outcome of each row that would subscribe it."""

    standing: Standing
    outcome: str


class Standings:
    """The addresses of a file that are not subscribed there, in a temporary file that is gone at the end."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE found (address BLOB PRIMARY KEY, rank INTEGER, outcome TEXT) WITHOUT ROWID")

    def add(self, found: Iterable[tuple[str, Found]]) -> None:
        """Add addresses; of one that is there, the stricter standing stays."""
        self._database.executemany(
            "INSERT INTO found VALUES (?, ?, ?) ON CONFLICT (address) DO UPDATE "
            "SET rank = excluded.rank, outcome = excluded.outcome WHERE excluded.rank >= found.rank",
            ((_key(email), STANDINGS.index(one.standing), one.outcome) for email, one in found),
        )

    def of(self, email: str) -> Found | None:
        """Return what was added of an address, if anything."""
        row = self._database.execute("SELECT rank, outcome FROM found WHERE address = ?", (_key(email),)).fetchone()
        return Found(STANDINGS[cast("int", row[0])], str(row[1])) if row else None


@contextmanager
def standings() -> Iterator[Standings]:
    """Open an empty store."""
    # SQLite: "Temporary Databases": an empty name is a file that is deleted when it is closed.
    with closing(sqlite3.connect("")) as database:
        yield Standings(database)


def _key(email: str) -> bytes:
    return blake2b(normalized(email).encode(), digest_size=16).digest()
