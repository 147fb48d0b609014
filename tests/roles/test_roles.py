"""The functions' requests to AWS in all other tests, checked against the functions' roles.

`make test` runs them last, on the log that the other tests wrote: pytest tests/roles --read-calls=FOLDER.
"""

from dataclasses import replace

import pytest

from infra.build import OPERATIONS
from tests.support.app import resolve
from tests.support.calls import Asked, read
from tests.support.roles import TABLE, Call, Grant, calls_of_lambda, grants_of, refused, unused
from tests.support.stack import missing


@pytest.fixture(scope="module")
def asked(request: pytest.FixtureRequest) -> Asked:
    """Return the functions' requests in all other tests, and those of Lambda itself."""
    folder = request.config.getoption("read_calls")
    if folder is None:
        missing("the log of a run of all other tests, which `make test` writes,")
    asked = read(folder)
    assert asked.calls, f"{folder} holds no calls"
    asked.calls |= set(calls_of_lambda(resolve()))
    return asked


@pytest.fixture
def calls(asked: Asked) -> set[Call]:
    return asked.calls


def test_no_call_is_refused_by_a_role(calls: set[Call]) -> None:
    assert refused(calls, grants_of(resolve())) == set()


def test_no_permission_is_without_use(calls: set[Call]) -> None:
    assert unused(calls, grants_of(resolve())) == set()


def test_every_permission_that_is_taken_away_is_missed(calls: set[Call]) -> None:
    grants = grants_of(resolve())
    assert len(grants) > 20
    for grant in grants:
        fewer = [other for other in grants if other != grant]
        assert {call.function for call in refused(calls, fewer)} == {grant.function}, grant


@pytest.mark.parametrize("action", ["dynamodb:Scan", "dynamodb:DeleteItem", "ses:SendBulkEmail", "s3:GetObject"])
def test_a_permission_that_is_added_is_found_to_be_without_use(calls: set[Call], action: str) -> None:
    added = Grant("Contact", "Added", action, TABLE)
    assert unused(calls, [*grants_of(resolve()), added]) == {added}


def test_another_sender_is_refused(calls: set[Call]) -> None:
    sent = next(call for call in calls if call.action == "ses:SendRawEmail")
    forged = replace(sent, context=frozenset({("ses:FromAddress", "other@atelier.example")}))
    assert refused({sent, forged}, grants_of(resolve())) == {forged}


def test_a_resource_of_another_stack_is_refused() -> None:
    call = Call("Contact", "dynamodb:PutItem", TABLE.replace("table/table", "table/another"))
    assert refused({call}, grants_of(resolve())) == {call}


def test_the_artifact_describes_just_the_operations_that_are_asked_for(asked: Asked) -> None:
    assert {service: set(names) for service, names in OPERATIONS.items()} == asked.operations
