"""`make bench`, or `python -m tests.bench.posts --rounds 20 --json FILE`: what a post to the contact form costs.

It measures the artifact, under Lambda's runtime client, and three references in the same run, interleaved in random
order: the bare handler, the usual tutorial, and the same features with the usual imports. All have unchecked bytecode.
The references share a folder with their packages, as pip installs them; `bare, pruned` is the bare handler with the
artifact's packages, and boto3. DynamoDB and SES are a server that accepts everything immediately and counts it. `with
forms` is the artifact of a site that defines 200 forms, and `own form` a post to one of these.

- cold: from the start of the process to its first reply; warm: CPU time per post, of a process that has served fifty;
  memory: the most that the process held. Medians, the middle half of the values, and ratios to the bare handler.
- trust the ratios more than the times: this is not Lambda's machine.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guichet.definitions.lookup import COMPILED
from infra.build import FUNCTIONS, build, compile_all, compile_forms
from tests.support.app import REGION, resolve
from tests.support.packages import copy_packages, packages_of_this_environment
from tests.support.runtime_api import copy_client, start
from tests.support.samples import sample
from tests.support.server import Handler, Server, serving

# A site that defines many forms, each of which accepts what the contact form does.
FORMS = 200
FORM = """
[form-{0}]
title = {{ fr = "Formulaire {0}", en = "Form {0}" }}
recipients = ["forms@example.org"]
fields.email = {{ type = "email", required = true, label = {{ fr = "Votre email", en = "Your email" }} }}
fields.message = {{ type = "long_text", required = true, label = {{ fr = "Votre message", en = "Your message" }} }}
fields.name = {{ type = "text", label = {{ fr = "Votre nom", en = "Your name" }} }}
fields.subject = {{ type = "text", label = {{ fr = "Sujet", en = "Subject" }} }}
fields.phone = {{ type = "phone", label = {{ fr = "Téléphone", en = "Phone" }} }}
fields.topic = {{ type = "choice", choices = ["A", "B", "C"], label = {{ fr = "Sujet", en = "Topic" }} }}
fields.when = {{ type = "date", label = {{ fr = "Date", en = "Date" }} }}
"""
REFERENCES = Path(__file__).parent / "references"
_BOTO3 = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_PYDANTIC = ("annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection")
_USUAL = ("aws-lambda-powertools", "aws-xray-sdk", "dnspython", "email-validator", "idna", "wrapt")
BEFORE_WARM, WARM_POSTS = 50, 400

# List prices of us-east-1 in US dollars (AWS's price pages), arm64, without free tier.
PER_GB_SECOND, PER_MILLION_INVOCATIONS, PER_MILLION_API_CALLS, PER_MILLION_WRITES = 13.3334e-6, 0.20, 1.00, 0.625
PER_MILLION_READS = 0.125
MEMORY_GB = 1.0
# The share of a CPU that Lambda gives with this memory (AWS: "Configure Lambda function memory").
PROCESSOR = 1024 / 1769
# The additional time of a call to DynamoDB or SES: assumed, in seconds.
CALL = 0.010


@dataclass
class Endpoint:
    """The functions' requests to AWS: calls by name, and the bytes of their bodies."""

    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    size: int = 0


@dataclass
class Candidate:
    """A handler with its code, and its measurements: seconds, seconds, bytes."""

    name: str
    code: Path
    handler: str
    environment: Mapping[str, str]
    # Which of the site's own forms is posted, or none.
    form: str = ""
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    size: float = 0


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve an AWS that accepts everything."""
    seen = Endpoint()

    class Aws(Handler):
        def answer(self) -> None:
            seen.size += len(self.body())
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or "SendEmail"
            seen.calls[target] += 1
            self.reply(200, {"Content-Type": "application/x-amz-json-1.0"}, b'{"MessageId": "0"}')

    with serving(Server(Aws)) as server:
        seen.url = f"http://{server.address}"
        yield seen


def references(folder: Path) -> Path:
    """Build all references in a folder: their files, and the packages of all as installed, with bytecode."""
    copy_packages((*_BOTO3, *_PYDANTIC, *_USUAL), folder)
    for name in ("bare", "tutorial", "usual"):
        shutil.copyfile(REFERENCES / f"{name}.py", folder / f"{name}.py")
    compile_all(folder, sys.executable)
    return folder


def candidates(folder: Path, artifacts: Mapping[str, Path]) -> list[Candidate]:
    """Build all candidates, the bare handler first. `artifacts` are further builds of ours, by name."""
    ours = folder / "ours"
    build(ours, sys.executable, None)
    installed = references(folder / "references")
    pruned = folder / "pruned"
    build(pruned, sys.executable, None, {"dynamodb": ("PutItem",)})
    # With their bytecode. boto3 needs more than botocore does.
    for name in ("boto3", "s3transfer", "botocore/docs", "__pycache__"):
        shutil.copytree(installed / name, pruned / name, dirs_exist_ok=True)
    shutil.copyfile(installed / "bare.py", pruned / "bare.py")
    environment = resolve().functions["Contact"].environment
    with_forms = folder / "with-forms"
    shutil.copytree(ours, with_forms)
    (folder / "forms.toml").write_text("".join(map(FORM.format, range(FORMS))), encoding="utf-8")
    compile_forms(folder / "forms.toml", with_forms / COMPILED.relative_to(FUNCTIONS))
    return [
        Candidate("bare", installed, "bare.handler", {}),
        Candidate("bare, pruned", pruned, "bare.handler", {}),
        Candidate("guichet", ours, "contact.handler.handler", environment),
        Candidate("with forms", with_forms, "contact.handler.handler", environment),
        Candidate("own form", with_forms, "contact.handler.handler", environment, f"form-{FORMS // 2}"),
        *(Candidate(name, code, "contact.handler.handler", environment) for name, code in artifacts.items()),
        Candidate("tutorial", installed, "tutorial.handler", {}),
        Candidate("usual", installed, "usual.handler", {}),
    ]


def measure(candidate: Candidate, client: Path, aws: Endpoint, log: Path) -> None:
    """Measure one process of a candidate: its first post, and then several hundred more."""
    variables = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **candidate.environment,
    }
    event = sample("contact-json.json")
    if candidate.form:
        event |= {"routeKey": "POST /f/{form}", "pathParameters": {"form": candidate.form}}
    with start(candidate.code, candidate.handler, variables, client, log) as runtime:
        first = runtime.invoke(event)
        if first.kind != "response" or first.body["statusCode"] != 200:
            raise SystemExit(f"{candidate.name}: {first}\n{log.read_text(encoding='utf-8')}")
        candidate.cold.append(first.at - runtime.started)
        for _ in range(BEFORE_WARM):
            runtime.invoke(event)
        before = runtime.cpu()
        aws.calls.clear()
        aws.size = 0
        for _ in range(WARM_POSTS):
            runtime.invoke(event)
        candidate.warm.append((runtime.cpu() - before) / WARM_POSTS)
        candidate.memory.append(runtime.peak())
        candidate.calls = Counter({name: count // WARM_POSTS for name, count in aws.calls.items()})
        candidate.size = aws.size / WARM_POSTS


def middle(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median and the ends of the middle half."""
    low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return median, low, high


def price(seconds: float, writes: float, reads: float, invocations: int = 1) -> float:
    """Return the price of a million of something that one function does, in US dollars."""
    running = seconds * MEMORY_GB * PER_GB_SECOND * 1e6 * invocations
    return running + invocations * PER_MILLION_INVOCATIONS + writes * PER_MILLION_WRITES + reads * PER_MILLION_READS


def costs(ours: Candidate) -> dict[str, float]:
    """Return the price of a million messages, without SES, by cost item. The assumptions are printed."""
    warm = statistics.median(ours.warm) / PROCESSOR + CALL
    cold = statistics.median(ours.cold) / PROCESSOR + CALL
    # Three items of at most 1 KB and two checks in a transaction, two units each; two of the items are also in an
    # index, one unit each.
    kept = (3 + 2) * 2 + 2
    # Claimed, and marked as sent, which also leaves the index; the message is read once, consistently.
    told = 1 + 2
    return {
        "API Gateway": PER_MILLION_API_CALLS,
        "contact, every start cold": price(cold, kept, 0),
        "contact, every start warm": price(warm, kept, 0),
        "notifier": price(warm + 3 * CALL, told, 1),
    }


def report(measured: Sequence[Candidate]) -> dict[str, Any]:
    """Print the tables, and return them as written to JSON: seconds, bytes, US dollars."""
    bare = measured[0]
    posts = f"{len(bare.cold)} cold starts and {len(bare.warm) * WARM_POSTS:,} warm posts each"
    print(f"Python {sys.version.split()[0]}, {posts}")
    heads = ("cold ms", "middle half", "ratio", "warm ms", "middle half", "ratio", "MB", "bytes", "calls")
    print(f"{'':14}" + "".join(f"{head:>13}" for head in heads))
    rows: dict[str, Any] = {}
    for one in measured:
        cold, warm = middle(one.cold), middle(one.warm)
        ratios = cold[0] / statistics.median(bare.cold), warm[0] / statistics.median(bare.warm)
        memory = statistics.median(one.memory)
        spans = [
            f"{low * 1000:.{digits}f}-{high * 1000:.{digits}f}" for (_, low, high), digits in ((cold, 1), (warm, 2))
        ]
        calls = ", ".join(f"{count} {name}" for name, count in one.calls.items())
        print(
            f"{one.name:14}{cold[0] * 1000:13.1f}{spans[0]:>13}{ratios[0]:13.2f}{warm[0] * 1000:13.2f}{spans[1]:>13}"
            f"{ratios[1]:13.2f}{memory / 1e6:13.0f}{one.size:13.0f}  {calls}"
        )
        rows[one.name] = {
            "cold": one.cold,
            "warm": one.warm,
            "memory": memory,
            "cold_ratio": ratios[0],
            "warm_ratio": ratios[1],
            "calls": dict(one.calls),
            "bytes": one.size,
        }
    ours = next(one for one in measured if one.name == "guichet")
    prices = costs(ours)
    print("\nPrice of a million messages in US dollars, without SES:")
    for what, dollars in prices.items():
        print(f"  {what:28}{dollars:8.2f}")
    print(
        "List prices of us-east-1, arm64, no free tier, 1 GB, items of at most 1 KB, the first start's INIT billed; "
        f"a call to AWS takes {CALL * 1000:.0f} ms; Lambda gives {PROCESSOR:.2f} of a processor as fast as this one."
    )
    return {"python": sys.version.split()[0], "candidates": rows, "dollars_per_million": prices}


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.posts", description="Measure the cost of a post.")
    parser.add_argument("--rounds", type=int, default=20, help="processes of each")
    parser.add_argument("--json", type=Path, help="a file to write all values to")
    parser.add_argument(
        "--artifact",
        type=lambda text: text.partition("=")[::2],
        action="append",
        default=[],
        help="NAME=FOLDER of another build to measure as well, such as that of an earlier commit",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, endpoint() as aws:
        folder = Path(name)
        client = copy_client(folder / "client")
        with packages_of_this_environment():
            every = candidates(folder, {name: Path(code) for name, code in options.artifact})
        for _ in range(options.rounds):
            for candidate in random.sample(every, len(every)):
                measure(candidate, client, aws, folder / "log")
        result = report(every)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
