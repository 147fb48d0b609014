"""`python -m infra.local`: all of Guichet on this machine, without an AWS account and without Docker."""

import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    # Until it is ready, Ctrl-C ends the process at once, as everything it started runs inside it. The imports below
    # take a second, so this comes first.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    # The modules below use the functions' own.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "functions"))

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from guichet.definitions import lookup
from guichet.mail import texts
from guichet.settings import LOOPBACK_ORIGINS
from infra.local import engine, inbox, logs
from infra.local.comments import Build
from infra.local.containers import Containers
from infra.local.functions import LocalFunction, local_functions, routes
from infra.local.gateway import Gateway
from infra.local.pages import overview
from infra.local.ports import HOSTS, Port, from_another_page, refusal
from infra.local.sam import sam_template, with_engines
from infra.local.ses_events import SesEvents
from infra.local.site import SITE, Site
from infra.local.streams import MappingPlayer, StreamReader, schedule_event
from infra.template import Stack, Template, TemplateError, parameters

if TYPE_CHECKING:
    from infra.local.forms import FormsFile

# How often to read the stream of an engine other than moto, and how often to retry an unreachable engine, in seconds.
_POLL = 1.0
_ASK_AGAIN = 1.0
# How long the inbox waits for an email that is about to be sent, in seconds.
_MOMENT = 2.0
# How long the ports stay closed while an engine is unreachable, in seconds.
_PATIENCE = 5.0

# The highest SEND_RATE, in emails per second, more than any machine sends here.
_FASTEST = 10_000

# The same in every run, so that the SAM CLI's builds stay valid. Everybody can read it: on AWS, a function with such a
# secret does not start (guichet/settings.py).
SECRET = "local-stack-only-0123456789abcdef0123456789abcdef"  # noqa: S105  it is no secret
TABLE = "guichet"
# Where containers find moto. The SAM CLI takes ports from 5000 to 9000, the system those above 32768.
ENGINE_PORT = 3030

_log = logging.getLogger(__name__)


class StartError(Exception):
    """The stack cannot start. The text says what to do."""


def defaults(site_port: int) -> dict[str, str]:
    """Return local values for the parameters that a deploy asks its owner for."""
    return {
        "SiteName": "Atelier Bellevue",
        "SiteUrl": f"http://127.0.0.1:{site_port}",
        # The demo site's own (infra/site/site.css).
        "AccentColor": "#8a3d1f",
        "AllowedOrigins": f"http://localhost:{site_port}",
        "OwnerEmail": "owner@example.org",
        "FromEmail": "guichet@example.org",
        "SigningSecret": SECRET,
    }


def origins(stack: Stack, environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any], str]:
    """Return the functions' variables and the API's CORS that let this machine's pages post forms, and a note about it.

    A site under development may be on any port. `ORIGINS=strict` is as deployed.
    """
    variables, cors = stack.environment, stack.cors
    if _is_strict(environment):
        return variables, cors, "only from SiteUrl and AllowedOrigins, as deployed"
    further = filter(None, (variables["ALLOWED_ORIGINS"], *LOOPBACK_ORIGINS))
    return (
        variables | {"ALLOWED_ORIGINS": ",".join(further)},
        cors | {"allowOrigins": [*cors["allowOrigins"], *LOOPBACK_ORIGINS]},
        "from any port of localhost, 127.0.0.1 and [::1]; deployed, only from SiteUrl and AllowedOrigins",
    )


@dataclass
class Local:
    """What is running: the resolved template, the functions, and where their engines are."""

    stack: Stack
    functions: dict[str, LocalFunction]
    engines: engine.Engines
    containers: Containers | None
    # Set when the stream may hold something new.
    wake: threading.Event
    # Set while it certainly holds nothing new.
    rests: threading.Event = field(default_factory=threading.Event)
    players: list[MappingPlayer] = field(default_factory=list)
    made: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def answer(self, request: Request) -> Response:
        """Answer what only the local stack serves: inbox, settings, the SAM CLI's template, running the schedule."""
        after = request.args.get("after", "")
        served: dict[str, Callable[[], Response]] = {
            "GET /_local/inbox": lambda: self._inbox(inbox.inbox_page, "text/html; charset=utf-8", after),
            "GET /_local/inbox.json": lambda: self._inbox(_json_text, "application/json", after),
            "GET /_local/environment.json": self._environment,
            "GET /_local/sam.json": self._sam,
            "POST /_local/sweep": lambda: _json(self._sweep(request.args.get("function"))),
        }
        answer = served.get(f"{request.method} {request.path}")
        return answer() if answer else _json({"message": f"There are {', '.join(served)}."}, 404)

    def _inbox(self, write: Callable[[list[dict[str, Any]]], str], content_type: str, after: str) -> Response:
        if not self.engines.own_mail:
            return _json({"message": "mail goes to an engine other than moto: there is no inbox here"}, 404)
        self._rest()
        return Response(write(inbox.mails(after=after)), content_type=content_type)

    def _rest(self) -> None:
        """Wait a moment for the email of a form that has just been posted.

        Work that takes longer, such as an issue of the newsletter, is not waited for.
        """
        end = time.monotonic() + _MOMENT
        while self.engines.own_stream and self._reads_or_plays() and time.monotonic() < end:
            time.sleep(0.01)

    def _reads_or_plays(self) -> bool:
        if self.wake.is_set() or not self.rests.is_set():
            return True
        return any(0 < player.busy_for() < _MOMENT for player in self.players)

    def _environment(self) -> Response:
        region = os.environ["AWS_DEFAULT_REGION"]
        variables = with_engines(self.stack.environment, self.engines.addresses, region)
        return _json({**engine.ACCOUNT, **variables, "FORMS_FILE": str(lookup.SOURCE)})

    def _sam(self) -> Response:
        if self.containers is None:
            return _json({"message": "containers cannot reach this stack: start it with CONTAINERS=1 make run"}, 404)
        region = os.environ["AWS_DEFAULT_REGION"]
        return _json(sam_template(self.stack, self.engines.addresses, region, self.containers))

    def _scheduled(self) -> dict[str, LocalFunction]:
        return {name: function for name, function in self.functions.items() if function.function.schedules}

    def _sweep(self, only: str | None) -> dict[str, Any]:
        """Call the template's scheduled functions concurrently, or only one; return their replies by name."""
        called = {name: function for name, function in self._scheduled().items() if only in (None, name)}
        with ThreadPoolExecutor(max(1, len(called))) as pool:
            running = {name: pool.submit(function, schedule_event()) for name, function in called.items()}
        return {name: future.result() for name, future in running.items()}

    def play_stream(self, stop: threading.Event) -> None:
        """Make the table, then play the event source mappings until the end."""
        stream_arn = _make(lambda: engine.create_table(self.stack, TABLE), stop)
        if stream_arn is None:
            return
        reader = StreamReader(engine.client("dynamodbstreams"), stream_arn)
        self.players += [
            MappingPlayer(function, mapping, stream_arn)
            for function in self.functions.values()
            for mapping in function.function.streams
        ]
        for player in self.players:
            threading.Thread(target=player.play, daemon=True, name=f"play_stream_{player.name}").start()
        self.made.release()
        try:
            self._read_stream(reader, stop)
        finally:
            for player in self.players:
                player.stop()

    def _read_stream(self, reader: StreamReader, stop: threading.Event) -> None:
        while True:
            # Before reading, so that anything that arrives from now on wakes it again.
            self.rests.clear()
            self.wake.clear()
            if stop.is_set():
                return
            try:
                again = self._read_round(reader)
            except engine.EngineError as error:
                _log.warning("the stream cannot be read now: %s", error)
                stop.wait(_ASK_AGAIN)
            else:
                if not again:
                    self.rests.set()
                    # moto reports writes. Another engine must be polled.
                    self.wake.wait(None if self.engines.own_stream else _POLL)

    def _read_round(self, reader: StreamReader) -> bool:
        """Pass on the stream's records, and drop those that are no longer needed. Return whether there were any."""
        records = reader.read()
        for player in self.players:
            player.take(records)
        if self.engines.own_stream:
            # Not needed with other engines.
            from infra.local.moto_patches import forget_read  # noqa: PLC0415

            forget_read(TABLE, [reader.read_up_to])
        if self.engines.own_mail:
            inbox.forget_old_mails()
        return bool(records)

    def play_schedules(self, stop: threading.Event) -> None:
        """Call the template's scheduled functions until stopped, each in a thread, as one may take long."""
        threads = [
            threading.Thread(target=_play_schedule, args=(function, seconds, stop), daemon=True)
            for function in self._scheduled().values()
            for seconds in function.function.schedules
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def make_mail(self, stop: threading.Event) -> None:
        """Create the resources for mail."""
        _make(lambda: engine.create_mail(self.stack), stop)
        self.made.release()

    def ses_events(self) -> SesEvents:
        """Return the player of SES's events; it plays none if mail goes to another engine."""
        (function,) = (function for function in self.functions.values() if function.function.topics)
        events = SesEvents(function)
        if self.engines.own_mail:
            # Not needed with other engines.
            from infra.local.moto_patches import told_of_mail  # noqa: PLC0415

            told_of_mail.append(events.note)
        return events


def _play_schedule(function: LocalFunction, seconds: int, stop: threading.Event) -> None:
    while not stop.wait(seconds):
        try:
            function(schedule_event())
        except Exception:
            _log.exception("the function behind the schedule failed")


def _make(make: Callable[[], Any], stop: threading.Event) -> Any:
    """Create a resource; while its engine is unreachable, say so once and retry. Return None if the stack stops."""
    told = False
    while not stop.is_set():
        try:
            return make()
        except engine.EngineError as error:
            if not told:
                _log.warning("an engine cannot be reached; retrying until it can: %s", error)
            told = True
            stop.wait(_ASK_AGAIN)
    return None


class Front:
    """The API's port: the gateway, and next to it what only the local stack serves. A WSGI application."""

    def __init__(self, gateway: Gateway, local: Local, index: str, look: Callable[[], None] = lambda: None) -> None:
        self._gateway = gateway
        self._local = local
        # Called before each request to the API.
        self._look = look
        self._index = Response(index, content_type="text/html; charset=utf-8")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        if environ["PATH_INFO"].startswith("/_local/"):
            request = Request(environ)
            # GET changes nothing, and links to the inbox may be anywhere.
            if request.method != "GET" and from_another_page(environ):
                return refusal("pages of other origins are not served")(environ, start_response)
            return self._local.answer(request)(environ, start_response)
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", "/"):
            return self._index(environ, start_response)
        self._look()
        return self._gateway(environ, start_response)


def _json(value: Any, status: int = 200) -> Response:
    return Response(_json_text(value), status=status, content_type="application/json")


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _held(variable: str, number: int) -> Port:
    try:
        return Port(number)
    except OSError:
        raise _taken(variable, number) from None


def _open(variable: str, port: Port, application: Any) -> None:
    try:
        port.serve(application)
    except OSError:
        raise _taken(variable, port.number) from None


def _taken(variable: str, number: int) -> StartError:
    return StartError(f"port {number} is taken: choose another one with {variable}=… make run")


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    # Larger numbers would be taken modulo 65536, and 0 is any port.
    if not (text.isdecimal() and 0 < int(text) < 65536):  # noqa: PLR2004
        raise StartError(f"{variable} must be a port number, not {text!r}")
    return int(text)


def _check_texts() -> None:
    try:
        texts.texts()
    except texts.TextsError as error:
        raise StartError(str(error)) from None


def _is_strict(environment: Mapping[str, str]) -> bool:
    text = environment.get("ORIGINS", "")
    if text not in ("", "strict"):
        raise StartError(f"ORIGINS must be strict or empty, not {text!r}")
    return text == "strict"


def _send_rate(environment: Mapping[str, str]) -> float | None:
    text = environment.get("SEND_RATE", "")
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate <= _FASTEST:
        raise StartError(f"SEND_RATE must be a number of emails a second, up to {_FASTEST:,}, not {text!r}")
    return rate


def _set_send_rate(engines: engine.Engines, rate: float | None) -> str:
    """Make SES allow a number of emails per second, if given; return the line that reports the rate."""
    if not engines.own_mail:
        if rate is not None:
            raise StartError("SEND_RATE is for moto's SES, and mail goes to another engine: leave it out")
        return ""
    # Not needed with other engines.
    from infra.local.moto_patches import send_rate  # noqa: PLC0415

    told = "as SEND_RATE says" if rate is not None else "SEND_RATE=… make run sets another rate"
    return f"  mail   {send_rate(rate):g} a second, of which issues of the newsletter take four fifths; {told}\n"


def _forms() -> "FormsFile":
    from guichet.definitions.forms_file import FormsFileError  # noqa: PLC0415
    from infra.local.forms import FormsFile  # noqa: PLC0415

    forms = FormsFile()
    try:
        forms.read()
    except FormsFileError as error:
        raise StartError(f"{forms.shown} is wrong\n{error}") from None
    return forms


def _moto(environment: Mapping[str, str], containers: Containers | None) -> engine.MotoServer:
    """Start moto: for this process alone on any free port, for containers on a fixed one."""
    if containers is None:
        return engine.MotoServer()
    port = _port(environment, "ENGINE_PORT", ENGINE_PORT)
    try:
        return engine.MotoServer(containers.listen, port, {*HOSTS, containers.listen, containers.host})
    except OSError:
        raise StartError(f"port {port} is taken: choose another one with ENGINE_PORT=… make run") from None


def run(environment: Mapping[str, str]) -> None:
    """Start everything, print the addresses, and run until Ctrl-C or SIGTERM. Raises StartError, TemplateError."""
    port, site_port = _port(environment, "PORT", 3000), _port(environment, "SITE_PORT", 8000)
    api_url, site_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{site_port}"
    given = defaults(site_port) | parameters(environment.get("PARAMETERS", ""))
    # Mistakes are reported before anything starts.
    _is_strict(environment)
    rate = _send_rate(environment)
    _check_texts()
    template = Template.load()
    template.resolve(given)
    if port == site_port:
        raise StartError(f"PORT and SITE_PORT are both {port}: give each its own")
    # From here on, this process has the site's own forms.
    forms = _forms()

    # So is a port in use. No port opens before everything behind it is ready.
    api, site = _held("PORT", port), _held("SITE_PORT", site_port)

    own = [service for service, address in engine.endpoints(environment).items() if address is None]
    containers = Containers.asked_for(environment)
    moto = _moto(environment, containers) if own else None
    engines = engine.connect(moto)
    rate_line = _set_send_rate(engines, rate)
    stack = template.resolve(given, {"Api.ApiEndpoint": api_url, "Table": TABLE})
    variables, cors, from_where = origins(stack, environment)
    if environment.get("LOGS") != "json":
        logs.for_people()
    functions = local_functions(stack.functions, variables)
    local = Local(stack, functions, engines, containers, wake=moto.wrote if moto else threading.Event())

    stop = threading.Event()
    threads = [
        threading.Thread(target=play, args=(stop,), daemon=True, name=play.__name__)
        for play in (local.make_mail, local.play_stream, local.play_schedules)
    ]
    events = local.ses_events()
    threads.append(threading.Thread(target=events.play, daemon=True, name="play_ses_events"))
    for thread in threads:
        thread.start()
    # The ports open once posts can be stored and mailed or, if an engine is unreachable, after a warning.
    patience = time.monotonic() + _PATIENCE
    for _ in ("table", "mail"):
        local.made.acquire(timeout=max(0, patience - time.monotonic()))
    # From here on, it shuts down in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    served = routes(functions)
    owner = stack.parameters["OwnerEmail"].replace(",", " or ")
    index = overview(api_url, site_url, owner, list(served))
    _open("PORT", api, Front(Gateway(served, cors), local, index, forms.read_again))
    build = Build()
    _open("SITE_PORT", site, Site(SITE, api_url, build.thread))
    seconds = min(seconds for function in functions.values() for seconds in function.function.schedules)
    sam = (
        f"  SAM    {api_url}/_local/sam.json   containers reach the engines at {containers.host}\n"
        if containers
        else ""
    )
    print(
        f"Made from template.yaml by the engines' own API, not by CloudFormation: the table {TABLE} with its time to "
        "live and recovery, the SES identity, the configuration sets.\n"
        "Not emulated: throttling, access logs, roles. SES's events are: each mail is delivered, except to the mailbox "
        "simulator's addresses.\n\n"
        f"  site   {site_url}\n"
        f"  forms  {', '.join(forms.names)}, as {forms.shown} defines them\n"
        f"  API    {api_url}   open it for an overview\n"
        f"  desk   {api_url}/desk   sign in as {owner}: the email is in the inbox\n"
        f"  inbox  {api_url}/_local/inbox   as JSON {api_url}/_local/inbox.json\n"
        f"  sweep  POST {api_url}/_local/sweep   what the schedule does every {seconds // 60} minutes\n"
        f"{rate_line}"
        f"  pages  may post {from_where}\n"
        f"{sam}\nReady. Ctrl-C ends it.",
        flush=True,
    )
    # With a timeout, as signals are only handled between two waits.
    while not stop.wait(1):
        pass
    for port_in_use in (site, api):
        port_in_use.close()
    build.close()
    local.wake.set()
    events.stop()
    for thread in threads:
        thread.join(timeout=2)
    if moto:
        moto.stop()


def main() -> int:
    """Run the local stack; return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # werkzeug logs every request unless its level is set; and here, unlike on Lambda, all requests of a burst share the
    # connections of one process.
    for name in ("werkzeug", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        run(os.environ)
    except (StartError, TemplateError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
