"""What a file does not say of those who left: some tools write these down among the others, and unmarked."""

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
    "This looks like an export of listmonk, which does not say who unsubscribed from a list. If you have not yet "
    "imported these: there, under Lists, open the number beside `unsubscribed`, export them, and import that file with "
    "--state unsubscribed."
)
_OF_BREVO = (
    "This looks like an export of Brevo without the status of the subscription, so that who is blocklisted there is "
    "not marked. Export that column, too, or the blocklisted ones alone, and import these with --state unsubscribed."
)
_OF_SUBSTACK = (
    "This looks like Substack's list of subscribers, which does not say who has switched emails off. Export it under "
    "Settings, Exports: the file `email_list` there has the column `email_disabled`."
)
_OF_ANY = (
    "No column of this file says who left. If people did, export that column, too; or export those people alone, and "
    "import these with --state unsubscribed."
)


def silence_of(columns: Sequence[Column]) -> str:
    """Return a warning if a file has no word of who left a list, or an empty text."""
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
