"""Checks of the checks: each permission and each workaround is removed, and something must fail without it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from tests.deployed import adapter, permissions
from tests.deployed.checks import comments, desk, mail, newsletter, reader, site
from tests.deployed.emulator import Deployed, DeployError
from tests.deployed.report import Report
from tests.deployed.world import World

Check = Callable[[World], None]
# The checks that together need everything a function's role allows.
OF_ROLES: dict[str, Sequence[Check]] = {
    "Contact": (site.a_repeat_is_one_message_and_one_email,),
    "Newsletter": (reader.a_subscription_begins_and_ends_by_the_readers_own_hand,),
    "Comments": (
        comments.a_comment_is_kept_and_told_and_shown_once_it_is_approved,
        comments.whoever_commented_deletes_it_by_a_link,
    ),
    "Desk": desk.CHECKS,
    "Notifier": (
        site.a_repeat_is_one_message_and_one_email,
        mail.the_weekly_digest_is_mailed_once,
        mail.several_emails_go_out_at_the_pace_of_the_account,
        desk.at_the_desk_a_person_is_erased_and_the_owner_is_told,
    ),
    "Issues": (newsletter.an_issue_goes_once_to_each_reader,),
    "Feedback": (mail.a_bounce_ends_mail_to_the_address, mail.an_email_that_came_back_waits_for_the_owners_mailbox),
}


@contextmanager
def what_is_not_enforced_is_not_missed(report: Report, world: World) -> Iterator[None]:
    """Remove the permissions that the emulator does not enforce from all roles, for the duration of the block.

    If all checks in it pass, the emulator does not enforce them. The second stack has all of them.
    """
    with ExitStack() as taken:
        for function in OF_ROLES:
            taken.enter_context(permissions.without(world.stack, function, *permissions.NOT_ENFORCED))
        logged = {function: len(world.stack.logged(function)) for function in OF_ROLES}
        yield
        report.check("not enforced, not missed: the logs continue", partial(_logs_go_on, world, logged))


def permissions_are_missed(report: Report, world: World) -> None:
    """Remove each other permission from its role: one of the role's checks must fail.

    Only the checks call the functions from here on. If the stream were enabled again, the emulator would first replay
    everything that has arrived meanwhile.
    """
    for mapping in ("NotifierOutbox", "IssuesRuns"):
        world.run.client("lambda").update_event_source_mapping(UUID=world.stack.resources[mapping], Enabled=False)
    at_once = World(world.stack, world.site, world.template, at_once=True)
    for function, checks in OF_ROLES.items():
        for grant in permissions.grants(world.stack, function):
            if grant.action not in permissions.NOT_ENFORCED:
                report.check(f"missed: {grant}", partial(_turns_red, at_once, grant, checks))


def _logs_go_on(world: World, logged: Mapping[str, int]) -> None:
    silent = [function for function, lines in logged.items() if len(world.stack.logged(function)) == lines]
    assert silent == []


def title(check: Check) -> str:
    """Return the name of a check in words."""
    return check.__name__.replace("_", " ")


def _turns_red(world: World, grant: permissions.Grant, checks: Sequence[Check]) -> None:
    with permissions.without(world.stack, grant.function, grant.action, resource=grant.resource):
        for check in checks:
            try:
                check(world)
            except Exception:  # noqa: BLE001  that is what a check fails by
                return
    raise AssertionError("all checks pass without it")


def workarounds_are_missed(report: Report, world: World, template: dict[str, Any]) -> None:
    """Create the stack without each workaround: it must be refused, or broken."""
    for number, workaround in enumerate(adapter.WORKAROUNDS):
        check = partial(_is_missed, world, workaround, template, f"without-{number}")
        report.check(f"missed: {workaround.name}", check)


def _is_missed(world: World, workaround: adapter.Workaround, template: dict[str, Any], name: str) -> None:
    try:
        with _made(world, adapter.adapted(template, without=workaround.name), name) as stack:
            adapter.complete(stack, without=workaround.name)
            assert workaround.missed(stack), f"nothing is wrong without it, so remove it. It was: {workaround.reason}"
    except DeployError as error:
        if not workaround.refused or workaround.refused not in str(error):
            raise


def gaps_are_there(report: Report, world: World, template: dict[str, Any]) -> None:
    """Check that the emulator still lacks the gaps without a workaround."""
    with _made(world, adapter.adapted(template), "gaps") as stack:
        for gap in adapter.GAPS:
            report.check(f"still lacking: {gap.name}", partial(_is_lacking, gap, stack))


def _is_lacking(gap: adapter.Gap, stack: Deployed) -> None:
    assert gap.lacks(stack), f"the emulator has it now. Instead of it: {gap.instead}"


@contextmanager
def _made(world: World, template: dict[str, Any], name: str) -> Iterator[Deployed]:
    """Create a stack from a template, without SAM, with the already deployed code."""
    own = {"OwnerEmail": f"{name}@atelier.example", "FromEmail": f"guichet@{name}.example", "RequestsPerSecond": "1"}
    deployed = adapter.with_code(template, world.stack.template["Resources"]["Desk"]["Properties"]["Code"])
    with world.run.made(name, deployed, {**world.parameters, **own}) as stack:
        yield stack
