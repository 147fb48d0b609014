"""Warn about files that do not say who left: some tools list those people among the others, unmarked."""

from collections.abc import Sequence

from infra.operate.importing.meaning import STATES, Column, plain
from infra.operate.importing.vocabulary import LEFT

# listmonk: `ExportSubscribers`. It has what the whole instance knows of a person, and not which lists they left.
_LISTMONK = frozenset({"uuid", "email", "attributes", "status"})
# Brevo: "Export contacts". These columns are always there, the status of the subscription where it is chosen.
_BREVO = frozenset({"email", "added time", "modified time"})
# Substack: "Export" above its list of subscribers, which has no `Email disabled`.
_SUBSTACK = frozenset({"email", "start date", "emails received 6mo"})

_OF_LISTMONK = (
    "This looks like an export from listmonk, which does not say who unsubscribed from a list. If you have not yet "
    "imported these people, open the number next to `unsubscribed` under Lists there, export them, and import that "
    "file with --state unsubscribed."
)
_OF_BREVO = (
    "This looks like an export from Brevo without the subscription status, so it does not say who is blocklisted "
    "there. Export that column as well, or only those people, and import them with --state unsubscribed."
)
_OF_SUBSTACK = (
    "This looks like Substack's list of subscribers, which does not say who has switched emails off. Use the export "
    "under Settings, Exports instead: its file `email_list` has the column `email_disabled`."
)
_OF_ANY = (
    "No column of this file says who left. If people did, export that column as well; or export only those people, and "
    "import them with --state unsubscribed."
)


def silence_of(columns: Sequence[Column]) -> str:
    """Return a warning if a file does not say who left a list, or an empty text."""
    words = {plain(column.name) for column in columns}
    if words >= _LISTMONK:
        return _OF_LISTMONK
    said = {column.kind for column in columns if column.kind in STATES}
    marked = said & {"state", *LEFT} or words & {"subscribed", "email marketing"}
    if words >= _BREVO and not marked:
        return _OF_BREVO
    if said - {"confirmed", "pending"}:
        return ""
    return _OF_SUBSTACK if words >= _SUBSTACK else _OF_ANY
