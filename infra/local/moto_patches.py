"""Patches where moto differs from AWS in ways that matter here, in one place for everything that uses moto.

`make run`, the tests, `make faults` and `make load` all apply it. Each patch has a test in
tests/infra/test_moto_patches.py that fails once moto no longer needs it.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from threading import RLock
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from moto.core.common_models import BaseModel
from moto.dynamodb import models
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models import table as table_module
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.ses.models import ses_backends
from moto.sesv2 import urls
from moto.sesv2.responses import SESV2Response

from infra.local.moto_speed import speed_up_moto
from infra.template import PSEUDO_PARAMETERS

_ITERATORS_KEPT = 100
# In bytes: at least the largest item, which otherwise would not fit on a page of moto's.
_PAGE = 400 * 1024
# Held during every call to DynamoDB and its streams: moto locks nothing, so half a transaction could be visible.
_ONE_AT_A_TIME = RLock()


def patch_moto() -> None:
    """Apply all patches to the moto of this process. Idempotent."""
    namespace: Any = models
    if namespace.copy is not copy:
        return
    speed_up_moto()
    # Each transaction copies its tables, including stream records, to restore them if it is cancelled.
    namespace.copy = SimpleNamespace(deepcopy=lambda value: value if isinstance(value, Table) else copy.deepcopy(value))
    _wrap(DynamoDBBackend, "transact_write_items", _with_rollback)
    _wrap(DynamoHandler, "call_action", _one_at_a_time)
    _wrap(DynamoDBStreamsHandler, "call_action", _one_at_a_time)
    _wrap(Table, "get_item", _leaving_no_trace)
    _wrap(Table, "query", _looking_where_it_can_be)
    _wrap(Table, "all_items", _all_items)
    _wrap(Table, "sorted_items", _sorted_items)
    # A one-megabyte page of short rows takes seconds, during which nobody else is served.
    table_module.RESULT_SIZE_LIMIT = _PAGE
    # For its dashboard, moto keeps every object that ever existed, including each copy of an item.
    _wrap(BaseModel, "__new__", lambda _: lambda cls, *_arguments, **_named: object.__new__(cls))
    # It says nothing about the account. As a server, it routes by whole paths.
    response: Any = SESV2Response
    response.get_account = lambda _: json.dumps(_ACCOUNT)
    urls.url_paths["{0}/v2/email/account$"] = urls.response.dispatch
    # It accepts any tag and forgets it, and it has no suppression list.
    _wrap(SESV2Response, "send_email", _with_tags)
    for name in ("get", "put", "delete"):
        setattr(response, f"{name}_suppressed_destination", globals()[f"_{name}_suppressed_destination"])
    urls.url_paths["{0}/v2/email/suppression/addresses$"] = urls.response.dispatch
    urls.url_paths["{0}/v2/email/suppression/addresses/(?P<address>.+)$"] = urls.response.dispatch


def _wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))


# Out of the sandbox, with a typical account's rate and quota.
_QUOTA = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}
_ACCOUNT = {"ProductionAccessEnabled": True, "SendingEnabled": True, "SendQuota": _QUOTA}


def send_rate(emails_a_second: float | None = None) -> float:
    """Return how many emails per second SES allows; given a number, make it allow that from now on."""
    if emails_a_second is not None:
        _QUOTA["MaxSendRate"] = emails_a_second
    return _QUOTA["MaxSendRate"]


# Called with each mail that SES accepted.
told_of_mail: list[Callable[[Any], object]] = []
# What SES accepts in a tag's name and value (SES API v2, MessageTag).
_TAG = re.compile("[A-Za-z0-9_-]{1,256}")
_Answer = str | tuple[int, dict[str, Any], str]


def _refused(status: int, code: str, message: str) -> _Answer:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code, "status": status}
    return status, headers, json.dumps({"message": message})


def _with_tags(send: Callable[[Any], str]) -> Callable[[Any], _Answer]:
    @wraps(send)
    def send_email(response: Any) -> _Answer:
        asked = json.loads(response.body)
        tags: list[dict[str, str]] = asked.get("EmailTags", [])
        if not all(_TAG.fullmatch(text) for tag in tags for text in (tag["Name"], tag["Value"])):
            return _refused(400, "BadRequestException", "a tag has a character that it must not have")
        answer = send(response)
        taken = json.loads(answer)["MessageId"]
        for message in reversed(ses_backends[response.current_account][response.region].sent_messages):
            if message.id == taken:
                message.tags = {tag["Name"]: [tag["Value"]] for tag in tags}
                message.configuration_set = asked.get("ConfigurationSetName", "")
                message.to = asked.get("Destination", {}).get("ToAddresses", [])
                for tell in told_of_mail:
                    tell(message)
                break
        return answer

    return send_email


def _suppressed(response: Any) -> dict[str, str]:
    """Return the account's suppression list: the reason by address."""
    found: dict[str, str] = vars(ses_backends[response.current_account][response.region]).setdefault("suppressed", {})
    return found


def _address(response: Any) -> str:
    return unquote(response.parsed_url.path.rpartition("/")[2]).lower()


def _get_suppressed_destination(response: Any) -> _Answer:
    address = _address(response)
    reason = _suppressed(response).get(address)
    if reason is None:
        return _refused(404, "NotFoundException", "the address is not on the suppression list")
    found = {"EmailAddress": address, "Reason": reason, "LastUpdateTime": 0}
    return json.dumps({"SuppressedDestination": found})


def _put_suppressed_destination(response: Any) -> _Answer:
    asked = json.loads(response.body)
    _suppressed(response)[asked["EmailAddress"].lower()] = asked["Reason"]
    return "{}"


def _delete_suppressed_destination(response: Any) -> _Answer:
    if _suppressed(response).pop(_address(response), None) is None:
        return _refused(404, "NotFoundException", "the address is not on the suppression list")
    return "{}"


class _Before:
    """A table's content under one key before a transaction, and the length of its stream."""

    def __init__(self, table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> None:
        self._table = table
        self._hash_key, self._range_key = hash_key, range_key
        items: Any = table.items
        # Updates change an item in place.
        self._item = copy.deepcopy(items.get(hash_key, {}).get(range_key) if range_key else items.get(hash_key))
        self._records = len(table.stream_shard.items) if table.stream_shard else 0

    def put_back(self) -> None:
        """Restore the item, and remove the stream records."""
        items: Any = self._table.items
        place, key = (items[self._hash_key], self._range_key) if self._range_key else (items, self._hash_key)
        if self._item is None:
            place.pop(key, None)
        else:
            place[key] = self._item
        if not items.get(self._hash_key):
            items.pop(self._hash_key, None)
        if self._table.stream_shard:
            del self._table.stream_shard.items[self._records :]


def _befores(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> list[_Before]:
    found = []
    for item in transact_items:
        action = next(iter(item.values()))
        try:
            table = backend.get_table(action["TableName"])
            found.append(_Before(table, *backend.get_keys_value(table, action.get("Key") or action["Item"])))
        except (ResourceNotFoundException, MockValidationException):
            # moto refuses the action as well, and changes nothing.
            continue
    return found


def _with_rollback(transact: Callable[..., None]) -> Callable[..., None]:
    @wraps(transact)
    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        with _ONE_AT_A_TIME:
            befores = _befores(backend, transact_items)
            try:
                transact(backend, transact_items)
            except Exception:
                for before in befores:
                    before.put_back()
                raise

    return transact_write_items


def _one_at_a_time(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call_action(handler: Any) -> Any:
        with _ONE_AT_A_TIME:
            return call(handler)

    return call_action


def _leaving_no_trace(get: Callable[..., Item | None]) -> Callable[..., Item | None]:
    """Keep an unsuccessful lookup from creating an empty partition, which would stay forever."""

    def get_item(table: Table, hash_key: DynamoType, range_key: DynamoType | None = None, *others: Any) -> Item | None:
        if range_key and hash_key not in table.items:
            return None
        return get(table, hash_key, range_key, *others)

    return get_item


def _looking_where_it_can_be(query: Callable[..., Any]) -> Callable[..., Any]:
    """Make a query search its own partition, or its index, rather than the whole table after sorting it."""

    @wraps(query)
    def looking(table: Any, *arguments: Any, hash_key_conditions: list[tuple[str, DynamoType]], **named: Any) -> Any:
        if table.has_range_key and hash_key_conditions:
            # An instance attribute shadows the class's during the query.
            table.all_items = lambda: _candidates(table, dict(hash_key_conditions))
        try:
            return query(table, *arguments, hash_key_conditions=hash_key_conditions, **named)
        finally:
            vars(table).pop("all_items", None)

    return looking


def _candidates(table: Table, keys: Mapping[str, DynamoType]) -> list[Item]:
    items: Any = table.items
    if table.hash_key_attr in keys:
        return list(items.get(keys[table.hash_key_attr], {}).values())
    name = next(iter(keys))
    return [item for partition in items.values() for item in partition.values() if name in item.attrs]


def _all_items(all_items: Callable[[Table], list[Item]]) -> Callable[[Table], list[Item]]:
    """Sort the items of a table by plain keys: ten times faster than by moto's wrapped ones."""

    @wraps(all_items)
    def sorted_by_plain_keys(table: Table) -> list[Item]:
        if not table.has_range_key:
            return all_items(table)
        items: Any = (item for partition in table.items.values() for item in partition.values())
        return sorted(items, key=lambda item: (item.hash_key.cast_value, item.range_key.cast_value))

    return sorted_by_plain_keys


def _sorted_items(sorted_items: Callable[..., list[Item]]) -> Callable[..., list[Item]]:
    """Sort the items of an index by plain keys, likewise."""

    @wraps(sorted_items)
    def sorted_by_plain_keys(table: Any, hash_keys: list[str], range_keys: list[str | None], items: Any) -> list[Item]:
        names = table._generate_attr_to_sort_by(hash_keys, range_keys)  # noqa: SLF001
        items.sort(key=lambda item: [item.attrs[name].cast_value for name in names])
        return list(items)

    return sorted_by_plain_keys


def forget_read(table: str, read_up_to: Sequence[Mapping[str, str]]) -> None:
    """Drop from a table's stream what all readers have read (their last sequence numbers, by shard), and iterators.

    AWS keeps records for a day and iterators for a quarter of an hour; moto keeps both forever.
    """
    account, region = PSEUDO_PARAMETERS["AWS::AccountId"], PSEUDO_PARAMETERS["AWS::Region"]
    with _ONE_AT_A_TIME:
        shard: Any = dynamodb_backends[account][region].tables[table].stream_shard
        first = shard.starting_sequence_number
        count = min(int(positions.get(shard.id, first - 1)) for positions in read_up_to) - first + 1
        del shard.items[:count]
        # moto numbers the records from there, and finds them by that number.
        shard.starting_sequence_number += count
        iterators = dynamodbstreams_backends[account][region].shard_iterators
        for iterator in list(iterators)[:-_ITERATORS_KEPT]:
            del iterators[iterator]
