"""`guichet doctor`: diagnose mail, the stack and the site's page, in plain words and with a remedy for each problem.

Each check asks AWS, DNS or the site one thing, and reports what it found. A check that fails says why, and the others
still run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import dns.exception
import urllib3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from guichet.definitions.forms_file import FormsFileError
from guichet.store.dynamodb import UnavailableError
from infra.operate.checks.account import account, owner, recipients
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
from infra.operate.inspection import Finding, Inspection, MissingError, Where, inspection_before, inspection_of

__all__ = ["CHECKS", "examine", "inspection_before", "inspection_of"]

Check = Callable[[Inspection], Iterator[Finding]]


def examine(inspection: Inspection) -> Iterator[Finding]:
    """Run all checks that apply to this kind of stack."""
    for check, where in CHECKS.items():
        if inspection.where in where:
            yield from _run(check, inspection)


def _run(check: Check, inspection: Inspection) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ")
    # The same spelling as in the check's own findings.
    name = name.upper() if name in {"cors", "dkim", "dmarc", "spf"} else name
    try:
        yield from check(inspection)
    except MissingError as missing:
        message = f"the stack has no {missing}: another version deployed it, or its deploy did not finish"
        yield Finding(name, "wrong", message, "make deploy")
    except FormsFileError as error:
        yield Finding(name, "wrong", f"functions/forms.toml is wrong: {error.problems[0]}", "guichet forms check")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        remedy = f"allow these credentials to call {error.operation_name}" if "AccessDenied" in code else ""
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
    account: ("before", "local", "deployed"),
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
