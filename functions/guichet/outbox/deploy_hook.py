"""The deploy hook: one https POST that triggers a new build of the site when its public comments have changed.

Its row waits in the outbox like an email's, and covers all changes until it is delivered. Only the sweep calls it, so
that many approvals cause one build. It contains nothing that a visitor wrote, and follows no redirect.
"""

import ssl
import threading
from datetime import timedelta
from http.client import HTTPException, HTTPSConnection
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from guichet.outbox import reasons
from guichet.records.outbox import DEPLOY_HOOK, ClaimedEmail
from guichet.records.record import utc_now
from guichet.settings import NotifierSettings
from guichet.store import outbox

NAME = DEPLOY_HOOK
# Each sweep tries it, for this long after the comments last changed.
GIVEN_UP_AFTER = timedelta(hours=24)
# In seconds: for each step, and for the whole call, even if the response trickles in.
_STEP = 5.0
_LONGEST = 15.0
_BODY = b"{}"

Outcome = Literal["sent", "unanswered", "failed", "dropped"]


class Called(NamedTuple):
    """The outcome of the hook's row, and why. The reason never contains the hook's URL, which is a secret."""

    outcome: Outcome
    reason: str


def deliver(row: ClaimedEmail, settings: NotifierSettings) -> Called:
    """Call the hook for a claimed row, and settle it. Raises ConditionFailedError if the comments changed meanwhile.

    In that case, the row waits for another call, since this one may have come too early.
    """
    table_name = settings.table_name
    if not settings.deploy_hook_url:
        outbox.mark_dropped(table_name, row, "DeployHookUrl is empty")
        return Called("dropped", "DeployHookUrl is empty")
    why = call(settings.deploy_hook_url)
    if not why:
        outbox.mark_reached(table_name, row)
        return Called("sent", "")
    if utc_now() - row.queued_at >= GIVEN_UP_AFTER:
        outbox.mark_failed(table_name, row, why)
        return Called("failed", why)
    outbox.postpone(table_name, row, why)
    return Called("unanswered", why)


def call(url: str) -> str:
    """Post to a hook. Return "" if it accepted the call, otherwise the reason."""
    answers: list[str] = []
    # In a thread, since no socket timeout covers a name lookup, or a response that arrives byte by byte.
    caller = threading.Thread(target=lambda: answers.append(_post(url)), daemon=True)
    caller.start()
    caller.join(_LONGEST)
    return answers[0] if answers else f"{reasons.HOOK} did not answer within {_LONGEST:.0f} seconds"


def _post(url: str) -> str:
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=_STEP, context=ssl.create_default_context())
    try:
        headers = {"content-type": "application/json", "accept": "*/*", "user-agent": "guichet"}
        connection.request("POST", target, _BODY, headers)
        # Only the status matters, and http.client follows no redirect.
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        return f"{reasons.HOOK} has no valid certificate: {error.verify_message}"
    except (OSError, HTTPException) as error:
        return f"{reasons.HOOK} did not answer: {type(error).__name__}"
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"{reasons.HOOK} answered {status}"  # noqa: PLR2004  RFC 9110, 15.3
