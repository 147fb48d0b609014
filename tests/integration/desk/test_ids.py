"""An impossible record id has no page, and is not looked up in DynamoDB, which refuses long keys."""

import pytest

from guichet.store import dynamodb
from tests.support.app import App
from tests.support.desk import Browser, forms_of
from tests.support.wire import Wire

LONG = "a" * 3000


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", [LONG, "..", "a%2Fb", "%00", "%0d%0aX:1", "%ED%A0%80", "é", "#", "a b", "<b>"])
def test_what_no_record_can_be_called_is_asked_of_nobody(app: App, name: str) -> None:
    desk = Browser(app).signed_in()
    token = forms_of(desk.get("sessions"))[-1]["fields"]["token"]
    wire = Wire(dynamodb.client())
    name = name.replace("#", "%23").replace("<", "%3C").replace(">", "%3E")
    opened = [f"messages/{name}", f"people/{name}", f"people?message={name}", f"people?subscriber={name}"]
    posted = [f"messages/{name}/spam", f"messages/{name}/release", f"sessions/{name}/end", f"issues/{name}/test"]
    assert [desk.get(page).status_code for page in opened] == [404] * 4
    assert [desk.post(page, {"token": token}).status_code for page in posted] == [404] * 4
    # Only the session.
    assert set(wire.operations) == {"GetItem"}
    assert len(set(wire.bodies)) == 1


def test_so_it_is_with_what_a_form_names(app: App) -> None:
    desk = Browser(app).signed_in()
    token = forms_of(desk.get("sessions"))[-1]["fields"]["token"]
    wire = Wire(dynamodb.client())
    for page, fields in (
        ("people/erase", {"message": LONG}),
        ("people/erase", {"subscriber": LONG}),
        ("outbox/retry", {"record": LONG, "email": "email#welcome"}),
        ("outbox/retry", {"record": "message#1", "email": LONG}),
    ):
        assert desk.post(page, {"token": token, **fields}).status_code == 404
    assert len(set(wire.bodies)) == 1
