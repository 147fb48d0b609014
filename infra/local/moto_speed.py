"""Faster versions of slow parts of moto. The tests make a hundred thousand calls, and `make run` must answer quickly.

Each function here replaces one of moto's that showed up in a profile, and returns the same result:
tests/infra/test_moto_speed.py compares the two.
"""

import copy
import json
import re
import string
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlparse

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from moto import backend_index
from moto.core import responses, utils
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import AttributePickerContext, ResponseSerializer, XFormedAttributePicker
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.comparisons import AttributeValue, ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import SecondaryIndex
from moto.dynamodb.parsing import ast_nodes, expressions, validators
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.moto_api._internal import mock_random
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.wrappers import Response

# moto has no types for these, or not for all of it.
_nodes: Any = ast_nodes
_responses: Any = responses
_UpdateExpressionParser: Any = vars(expressions)["UpdateExpressionParser"]
_index: Any = backend_index
_own_process = BotocoreStubber.process_request
_own_structure = ResponseSerializer._serialize_type_structure  # noqa: SLF001
_own_parse = ConditionExpressionParser.parse
_own_operand = ConditionExpressionParser._make_operand  # noqa: SLF001
_own_make = _UpdateExpressionParser.make


def speed_up_moto() -> None:
    """Replace moto's functions by the faster ones."""
    _put(BotocoreStubber, "process_request", _process_request)
    # moto tries each service's addresses in turn, and SES is at the end.
    known = _index.backend_url_patterns
    _put(_index, "backend_url_patterns", sorted(known, key=lambda pattern: pattern[0] not in {"ses", "sesv2"}))
    # Each new loader lists botocore's four hundred services, and both make one for each model.
    for module in (utils, botocore.session):
        _put(module, "create_loader", cache(vars(module)["create_loader"]))
    # It searches all members of the class on each call.
    _put(responses, "method_names_from_class", cache(method_names_from_class))
    _put(ResponseSerializer, "_serialize_type_structure", _serialize_type_structure)
    _put(ConditionExpressionParser, "parse", _parse_condition)
    _put(ConditionExpressionParser, "_make_operand", _make_operand)
    _put(_UpdateExpressionParser, "make", staticmethod(cache(_own_make)))
    _put(responses, "gen_amzn_requestid_long", _request_id)
    _put(validators, "deepcopy", _copied)
    _put(validators.Validator, "validate", _validate)
    _put(_nodes.Node, "find_clauses", _find_clauses)
    _put(_nodes.DepthFirstTraverser, "traverse_node_recursively", _traverse)
    _put(validators.ExpressionAttributeResolvingProcessor, "pre_processing_of_child", _look_at_place)
    _put(SecondaryIndex, "project", _project)


# What was replaced: owner, name, moto's own. The test restores it.
replaced: list[tuple[Any, str, Any]] = []


def _put(owner: Any, name: str, value: Any) -> None:
    replaced.append((owner, name, vars(owner)[name]))
    setattr(owner, name, value)


# --- requests ----------------------------------------------------------------------------------------------------

_HANDLERS: dict[str, Any] = {"DynamoDB_20120810": DynamoHandler, "DynamoDBStreams_20120810": DynamoDBStreamsHandler}
_ADDRESS = re.compile(r"https://(?:streams\.)?dynamodb\.([a-z0-9-]+)\.amazonaws\.com/")


def _process_request(stubber: Any, request: AWSPreparedRequest) -> Any:
    """Answer a request. Requests to DynamoDB and its streams are plain JSON (AWS: "DynamoDB low-level API").

    moto matches the URL against those of all services, builds a werkzeug request, and parses its body in three formats.
    """
    if request.url.startswith("http://127.0.0.1:"):
        # A server of this machine's, which is no service of AWS's.
        return None
    place = _ADDRESS.fullmatch(request.url)
    if place is None or type(request.body) is not bytes:
        return _own_process(stubber, request)
    headers = Headers(
        (name, text.decode() if isinstance(text, bytes) else text) for name, text in request.headers.items()
    )
    return _answer(request.url, place[1], headers, request.body)


def answer(url: str, headers: Mapping[str, str], body: Any) -> Any:
    """Answer a request to DynamoDB or its streams with a status, headers and a body. None if it is to another service.

    For callers that skip HTTP. `headers` must spell `X-Amz-Target` exactly like this.
    """
    place = _ADDRESS.fullmatch(url)
    if place is None or type(body) is not bytes:
        return None
    return _answer(url, place[1], headers, body)


# Where a signature says which region it is for.
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/dynamodb/")


def serve(environ: dict[str, Any]) -> Response | None:
    """Answer a request (WSGI) to DynamoDB or its streams. Return None for any other, with its body unread.

    moto's server works out the service, runs a Flask application for each, and parses the body three times.
    """
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/":
        return None
    headers = EnvironHeaders(environ)
    api, _, action = headers.get("X-Amz-Target", "").partition(".")
    scope = _SCOPE.search(headers.get("Authorization", ""))
    method = camelcase_to_underscores(action)
    if scope is None or api not in _HANDLERS or not hasattr(_HANDLERS[api], method) or "Content-Length" not in headers:
        return None
    body = environ["wsgi.input"].read(int(headers["Content-Length"]))
    status, answered, text = _answer(f"https://dynamodb.{scope[1]}.amazonaws.com/", scope[1], headers, body)
    return Response(text, status=status, headers=answered)


def _answer(url: str, region: str, headers: Any, body: bytes) -> Any:
    api, _, action = headers["X-Amz-Target"].partition(".")
    handler = _HANDLERS[api]()
    handler.method, handler.headers, handler.uri = "POST", headers, url
    handler.parsed_url, handler.path, handler.raw_path = urlparse(url), "/", "/"
    handler.region, handler.partition = region, _responses.get_partition(region)
    handler.raw_body, handler.body = body, body.decode()
    handler.querystring, handler.data, handler.uri_match = {}, {}, {}
    handler.response_headers = {"server": "amazon.com", "date": _responses.http_date(_responses.utcnow())}
    handler.access_key = handler.get_access_key()
    handler.current_account = handler.get_current_account()
    if handler.automated_parameter_parsing:
        handler.params = _parameters(handler.boto3_service_name, action, body)
    return handler.call_action()


# What moto's parser changes: bytes, and null, which it leaves out.
_CHANGED = re.compile(rb'"BS?"|\bnull\b')


def _parameters(service: str, action: str, body: bytes) -> Any:
    """Return a request's parameters.

    moto compares each with the service's model, which changes only bytes and nulls of what SDKs send.
    """
    if not body or _CHANGED.search(body):
        operation = _responses.get_service_model(service).operation_model(action)
        return _responses.PROTOCOL_PARSERS["json"](operation, map_type=dict).parse({"body": body})
    return json.loads(body)


_LETTERS = string.ascii_letters + string.digits


def _request_id(headers: dict[str, Any]) -> str:
    """Add a request id to the headers of a response. moto draws its 52 characters one at a time."""
    headers["x-amzn-requestid"] = made = "".join(mock_random.choices(_LETTERS, k=52))
    return made


# --- responses ---------------------------------------------------------------------------------------------------


def _serialize_type_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Serialize a structure. moto asks six name providers about each member; for a dict, they all agree."""
    picker = serializer._value_picker  # noqa: SLF001
    if type(value) is not dict or type(picker) is not XFormedAttributePicker or picker.response_transformers:
        _own_structure(serializer, serialized, value, shape, key)
        return
    wrapper = serializer.MAP_TYPE() if key else serialized
    for member_key, member_shape, names in _members_of(picker, shape):
        for name in names:
            if name in value:
                if value[name] is not None:
                    serializer._serialize(wrapper, value[name], member_shape, member_key)  # noqa: SLF001
                break
    if key:
        serializer._default_serialize(serialized, wrapper, shape, key)  # noqa: SLF001


def _members_of(picker: Any, shape: Any) -> Iterable[tuple[str, Any, tuple[str, ...]]]:
    """Return the members of a structure, and under which names a dict may have each. Kept with the shape."""
    found: Any = vars(shape).get("_members_by_name")
    if found is None:
        found = []
        for key, member in shape.members.items():
            member.parent = shape
            names = tuple(picker.get_possible_keys(AttributePickerContext({}, key, member)))
            found.append((key, member, names))
        shape._members_by_name = found  # noqa: SLF001
    return found  # type: ignore[no-any-return]


# --- indexes -----------------------------------------------------------------------------------------------------


def _project(index: Any, item: Item) -> Item:
    """Return an index's projection of an item. moto takes the whole item apart for that, and rebuilds it."""
    kind = (index.projection or {}).get("ProjectionType")
    if kind not in {"KEYS_ONLY", "INCLUDE"}:
        return item
    names = [*index.table_key_attrs, *index.schema_key_attrs]
    names += index.projection.get("NonKeyAttributes", []) if kind == "INCLUDE" else []
    projected = Item(item.hash_key, item.range_key, {})
    # Each was measured when it was put.
    dict.update(projected.attrs, {name: item.attrs[name] for name in names if name in item.attrs})
    return projected


# --- expressions -------------------------------------------------------------------------------------------------


@cache
def _parsed(
    expression: str, names: tuple[tuple[str, str], ...] | None, values: tuple[str, ...] | None
) -> tuple[Any, Any, Any]:
    """Return a condition's tree of nodes, and the names and values that it uses."""
    of_names = None if names is None else dict(names)
    of_values = None if values is None else dict.fromkeys(values)
    parser: Any = ConditionExpressionParser(expression, of_names, of_values)  # type: ignore[arg-type]
    trees: list[Any] = []
    parser._make_op_condition = trees.append  # noqa: SLF001
    _own_parse(parser)
    return trees[0], tuple(parser.expr_attr_names_found), tuple(parser.expr_attr_values_found)


def _parse_condition(parser: Any) -> Any:
    """Parse a condition, but each combination of condition and names only once."""
    expression = parser.condition_expression
    if not expression:
        return _own_parse(parser)
    names, values = parser.expression_attribute_names, parser.expression_attribute_values
    tree, names_found, values_found = _parsed(
        expression, None if names is None else tuple(names.items()), None if values is None else tuple(values)
    )
    parser.expr_attr_names_found.extend(names_found)
    parser.expr_attr_values_found.extend(values_found)
    return parser._make_op_condition(tree)  # noqa: SLF001


def _make_operand(parser: Any, node: Any) -> Any:
    """Return an operand. The node may come from an earlier request, so its value is looked up in this one."""
    if node.kind == parser.Kind.EXPRESSION_ATTRIBUTE_VALUE:
        return AttributeValue(parser.expression_attribute_values[node.text])
    return _own_operand(parser, node)


# Cached by type, since `isinstance` is slow with an abstract class.
_is_node: Any = cache(lambda kind: issubclass(kind, _nodes.Node))


def _copied(value: Any) -> Any:
    """Copy a tree of an expression, or anything else."""
    if not _is_node(type(value)):
        return copy.deepcopy(value)
    # Shared by all copies of the tree.
    vars(value).setdefault("approved", set())
    return _copied_node(value, None)


def _validate(validator: Any) -> Any:
    """Validate an expression, then resolve its values.

    The first three processors depend only on the expression, its names and the table's keys, and change nothing, so
    they run once for each combination.
    """
    node, processors = validator.node_to_validate, validator.processors
    names = validator.expression_attribute_names or {}
    made_of = (*names.items(), *validator.table.table_key_attrs)
    if made_of not in node.approved:
        for processor in processors[:3]:
            processor.traverse(node)
        node.approved.add(made_of)
    for processor in processors[3:]:
        node = processor.traverse(node)
    return node


def _copied_node(node: Any, parent: Any) -> Any:
    copied = object.__new__(type(node))
    vars(copied).update(vars(node), parent=parent, kinds=_kinds(node))
    if node.children is not None:
        copied.children = [
            _copied_node(child, copied) if _is_node(type(child)) else copy.deepcopy(child) for child in node.children
        ]
    return copied


def _kinds(node: Any) -> frozenset[type]:
    """Return the kinds of nodes in a tree. An expression is parsed once, so its tree caches them."""
    kept = vars(node)
    if "kinds" not in kept:
        children = [_kinds(child) for child in node.children or () if _is_node(type(child))]
        kept["kinds"] = frozenset({type(node)}.union(*children))
    found: frozenset[type] = kept["kinds"]
    return found


@cache
def _leads_on(kind: type) -> bool:
    """Return whether to look for clauses within a kind of node. Asking abstract classes is slow."""
    return issubclass(kind, (_nodes.Expression, _nodes.UpdateExpressionFunction))


def _find_clauses(node: Any, clause_types: list[type]) -> list[Any]:
    """Return the nodes of some kinds, the first on each way down."""
    clauses = []
    for child in node.children or ():
        kind: Any = type(child)
        if kind in clause_types:
            clauses.append(child)
        elif _leads_on(kind):
            clauses += _find_clauses(child, clause_types)
    return clauses


@cache
def _processed_as(kind: type, classes: tuple[type, ...]) -> type | None:
    """Return the first of some classes that a kind of node is one of."""
    return next((found for found in classes if issubclass(kind, found)), None)


_own_look = _nodes.DepthFirstTraverser.pre_processing_of_child
_ACTIONS = {
    _nodes.UpdateExpressionSetAction,
    _nodes.UpdateExpressionRemoveAction,
    _nodes.UpdateExpressionDeleteAction,
    _nodes.UpdateExpressionAddAction,
}


def _look_at_place(processor: Any, parent: Any, child_id: int) -> None:
    """Note whether a part of an action is its path or its value."""
    if type(parent) in _ACTIONS:
        processor.resolving = child_id > 0


@cache
def _has_some(kinds: frozenset[type], classes: tuple[type, ...]) -> bool:
    """Return whether some kinds of nodes are among those that are processed."""
    return any(_processed_as(kind, classes) for kind in kinds)


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """Let a traverser process a tree of nodes, from the leaves to the root."""
    processors = traverser._processing_map()  # noqa: SLF001
    classes = tuple(processors)
    look = traverser.pre_processing_of_child
    # A tree's kinds are those from parsing. What processing adds to it comes in place of a path.
    sought: Any = (*classes, _nodes.UpdateExpressionPath) if _nodes.NoneExistingPath in classes else classes
    if look.__func__ is _own_look:
        look = None
    elif look.__func__ is not _look_at_place:
        # It must see each node.
        sought = None
    return _traversed(look, processors, sought, node, child_id)


def _traversed(look: Any, processors: Any, sought: tuple[type, ...] | None, node: Any, child_id: int) -> Any:
    """Process a tree. Subtrees with nothing to process are skipped, unless each node must be looked at first."""
    kind: Any = type(node)
    if not _is_node(kind):
        return node
    kinds = vars(node).get("kinds")
    if sought is not None and kinds is not None and not _has_some(kinds, sought):
        return node
    parent = node.parent
    if node.children is not None:
        for index, child in enumerate(node.children):
            if look is not None:
                look(node, index)
            if _is_node(type(child)):
                _traversed(look, processors, sought, child, index)
    found = _processed_as(kind, tuple(processors))
    if found is not None:
        node = processors[found](node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node
