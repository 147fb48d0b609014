"""The DynamoDB client: attribute values, retries, pagination."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

# Not boto3, which also imports s3transfer and the resource model: about half of its start-up time.
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError  # noqa: A004
from botocore.parsers import ResponseParserError

Item = dict[str, Any]

# For how many seconds calls are retried. With the time-outs below, a visitor gets a response within 10 s, even if one
# event needs two calls.
RETRY_BUDGET = 4.0
CONNECT_TIMEOUT = 0.8
READ_TIMEOUT = 2.0
# As many calls at once as the function Issues makes; botocore's own limit is ten.
CONNECTIONS = 40
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0
# As many keys as one BatchGetItem takes.
_BATCH = 100

# AWS: "Error handling with DynamoDB". botocore does not retry cancelled transactions.
_AGAIN = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_CANCELLED_BUT_AGAIN = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_CONNECTION_ERRORS = (ConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError)
_SERVER_ERROR = 500
_ASKED = "guichet-asked"


class UnavailableError(Exception):
    """DynamoDB could not be reached or did not respond in time. It may have made the change nevertheless."""


class ConditionFailedError(Exception):
    """A condition failed. `action` is the index of the failed action (0 for a single one), `item` the current item."""

    def __init__(self, action: int, item: Item | None) -> None:
        super().__init__(action)
        self.action = action
        self.item = item


_deadline: ContextVar[float | None] = ContextVar("_deadline", default=None)


@contextmanager
def retry_budget(seconds: float | None = None) -> Iterator[float]:
    """Share one retry budget between all calls in the block. Without it, each call has its own.

    Yields when it ends (time.monotonic). Within another one, it takes that one's place.
    """
    deadline = time.monotonic() + (RETRY_BUDGET if seconds is None else seconds)
    token = _deadline.set(deadline)
    try:
        yield deadline
    finally:
        _deadline.reset(token)


@cache
def client() -> Any:
    """Return the client of this process. It tries once: retries are decided here."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": 1, "mode": "standard"},
        # DynamoDB validates parameters anyway. Doing it here first costs a tenth of a post's time.
        parameter_validation=False,
        # Otherwise, botocore composes its own, twice per call.
        user_agent="guichet",
        max_pool_connections=CONNECTIONS,
    )
    made = botocore.session.get_session().create_client("dynamodb", config=config)
    made.meta.events.register("before-parameter-build.dynamodb", _set_aside)
    made.meta.events.register("before-call.dynamodb", _write)
    return made


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Hide the parameters of a call from botocore, which would check each value against its model.

    That takes as long as our own part of a post. DynamoDB's request body is JSON with the same names (AWS: "DynamoDB
    low-level API"), and we pass no bytes or numbers, the only values that botocore would encode differently.
    """
    context[_ASKED] = asked = dict(params)
    params.clear()
    # For a batch, botocore looks up the tables' names, and fails if there is no map.
    params.update({name: {} for name in asked if name == "RequestItems"})


def _write(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Write the parameters of a call into the body of its request."""
    params["body"] = json.dumps(context[_ASKED]).encode()


def transact(actions: Sequence[Mapping[str, Any]]) -> None:
    """Write all actions or none, as one TransactWriteItems.

    It is sent again with the same ClientRequestToken, so that a write that did happen is not done twice. Raises
    ConditionFailedError: one in the first action is reported before a conflict, one in any other action after it. Also
    raises UnavailableError.
    """
    token = str(uuid.uuid4())
    call("transact_write_items", TransactItems=list(actions), ClientRequestToken=token)


def call(operation: str, **parameters: Any) -> dict[str, Any]:
    """Call an operation, retrying with full jitter (AWS: "Exponential Backoff And Jitter") while that can help.

    Raises ConditionFailedError, UnavailableError, and botocore's ClientError for errors that a retry cannot fix.
    """
    send: Callable[..., dict[str, Any]] = getattr(client(), operation)
    deadline = _deadline.get() or time.monotonic() + RETRY_BUDGET
    longest = _FIRST_WAIT
    while True:
        try:
            return send(**parameters)
        except ClientError as error:
            if not _worth_again(error):
                raise
            cause: Exception = error
        except _CONNECTION_ERRORS as error:
            cause = error
        longest = _wait(longest, deadline, operation, cause)


def _wait(longest: float, deadline: float, operation: str, cause: Exception | None = None) -> float:
    """Wait before an operation is sent again, and return the longest next wait. Raises UnavailableError."""
    # Full jitter, so that conflicting callers do not collide again.
    wait = random.uniform(0, longest)  # noqa: S311
    if time.monotonic() + wait > deadline:
        raise UnavailableError(operation) from cause
    time.sleep(wait)
    return min(2 * longest, _LONGEST_WAIT)


def _worth_again(error: ClientError) -> bool:
    """Return whether retrying a refused call can help. Raises ConditionFailedError for a failed condition."""
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionFailedError(0, unmarshalled(dict(error.response).get("Item"))) from None
    if code == "TransactionCanceledException":
        reasons: list[Any] = list(error.response.get("CancellationReasons", []))
        codes = [reason.get("Code") for reason in reasons]
        failed = [index for index, reason in enumerate(codes) if reason == "ConditionalCheckFailed"]
        again = bool(_CANCELLED_BUT_AGAIN.intersection(codes))
        if failed and (failed[0] == 0 or not again):
            raise ConditionFailedError(failed[0], unmarshalled(reasons[failed[0]].get("Item"))) from None
        return again
    return code in _AGAIN or error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR


def items(operation: str, **parameters: Any) -> Iterator[Item]:
    """Yield the items of a query or a scan, page after page."""
    return (unmarshalled(item) or {} for page in pages(operation, **parameters) for item in page["Items"])


def pages(operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the pages of a query or a scan."""
    while True:
        page = call(operation, **parameters)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def batch_get(
    table: str, keys: Sequence[Item], *, consistent: bool = False, read: Callable[[Any], Item | None] | None = None
) -> list[Item]:
    """Return the items with these keys, in their order. Missing ones are left out. Eventually consistent by default.

    A batch takes a hundred keys, all different. DynamoDB may leave some for the next one (AWS: "BatchGetItem"). `read`
    makes plain values of what it returns; without it, as `unmarshalled` does.
    """
    reads = read or unmarshalled
    places = list(dict.fromkeys((key["pk"], key["sk"]) for key in keys))
    found: dict[tuple[str, str], Item] = {}
    with retry_budget(_left()) as deadline:
        for start in range(0, len(places), _BATCH):
            for returned in _batch(table, places[start : start + _BATCH], deadline, consistent=consistent):
                item = reads(returned) or {}
                found[item["pk"], item["sk"]] = item
    return [found[place] for place in places if place in found]


def _left() -> float:
    deadline = _deadline.get()
    return RETRY_BUDGET if deadline is None else deadline - time.monotonic()


def _batch(table: str, places: Sequence[tuple[str, str]], deadline: float, *, consistent: bool) -> Iterator[Item]:
    keys = [marshalled({"pk": pk, "sk": sk}) for pk, sk in places]
    wanted: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": consistent}}
    longest = _FIRST_WAIT
    while True:
        answer = call("batch_get_item", RequestItems=wanted)
        yield from answer["Responses"].get(table, ())
        wanted = answer.get("UnprocessedKeys", {})
        if not wanted:
            return
        longest = _wait(longest, deadline, "batch_get_item")


def marshal(value: object) -> dict[str, Any]:
    """Return a value as a DynamoDB AttributeValue."""
    match value:
        case str():
            return {"S": value}
        # A bool is an int as well.
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": {name: marshal(part) for name, part in value.items()}}
        case list() | tuple():
            return {"L": [marshal(part) for part in value]}
        case frozenset():
            return {"SS": sorted(value)}
        case _:
            raise TypeError(f"no attribute value for {type(value).__name__}")


def marshalled(item: Mapping[str, Any]) -> Item:
    """Return an item in DynamoDB's format."""
    return {name: marshal(value) for name, value in item.items()}


def _unmarshal(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "M":
            return {name: _unmarshal(part) for name, part in content.items()}
        case "L":
            return [_unmarshal(part) for part in content]
        case _:
            return content


def unmarshalled(item: Any) -> Item | None:
    """Return an item as plain values, or None."""
    return {name: _unmarshal(value) for name, value in item.items()} if item else None
