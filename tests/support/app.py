"""The deployed stack in miniature: the real template, with table and mail in moto, and the functions behind the API."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from email import message_from_string, policy
from email.message import EmailMessage
from functools import cache, cached_property
from typing import Any
from unittest.mock import patch

import botocore.session
from moto import mock_aws
from moto.core import models as moto_models
from moto.dynamodb.models import dynamodb_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.ses.models import ses_backends
from werkzeug.test import Client, TestResponse

from infra.local import engine
from infra.local.functions import LocalFunction, routes
from infra.local.gateway import Gateway
from infra.local.moto_patches import patch_moto
from infra.local.streams import StreamReader, play, schedule_event
from infra.template import PSEUDO_PARAMETERS, Stack, Template
from tests.support.calls import LOG, made_by
from tests.support.clients import SESSION, lent
from tests.support.own_files import leave_out
from tests.support.roles import TABLE

REGION = "eu-west-3"
ACCOUNT = PSEUDO_PARAMETERS["AWS::AccountId"]
SITE = "https://atelier.example"
PARAMETERS = {
    "SiteName": "Atelier Bellevue",
    "SiteUrl": f"{SITE}/blog/",
    "AllowedOrigins": "https://www.atelier.example",
    "OwnerEmail": "owner@atelier.example",
    "FromEmail": "guichet@atelier.example",
    "SigningSecret": "a secret for tests, 32 characters long",
}
# A Monday, at which tests that stop the clock begin.
START = datetime.fromisoformat("2026-11-23T10:00:00Z")


# Parsing it takes longer than most tests. Resolving does not modify it.
_template = cache(Template.load)


@cache
def resolve(**parameters: str) -> Stack:
    """Return the stack of the real template, with the tests' parameters and additional ones."""
    values = {
        "Api.ApiEndpoint": "https://api.example",
        "Table": "table",
        "Table.Arn": TABLE,
    }
    return _template().resolve(PARAMETERS | parameters, values)


def _hold_to_the_keys(**asked: Any) -> None:
    """Fail if an item has an index key of the wrong type: DynamoDB refuses it, but moto accepts it."""
    keys = resolve().table["AttributeDefinitions"]
    actions = [asked["params"], *(action.get("Put", {}) for action in asked["params"].get("TransactItems", ()))]
    for item in (action["Item"] for action in actions if "Item" in action):
        for name, kind in ((key["AttributeName"], key["AttributeType"]) for key in keys):
            assert item.get(name, {kind: ""}).keys() == {kind}, f"{name} of {item['pk']} is a key, and no {kind}"


SESSION.register("provide-client-params", LOG.record)
SESSION.register("provide-client-params.dynamodb", _hold_to_the_keys)


patch_moto()
leave_out()
# For the library `requests`, moto registers 1,288 URL patterns in each test. No test calls AWS with it.
moto_models.RESPONSES_METHODS = []


class RecordedFunction(LocalFunction):
    """A function whose calls to AWS are recorded."""

    def __call__(self, event: dict[str, Any]) -> Any:
        """Call the function."""
        with made_by(self.function.name):
            return super().__call__(event)


# moto's state after creating a table or mail, by its definition: the table with the ARN of its stream.
_tables: dict[str, tuple[str, Any]] = {}
_mails: dict[str, dict[str, Any]] = {}


def _make(stack: Stack) -> str:
    """Create a stack's table and mail, and return the ARN of its stream.

    Creating them through the API takes longer than most tests, so they are copied from the second time on.
    """
    tables, mail = dynamodb_backends[ACCOUNT][REGION].tables, vars(ses_backends[ACCOUNT][REGION])
    if tables:
        stream_arn = engine.create_table(stack, "table")
        engine.create_mail(stack)
        return stream_arn
    kinds = ("AWS::SES::EmailIdentity", "AWS::SES::ConfigurationSet")
    definition = json.dumps([stack.parameters["FromEmail"], *map(stack.of_type, kinds)])
    if definition in _mails:
        mail.update(deepcopy(_mails[definition]))
    else:
        engine.create_mail(stack)
        _mails[definition] = deepcopy(mail)
    definition = json.dumps(stack.table)
    if definition not in _tables:
        stream_arn = engine.create_table(stack, "table")
        _tables[definition] = deepcopy((stream_arn, tables["table"]))
        return stream_arn
    stream_arn, tables["table"] = deepcopy(_tables[definition])
    return stream_arn


class App:
    """The deployed stack in miniature: requests in, stored items and sent mail out."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.stream_arn = _make(stack)
        os.environ.update(stack.environment)
        self.functions: dict[str, LocalFunction] = {
            name: RecordedFunction(function) for name, function in stack.functions.items()
        }
        self.http = Client(Gateway(routes(self.functions), stack.cors))
        self._mails: list[EmailMessage] = []

    @cached_property
    def _readers(self) -> dict[str, StreamReader]:
        # One for each function that the stream calls.
        names = (name for name, function in self.functions.items() if function.function.streams)
        return {name: StreamReader(engine.client("dynamodbstreams"), self.stream_arn) for name in names}

    def post(self, path: str, /, **arguments: Any) -> TestResponse:
        """Post to the API, as werkzeug's test client takes it: `data` for a form, `json` for JSON."""
        arguments.setdefault("environ_overrides", {"REMOTE_ADDR": "203.0.113.7"})
        return self.http.post(path, **arguments)

    def stream_records(self, function: str) -> list[dict[str, Any]]:
        """Return the stream's new records for a function, at most a thousand."""
        return self._readers[function].read()

    def play_stream(self, function: str | None = None) -> int:
        """Let the event source mappings, or that of a function, deliver what the stream holds. Return how many records.

        They are a thousand at most.
        """
        read = 0
        for name, reader in self._readers.items():
            if function not in {None, name}:
                continue
            (mapping,) = self.functions[name].function.streams
            records = reader.read()
            play(records, mapping, self.stream_arn, self.functions[name])
            read = max(read, len(records))
        return read

    def sweep(self, function: str = "Notifier") -> Any:
        """Call a function as its schedule does."""
        return self.functions[function](schedule_event())

    def items(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the table's items, all or of one kind."""
        # Directly from moto's memory: a scan takes longer than the rest of most tests.
        table = dynamodb_backends[ACCOUNT][REGION].get_table("table")
        found = [item.to_json()["Attributes"] for item in table.all_items()]
        plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
        return [item for item in plain if kind in (None, item["kind"])]

    def mails(self) -> list[EmailMessage]:
        """Return the mails that SES accepted, oldest first."""
        sent = ses_backends[ACCOUNT][REGION].sent_messages
        self._mails += [
            message_from_string(mail.raw_data, _class=EmailMessage, policy=policy.default)
            for mail in sent[len(self._mails) :]
        ]
        return list(self._mails)


@contextmanager
def isolated() -> Iterator[None]:
    """Enter an isolated world: no AWS, an empty moto, the environment of the tests' stack, its own clients."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            **resolve().environment,
        }
    )
    _forget()
    with mock_aws(), lent(), patch.object(botocore.session, "get_session", lambda: SESSION):
        # Worlds may be nested, and moto only empties the outermost one itself.
        moto_api_backend.reset()
        yield
    _forget()
    os.environ.clear()
    os.environ.update(before)


def _forget() -> None:
    # Imported late: they are under test, and some tests examine what importing them does.
    import comments.handler  # noqa: PLC0415
    import contact.handler  # noqa: PLC0415
    import desk.handler  # noqa: PLC0415
    import feedback.handler  # noqa: PLC0415
    import issues.handler  # noqa: PLC0415
    import newsletter.handler  # noqa: PLC0415
    import notifier.handler  # noqa: PLC0415
    from guichet.forms import rate_limit  # noqa: PLC0415
    from guichet.mail import ses  # noqa: PLC0415
    from guichet.store import dynamodb  # noqa: PLC0415

    for factory in (
        comments.handler.settings,
        contact.handler.settings,
        desk.handler.settings,
        feedback.handler.settings,
        issues.handler.settings,
        newsletter.handler.settings,
        notifier.handler.settings,
        dynamodb.client,
        ses.client,
    ):
        factory.cache_clear()
    rate_limit.OVER_CAP.clear()
