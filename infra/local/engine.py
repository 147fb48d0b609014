"""The engines behind boto3: moto, or what the standard AWS_ENDPOINT_URL variables name."""

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.containers import bridge_address
from infra.local.ports import HOSTS, Port, for_own_pages
from infra.template import PSEUDO_PARAMETERS, Stack

_SERVICES = ("DYNAMODB", "DYNAMODB_STREAMS", "SESV2")
# What boto3 needs to know besides the engines' addresses.
ACCOUNT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": PSEUDO_PARAMETERS["AWS::Region"],
    "AWS_EC2_METADATA_DISABLED": "true",
    # The streams' newer endpoints contain the account, and moto does not serve them.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
}
# The operations of DynamoDB that write items.
_WRITES = {
    "BatchExecuteStatement",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
}


@dataclass(frozen=True)
class Engines:
    """The services' addresses by variable name: `{"DYNAMODB": "http://…"}`; and moto's address, if any."""

    addresses: Mapping[str, str]
    moto: str | None

    @property
    def own_stream(self) -> bool:
        """Whether the table's stream is in the moto of this process."""
        return self.addresses["DYNAMODB_STREAMS"] == self.moto

    @property
    def own_mail(self) -> bool:
        """Whether mail goes to the moto of this process."""
        return self.addresses["SESV2"] == self.moto


def endpoints(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the address that the environment gives each service, None for moto's.

    A table's streams are at the table's address, unless they have their own.
    """
    general = environment.get("AWS_ENDPOINT_URL") or None
    table = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or general
    return {
        "DYNAMODB": table,
        "DYNAMODB_STREAMS": environment.get("AWS_ENDPOINT_URL_DYNAMODB_STREAMS") or table,
        "SESV2": environment.get("AWS_ENDPOINT_URL_SESV2") or general,
    }


class MotoServer:
    """moto as a server, one request at a time. `wrote` is set when something was written to a table."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, hosts: Collection[str] = HOSTS) -> None:
        # Half of the start-up time, and not needed with other engines.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

        from infra.local.moto_patches import patch_moto  # noqa: PLC0415
        from infra.local.moto_speed import serve  # noqa: PLC0415

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        patch_moto()
        self.wrote = threading.Event()
        self._serve, self._application = serve, DomainDispatcherApplication(create_backend_app)
        self._port = Port(port, address)
        self._port.serve(for_own_pages(self._answer), hosts, threaded=False)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = (self._serve(environ) or self._application)(environ, start_response)
        if environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] in _WRITES:
            self.wrote.set()
        return answer

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{self._port.address}:{self._port.number}"

    def stop(self) -> None:
        """End it."""
        self._port.close()


def connect(moto: MotoServer | None) -> Engines:
    """Point boto3 of this process at the engines, by the standard variables."""
    address = moto.address if moto else None
    addresses: dict[str, str] = {}
    for service, given in endpoints(os.environ).items():
        addresses[service] = given or address or ""
        os.environ[f"AWS_ENDPOINT_URL_{service}"] = addresses[service]
    for name, value in ACCOUNT.items():
        os.environ.setdefault(name, value)
    # An engine on this machine is not behind the network's proxy. Python prefers the lower-case variable.
    past = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = ",".join(filter(None, (past, "127.0.0.1", "localhost", bridge_address())))
    return Engines(addresses, address)


def client(service: str) -> Any:
    """Return a client for the stack's own calls, with short timeouts, as the stack retries by itself."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return botocore.session.get_session().create_client(service, config=config)


# Errors that mean that an engine is unreachable or unsuitable.
EngineError = (BotoCoreError, ClientError)


def create_table(stack: Stack, name: str) -> str:
    """Create the template's table, if it is not there, and return the address of its stream."""
    dynamodb = client("dynamodb")
    table = dict(stack.table)
    ttl, recovery = table.pop("TimeToLiveSpecification"), table.pop("PointInTimeRecoverySpecification")
    table["StreamSpecification"] = {"StreamEnabled": True, **table["StreamSpecification"]}
    try:
        dynamodb.create_table(TableName=name, **table)
    except dynamodb.exceptions.ResourceInUseException:
        pass
    else:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
        try:
            dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
        except ClientError:
            # Not every local engine has backups, and here nothing needs them.
            logging.getLogger(__name__).info("no point-in-time recovery in this engine")
    return str(dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"])


def create_mail(stack: Stack) -> None:
    """Create the sender's identity and the configuration sets in SES, if they are not there."""
    ses = client("sesv2")
    identities = [identity["EmailIdentity"] for identity in stack.of_type("AWS::SES::EmailIdentity").values()]
    for identity in identities or [stack.parameters["FromEmail"]]:
        _unless_there(ses.create_email_identity, EmailIdentity=identity)
    for name in stack.of_type("AWS::SES::ConfigurationSet"):
        _unless_there(ses.create_configuration_set, ConfigurationSetName=f"guichet-{name}")


def _unless_there(create: Callable[..., Any], **arguments: str) -> None:
    try:
        create(**arguments)
    except ClientError as error:
        # SES says AlreadyExistsException; moto puts the name of the resource before it.
        if not error.response["Error"]["Code"].endswith("AlreadyExistsException"):
            raise
