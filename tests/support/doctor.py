"""The subject of `guichet doctor` in tests: answers of AWS, of DNS and of a site, all healthy except for given changes.

`tests/operate/healthy.json` has AWS's answers for a healthy stack.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from infra.operate.connection import Connection, OperatorSettings
from infra.operate.doctor import Check
from infra.operate.inspection import Finding, Inspection, inspection_before, inspection_of
from tests.support.app import PARAMETERS, REGION, App
from tests.support.aws import Answers, Aws

Examined = Callable[..., list[Finding]]
HEALTHY: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "operate" / "healthy.json").read_text(encoding="utf-8")
)
IDENTITY: dict[str, Any] = HEALTHY["sesv2:GetEmailIdentity"]
DKIM: dict[str, Any] = IDENTITY["DkimAttributes"]
MAPPING: dict[str, Any] = HEALTHY["lambda:ListEventSourceMappings"]["EventSourceMappings"][0]
UUID = MAPPING["UUID"]
ACCOUNT: dict[str, Any] = HEALTHY["sesv2:GetAccount"]
UNVERIFIED = {**IDENTITY, "VerifiedForSendingStatus": False, "DkimAttributes": {**DKIM, "Status": "PENDING"}}
# An address that is verified on its own.
ADDRESS = {
    **IDENTITY,
    "IdentityType": "EMAIL_ADDRESS",
    "DkimAttributes": {"Status": "NOT_STARTED", "SigningEnabled": False, "Tokens": []},
}
RESOURCES = {
    "Api": "a1b2c3",
    "Notifier": "guichet-Notifier-1ABC",
    "NotifierSweep": "guichet-NotifierSweep-1ABC",
    "Issues": "guichet-Issues-1ABC",
    "IssuesResume": "guichet-IssuesResume-1ABC",
    "OwnerMail": "guichet-OwnerMail-1ABC",
    "VisitorMail": "guichet-VisitorMail-1ABC",
    "FeedbackTopic": "arn:aws:sns:eu-west-3:123456789012:guichet-FeedbackTopic",
    "AlarmTopic": "arn:aws:sns:eu-west-3:123456789012:guichet-AlarmTopic",
    "OutboxAlarm": "guichet-OutboxAlarm-1ABC",
}
RECORDS = {
    ("_dmarc.atelier.example", "TXT"): ["v=DMARC1; p=reject"],
    ("atelier.example", "TXT"): ["some-verification=1", "v=spf1 include:_spf.example.net -all"],
}


class Deployed(Connection):
    """A deployed stack with prepared AWS answers."""

    def client(self, service: str) -> Any:
        """Return a client."""
        return self.aws.client(service)

    @cached_property
    def aws(self) -> Aws:
        """The AWS that answers, and records its requests."""
        return Aws(self.outputs["answers"])  # type: ignore[arg-type]


@dataclass
class Site:
    """The site and the API as one server: the content of its page, and the response to a preflight."""

    address: str = ""
    status: int = 200
    page: str = "<form action='/contact' method='post'>"
    media_type: str = "text/html"
    # Where each path leads to.
    locations: dict[str, str] = field(default_factory=dict)
    preflight: dict[str, str] = field(default_factory=dict)


def knows(identities: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of an SES that knows some identities, by their names, and no other."""

    def answer(asked: Any) -> Any:
        return identities.get(unquote(asked["url_path"].rpartition("/")[2]), {"error": "NotFoundException"})

    return {"sesv2:GetEmailIdentity": answer}


def identity(**fields: Any) -> dict[str, Any]:
    """Return the answers of an SES that knows the site's domain, with something changed."""
    return knows({"atelier.example": {**IDENTITY, **fields}})


def in_dns(records: Mapping[Any, Any]) -> Callable[[str, str], list[str]]:
    """Return a lookup function for a healthy domain's records, with some changed."""
    found = {**RECORDS, **records}

    def look_up(name: str, kind: str) -> list[str]:
        answer = found.get((name, kind), [])
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    return look_up


@cache
def _before() -> Inspection:
    return inspection_before({**PARAMETERS, "CreateIdentity": "false"}, REGION)


def all_answers(answers: Answers) -> dict[str, Any]:
    """Return the answers of a healthy stack, with some changed."""
    return {**HEALTHY, **identity(), **answers}


def case(app: App, site: Site, answers: Answers, records: Mapping[Any, Any], **changes: Any) -> Inspection:
    """Return the inspection of a healthy stack, with something changed."""
    settings = OperatorSettings.model_validate(dict(app.stack.environment)).model_copy(
        update={"site_url": f"{site.address}/", "api_url": site.address}
    )
    connection = Deployed(
        "guichet",
        settings,
        app.sweep,
        REGION,
        outputs={"answers": all_answers(answers)},  # type: ignore[dict-item]
        parameters=dict.fromkeys(_before().template.declared, ""),
        resources=RESOURCES,
    )
    return replace(inspection_of(connection), records=in_dns(records), **changes)


def with_stack(told: Inspection, **changes: Any) -> Inspection:
    """Return a case whose stack has changed; `api_url` is one of its settings."""
    stack = told.stack
    api_url = changes.pop("api_url", stack.settings.api_url)
    settings = stack.settings.model_copy(update={"api_url": api_url})
    return replace(told, connection=replace(stack, settings=settings, **changes))


def found_by(
    check: Check, answers: Answers | None = None, records: Mapping[Any, Any] | None = None, **changes: Any
) -> list[Finding]:
    """Return what one check of the mail finds: without `creates_identity`, the same before and after a deploy."""
    client = Aws(all_answers(answers or {})).client
    return list(check(replace(_before(), client=client, records=in_dns(records or {}), **changes)))


def only(findings: list[Finding], check: str) -> Finding:
    """Return the one finding of a check."""
    (found,) = [finding for finding in findings if finding.check == check]
    return found


def changed(operation: str, **fields: Any) -> dict[str, Any]:
    """Return the healthy answer to an operation, with something changed."""
    return {operation: {**HEALTHY[operation], **fields}}
