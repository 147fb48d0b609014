"""The keys of the table: only the store builds them, each in one module, so a change to a key touches one file."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from guichet.records.registry import KINDS
from infra.template import TEMPLATE

ROOT = TEMPLATE.parent
STORE = "functions/guichet/store/"
# A text that begins like a key. In an f-string, each value is `{}`.
_KEY = re.compile(r"([a-z-]+|\{\})#")
_MAYBE = re.compile(r"""[}]#|["'][a-z-]*#|["'][ps]k["']""")
_SPLITTING = {"partition", "rpartition", "split", "rsplit", "join"}


@pytest.fixture(scope="module")
def sources() -> Mapping[str, str]:
    paths = (path for folder in ("functions", "infra") for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def texts_in(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in a program, without its docstrings."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= set(map(id, node.values))
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def begun_in(tree: ast.AST) -> set[str]:
    """Return what stands before the first `#` of the keys in a program."""
    return {found[1] for text in texts_in(tree) if (found := _KEY.match(text))}


def constant(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def keys_in(source: str) -> list[str]:
    """Return where a program outside the store writes a key, or takes one apart."""
    # Most files have none, and need not be parsed.
    if not _MAYBE.search(source):
        return []
    tree = ast.parse(source)
    found = [f"{begun}#" for begun in sorted(begun_in(tree))]
    for node in ast.walk(tree):
        match node:
            case ast.Dict(keys=names, values=values):
                pairs = ((constant(name), constant(value)) for name, value in zip(names, values, strict=True))
                found += [ast.unparse(node) for name, value in pairs if name in {"pk", "sk"} and value is not None]
            # A module that never reads the table only displays keys.
            case ast.Call(func=ast.Attribute(value=text, attr=method), args=arguments) if method in _SPLITTING:
                splits = "#" in map(constant, (text, *arguments)) and "guichet.store" in source
                found += [ast.unparse(node)] if splits else []
    return found


@pytest.mark.slow
def test_only_the_store_writes_keys(sources: Mapping[str, str]) -> None:
    outside = {name: keys_in(source) for name, source in sources.items() if not name.startswith(STORE)}
    assert len(outside) > 150
    assert {name: found for name, found in outside.items() if found} == {}


@pytest.mark.slow
def test_each_key_is_written_in_one_module_of_the_store(sources: Mapping[str, str]) -> None:
    modules = defaultdict(set)
    for name, source in sources.items():
        if name.startswith(STORE):
            for begun in begun_in(ast.parse(source)) - {"{}"}:
                modules[begun].add(name.removeprefix(STORE))
    assert {"email", "cap", "thread", "reader", "comments"} <= modules.keys()
    assert {begun: names for begun, names in modules.items() if len(names) > 1} == {}
    # Those of records follow from their kinds, and only in table.py.
    assert not modules.keys() & KINDS.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('pk = f"subscriber#{one}"', ["subscriber#"]),
        ("pk = f'cap#{one}' + name", ["cap#"]),
        ('pk = f"{kind}#{one}"', ["{}#"]),
        ('key.email.startswith(("email#", "reader#"))', ["email#", "reader#"]),
        ('table.of_list("comments#waiting")', ["comments#"]),
        ('key = {"pk": pk, "sk": "message"}', ["{'pk': pk, 'sk': 'message'}"]),
        ('from guichet.store import table\nwhich = pk.partition("#")[2]', ["pk.partition('#')"]),
        ('from guichet.store import table\nwhich = "#".join(parts)', ["'#'.join(parts)"]),
        ('"""Their keys are message#<id>."""\ncolors = "#ffffff"\nlink = f"{page}/#comment-{one}"', []),
        ('# "cap#" is not a text here.\nkey = {"pk": item["pk"], "sk": item["sk"]}', []),
    ],
)
def test_a_key_outside_the_store_is_seen(source: str, found: list[str]) -> None:
    assert keys_in(source) == found
