"""`guichet doctor`: diagnose mail, the stack and the site's page, in plain words and with a remedy for each problem.

Each check asks AWS, DNS or the site one thing, and reports what it found. A check that fails says why, and the others
still run.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import dns.exception
import urllib3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from guichet.definitions.forms_file import FormsFileError
from guichet.store.dynamodb import UnavailableError
from infra.operate.checks.account import owner, price_plan, quota, recipients, reputation, sandbox, sending
from infra.operate.checks.configuration_sets import events, tracking
from infra.operate.checks.dmarc import dmarc
from infra.operate.checks.mail_from import spf
from infra.operate.checks.page import cors, form, logo, page
from infra.operate.checks.sending import dkim, identity, region
from infra.operate.checks.stack import (
    alarms,
    declared_forms,
    parameters,
    queued_emails,
    ringing_alarms,
    schedule,
    stream,
    table,
)
from infra.operate.inspection import (
    Finding,
    Fix,
    FixError,
    Inspection,
    MissingError,
    Where,
    inspection_before,
    inspection_of,
)

__all__ = ["CHECKS", "apply", "examine", "inspection_before", "inspection_of", "look_again"]

Check = Callable[[Inspection], Iterator[Finding]]
_SERVER_ERROR = 500
# The names of checks' findings, where they differ from the check's own.
_NAMES = {
    "cors": "CORS",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "ringing_alarms": "alarms",
    "spf": "SPF",
}


def examine(inspection: Inspection, checks: Collection[Check] | None = None) -> Iterator[Finding]:
    """Run all checks that apply to this kind of stack, or those of `checks` that do."""
    for check, where in CHECKS.items():
        if inspection.where in where and (checks is None or check in checks):
            yield from _run(check, inspection)


def apply(fix: Fix) -> str:
    """Apply a fix. Return why it failed, or an empty text."""
    try:
        fix.apply()
    except ClientError as error:
        return _refused(error, fix.permissions)
    except (NoCredentialsError, PartialCredentialsError):
        return "there are no AWS credentials"
    except BotoCoreError as error:
        return f"no answer: {error}"
    except FixError as error:
        return str(error)
    return ""


def look_again(inspection: Inspection, names: Collection[str]) -> Iterator[Finding]:
    """Run the checks whose findings have these names again, with nothing cached."""
    # A copy has nothing cached.
    return examine(replace(inspection), [check for check in CHECKS if _name(check) in names])


def _refused(error: ClientError, permissions: Sequence[str]) -> str:
    code, operation = error.response["Error"]["Code"], error.operation_name
    if _lacks_permission(code):
        return f"AWS refused {operation}: these credentials lack {' or '.join(permissions)}"
    return f"AWS refused {operation}: {code}"


def _lacks_permission(code: str) -> bool:
    # SNS has its own error code.
    return "AccessDenied" in code or code == "AuthorizationError"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _name(check: Check) -> str:
    """Return the name that the findings of a check have."""
    return _NAMES.get(check.__name__, check.__name__.replace("_", " "))


def _run(check: Check, inspection: Inspection) -> Iterator[Finding]:
    name = _name(check)
    try:
        yield from check(inspection)
    except MissingError as missing:
        message = f"the stack has no {missing}: another version deployed it, or its deploy did not finish"
        yield Finding(name, "wrong", message, "make deploy")
    except FormsFileError as error:
        yield Finding(name, "wrong", f"functions/forms.toml is wrong: {error.problems[0]}", "guichet forms check")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        remedy = f"allow these credentials to call {error.operation_name}" if _lacks_permission(code) else ""
        if "Thrott" in code or code == "TooManyRequestsException" or _status(error) >= _SERVER_ERROR:
            remedy = "try again in a minute"
        yield Finding(name, "unknown", f"AWS refused {error.operation_name}: {code}", remedy)
    except (NoCredentialsError, PartialCredentialsError):
        yield Finding(name, "unknown", "there are no AWS credentials", "provide them as for the AWS CLI")
    except (BotoCoreError, UnavailableError, dns.exception.DNSException, urllib3.exceptions.HTTPError) as error:
        yield Finding(name, "unknown", f"no answer: {error}", "try again; this machine may be offline")
    except Exception as error:
        # Unexpected. Its text is left out, because it may quote what people wrote.
        message = f"the check itself failed: {type(error).__name__}"
        yield Finding(name, "unknown", message, "report it as a bug in Guichet")


# Where each check applies: the local stack has no real SES or DNS, and before a deploy there is no stack.
CHECKS: Mapping[Check, Sequence[Where]] = {
    region: ("before", "deployed"),
    identity: ("before", "deployed"),
    dkim: ("before", "deployed"),
    dmarc: ("before", "deployed"),
    spf: ("before", "deployed"),
    sandbox: ("before", "local", "deployed"),
    sending: ("before", "local", "deployed"),
    quota: ("before", "local", "deployed"),
    price_plan: ("before", "deployed"),
    reputation: ("before", "deployed"),
    tracking: ("deployed",),
    events: ("deployed",),
    owner: ("before", "deployed"),
    recipients: ("before", "deployed"),
    declared_forms: ("before", "local", "deployed"),
    table: ("local", "deployed"),
    queued_emails: ("local", "deployed"),
    stream: ("deployed",),
    schedule: ("deployed",),
    alarms: ("deployed",),
    ringing_alarms: ("deployed",),
    parameters: ("deployed",),
    page: ("before", "local", "deployed"),
    logo: ("before", "local", "deployed"),
    form: ("local", "deployed"),
    cors: ("local", "deployed"),
}
