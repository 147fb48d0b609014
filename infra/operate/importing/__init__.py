"""Import addresses from a CSV file, row by row: as confirmed elsewhere, or as requests that are mailed a link.

People who left the list that the file comes from are recorded first, so no row can bring them back. Each row is one
conditional write, so an import is idempotent, and an interrupted one is simply run again. Imports never resubscribe
anyone who unsubscribed, bounced or complained.

- `decoding`: bytes as lines of text: encoding, line ends, separator
- `meaning`: what columns and cells say
- `dates`: dates as tools and spreadsheets write them
- `silence`: warnings about files that do not say who left
- `reader`: rows, checked
- `standings`: the strictest standing of each address
- `writing`: one row into the table
- `running`: the whole file
"""

from infra.operate.importing.decoding import SEPARATORS
from infra.operate.importing.reader import BadLine, Line, Read, Reader, answers
from infra.operate.importing.running import (
    BLOCK,
    INTERRUPTED,
    THREADS,
    UNAVAILABLE,
    Confirmed,
    DryRun,
    Requests,
    Summary,
    run,
)
from infra.operate.importing.vocabulary import KINDS, STANDINGS
from infra.operate.importing.writing import OUTCOMES, Outcome, room_today

__all__ = [
    "BLOCK",
    "INTERRUPTED",
    "KINDS",
    "OUTCOMES",
    "SEPARATORS",
    "STANDINGS",
    "THREADS",
    "UNAVAILABLE",
    "BadLine",
    "Confirmed",
    "DryRun",
    "Line",
    "Outcome",
    "Read",
    "Reader",
    "Requests",
    "Summary",
    "answers",
    "room_today",
    "run",
]
