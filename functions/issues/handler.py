"""Sends issues of the newsletter: run by run from the table's stream, resumed by the schedule, in the same code."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from guichet.lambda_runtime import guarded, prepare
from guichet.mail import ses
from guichet.records.record import utc_now
from guichet.settings import IssuesSettings
from guichet.store import dynamodb, issues, table
from guichet.telemetry import log_unexpected
from issues import worker


@cache
def settings() -> IssuesSettings:
    """Return the environment of this function."""
    return IssuesSettings.from_environment()


@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | dict[str, str]:
    """Work on the issue of a stream record or, on the schedule's event, on all issues that need work.

    A batch has one record; a failure is raised, so that the record is delivered again. For the schedule, return the
    state of each issue that was worked on.
    """
    if "Records" not in event:
        return sweep(context)
    for record in event["Records"]:
        issue_id = table.id_at(record["dynamodb"]["Keys"]["pk"]["S"])
        worker.work(issue_id, settings(), context, _among())
    return {"batchItemFailures": []}


def sweep(context: LambdaContext) -> dict[str, str]:
    """Start issues that are due, and resume those that have stopped."""
    states: dict[str, str] = {}
    under_way = issues.open_issues(settings().table_name)
    # First, as issues under way may take all the time.
    for issue in under_way:
        try:
            worker.start_due(issue, settings())
        except Exception as error:  # noqa: BLE001  whatever is wrong with one must not keep the others
            log_unexpected(error, issue=issue.id)
    for issue in under_way:
        if context.get_remaining_time_in_millis() < worker.TIME_FOR_A_PAGE:
            break
        try:
            if issue.not_before is None or issue.not_before <= utc_now():
                states[issue.id] = worker.work(issue.id, settings(), context, _among())
        except Exception as error:  # noqa: BLE001
            log_unexpected(error, issue=issue.id)
    return states


def _among() -> int:
    """Return how many issues share the account's rate."""
    now = utc_now()
    under_way = (
        issue
        for issue in issues.open_issues(settings().table_name)
        if issue.state == "sending" and (issue.not_before is None or issue.not_before <= now)
    )
    return max(1, sum(1 for _ in under_way))


prepare(settings, dynamodb.client, ses.client)
