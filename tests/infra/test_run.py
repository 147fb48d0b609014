"""`python -m infra.local` as a person runs it: the process, its ports, its messages and its exit."""

import base64
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from guichet.settings import LOCAL_SECRET, LOOPBACK_ORIGINS
from infra.build import ROOT
from infra.local.__main__ import StartError, defaults, run
from infra.local.containers import bridge_address
from infra.template import Template, TemplateError, parameters
from tests.faults.running import early_posts, wake_ups
from tests.support.app import resolve
from tests.support.installed import with_only
from tests.support.own_files import copy_into
from tests.support.stack import LocalStack, ask, connects, free_port, local_stack, missing, text_of, wait_for

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "a-boundary"
OWNERS = ["me@example.net", "you@example.net"]
# With these, nothing starts, whether the other settings are right or wrong.
NOWHERE = {"PORT": "23456", "SITE_PORT": "23456"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that is ready, one for all tests that only talk to it. It has what `make run` installs."""
    given = f"DefaultLanguage=en OwnerEmail={','.join(OWNERS)}"
    path = with_only(ROOT / "requirements-run.txt", tmp_path_factory.mktemp("installed"))
    with local_stack(tmp_path_factory.mktemp("running"), PARAMETERS=given, PYTHONPATH=path) as stack:
        stack.wait_until_ready()
        yield stack


def message(text: str) -> dict[str, str]:
    """Return the fields of a contact form."""
    return {"email": "camille@example.org", "name": "Camille", "message": text}


def urlencoded(fields: dict[str, str]) -> tuple[bytes, str]:
    """Return a form as browsers post it, and its media type."""
    return urlencode(fields).encode(), FORM


def as_json(fields: dict[str, str]) -> tuple[bytes, str]:
    """Return a form as JSON, and its media type."""
    return json.dumps(fields).encode(), "application/json"


def multipart(fields: dict[str, str]) -> tuple[bytes, str]:
    """Return a form as `FormData` is posted, and its media type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return f"{''.join(parts)}--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


Encode = Callable[[dict[str, str]], tuple[bytes, str]]


# --- a stack that runs ---------------------------------------------------------------------------------------------


def test_it_says_where_everything_is(running: LocalStack) -> None:
    for address in (
        f"http://127.0.0.1:{running.site_port}\n",
        f"http://127.0.0.1:{running.port}   open it for an overview\n",
        f"http://127.0.0.1:{running.port}/desk   sign in as {' or '.join(OWNERS)}: the email is in the inbox\n",
        f"http://127.0.0.1:{running.port}/_local/inbox ",
        f"http://127.0.0.1:{running.port}/_local/inbox.json\n",
        f"POST http://127.0.0.1:{running.port}/_local/sweep ",
    ):
        assert address in running.said
    assert "every 15 minutes" in running.said


def test_it_says_how_fast_mail_goes_out(running: LocalStack) -> None:
    assert "  mail   14 a second, " in running.said
    assert "SEND_RATE=… make run sets another rate" in running.said


@pytest.mark.slow
def test_the_rate_of_mail_can_be_set(tmp_path: Path) -> None:
    with local_stack(tmp_path, SEND_RATE="250") as stack:
        stack.wait_until_ready()
        assert "  mail   250 a second, " in stack.said
        variables = ask(stack.port, "GET", "/_local/environment.json").json
        ses: Any = botocore.session.get_session().create_client(
            "sesv2", "eu-west-3", endpoint_url=variables["AWS_ENDPOINT_URL_SESV2"],
            aws_access_key_id="local", aws_secret_access_key="local",
        )  # fmt: skip
        assert ses.get_account()["SendQuota"]["MaxSendRate"] == 250


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "nan", "inf", "1000000"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    told = f"SEND_RATE must be a number of emails a second, up to 10,000, not {rate!r}"
    with pytest.raises(StartError, match=re.escape(told)):
        run(NOWHERE | {"SEND_RATE": rate})


def test_the_first_page_leads_to_all_that_is_served_here(running: LocalStack) -> None:
    answer = ask(running.port, "GET", "/")
    page = answer.text
    links = re.findall(r'href="([^"]+)"', page)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"http://127.0.0.1:{running.site_port}" in links
    assert "/desk" in links
    for path in (link for link in links if link.startswith("/")):
        answer = ask(running.port, "GET", path)
        if answer.status == 303:
            answer = ask(running.port, "GET", answer.headers["location"].partition(str(running.port))[2])
        assert answer.status == 200
    assert all(route in page for function in resolve().functions.values() for route in function.routes)


def test_the_inbox_waits_for_the_email_of_what_was_just_posted(running: LocalStack) -> None:
    for number in range(5):
        running.post("/contact", *as_json(message(f"At once {number}")))
        assert len(running.inbox(f"At once {number}")) == 1


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("logs", ["", "json"])
def test_an_event_is_one_short_line_or_what_cloudwatch_gets(tmp_path: Path, logs: str) -> None:
    with local_stack(tmp_path, LOGS=logs, PARAMETERS="ProofOfWork=off") as stack:
        stack.wait_until_ready()
        stack.post("/contact", *as_json(message("Logs")))
        wait_for("the email", lambda: stack.inbox("Logs"), seconds=5)
        lines = wait_for("the log", lambda: [line for line in stack.said.splitlines() if "sent" in line.split("=")[0]])
        if logs:
            # SES's event about it may have arrived first.
            assert "sent" in [json.loads(line)["message"] for line in lines]
            assert '"CloudWatchMetrics"' in stack.said
        else:
            assert re.fullmatch(
                r"\d\d:\d\d:\d\d sent record=message#[0-9a-f]{8} email=email#contact-notification.*", lines[0]
            )
            assert len(lines[0]) < 120
            assert "{" not in stack.said


@pytest.mark.parametrize(("encode", "status"), [(urlencoded, 303), (as_json, 200), (multipart, 303)])
def test_a_posted_message_is_exactly_one_email_within_two_seconds(
    running: LocalStack, encode: Encode, status: int
) -> None:
    marker = f"Éclair {encode.__name__}"
    answer = running.post("/contact", *encode(message(marker)))
    assert answer.status == status
    (mail,) = wait_for("the email", lambda: running.inbox(marker), seconds=2)
    assert set(mail) == {"id", "from", "to", "subject", "raw"}
    assert mail["to"] == OWNERS
    assert "guichet@example.org" in mail["from"]
    # The schedule finds nothing more to send, and the same post again is the same message.
    assert running.post("/contact", *encode(message(marker))).status == status
    running.sweep()
    assert len(running.inbox(marker)) == 1


def test_a_form_without_javascript_leads_to_the_thank_you_page(running: LocalStack) -> None:
    answer = running.post("/contact", *urlencoded(message("Merci")))
    base, _, path = answer.headers["location"].partition("/thanks")
    assert base == f"http://127.0.0.1:{running.port}"
    assert ask(running.port, "GET", f"/thanks{path}").status == 200


def test_parameters_that_were_given_are_those_of_the_functions(running: LocalStack) -> None:
    # The owners are checked above; the template's default language is French.
    answer = running.post("/contact", *as_json(message("Language")))
    assert "language=en" in answer.json["next"]


def test_what_is_not_accepted_sends_no_email(running: LocalStack) -> None:
    answer = running.post("/contact", *as_json(message("Sans adresse") | {"email": "nobody"}))
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "email"
    running.sweep()
    assert running.inbox("Sans adresse") == []


def test_a_sign_up_is_an_email_with_a_link_to_this_api(running: LocalStack) -> None:
    assert running.post("/newsletter", *urlencoded({"email": "lou@example.org"})).status == 303
    link = f"http://127.0.0.1:{running.port}/newsletter/confirm?"
    (mail,) = wait_for("the email", lambda: running.inbox(link))
    assert mail["to"] == ["lou@example.org"]
    (address,) = [word for word in text_of(mail["raw"]).split() if word.startswith(link)]
    assert ask(running.port, "GET", address.removeprefix(f"http://127.0.0.1:{running.port}")).status == 200


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("bounce@simulator.amazonses.com", "bounced"),
        ("complaint@simulator.amazonses.com", "complained"),
        ("suppressionlist@simulator.amazonses.com", "bounced"),
        ("ooto@simulator.amazonses.com", "settled"),
    ],
)
def test_mail_to_the_mailbox_simulator_has_the_outcome_that_it_is_for(
    running: LocalStack, address: str, what: str
) -> None:
    before = len(running.logged(what))
    running.post("/newsletter", *as_json({"email": address}))
    wait_for("SES's event", lambda: len(running.logged(what)) > before)
    if what == "settled":
        wait_for("the reply", lambda: [line for line in running.logged(what) if line["what"] == "absence note"])
    assert "Traceback" not in running.complained


def test_the_preflight_of_the_site_is_allowed(running: LocalStack) -> None:
    for origin in (f"http://127.0.0.1:{running.site_port}", f"http://localhost:{running.site_port}"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = ask(running.port, "OPTIONS", "/contact", headers=headers)
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == origin
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "content-type" in answer.headers["access-control-allow-headers"]


# A dev server's, whatever its port and the name by which it calls this machine.
DEV_SERVERS = ["http://localhost:5173", "http://127.0.0.1:4321", "http://[::1]:1313", "https://localhost:3443"]


@pytest.mark.parametrize("origin", [*DEV_SERVERS, "http://localhost", "http://[::1]"])
def test_a_page_of_any_port_of_this_machine_may_post(running: LocalStack, origin: str) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = ask(running.port, "OPTIONS", "/contact", headers=preflight)
    assert answer.headers["access-control-allow-origin"] == origin

    body, content_type = urlencoded(message(f"Depuis {origin} ou d'ailleurs") | {"_next": f"{origin}/merci"})
    headers = {"Origin": origin, "Content-Type": content_type, "Referer": f"{origin}/page?secret"}
    answer = ask(running.port, "POST", "/contact", body, headers)
    assert (answer.status, answer.headers["location"]) == (303, f"{origin}/merci")
    assert answer.headers["access-control-allow-origin"] == origin
    (mail,) = wait_for("the email", lambda: running.inbox(f"Depuis {origin} ou"))
    assert f"> Page: {origin}/page" in text_of(mail["raw"]).splitlines()


def test_it_says_which_pages_may_post(running: LocalStack) -> None:
    assert (
        "any port of localhost, 127.0.0.1 and [::1]; deployed, only from SiteUrl and AllowedOrigins\n" in running.said
    )


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost.evil.example:5173",
        "http://evil-localhost:5173",
        "http://127.0.0.2:5173",
        "http://192.168.1.5:5173",
        "ftp://localhost:21",
        "http://localhost:5173:5173",
        "http://localhost:",
        "http://[::1]evil.example",
    ],
)
def test_a_page_that_only_looks_like_this_machine_may_not_post(running: LocalStack, origin: str) -> None:
    headers = {"Origin": origin, "Content-Type": FORM, "Accept": "application/json"}
    answer = ask(running.port, "POST", "/contact", urlencode(message("Non")).encode(), headers)
    assert (answer.status, answer.json["errors"][0]["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert "access-control-allow-origin" not in answer.headers
    # The page's developer reads here what to do.
    assert "AllowedOrigins" in answer.json["error"]


@pytest.mark.slow
def test_pages_can_be_held_to_what_they_may_as_deployed(tmp_path: Path) -> None:
    with local_stack(tmp_path, ORIGINS="strict") as stack:
        stack.wait_until_ready()
        assert "  pages  may post only from SiteUrl and AllowedOrigins, as deployed\n" in stack.said
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        for origin, status in ((f"http://localhost:{stack.site_port}", 200), (DEV_SERVERS[0], 403)):
            body = urlencode(message(origin)).encode()
            assert ask(stack.port, "POST", "/contact", body, headers | {"Origin": origin}).status == status


def test_the_preflight_of_another_site_is_not_allowed(running: LocalStack) -> None:
    headers = {"Origin": "https://foreign.example", "Access-Control-Request-Method": "POST"}
    answer = ask(running.port, "OPTIONS", "/contact", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


def test_a_script_of_the_site_may_read_the_reply(running: LocalStack) -> None:
    answer = running.post("/contact", *as_json(message("Par script")))
    assert answer.json["ok"] is True
    assert answer.headers["access-control-allow-origin"] == f"http://127.0.0.1:{running.site_port}"
    assert answer.headers["access-control-expose-headers"] == "retry-after"


class Frames(HTMLParser):
    """The frames of a page, with their attributes, and how many scripts it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.frames: list[dict[str, str]] = []
        self.scripts = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a frame, count a script."""
        if tag == "iframe":
            self.frames.append({name: value or "" for name, value in attrs})
        self.scripts += tag == "script"


def test_what_is_for_this_machine_alone_is_not_served_under_another_name(running: LocalStack) -> None:
    for path, status in (("sam.json", 404), ("environment.json", 200), ("inbox", 200), ("inbox.json", 200)):
        answer = ask(running.port, "GET", f"/_local/{path}", headers={"Host": f"evil.example:{running.port}"})
        assert answer.status == 403
        assert "SIGNING_SECRET" not in answer.text
        assert ask(running.port, "GET", f"/_local/{path}", headers={"Host": "localhost"}).status == status


def test_no_port_is_served_under_another_name(running: LocalStack) -> None:
    # Like API Gateway: a name other than the API's own is refused before any function runs.
    for port, path in ((running.port, "/thanks"), (running.site_port, "/")):
        assert ask(port, "GET", path, headers={"Host": f"evil.example:{port}"}).status == 403
        assert ask(port, "GET", path, headers={"Host": f"localhost:{port}"}).status == 200


def test_a_sweep_calls_each_scheduled_function_or_the_one_that_is_named(running: LocalStack) -> None:
    scheduled = {name for name, function in resolve().functions.items() if function.schedules}
    assert "Notifier" in scheduled
    assert set(running.sweep()) == scheduled
    answer = ask(running.port, "POST", "/_local/sweep?function=Notifier", b"")
    assert set(answer.json) == {"Notifier"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_origin_cannot_start_a_sweep(running: LocalStack, origin: str) -> None:
    assert ask(running.port, "POST", "/_local/sweep", b"", {"Origin": origin}).status == 403
    own = f"http://127.0.0.1:{running.port}"
    assert ask(running.port, "POST", "/_local/sweep", b"", {"Origin": own}).status == 200


def test_a_link_to_the_inbox_may_stand_on_any_page(running: LocalStack) -> None:
    assert ask(running.port, "GET", "/_local/inbox", headers={"Sec-Fetch-Site": "cross-site"}).status == 200


def test_the_inbox_tells_what_came_after_a_mail(running: LocalStack) -> None:
    running.post("/contact", *as_json(message("Première")))
    last = wait_for("the email", lambda: running.inbox("Première"))[0]["id"]
    running.post("/contact", *as_json(message("Deuxième")))
    wait_for("the email", lambda: running.inbox("Deuxième"))
    (newer,) = ask(running.port, "GET", f"/_local/inbox.json?after={last}").json
    assert "Deuxième" in text_of(newer["raw"])
    assert ask(running.port, "GET", f"/_local/inbox.json?after={newer['id']}").json == []


def test_the_inbox_page_shows_the_html_of_a_mail_in_a_sandboxed_frame(running: LocalStack) -> None:
    running.post("/contact", *as_json(message("Vu <script>alert(1)</script>")))
    wait_for("the email", lambda: running.inbox("Vu <script>"))
    answer = ask(running.port, "GET", "/_local/inbox")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Frames(answer.text)
    assert page.scripts == 0
    frame = next(frame for frame in page.frames if "Vu &lt;script&gt;" in frame["srcdoc"])
    assert "allow-scripts" not in frame["sandbox"].split()
    assert "allow-same-origin" not in frame["sandbox"].split()


def test_the_demo_site_holds_the_real_address_of_the_api(running: LocalStack) -> None:
    answer = ask(running.site_port, "GET", "/")
    assert answer.status == 200
    for form in ("contact", "newsletter"):
        assert f'action="http://127.0.0.1:{running.port}/{form}"' in answer.text
    assert ask(running.site_port, "GET", "/site.css").status == 200


def test_the_operator_s_commands_learn_the_table_and_the_engines_of_the_stack(running: LocalStack) -> None:
    variables = ask(running.port, "GET", "/_local/environment.json").json
    assert variables["TABLE_NAME"] == "guichet"
    assert variables["AWS_ENDPOINT_URL_DYNAMODB"].startswith("http://127.0.0.1:")
    assert variables["OWNER_EMAIL"] == ",".join(OWNERS)
    assert Path(variables["FORMS_FILE"]).parts[-3:] == ("infra", "site", "forms.toml")


def test_a_stack_that_containers_cannot_reach_says_so_instead_of_a_template(running: LocalStack) -> None:
    answer = ask(running.port, "GET", "/_local/sam.json")
    assert answer.status == 404
    assert "CONTAINERS=1 make run" in answer.json["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_local/sweep"), ("POST", "/_local/inbox"), ("GET", "/_local/other")]
)
def test_what_the_local_stack_does_not_serve_is_not_found(running: LocalStack, method: str, path: str) -> None:
    answer = ask(running.port, method, path)
    assert answer.status == 404
    assert "/_local/inbox" in answer.json["message"]


def test_a_route_that_the_template_does_not_have_is_not_found(running: LocalStack) -> None:
    assert ask(running.port, "GET", "/elsewhere").status == 404


# --- how it starts, rests and ends ---------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("_start", range(3))
def test_what_is_posted_the_moment_a_port_opens_is_kept_and_mailed(_start: int) -> None:
    # Twenty starts: make load LOAD="--starts 20".
    assert early_posts() == [200, 200]


def test_at_rest_it_hardly_wakes(running: LocalStack) -> None:
    # Not its CPU time, which depends on the machine: make load LOAD="--rest 60" measures that.
    if not Path("/proc/self/task").exists():
        missing("/proc")
    pid = running.process.pid
    wait_for("its rest", lambda: _woken_in(pid, seconds=1) < 20)
    assert _woken_in(pid, seconds=3) < 60


def _woken_in(pid: int, seconds: float) -> int:
    before = wake_ups(pid)
    time.sleep(seconds)
    return wake_ups(pid) - before


# --- the owner's own words -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a stack runs, to change its files."""
    return copy_into(tmp_path_factory.mktemp("copy"))


@pytest.mark.slow
def test_its_inbox_shows_emails_in_the_owners_own_words(copy: Path, tmp_path: Path) -> None:
    own = '[confirmation.fr]\nsubject = "Un clic pour {site}"\nbody = "Par ici : {link}"\n'
    (copy / "functions" / "texts.toml").write_text(own, encoding="utf-8")
    with local_stack(tmp_path, copy) as stack:
        stack.wait_until_ready()
        stack.post("/newsletter", *as_json({"email": "lou@example.org"}))
        (mail,) = wait_for("the email", lambda: stack.inbox(to="lou@example.org"))
    assert mail["subject"] == "Un clic pour Atelier Bellevue"
    assert text_of(mail["raw"]).startswith(f"Par ici : http://127.0.0.1:{stack.port}/newsletter/confirm?")


def test_it_does_not_start_with_words_that_cannot_be_used(copy: Path, tmp_path: Path) -> None:
    own = '[confirmation.fr]\nsubject = "a"\nbody = "b"\n[hello.fr]\nsubject = "a"\n'
    (copy / "functions" / "texts.toml").write_text(own, encoding="utf-8")
    with local_stack(tmp_path, copy) as stack:
        assert stack.wait() == 2
    assert "error: texts.toml: [confirmation.fr] body: expected {link} once" in stack.complained
    assert "; texts.toml: [hello]: there is no such email" in stack.complained
    assert "Traceback" not in stack.complained


# --- for containers --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_sam_cli_s_template_is_the_same_from_run_to_run_and_names_engines_that_listen(tmp_path: Path) -> None:
    ports = {name: str(free_port()) for name in ("PORT", "SITE_PORT", "ENGINE_PORT")}
    first, second = (template_for_containers(tmp_path, ports) for _ in range(2))
    assert first == second


def template_for_containers(tmp_path: Path, ports: dict[str, str]) -> Any:
    """Run a stack that containers reach, and return its template for the SAM CLI."""
    host = bridge_address() or "host.docker.internal"
    with local_stack(tmp_path, CONTAINERS="1", **ports) as stack:
        stack.wait_until_ready()
        assert f"/_local/sam.json   containers reach the engines at {host}\n" in stack.said
        assert stack.post("/contact", *as_json(message("Pour tous"))).status == 200
        wait_for("the email", lambda: stack.inbox("Pour tous"))
        told = ask(stack.port, "GET", "/_local/sam.json").json
        variables = told["Resources"]["Contact"]["Properties"]["Environment"]["Variables"]
        assert variables["AWS_ENDPOINT_URL_DYNAMODB"] == f"http://{host}:{ports['ENGINE_PORT']}"
        with socket.socket() as probe:
            assert probe.connect_ex((bridge_address() or "127.0.0.1", int(ports["ENGINE_PORT"]))) == 0
        assert stack.end() == 0
    return told


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    with local_stack(tmp_path) as stack:
        stack.wait_until_ready()
        assert stack.end(signal.SIGINT) == 0
        assert stack.complained == ""
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", stack.port)) != 0


# Python reports its imports on standard error: the stack's own modules, the engine's, the functions'.
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("imported", ["yaml", "botocore.session", "moto.core", "aws_lambda_powertools"])
def test_ctrl_c_before_it_is_ready_ends_it_without_a_word(tmp_path: Path, imported: str) -> None:
    with local_stack(tmp_path, PYTHONPROFILEIMPORTTIME="1") as stack:
        wait_for(imported, lambda: re.search(rf"\| +{re.escape(imported)}\n", stack.complained))
        assert stack.end(signal.SIGINT) == 130
        assert [line for line in stack.complained.splitlines() if not line.startswith("import time:")] == []
        assert stack.said == ""
        assert not connects(stack.port)


def test_ctrl_c_while_an_engine_is_awaited_ends_it_at_once(tmp_path: Path) -> None:
    with local_stack(tmp_path, AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{free_port()}") as stack:
        wait_for("a warning", lambda: "an engine cannot be reached" in stack.complained)
        asked = time.monotonic()
        assert stack.end(signal.SIGINT) == 130
        assert time.monotonic() - asked < 2
        assert "Traceback" not in stack.complained


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("variable", ["PORT", "SITE_PORT", "ENGINE_PORT"])
def test_a_port_that_is_taken_is_an_error_that_names_its_variable(tmp_path: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104  it answers nothing, and stands in the way at every address
        taken.listen()
        port = taken.getsockname()[1]
        containers = "1" if variable == "ENGINE_PORT" else ""
        with local_stack(tmp_path, CONTAINERS=containers, **{variable: str(port)}) as stack:
            assert stack.wait() == 2
    assert f"error: port {port} is taken: choose another one with {variable}=" in stack.complained
    assert "Traceback" not in stack.complained


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"PARAMETERS": "CallerHourlyCap=many"},
            "CallerHourlyCap: 'many' is not allowed; expected a whole number from 1",
        ),
        ({"ORIGINS": "any"}, "ORIGINS must be strict or empty, not 'any'"),
        ({"SITE_PORT": "70000"}, "SITE_PORT must be a port number, not '70000'"),
        ({}, "PORT and SITE_PORT are both 23456"),
    ],
)
def test_a_wrong_variable_is_an_error_that_names_it(variables: dict[str, str], problem: str) -> None:
    with pytest.raises((StartError, TemplateError), match=re.escape(problem)):
        run(NOWHERE | variables)


def test_what_is_wrong_ends_it_with_a_line_of_its_own(tmp_path: Path) -> None:
    with local_stack(tmp_path, SITE_PORT="70000") as stack:
        assert stack.wait() == 2
    assert stack.complained == "error: SITE_PORT must be a port number, not '70000'\n"
    assert stack.said == ""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("A=1 B=two", {"A": "1", "B": "two"}),
        ("A='with blanks' B=\"x=y\"", {"A": "with blanks", "B": "x=y"}),
        ("A=", {"A": ""}),
        ("ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=x=y", {"A": "1", "B": "x=y"}),
        ("A=1 A=2", {"A": "2"}),
    ],
)
def test_parameters_are_written_as_sam_deploy_takes_them(text: str, values: dict[str, str]) -> None:
    assert parameters(text) == values


@pytest.mark.parametrize("text", ["A", "A=1 B", "ParameterKey=A", "A='open"])
def test_parameters_that_are_written_otherwise_are_refused(text: str) -> None:
    with pytest.raises(TemplateError, match=r"^PARAMETERS: "):
        parameters(text)


def test_the_template_resolves_with_the_parameters_of_this_machine() -> None:
    stack = Template.load().resolve(defaults(8000))
    assert stack.cors["allowOrigins"] == ["http://127.0.0.1:8000", "http://localhost:8000"]
    assert defaults(8000)["SigningSecret"].startswith(LOCAL_SECRET)


@pytest.mark.parametrize("origin", LOOPBACK_ORIGINS)
def test_no_deploy_can_allow_an_origin_of_any_port(origin: str) -> None:
    with pytest.raises(TemplateError, match="AllowedOrigins"):
        Template.load().resolve(defaults(8000) | {"AllowedOrigins": origin})
    with pytest.raises(TemplateError, match="SiteUrl"):
        Template.load().resolve(defaults(8000) | {"SiteUrl": origin})


# --- engines that are away -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_its_table_a_post_is_answered_503_within_ten_seconds(tmp_path: Path) -> None:
    with local_stack(tmp_path, AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{free_port()}") as stack:
        stack.wait_until_it_listens()
        asked = time.monotonic()
        answer = stack.post("/contact", *as_json(message("Nulle part")))
        assert time.monotonic() - asked < 10
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json["error"]
        wait_for("a warning", lambda: "an engine cannot be reached" in stack.complained)
        assert stack.end() == 0
        assert "Traceback" not in stack.complained


@dataclass
class Mail:
    """SES, as far as the stack uses it: down at first, later up. It keeps accepted mail. A WSGI application."""

    away: bool = True
    refused: int = 0
    taken: list[bytes] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Answer SendEmail depending on whether it is down, and requests to create resources as if they succeeded."""
        if request.path != "/v2/email/outbound-emails":
            return Response("{}", content_type="application/json")
        if self.away:
            self.refused += 1
            return Response('{"message": "away"}', status=503, content_type="application/json")
        self.taken.append(base64.b64decode(request.get_json()["Content"]["Raw"]["Data"]))
        return Response('{"MessageId": "x"}', content_type="application/json")


@pytest.fixture
def mail() -> Iterator[tuple[Mail, str]]:
    """Return another engine for mail, and its address."""
    application = Mail()
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,))
    thread.start()
    yield application, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_what_is_posted_while_mail_is_away_is_mailed_once_when_it_is_back(
    tmp_path: Path, mail: tuple[Mail, str]
) -> None:
    ses, address = mail
    (mapping,) = resolve().functions["Notifier"].streams
    with local_stack(tmp_path, AWS_ENDPOINT_URL_SESV2=address) as stack:
        stack.wait_until_ready()
        assert stack.post("/contact", *urlencoded(message("Patience"))).status == 303
        wait_for("the stream to give up", lambda: ses.refused == 1 + mapping.retries)
        ses.away = False
        assert stack.sweep()["Notifier"] == {"sent": 1}
        assert stack.sweep()["Notifier"] == {}
        assert ["Patience" in text_of(raw) for raw in ses.taken] == [True]
        assert ses.refused == 1 + mapping.retries
        # What was mailed elsewhere is not in an inbox here.
        answer = ask(stack.port, "GET", "/_local/inbox.json")
        assert answer.status == 404
        assert "there is no inbox here" in answer.json["message"]
        assert stack.end(signal.SIGTERM) == 0
