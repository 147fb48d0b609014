"""Every function of the artifact, driven by Lambda's runtime client, with nothing else to import."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.loaders import Loader
from botocore.session import Session

from infra.build import FUNCTIONS, OPERATIONS, ROOT, archive, size_of
from tests.support.app import resolve
from tests.support.artifact import BuiltFunction, Deployed
from tests.support.desk import OWNER, Browser
from tests.support.newsletter import READER, local, open_link, sign_up, subscribe, unsubscribe_url
from tests.support.runtime_api import Runtime
from tests.support.samples import FOLDER, sample
from tests.support.stack import text_of
from tests.support.threads import approve

# AWS: "Lambda quotas", the packages that the console still shows; the target is stricter.
LARGEST = 10_000_000


def test_a_message_is_kept_and_the_owner_is_told(deployed: Deployed) -> None:
    reply = deployed.post("/contact", data={"email": "a@example.org", "message": "Bonjour"})
    assert reply.status_code == 303
    deployed.play_stream()
    assert [item["message"] for item in deployed.items("message")] == ["Bonjour"]
    (mail,) = deployed.mails()
    assert (mail["Reply-To"], mail["To"]) == ("a@example.org", "owner@atelier.example")


def test_the_life_of_a_subscriber(deployed: Deployed) -> None:
    subscribe(deployed)
    assert [item["state"] for item in deployed.items("subscriber")] == ["confirmed"]
    assert sorted(mail["To"] for mail in deployed.mails()) == ["owner@atelier.example", READER, READER]
    assert "<button" in open_link(deployed, unsubscribe_url(deployed)).text
    left = deployed.post(local(unsubscribe_url(deployed)), data={"List-Unsubscribe": "One-Click"})
    assert left.status_code == 200
    assert [item["state"] for item in deployed.items("subscriber")] == ["unsubscribed"]


def test_every_sample_event_is_taken(deployed: Deployed) -> None:
    for name in FOLDER:
        function = {
            "comments": "Comments",
            "contact": "Contact",
            "newsletter": "Newsletter",
            "confirm": "Newsletter",
            "desk": "Desk",
            "feedback": "Feedback",
        }
        deployed.functions[function.get(name.partition("-")[0], "Notifier")](sample(name))
    assert {item["kind"] for item in deployed.items()} >= {"message", "request", "email", "caller", "subscriber"}


def test_what_is_imported_only_where_it_is_needed_is_there(deployed: Deployed) -> None:
    answers = {"email": "a@bücher.example", "message": "Bonjour"}
    assert deployed.post("/contact", data=answers, content_type="multipart/form-data").status_code == 303
    refused = deployed.post("/contact", data={"email": "no", "message": "x"})
    assert (refused.status_code, "<main" in refused.text) == (422, True)
    assert deployed.http.get("/thanks").status_code == 200
    challenge = deployed.built("Contact", PROOF_OF_WORK="on")(
        {**sample("contact-json.json"), "routeKey": "GET /challenge"}
    )
    assert json.loads(challenge["body"])["parameters"]["algorithm"]


def test_a_comment_is_taken_told_and_read(deployed: Deployed) -> None:
    fields = {"page": "/café/", "name": "Zoé", "email": READER, "comment": "*Bonjour*"}
    assert deployed.post("/comments", json=fields).status_code == 200
    assert deployed.post("/comments", data={**fields, "page": "/a/../b"}).status_code == 422
    deployed.play_stream()
    (mail,) = deployed.mails()
    assert (mail["Reply-To"], mail["To"]) == (f"Zoé <{READER}>", "owner@atelier.example")
    page = {"page": "/caf%C3%A9/index.html"}
    assert deployed.http.get("/comments", query_string=page).get_json()["comments"] == []
    (item,) = deployed.items("comment")
    assert approve(item["id"]) == "approved"
    (shown,) = deployed.http.get("/comments", query_string=page).get_json()["comments"]
    assert (shown["name"], shown["html"].strip()) == ("Zoé", "<p><em>Bonjour</em></p>")


def test_a_form_of_the_site_s_own_is_served_and_its_recipients_are_told(deployed: Deployed) -> None:
    answers = {"email": READER, "budget": "plus", "date": "31/12/2026", "surface": "1 234,50", "accord": "on"}
    assert deployed.post("/f/devis", data=answers).status_code == 303
    assert deployed.post("/f/devis", data={**answers, "date": "yesterday"}).status_code == 422
    assert deployed.post("/f/other", data=answers).status_code == 404
    deployed.play_stream()
    assert {mail["To"] for mail in deployed.mails()} == {READER, "grands@example.org, devis@example.org"}
    told = next(mail for mail in deployed.mails() if mail["To"] != READER)
    assert "31 décembre 2026" in text_of(told.as_string())


def test_each_page_of_the_desk_is_shown_and_its_buttons_work(deployed: Deployed) -> None:
    subscribe(deployed)
    deployed.post("/contact", data={"email": "a@example.org", "message": "Bonjour"})
    visitor = Browser(deployed)
    asked = visitor.follow(visitor.post("sign-in", {"address": OWNER, "next": "messages"}))
    deployed.play_stream()
    texts = [text_of(mail.as_bytes()) for mail in deployed.mails()]
    (code,) = {code for text in texts for code in re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", text)}
    assert "Bonjour" in visitor.press(asked, "Sign in", code=code).text
    browser = Browser(deployed).signed_in()
    (message,), (subscriber,) = deployed.items("message"), deployed.items("subscriber")
    pages = (
        "messages", "messages/spam", f"messages/{message['id']}", "people", f"people?message={message['id']}",
        "subscribers", f"subscribers/{subscriber['id']}", "subscribers/block", "issues", "issues/_new", "outbox",
        "settings", "sessions", "nowhere",
    )  # fmt: skip
    for page in pages:
        reply = browser.get(page)
        assert (page, reply.status_code) == (page, 404 if page == "nowhere" else 200)
    browser.press(browser.get(f"messages/{message['id']}"), "This is spam")
    assert [item["spam"] for item in deployed.items("message")] == ["owner"]


def test_times_are_told_by_the_artifact_s_own_time_zones(deployed: Deployed) -> None:
    assert deployed.post("/contact", data={"email": "a@example.org", "message": "Bonjour"}).status_code == 303
    # Python then finds none on this machine.
    notifier = deployed.built("Notifier", PYTHONTZPATH="", TIME_ZONE="America/Argentina/Buenos_Aires")
    assert notifier(sample("schedule.json")) == {"sent": 1}
    assert "(America/Argentina/Buenos_Aires)" in deployed.mails()[0].as_string()
    answer = deployed.built("Notifier", PYTHONTZPATH="", TIME_ZONE="Europe/Pari").runtime.answer()
    assert (answer.kind, "TIME_ZONE" in answer.body["errorMessage"]) == ("init error", True)


def test_an_unexpected_route_is_answered_and_the_function_lives_on(deployed: Deployed) -> None:
    contact = deployed.functions["Contact"]
    assert contact({**sample("contact-json.json"), "routeKey": "GET /nowhere"})["statusCode"] == 404
    assert contact(sample("contact-json.json"))["statusCode"] == 200


@pytest.mark.parametrize("name", ["Contact", "Newsletter", "Comments", "Desk", "Notifier", "Issues", "Feedback"])
def test_a_wrong_setting_ends_the_start_by_its_name(run: Callable[..., Runtime], name: str) -> None:
    function = resolve().functions[name]
    runtime = run(function.handler, function.environment | {"SIGNING_SECRET": "short", "AWS_REGION": "eu-west-3"})
    answer = runtime.answer()
    assert answer.kind == "init error"
    assert answer.body["errorType"].endswith("SettingsError")
    assert "SIGNING_SECRET: String should have at least 32 characters" in answer.body["errorMessage"]
    assert "short" not in json.dumps(answer.body)


@pytest.fixture
def own_words(artifact: Path) -> Iterator[Path]:
    """Return where the artifact has the owner's own words."""
    file = artifact / "texts.toml"
    yield file
    file.unlink(missing_ok=True)


def test_an_email_has_the_owners_own_words(own_words: Path, deployed: Deployed) -> None:
    own_words.write_text('[confirmation.fr]\nsubject = "Un clic"\nbody = "Voilà : {link}"\n', encoding="utf-8")
    sign_up(deployed)
    (mail,) = deployed.mails()
    assert mail["Subject"] == "Un clic"
    assert text_of(mail.as_bytes()).startswith("Voilà : https://")


def test_words_that_cannot_be_used_end_the_notifiers_start(own_words: Path, run: Callable[..., Runtime]) -> None:
    own_words.write_text('[confirmation.fr]\nsubject = "Un clic"\nbody = "Voilà"\n', encoding="utf-8")
    notifier = resolve().functions["Notifier"]
    answer = run(notifier.handler, notifier.environment | {"AWS_REGION": "eu-west-3"}).answer()
    assert answer.kind == "init error"
    assert answer.body["errorType"].endswith("TextsError")
    assert answer.body["errorMessage"].startswith("texts.toml: [confirmation.fr] body: expected {link} once")


def test_nothing_but_the_artifact_can_be_imported(run: Callable[..., Runtime], tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "lone.py").write_text("import pydantic\nhandler = None\n", encoding="utf-8")
    answer = run("lone.handler", {}, tmp_path / "code").answer()
    assert (answer.kind, answer.body["errorType"]) == ("init error", "Runtime.ImportModuleError")
    assert "No module named 'pydantic'" in answer.body["errorMessage"]


def test_all_clients_of_a_function_are_made_before_its_first_event(deployed: Deployed) -> None:
    # An endpoint that is not an address fails when a client is created.
    for name in deployed.functions:
        function = deployed.built(name, AWS_ENDPOINT_URL="nowhere")
        answer = function.runtime.answer()
        assert (answer.kind, "Invalid endpoint: nowhere" in answer.body["errorMessage"]) == ("init error", True)


def test_bytecode_is_there_for_every_module_and_is_taken_unchecked(artifact: Path) -> None:
    modules = list(artifact.rglob("*.py"))
    assert len(modules) > 300
    for module in modules:
        compiled = module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        head = compiled.read_bytes()[:8]
        # PEP 552: the lowest bit says that there is a hash instead of a date, the next one that it is checked.
        assert head == MAGIC_NUMBER + (0b01).to_bytes(4, "little"), module


def test_bytecode_has_its_path_in_lambda_and_not_that_of_the_build(artifact: Path) -> None:
    for compiled in artifact.rglob("*.pyc"):
        code, folder = compiled.read_bytes(), compiled.parents[1].relative_to(artifact)
        # Otherwise, importing it would rewrite the file name of every function in it.
        assert f"/var/task/{folder / compiled.name.partition('.')[0]}.py".encode() in code, compiled
        assert str(artifact).encode() not in code, compiled


def test_two_builds_give_the_same_bytes(artifact: Path, forms: Path, tmp_path: Path) -> None:
    # In another process, sets have another order. What pip installs is pinned by its hashes.
    elsewhere = tmp_path / "elsewhere" / "functions"
    again = [sys.executable, "-m", "tests.artifact.again", str(elsewhere), str(forms)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (FUNCTIONS, ROOT))), "PYTHONHASHSEED": "21"}
    # Left over from an earlier build.
    (elsewhere / "former").mkdir(parents=True)
    (elsewhere / "former" / "handler.py").touch()
    subprocess.run(again, check=True, env=environment, cwd=ROOT, umask=0o077)
    # Lambda runs as another user.
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in elsewhere.rglob("*")}
    assert modes == {(True, 0o755), (False, 0o644)}
    archive(artifact, tmp_path / "first.zip")
    archive(elsewhere, tmp_path / "second.zip")
    first = (tmp_path / "first.zip").read_bytes()
    assert first == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archived:
        entries = archived.infolist()
    # These would otherwise depend on the machine and the date.
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o100644)}
    assert len(first) < LARGEST
    assert size_of(artifact) > len(first)


def test_all_of_ours_is_in_it_and_nothing_that_only_builds(artifact: Path) -> None:
    ours = {
        path.relative_to(FUNCTIONS) for path in FUNCTIONS.glob("*/**/*") if path.is_file() and path.suffix != ".pyc"
    }
    of_commands = {path for path in ours if path.match("guichet/locales/*/commands/*")}
    assert of_commands
    assert {path for path in ours if not (artifact / path).is_file()} == of_commands
    assert not list(artifact.glob("requirements*"))
    assert not list(artifact.glob("*.dist-info"))
    assert not list(artifact.rglob("tests"))


def test_only_services_and_operations_in_use_are_described(artifact: Path) -> None:
    data = artifact / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(OPERATIONS)
    for service, operations in OPERATIONS.items():
        (model,) = data.glob(f"{service}/*/service-2.json")
        assert tuple(json.loads(model.read_text(encoding="utf-8"))["operations"]) == operations
    # botocore would evaluate them on each call.
    assert not list(data.rglob("endpoint-rule-set*"))


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [("dynamodb", "get_item", {"TableName": "table", "Key": {"pk": {"S": "key"}}}), ("sesv2", "get_account", {})],
)
def test_every_region_is_called_as_the_rules_for_endpoints_say(
    artifact: Path, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    listed = Loader(extra_search_paths=[str(artifact / "botocore" / "data")], include_default_search_paths=False)
    session = Session()
    regions = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    }
    assert {"eu-west-3", "us-east-1", "us-gov-west-1"} <= regions
    # A future region is in no list.
    for region in sorted(regions | {"eu-west-9"}):
        call = partial(_called, service, region, operation, parameters)
        assert call(listed) == call(session.get_component("data_loader")), region


class _CalledError(Exception):
    """Raised to end a call before it is sent."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


def _called(
    service: str, region: str, operation: str, parameters: dict[str, Any], data: Loader
) -> tuple[str, list[str]]:
    """Return the address of a call, and for which region and service it is signed."""

    def end(request: AWSPreparedRequest, **_: object) -> None:
        raise _CalledError(request)

    session = Session()
    session.register_component("data_loader", data)
    client = session.create_client(service, region, aws_access_key_id="testing", aws_secret_access_key="testing")
    # Before moto.
    client.meta.events.register_first("before-send", end)
    with pytest.raises(_CalledError) as called:
        getattr(client, operation)(**parameters)
    request = called.value.request
    credential = re.search(r"Credential=([^,]+)", str(request.headers["Authorization"]))
    assert credential is not None
    return request.url, credential[1].split("/")[2:]


def test_mail_is_sent_with_the_artifact_s_own_description_of_ses(deployed: Deployed) -> None:
    deployed.post("/contact", json={"email": "a@example.org", "message": "Bonjour"})
    assert deployed.sweep() == {"sent": 1}
    assert '"swept"' in deployed.log("Notifier")
    assert "a@example.org" not in deployed.log("Notifier") + deployed.log("Contact")


def test_a_function_that_raises_says_so_and_takes_the_next_event(deployed: Deployed) -> None:
    feedback = deployed.functions["Feedback"]
    assert isinstance(feedback, BuiltFunction)
    answer = feedback.runtime.invoke({"Records": [{}]})
    assert answer.kind == "error"
    assert feedback.runtime.invoke({"Records": []}).kind == "response"
