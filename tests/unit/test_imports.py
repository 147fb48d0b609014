"""Imports go one way: down the table in contributing.md, and in no circle of files."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate

import pytest

from infra.template import TEMPLATE
from tests.support.imports import imported
from tests.support.pages import names_in, read, rows

ROOT = TEMPLATE.parent
# From top to bottom. A room is a package or a module in functions/, functions/guichet/ or infra/.
ROOMS = [names_in(cells[0]) for cells in rows(read("contributing.md"), "packages and modules | what they do")]
Arrows = Mapping[str, set[str]]


def prefixes(parts: Iterable[str]) -> list[str]:
    """Return a dotted name, after the names of the packages that it is in."""
    return list(accumulate(parts, "{}.{}".format))


def arrows_of(sources: Mapping[str, str]) -> Arrows:
    """Return what each module imports of the others, by its source.

    The packages of what it imports run first, and count, but not those that it is in itself.
    """
    arrows: dict[str, set[str]] = {}
    for name, source in sources.items():
        own, found = set(prefixes(name.split("."))), set()
        for parts in imported(source):
            assert parts[0], f"a relative import in {name}"
            known = [one for one in prefixes(parts) if one in sources]
            found |= {*known[-1:], *(set(known) - own)}
        arrows[name] = found - {name}
    return arrows


def circle_in(arrows: Arrows) -> list[str]:
    """Return a circle, if there is one."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def room_of(name: str) -> str:
    """Return the room that a module is in."""
    parts = name.split(".")
    return ".".join(parts[: 2 if parts[0] in {"guichet", "infra"} else 1])


def not_down(arrows: Arrows, rooms: list[list[str]]) -> list[str]:
    """Return the imports that do not go down the rooms, except those within a room."""
    height = {room: -place for place, row in enumerate(rooms) for room in row}
    return [
        f"{name} imports {target}"
        for name, targets in sorted(arrows.items())
        for target in sorted(targets)
        if room_of(name) != room_of(target) and height[room_of(name)] <= height[room_of(target)]
    ]


@pytest.fixture(scope="module")
def arrows() -> Arrows:
    sources = {}
    for root, folder in ((ROOT / "functions", "."), (ROOT, "infra")):
        for path in (root / folder).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            sources[".".join(parts).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return arrows_of(sources)


@pytest.mark.slow
def test_no_file_imports_another_in_a_circle(arrows: Arrows) -> None:
    assert len(arrows) > 250
    assert sum(map(len, arrows.values())) > 1000
    assert circle_in(arrows) == []


@pytest.mark.slow
def test_imports_go_down_the_table(arrows: Arrows) -> None:
    assert not_down(arrows, ROOMS) == []


@pytest.mark.slow
def test_the_table_has_every_package_and_module_once(arrows: Arrows) -> None:
    named = [room for row in ROOMS for room in row]
    assert sorted(named) == sorted(set(map(room_of, arrows)))


@pytest.mark.parametrize(
    ("name", "line", "target"),
    [
        ("guichet.store.comments", "from guichet.comments import plain", "guichet.comments.plain"),
        ("guichet.telemetry", "def f():\n    from guichet.store.dynamodb import call", "guichet.store.dynamodb"),
        ("infra.operate.queries", "import infra.local.engine", "infra.local.engine"),
        ("infra.operate.queries", "from infra import build", "infra.build"),
        ("contact.form", "from newsletter.form import NewsletterForm", "newsletter.form"),
        ("guichet.model", "import infra.template", "infra.template"),
    ],
)
def test_an_import_that_goes_up_or_sideways_is_seen(name: str, line: str, target: str) -> None:
    assert not_down(arrows_of({name: line, target: ""}), ROOMS) == [f"{name} imports {target}"]


@pytest.mark.parametrize(
    "sources",
    [
        {"a": "import b", "b": "import a"},
        {"a": "import b", "b": "import c", "c": "def f():\n    from a import g"},
        {"a": "from b import c", "b": "", "b.c": "if True:\n    import a"},
        # The package of what is imported runs first.
        {"a": "import b.c", "b": "import a", "b.c": ""},
        {"b": "import b.c", "b.c": "from b import d"},
    ],
)
def test_a_circle_is_seen(sources: dict[str, str]) -> None:
    assert set(circle_in(arrows_of(sources))) <= set(sources)
    assert len(circle_in(arrows_of(sources))) > 2


def test_a_package_may_import_its_modules_and_they_one_another() -> None:
    assert circle_in(arrows_of({"b": "from b.c import d", "b.c": "import b.e", "b.e": ""})) == []
