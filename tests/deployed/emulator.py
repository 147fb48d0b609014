"""A running ministack, SAM's own commands against it, and a stack deployed there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config

from infra.template import PSEUDO_PARAMETERS, TEMPLATE, safe_load
from tests.deployed.recorder import Recorder
from tests.support.forks import forks_of
from tests.support.server import serving
from tests.support.stack import PATIENCE, Answer, ask, free_port

ROOT = TEMPLATE.parent
REGION, ACCOUNT = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
# The emulator treats these as the account's root.
_KEYS = {"AWS_ACCESS_KEY_ID": "deployer", "AWS_SECRET_ACCESS_KEY": "of the emulator"}
_SAM = ROOT / ".venv-sam" / "bin"
# The operator's command, as a new process.
GUICHET = (sys.executable, "-m", "infra.operate")
# Long enough for a busy machine, in seconds. Only failures take this long.
_TIME_TO_DEPLOY = 300
T = TypeVar("T")


class DeployError(Exception):
    """A command of SAM's failed. The text is what it printed."""


def _of_the_machine(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without anything that leads to an AWS account, or to other Python modules."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "PYTHON", "SAM_"))}


def wait_for(what: str, check: Callable[[], T], seconds: float) -> T:
    """Return a check's result as soon as it is true. Raises AssertionError after a time."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while True:
        if found := check():
            return found
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(pause)
        # Frequent polling would slow down what it waits for.
        pause = min(1.5 * pause, 0.3)


class Emulator:
    """A running ministack, with IAM enforced, and the recorder in front of its SES."""

    def __init__(self, folder: Path, port: int, recorder: Recorder) -> None:
        self.folder = folder
        self.port = port
        self.recorder = recorder
        # The commands of both programs. in_forks() replaces them with faster ones.
        self.guichet: Sequence[str] = GUICHET
        self._sam: Sequence[str] = [str(_SAM / "sam")]
        self._session = botocore.session.get_session()
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that uses the emulator as AWS."""
        return {
            **_of_the_machine(os.environ),
            **_KEYS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ENDPOINT_URL_SESV2": f"http://{self.recorder.address}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
            # In seconds. AWS takes minutes to deploy, the emulator a moment.
            "SAM_CLI_POLL_DELAY": "0.1",
        }

    def client(self, service: str) -> Any:
        """Return a client of a service, with the keys of the account's root."""
        # Clients may be shared between threads, sessions may not.
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service,
                    region_name=REGION,
                    endpoint_url=f"http://127.0.0.1:{self.port}",
                    aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
                    config=Config(retries={"total_max_attempts": 1}),
                )
            return self._clients[service]

    @contextmanager
    def in_forks(self) -> Iterator[None]:
        """Run `guichet` and `sam` in forks of processes that have imported them, for the duration of the block."""
        # Include the modules that commands import late.
        modules = [path.stem for path in (ROOT / "infra" / "operate" / "commands").glob("[a-z]*.py")]
        operate = [f"infra.operate.{name}" for name in ("issue_check", *(f"commands.{one}" for one in modules))]
        ours = ["tests.deployed.models", *operate]
        sams = [f"samcli.{name}" for name in ("cli.main", "commands.delete.command", "commands.deploy.command")]
        python = str(_SAM / "python")
        with (
            forks_of(sys.executable, "infra.operate", ours, self.folder, self.operators_environment) as guichet,
            forks_of(python, "samcli", sams, self.folder, self.environment) as sam,
            patch.multiple(self, guichet=guichet, _sam=sam),
        ):
            yield

    @property
    def operators_environment(self) -> dict[str, str]:
        """The environment of `python -m infra.operate`: this checkout, and names beneath `localhost`."""
        imported = (Path(__file__).parent / "names", ROOT / "functions", ROOT)
        return {**self.environment, "PYTHONPATH": os.pathsep.join(map(str, imported))}

    def sam(self, command: str, *arguments: str) -> str:
        """Run a command of SAM's, with the repository's `samconfig.toml`, and return what it printed.

        Raises DeployError.
        """
        options = ["--config-file", str(ROOT / "samconfig.toml"), *arguments]
        done = subprocess.run(
            [*self._sam, command, *options],
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_TO_DEPLOY,
        )
        if done.returncode:
            raise DeployError(done.stdout)
        return done.stdout

    def deploy(self, template: Path, stack: str = "guichet", overrides: Mapping[str, str] | None = None) -> "Deployed":
        """Deploy a template by `sam deploy`, with changed parameters, and return the stack."""
        arguments = ["--template-file", str(template), "--stack-name", stack]
        if overrides:
            # As `make deploy` passes them: one text, with quotes.
            arguments += ["--parameter-overrides", " ".join(f'{name}="{value}"' for name, value in overrides.items())]
        self.sam("deploy", *arguments)
        return Deployed(self, stack)

    @contextmanager
    def made(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator["Deployed"]:
        """Create a stack without SAM, for the duration of the block. Raises DeployError."""
        formation, storage = self.client("cloudformation"), self.client("s3")
        # A template within a request may have at most 51,200 bytes.
        storage.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        storage.put_object(Bucket=name, Key="template.json", Body=json.dumps(template).encode())
        formation.create_stack(
            StackName=name,
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/{name}/template.json",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )

        def ended() -> str:
            (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
            status: str = stack["StackStatus"]
            return "" if status.endswith("_IN_PROGRESS") else status

        try:
            status = wait_for(name, ended, _TIME_TO_DEPLOY)
            if status != "CREATE_COMPLETE":
                pages = formation.get_paginator("describe_stack_events").paginate(StackName=name)
                reasons = (one.get("ResourceStatusReason", "") for page in pages for one in page["StackEvents"])
                raise DeployError("; ".join(filter(None, reasons)))
            yield Deployed(self, name)
        finally:
            formation.delete_stack(StackName=name)


class Deployed:
    """A deployed stack: its outputs, resources and parameters, its API, its functions' logs."""

    def __init__(self, run: Emulator, name: str) -> None:
        self.run = run
        self.name = name

    @cached_property
    def told(self) -> dict[str, Any]:
        """CloudFormation's description of the stack."""
        (stack,) = self.run.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return dict(stack)

    @property
    def template(self) -> dict[str, Any]:
        """The template as it was deployed: SAM rewrites it as YAML, with the locations of the code."""
        told = self.run.client("cloudformation").get_template(StackName=self.name)["TemplateBody"]
        return dict(safe_load(told) if isinstance(told, str) else told)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.told["Outputs"]}

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the stack, as CloudFormation reports them."""
        return {one["ParameterKey"]: one["ParameterValue"] for one in self.told["Parameters"]}

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical ids by logical ones."""
        pages = self.run.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }

    @property
    def host(self) -> str:
        """The host of the API, as a browser names it."""
        return urlsplit(self.outputs["Endpoint"]).netloc

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request to the API. A redirect is not followed."""
        return ask(self.run.port, method, path, body, {"Host": self.host, **(headers or {})})

    def invoke(self, function: str, event: Any) -> Any:
        """Call a function with an event, and return what it returned. Raises AssertionError if it failed."""
        answer = self.run.client("lambda").invoke(
            FunctionName=self.resources[function], Payload=json.dumps(event).encode()
        )
        told = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return told

    def items(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the table's items, or those of a kind, as DynamoDB returns them."""
        only: dict[str, Any] = {
            "FilterExpression": "#kind = :kind",
            "ExpressionAttributeNames": {"#kind": "kind"},
            "ExpressionAttributeValues": {":kind": {"S": kind}},
        }
        scans = self.run.client("dynamodb").get_paginator("scan")
        pages = scans.paginate(TableName=self.resources["Table"], **(only if kind else {}))
        return [item for page in pages for item in page["Items"]]

    def logged(self, function: str) -> list[str]:
        """Return the lines that a function logged."""
        group = self.resources[f"{function}Logs"]
        pages = self.run.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]


@contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    """Run ministack in the background for the duration of the block; its output is kept in a folder."""
    port = free_port()
    with (
        serving(Recorder(port), poll_interval=0.5) as recorder,
        (folder / "ministack.log").open("wb") as log,
        # The unpacked code of each function.
        TemporaryDirectory() as unpacked,
    ):
        run = Emulator(folder, port, recorder)
        environment = {
            # Functions inherit it, so it has only what Lambda would set, plus AWS's address.
            **{name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
            **_KEYS,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # A failed event is retried after a minute on AWS, and after a moment here.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
            "TMPDIR": unpacked,
            "AWS_ENDPOINT_URL_SESV2": f"http://{recorder.address}",
        }
        process = subprocess.Popen(
            [str(ROOT / ".venv-deployed" / "bin" / "ministack")],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:

            def ready() -> bool:
                assert process.poll() is None, (folder / "ministack.log").read_text(encoding="utf-8")
                try:
                    return ask(port, "GET", "/_ministack/health").status == 200
                except OSError:
                    return False

            wait_for("ministack", ready, PATIENCE)
            yield run
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
