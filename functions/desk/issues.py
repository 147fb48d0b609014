"""/desk/issues: write to the list: write, preview, test, schedule, send, follow, pause, resume, cancel, see who got it.

A POST acts on the issue only if its text and state are still as the page showed them.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError
from markupsafe import Markup

from desk import issue_form, pages
from desk.call import Call, DeskError, Route
from desk.issue_form import Mistake
from desk.issue_words import Words, pace_of
from guichet.http.responses import HEADERS, Response
from guichet.locales import LANGUAGES, Language
from guichet.mail import ses
from guichet.mail.emails import issue_test
from guichet.newsletter import check, plan, preview
from guichet.newsletter.editions import LARGEST_TEXT, LONGEST_ID, LONGEST_PREHEADER, LONGEST_SUBJECT, is_issue_id
from guichet.newsletter.plan import Account, Audience, NoTimeError, Plan
from guichet.records.issue import Edition, Issue, IssueState, ReaderState
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.settings import origin_of
from guichet.store import dynamodb, issues, readers, table

# The frame in which a page shows an issue.
_FRAMES = "frame-src 'self'"
# The Markdown that works here. It needs no translation.
_MARKDOWN = "# …, **…**, *…*, - …, > …, [ … ](https://…), ![ … ](https://…)"
_ON_A_PAGE = 50
_STATES: tuple[readers.Wanted, ...] = (*get_args(ReaderState), "bounced", "complained")
_PLACE = re.compile(r"[01][0-9]-[0-9a-f]{0,64}")
# In seconds.
_RELOADED_EVERY = 10
_MORNING = "08:00"


def list_issues(call: Call) -> Response:
    """List the issues, most recently changed first."""
    said = Words(call.language)
    found = issues.all_issues(call.table_name)
    # Beyond the end, its last page.
    first = min(_number(call.request.query.get("from", "")) or 0, max(0, len(found) - 1) // _ON_A_PAGE * _ON_A_PAGE)
    shown = found[first : first + _ON_A_PAGE]
    before = call.url("issues", **{"from": str(max(0, first - _ON_A_PAGE))}) if first else ""
    more = first + _ON_A_PAGE < len(found)
    after = call.url("issues", **{"from": str(first + _ON_A_PAGE)}) if more else ""
    title = said.say("issues.title")
    return pages.page(call, "issues_list.html", title=title, issues=shown, words=said, before=before, after=after)


# --- writing ----------------------------------------------------------------------------------------------------------


def new(call: Call) -> Response:
    """Show the form for a new issue."""
    return _form(call, None, {})


def write(call: Call) -> Response:
    """Show the form with the text of an issue that has not been started."""
    issue = _known(call)
    if not _may_be_written(issue):
        return _page(call, issue, problem="not_to_be_written", status=409)
    return _form(call, issue, issue_form.typed_of(issues.editions(call.table_name, issue.id)))


def create(call: Call) -> Response:
    """Save the text of a new issue."""
    issue_id = call.fields.get("name", "").lower()
    editions, mistakes = issue_form.read(call.fields)
    if wrong := issue_form.mistake_of_id(issue_id):
        mistakes = {"name": wrong, **mistakes}
    if mistakes:
        return _form(call, None, call.fields, mistakes, 422)
    if issues.save(call.table_name, issue_id, editions, _content(call, editions), utc_now(), instead_of=""):
        return _form(call, None, call.fields, {"name": Mistake("name_taken")}, 409)
    return pages.done(call, f"issues/{issue_id}", "saved")


def save(call: Call) -> Response:
    """Save the text of an issue, replacing the one that the form was opened with."""
    issue_id, shown = _id(call), call.fields.get("content", "")
    editions, mistakes = issue_form.read(call.fields)
    known = issues.find(call.table_name, issue_id)
    if known and not _may_be_written(known):
        return _form(call, known, call.fields, mistakes, 409, problem="not_to_be_written")
    if mistakes:
        return _form(call, known, call.fields, mistakes, 422, content=shown)
    states: tuple[IssueState, ...] = ("draft", "cancelled")
    content = _content(call, editions)
    if issues.save(call.table_name, issue_id, editions, content, utc_now(), states, instead_of=shown) is None:
        return pages.done(call, f"issues/{issue_id}", "saved")
    # Pressing the button again confirms it.
    known = issues.find(call.table_name, issue_id)
    problem = "not_to_be_written" if known and not _may_be_written(known) else "written_meanwhile" if known else "gone"
    return _form(call, known, call.fields, {}, 409, problem=problem)


def _form(  # noqa: PLR0913  the parts of a page
    call: Call,
    issue: Issue | None,
    typed: Mapping[str, str],
    mistakes: Mapping[str, Mistake] | None = None,
    status: int = 200,
    *,
    problem: str = "",
    content: str | None = None,
) -> Response:
    said = Words(call.language)
    issue_id = call.path.get("id", "")
    wrong = {name: said.say(f"issues.{mistake.code}", **mistake.values) for name, mistake in (mistakes or {}).items()}
    script, script_hash = _script()
    return pages.page(
        call,
        "issues_write.html",
        title=said.say("issues.write_title", name=issue_id) if issue_id else said.say("issues.new_title"),
        status=status,
        further_policy=f"{_FRAMES}; script-src 'sha256-{script_hash}'",
        words=said,
        issue_id=issue_id,
        typed=typed,
        wrong=wrong,
        problem=said.say(f"issues.{problem}") if problem else "",
        content=content if content is not None else issue.content if issue else "",
        languages=_own_first(call),
        longest={"name": LONGEST_ID, "subject": LONGEST_SUBJECT, "preheader": LONGEST_PREHEADER},
        largest=LARGEST_TEXT // 1024,
        markdown=_MARKDOWN,
        script=script,
    )


@cache
def _script() -> tuple[Markup, str]:
    """Return the script of the form, and its hash as CSP names it."""
    text = (Path(__file__).parent / "templates" / "issues_write.js").read_text(encoding="utf-8")
    # It is ours.
    return Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()  # noqa: S704


def _own_first(call: Call) -> list[Language]:
    own = call.settings.default_language
    return sorted(LANGUAGES, key=lambda language: language != own)


# --- what readers get -------------------------------------------------------------------------------------------------


def shown_as_typed(call: Call) -> Response:
    """Show the unsaved text as readers would get it."""
    name, _, kind = call.fields.get("show", "").partition(" ")
    language = _language(name)
    said = Words(call.language)
    edition = issue_form.edition_of(call.fields, language)
    if issue_form.is_too_large(edition.markdown):
        return _as_text(said.say("issues.too_large_to_show", most=LARGEST_TEXT // 1024))
    wrong = issue_form.read(call.fields)[1]
    edition = edition.model_copy(
        update={
            "subject": edition.subject or said.say("issues.no_subject"),
            "url": "" if issue_form.name_of("url", language) in wrong else edition.url,
        }
    )
    return _mail(call, call.fields.get("name", "") or "new", {language: edition}, language, as_text=kind == "text")


def mail(call: Call) -> Response:
    """Show a stored issue as its readers get it."""
    return _stored(call, as_text=False)


def text(call: Call) -> Response:
    """Show the text part of a stored issue."""
    return _stored(call, as_text=True)


def _stored(call: Call, *, as_text: bool) -> Response:
    issue, language = _known(call), _language(call.path["language"])
    editions = issues.editions(call.table_name, issue.id)
    if language not in editions:
        raise DeskError(404, "no_such_page")
    return _mail(call, issue.id, editions, language, as_text=as_text)


def _mail(
    call: Call, issue_id: str, editions: Mapping[Language, Edition], language: Language, *, as_text: bool
) -> Response:
    message = preview.compose(issue_id, editions, language, call.settings)
    if as_text:
        return _as_text(preview.text_part(message))
    # A link opens in a new tab, not in the desk's frame.
    html = preview.html_part(message).replace("<head>", '<head><base target="_blank">', 1)
    return _framed(html, "text/html", call)


def _as_text(content: str) -> Response:
    return _framed(content, "text/plain")


def _framed(content: str, media_type: str, call: Call | None = None) -> Response:
    """Respond with content for a frame of the desk only, which can run nothing, post nothing, and load no desk page.

    It keeps its origin so that the desk can read its scroll position.
    """
    images = f"img-src https: {origin_of(call.settings.site_url)}; " if call else ""
    policy = (
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"style-src 'unsafe-inline'; {images}form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    headers = {**HEADERS, "content-type": f"{media_type}; charset=utf-8", "content-security-policy": policy}
    return {"statusCode": 200, "headers": headers, "body": content}


def _language(name: str) -> Language:
    for language in LANGUAGES:
        if language == name:
            return language
    raise DeskError(404, "no_such_page")


# --- one issue --------------------------------------------------------------------------------------------------------


def show(call: Call) -> Response:
    """Show an issue: its progress, what is wrong with it, how it looks, and what can be done."""
    issue = _known(call)
    reply = _page(call, issue)
    if issue.state == "sending" and call.request.query.get("follow"):
        # By header, so that the message about the last action does not appear again.
        reply["headers"]["refresh"] = f"{_RELOADED_EVERY}; url={call.url(f'issues/{issue.id}', follow='1')}"
    return reply


def _page(call: Call, issue: Issue, *, problem: str = "", status: int = 200, wrong: str = "") -> Response:
    said, now = Words(call.language), utc_now()
    editions = issues.editions(call.table_name, issue.id)
    started = issue.started_at is not None
    bounced, complained = issues.feedback_of(call.table_name, issue.id) if started else (0, 0)
    counts = {**issue.counts.model_dump(), "bounced": bounced, "complained": complained}
    a_second, ends_in = pace_of(issue, now)
    audience = None if started or set(LANGUAGES) <= set(editions) else issues.audience(call.table_name)
    found = [] if started else check.findings(issue.id, editions, call.settings, audience)
    return pages.page(
        call,
        "issues_show.html",
        title=said.say("issues.show_title", name=issue.id),
        status=status,
        further_policy=_FRAMES,
        words=said,
        issue=issue,
        started=started,
        editions=editions,
        languages=[language for language in _own_first(call) if language in editions],
        counts={name: counts[name] for name in _STATES} if started else {},
        a_second=said.number(a_second, 1) if a_second else "",
        ends_in=said.duration(ends_in.total_seconds()) if ends_in else "",
        ends_at=now + ends_in if ends_in else None,
        waits=said.waits_for(issue, now),
        findings=found,
        errors=any(one.severity == "error" for one in found),
        may_be_written=_may_be_written(issue),
        may_start=_may_start(issue),
        follows=bool(call.request.query.get("follow")),
        problem=said.say(f"issues.{problem}", state=said.state(issue)) if problem else "",
        wrong=said.say(f"issues.{wrong}", name=issue.id) if wrong else "",
    )


def test(call: Call) -> Response:
    """Send an issue only to the owner, in each of its languages."""
    issue, changed = _as_shown(call)
    if changed:
        return changed
    now = utc_now()
    for language in issue.languages:
        # Every request sends it.
        issues.queue_test(call.table_name, issue, issue_test.queued(language, uuid.uuid4().hex), now)
    return pages.done(call, f"issues/{issue.id}", "tested")


def take_back(call: Call) -> Response:
    """Make a scheduled issue a draft again."""
    issue, changed = _as_shown(call)
    return changed or _changed_to(call, "taken_back", done=issues.take_back(call.table_name, issue, utc_now()))


def pause(call: Call) -> Response:
    """Pause an issue that is being sent or scheduled."""
    issue, changed = _as_shown(call)
    return changed or _changed_to(call, "paused", done=issues.pause(call.table_name, issue.id, utc_now()))


def resume(call: Call) -> Response:
    """Resume a paused issue."""
    issue, changed = _as_shown(call)
    if changed:
        return changed
    account = _account()
    if account and (problem := _of_account(account)):
        return _page(call, issue, problem=problem, status=409)
    return _changed_to(call, "resumed", done=issues.resume(call.table_name, issue, utc_now()))


def cancel(call: Call) -> Response:
    """End an issue for good, once its name has been typed."""
    issue, changed = _as_shown(call)
    if changed:
        return changed
    if call.fields.get("name", "").lower() != issue.id:
        return _page(call, issue, wrong="cancel_wrong", status=422)
    return _changed_to(call, "cancelled", done=issues.cancel(call.table_name, issue.id, utc_now()))


def _as_shown(call: Call) -> tuple[Issue, Response | None]:
    """Return an issue and, if its text or state differs from what the page showed, the reply that says so."""
    issue = _known(call)
    shown = tuple(call.fields.get(name) for name in ("content", "state", "changed"))
    # The state may differ despite its name: paused for complaints meanwhile, or scheduled for another day.
    if shown == (issue.content, issue.state, issue.changed_at.isoformat()):
        return issue, None
    return issue, _page(call, issue, problem="changed_meanwhile", status=409)


def _changed_to(call: Call, told: str, *, done: bool) -> Response:
    issue = _known(call)
    if not done:
        return _page(call, issue, problem="changed_meanwhile", status=409)
    return pages.done(call, f"issues/{issue.id}", told)


# --- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ready:
    """What sending an issue means, and what prevents it: the keys of sentences."""

    audience: Audience
    findings: Sequence[check.Finding]
    problems: Sequence[str]
    account_known: bool


def send_page(call: Call) -> Response:
    """Show what sending an issue means, and ask for the number of readers."""
    issue = _known(call)
    return _start_page(call, issue, "send") if _may_start(issue) else _not_to_start(call, issue)


def schedule_page(call: Call) -> Response:
    """Show what sending an issue means, and ask when, and for the number of readers."""
    issue = _known(call)
    return _start_page(call, issue, "schedule") if _may_start(issue) else _not_to_start(call, issue)


def send(call: Call) -> Response:
    """Start to send an issue, if the number typed is that of its readers."""
    issue, refused = _to_start(call, "send", {})
    if refused:
        return refused
    kept = _as_draft(call, issue)
    return _changed_to(call, "started", done=kept is not None and issues.begin(call.table_name, kept, utc_now()))


def schedule(call: Call) -> Response:
    """Schedule an issue, if the number typed is that of its readers."""
    at, wrong = _time(call)
    issue, refused = _to_start(call, "schedule", wrong)
    if refused or at is None:
        return refused or _start_page(call, issue, "schedule", wrong=wrong, status=422)
    kept = _as_draft(call, issue)
    done = kept is not None and issues.schedule(call.table_name, kept, at, utc_now())
    return _changed_to(call, "scheduled", done=done)


def _not_to_start(call: Call, issue: Issue) -> Response:
    return _page(call, issue, problem="not_to_start", status=409)


def _to_start(call: Call, how: str, wrong: Mapping[str, str]) -> tuple[Issue, Response | None]:
    """Return the issue to start and, if something prevents that, the page that says so."""
    issue, changed = _as_shown(call)
    if changed:
        return issue, changed
    if not _may_start(issue):
        return issue, _not_to_start(call, issue)
    said = Words(call.language)
    ready = _ready(call, issue)
    count, shown = ready.audience.count, _number(call.fields.get("count", ""))
    if ready.problems:
        return issue, _start_page(call, issue, how, ready=ready, status=409)
    if shown != count:
        problem = said.say("issues.count_changed", before=said.number(shown or 0), now=said.number(count))
        return issue, _start_page(call, issue, how, ready=ready, problem=problem, wrong=wrong, status=409)
    if _number(call.fields.get("typed", "")) != count:
        wrong = {**wrong, "typed": said.say("issues.count_wrong")}
    if wrong:
        return issue, _start_page(call, issue, how, ready=ready, wrong=wrong, status=422)
    return issue, None


def _ready(call: Call, issue: Issue) -> _Ready:
    editions = issues.editions(call.table_name, issue.id)
    counted = issues.audience(call.table_name)
    languages = [language for language in LANGUAGES if language in editions]
    found = check.findings(issue.id, editions, call.settings, counted)
    account = _account()
    problems = [] if counted else ["no_readers"]
    problems += ["has_errors"] if any(one.severity == "error" for one in found) else []
    of_account = _of_account(account) if account else ""
    problems += [of_account] if of_account else []
    audience = Plan(counted, languages, account) if account and not of_account else Audience(counted, languages)
    return _Ready(audience, found, problems, account_known=account is not None)


def _start_page(  # noqa: PLR0913  the parts of a page
    call: Call,
    issue: Issue,
    how: str,
    *,
    ready: _Ready | None = None,
    problem: str = "",
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    said = Words(call.language)
    ready = ready or _ready(call, issue)
    editions = issues.editions(call.table_name, issue.id)
    sentences = list(said.audience(ready.audience)) if ready.audience.count else []
    sentences += said.plan(ready.audience) if isinstance(ready.audience, Plan) and ready.audience.count else ()
    zone = ZoneInfo(call.settings.time_zone)
    begins = issue.scheduled_for.astimezone(zone) if issue.scheduled_for else None
    tomorrow = utc_now().astimezone(zone) + timedelta(days=1)
    # If the number of readers has changed, the page does not start with the number that was typed.
    typed = call.fields if call.method == "POST" else {}
    return pages.page(
        call,
        f"issues_{how}.html",
        title=said.say(f"issues.{how}_title", name=issue.id),
        status=status,
        words=said,
        issue=issue,
        subjects=[editions[language].subject for language in _own_first(call) if language in editions],
        count=ready.audience.count,
        sentences=sentences,
        account_known=ready.account_known,
        findings=ready.findings,
        problems=[said.say(f"issues.{one}") for one in ready.problems],
        problem=problem,
        wrong=wrong or {},
        typed="" if problem else typed.get("typed", ""),
        date=typed.get("date") or f"{begins or tomorrow:%Y-%m-%d}",
        time=typed.get("time") or (f"{begins:%H:%M}" if begins else _MORNING),
        fold=typed.get("fold", ""),
        zone=call.settings.time_zone,
    )


def _time(call: Call) -> tuple[datetime | None, dict[str, str]]:
    """Return when an issue is to start, or what is wrong with what was typed, by field."""
    said, zone, now = Words(call.language), call.settings.time_zone, utc_now()
    try:
        given = datetime.fromisoformat(f"{call.fields.get('date', '')}T{call.fields.get('time', '')}")
    except ValueError:
        return None, {"date": said.say("issues.time_unreadable")}
    try:
        return plan.start_at(given.replace(tzinfo=None), zone, now), {}
    except NoTimeError as error:
        fold = call.fields.get("fold", "")
        if error.code != "twice":
            return None, {"date": said.no_time(error, zone)}
        if fold not in {"0", "1"}:
            return None, {"fold": said.no_time(error, zone)}
        twice = error.times[int(fold)]
    try:
        return plan.start_at(twice, zone, now), {}
    except NoTimeError as error:
        return None, {"date": said.no_time(error, zone)}


def _as_draft(call: Call, issue: Issue) -> Issue | None:
    """Return an issue that can be started: a cancelled one becomes a draft again. None if it changed."""
    if issue.state != "cancelled":
        return issue
    editions = issues.editions(call.table_name, issue.id)
    states: tuple[IssueState, ...] = ("cancelled",)
    issues.save(call.table_name, issue.id, editions, issue.content, utc_now(), states, instead_of=issue.content)
    kept = issues.find(call.table_name, issue.id)
    return kept if kept and kept.content == issue.content else None


def _account() -> Account | None:
    """Return what SES allows the account, or None if it does not say."""
    try:
        return plan.account_of(ses.client())
    except (BotoCoreError, ClientError):
        return None


def _of_account(account: Account) -> str:
    """Return what prevents the account from sending to everybody; empty if nothing does."""
    if not account.in_production:
        return "in_sandbox"
    return "account_paused" if account.is_paused else ""


def _number(text: str) -> int | None:
    """Return a typed number, with or without thousands separators."""
    digits = re.sub(r"[\s\u202f\u00a0.,'’]", "", text)
    return int(digits) if re.fullmatch(r"[0-9]{1,12}", digits) else None


# --- who got it -------------------------------------------------------------------------------------------------------


def who(call: Call) -> Response:
    """List the readers of an issue, all or those in one state, and the outcome of their copies."""
    issue = _known(call)
    said, query = Words(call.language), call.request.query
    state, place = query.get("state", ""), query.get("after", "")
    wanted = next((one for one in _STATES if one == state), None)
    if (state and wanted is None) or (place and not _PLACE.fullmatch(place)):
        raise DeskError(404, "no_such_page")
    found = readers.page(call.table_name, issue.id, wanted, place, _ON_A_PAGE)
    keys = [table.key(Subscriber, one.subscriber_id) for one in found.rows]
    addresses = {item["id"]: str(item.get("email", "")) for item in dynamodb.batch_get(call.table_name, keys)}
    page = f"issues/{issue.id}/readers"
    counts: dict[str, Any] = issue.counts.model_dump()
    return pages.page(
        call,
        "issues_readers.html",
        title=said.say("issues.readers_title", name=issue.id),
        words=said,
        issue=issue,
        states=_STATES,
        state=state,
        rows=found.rows,
        addresses=addresses,
        looked_at=said.number(found.looked_at),
        audience=said.number(sum(counts[name] for name in get_args(ReaderState))),
        before=call.url(page, state=state) if place else "",
        after=call.url(page, state=state, after=found.after) if found.after else "",
    )


# --- the issue of a page ----------------------------------------------------------------------------------------------


def _id(call: Call) -> str:
    issue_id = call.path["id"]
    if not is_issue_id(issue_id):
        raise DeskError(404, "no_such_page")
    return issue_id


def _known(call: Call) -> Issue:
    issue = issues.find(call.table_name, _id(call))
    if issue is None:
        raise DeskError(404, "no_such_page")
    return issue


def _content(call: Call, editions: Mapping[Language, Edition]) -> str:
    return issues.content_hash(call.settings.signing_secret, editions)


def _may_be_written(issue: Issue) -> bool:
    """Return whether an issue may be given another text."""
    return issue.state == "draft" or (issue.state == "cancelled" and issue.started_at is None)


def _may_start(issue: Issue) -> bool:
    """Return whether an issue may be sent or scheduled."""
    return issue.state == "scheduled" or _may_be_written(issue)


# No id has an underscore.
ROUTES: dict[str, Route] = {
    "GET issues": list_issues,
    "GET issues/_new": new,
    "POST issues/_new": create,
    "POST issues/_preview": shown_as_typed,
    "GET issues/{id}": show,
    "GET issues/{id}/write": write,
    "POST issues/{id}/write": save,
    "GET issues/{id}/mail/{language}": mail,
    "GET issues/{id}/text/{language}": text,
    "POST issues/{id}/test": test,
    "GET issues/{id}/send": send_page,
    "POST issues/{id}/send": send,
    "GET issues/{id}/schedule": schedule_page,
    "POST issues/{id}/schedule": schedule,
    "POST issues/{id}/draft": take_back,
    "POST issues/{id}/pause": pause,
    "POST issues/{id}/resume": resume,
    "POST issues/{id}/cancel": cancel,
    "GET issues/{id}/readers": who,
}
