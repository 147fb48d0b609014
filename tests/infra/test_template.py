"""Reading template.yaml: parameters, intrinsic functions, and what the stack gets from it."""

import copy
from pathlib import Path
from typing import Any

import pytest

from infra.template import Stack, Template, TemplateError
from tests.support.app import PARAMETERS, resolve

RULES = """
Parameters:
  Word: { Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: small letters, Default: word }
  Choice: { Type: String, AllowedValues: ["yes", "no"], Default: "yes" }
  Many: { Type: Number, MinValue: 1, MaxValue: 5, Default: 2 }
  Days: { Type: Number, MinValue: 1, Default: 7 }
  Short: { Type: String, MinLength: 2, MaxLength: 3, Description: two or three characters, Default: abc }
  Names: { Type: CommaDelimitedList, Default: "a, b" }
  Secret: { Type: String, NoEcho: true, MinLength: 4, Description: four characters, Default: abcd }
Conditions:
  Chosen: !Equals [!Ref Choice, "yes"]
  NotChosen: !Not [!Condition Chosen]
  Both: !And [!Condition Chosen, !Condition NotChosen]
  Either: !Or [!Condition Chosen, !Condition NotChosen]
Resources:
  Thing: { Type: "Test::Thing", Properties: { Value: VALUE } }
  Only: { Type: "Test::Thing", Condition: NotChosen }
"""


def made(tmp_path: Path, value: str = "1") -> Template:
    """Return a small template whose resource Thing has a value, written as YAML."""
    path = tmp_path / "template.yaml"
    path.write_text(RULES.replace("VALUE", value), encoding="utf-8")
    return Template.load(path)


def value_of(stack: Stack) -> Any:
    """Return the value of the resource Thing."""
    return stack.resources["Thing"]["Properties"]["Value"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Word", "word"),
        ("!Ref Names", ["a", "b"]),
        ("!Ref Only", "guichet-Only"),
        ("!Ref AWS::Region", "eu-west-3"),
        ("!GetAtt Only.Arn", "arn:aws:local:eu-west-3:123456789012:Only/Arn"),
        ("!GetAtt Thing.A.B", "given"),
        ("!Sub 'x-${Word}-${Thing.A.B}-${!Word}-${AWS::Partition}'", "x-word-given-${Word}-aws"),
        ("!Sub ['${Own}-${Word}', { Own: !Ref Choice }]", "yes-word"),
        ("!Join ['-', [a, !Ref Word]]", "a-word"),
        ("!Select [1, !Split ['@', 'me@example.org']]", "example.org"),
        ("!If [Chosen, !Ref Word, other]", "word"),
        ("!If [NotChosen, !Ref Word, other]", "other"),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("[a, !If [NotChosen, b, !Ref AWS::NoValue]]", ["a"]),
        ("{ a: 1, b: !Ref AWS::NoValue }", {"a": 1}),
        ("{ 'Fn::Join': ['', [a, b]] }", "ab"),
    ],
)
def test_an_intrinsic_function_is_resolved_as_cloudformation_does(tmp_path: Path, written: str, value: Any) -> None:
    assert value_of(made(tmp_path, written).resolve({}, {"Thing.A.B": "given"})) == value


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("!Ref Nothing", "there is no resource or parameter Nothing"),
        ("!GetAtt Nothing.Arn", "there is no resource or parameter Nothing"),
        ("!Sub '${Nothing}'", "there is no resource or parameter Nothing"),
        ("!ImportValue x", "ImportValue is not supported here"),
        ("!If [{ 'Fn::Contains': [a, b] }, 1, 2]", "Fn::Contains is not supported here"),
    ],
)
def test_what_is_not_known_is_an_error_that_names_it(tmp_path: Path, written: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        made(tmp_path, written).resolve({})


def test_a_resource_whose_condition_does_not_hold_is_left_out(tmp_path: Path) -> None:
    assert list(made(tmp_path).resolve({}).resources) == ["Thing"]
    assert list(made(tmp_path).resolve({"Choice": "no"}).resources) == ["Thing", "Only"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("Word", "Word", "Word: 'Word' is not allowed; expected small letters"),
        ("Word", "word\n", r"Word: 'word\\n' is not allowed"),
        ("Choice", "perhaps", "Choice: 'perhaps' is not allowed; expected one of yes, no"),
        ("Many", "0", "Many: '0' is not allowed; expected a number from 1 to 5"),
        ("Many", "6", "expected a number from 1 to 5"),
        ("Many", "", "Many: '' is not allowed"),
        ("Days", "week", "Days: 'week' is not allowed; expected a number from 1$"),
        ("Short", "a", "Short: 'a' is not allowed; expected two or three characters"),
        ("Short", "abcd", "expected two or three characters"),
    ],
)
def test_a_wrong_parameter_is_told_with_what_was_expected(tmp_path: Path, name: str, value: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        made(tmp_path).resolve({name: value})


def test_the_value_of_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as error:
        made(tmp_path).resolve({"Secret": "xyz"})
    assert str(error.value) == "Secret: the value is not allowed; expected four characters"


def test_an_unknown_parameter_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"no such parameter: Wrod\. The parameters are: Choice, Days, .* Word"):
        made(tmp_path).resolve({"Wrod": "x"})


@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - {"AllowedOrigins"}))
def test_a_parameter_without_a_default_must_be_given(name: str) -> None:
    given = {other: value for other, value in PARAMETERS.items() if other != name}
    with pytest.raises(TemplateError, match=f"{name}: a value is required"):
        Template.load().resolve(given)


def test_functions_inherit_what_all_have_and_add_their_own() -> None:
    functions = resolve().functions
    assert functions["Contact"].environment["TABLE_NAME"] == "table"
    assert functions["Contact"].environment["CALLER_HOURLY_CAP"] == "20"
    assert functions["Notifier"].environment["TABLE_NAME"] == "table"
    assert functions["Notifier"].environment["API_URL"] == "https://api.example"
    assert functions["Contact"].timeout < functions["Notifier"].timeout


def test_no_function_behind_the_api_is_given_its_address() -> None:
    # Each would need the other first: a deploy refuses that, and nothing here does.
    behind = [function for function in resolve().functions.values() if function.routes]
    assert len(behind) == 4
    for function in behind:
        assert "https://api.example" not in function.environment.values()


def test_reading_comments_is_throttled_apart_from_all_else() -> None:
    stack = resolve(RequestsPerSecond="5", ReadsPerSecond="7")
    (api,) = stack.of_type("AWS::Serverless::HttpApi").values()
    assert set(api["DefaultRouteSettings"].values()) == {"5"}
    assert {route: set(limits.values()) for route, limits in api["RouteSettings"].items()} == {"GET /comments": {"7"}}
    # A deploy fails where there is no such route (API Gateway: "Unable to find Route by key").
    assert set(api["RouteSettings"]) <= {route for function in stack.functions.values() for route in function.routes}


def test_functions_come_with_their_routes_streams_and_schedules() -> None:
    functions = resolve().functions
    assert "POST /contact" in functions["Contact"].routes
    assert "POST /newsletter" in functions["Newsletter"].routes
    assert functions["Notifier"].routes == []
    assert functions["Notifier"].schedules == [900]
    (mapping,) = functions["Notifier"].streams
    assert mapping.patterns[0]["eventName"] == ["INSERT"]
    assert mapping.bisect
    assert mapping.retries >= 1


def test_two_functions_may_not_give_one_variable_two_values() -> None:
    stack = Stack({}, copy.deepcopy(resolve().resources))
    stack.resources["Contact"]["Properties"]["Environment"]["Variables"]["TABLE_NAME"] = "another"
    with pytest.raises(TemplateError, match="another function sets TABLE_NAME to another value"):
        _ = stack.environment


def test_a_schedule_that_is_not_a_rate_is_an_error_that_shows_it() -> None:
    stack = Stack({}, copy.deepcopy(resolve().resources))
    stack.resources["Notifier"]["Properties"]["Events"]["Sweep"]["Properties"]["Schedule"] = "cron(0 * * * ? *)"
    with pytest.raises(TemplateError, match="only rate"):
        _ = stack.functions


@pytest.mark.parametrize(
    ("further", "origins"),
    [
        ("", ["https://atelier.example"]),
        (
            "https://www.atelier.example,https://b.example",
            ["https://atelier.example", "https://www.atelier.example", "https://b.example"],
        ),
    ],
)
def test_the_origin_of_the_site_and_the_further_ones_may_post(further: str, origins: list[str]) -> None:
    assert resolve(AllowedOrigins=further).cors["allowOrigins"] == origins


def test_resources_are_found_by_their_type() -> None:
    assert resolve().of_type("AWS::SES::EmailIdentity") == {"Identity": {"EmailIdentity": "atelier.example"}}
    assert resolve(CreateIdentity="false").of_type("AWS::SES::EmailIdentity") == {}
    assert resolve().table["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
