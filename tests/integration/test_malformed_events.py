"""Events unlike AWS's: whatever a function does with them, no log quotes their content."""

import copy
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guichet.lambda_runtime import FunctionError, guarded
from infra.template import TEMPLATE
from tests.support.app import App

FOLDER = TEMPLATE.parent / "infra" / "events"
STRANGER = "stranger@private.example"
# The replacements for each part of an event, one after another.
WRONG: tuple[Any, ...] = (STRANGER, {STRANGER: STRANGER}, [STRANGER], None, 7)
# Text written by AWS, which its logs and ours have in common.
IDENTIFIERS = {"requestId", "routeKey", "MessageId", "messageId", "eventType", "EventSource", "eventSource"}
NOTHING: tuple[dict[str, Any], ...] = ({}, {"Records": [None]}, {"Records": STRANGER}, {"requestContext": {}})
FUNCTIONS = {
    "comments": "Comments",
    "contact": "Contact",
    "newsletter": "Newsletter",
    "confirm": "Newsletter",
    "desk": "Desk",
    "refuse": "Newsletter",
    "renew": "Newsletter",
    "unsubscribe": "Newsletter",
} | {
    "feedback": "Feedback",
    "outbox": "Notifier",
    "schedule": "Notifier",
}


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every part of an event."""
    if above:
        yield above
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        yield from places(part, (*above, key))


def replaced(event: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return an event with another value at a place."""
    changed = copy.deepcopy(event)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return changed


def malformed(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an event with every possible corruption, including within what SNS wraps."""
    for place in places(event):
        if IDENTIFIERS.isdisjoint(place):
            for value in WRONG:
                yield replaced(event, place, value)
    for at, record in enumerate(event.get("Records", [])):
        if "Sns" in record:
            message = json.loads(record["Sns"]["Message"])
            for inner in malformed(message):
                yield replaced(event, ("Records", at, "Sns", "Message"), json.dumps(inner))
    yield from NOTHING


@pytest.mark.medium
@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_no_malformed_event_is_quoted_in_a_log(
    app: App, written: Any, caplog: pytest.LogCaptureFixture, path: Path
) -> None:
    function = app.functions[FUNCTIONS[path.stem.partition("-")[0]]]
    text = path.read_text(encoding="utf-8").replace("camille@example.org", STRANGER)
    caplog.set_level(logging.INFO)
    events = list(malformed(json.loads(text)))
    assert len(events) > 40
    # Lambda logs the text of an error (awslambdaric).
    texts = []
    for event in events:
        try:
            function(event)
        except FunctionError as error:
            texts.append(str(error))
    assert texts
    assert "private.example" not in "".join(texts) + written() + caplog.text


def test_an_error_that_quotes_its_input_leaves_a_handler_as_its_type_alone(
    written: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @guarded
    def handler(event: dict[str, Any], _context: object) -> int:
        return int(event["size"])

    with pytest.raises(FunctionError) as raised:
        handler({"size": STRANGER}, None)

    assert str(raised.value) == "ValueError"
    assert STRANGER not in written() + caplog.text
