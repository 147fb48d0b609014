"""What a file imports."""

import ast
from collections.abc import Iterator


def imported(source: str) -> Iterator[list[str]]:
    """Yield the dotted name of everything that a module imports, in its parts, wherever the import is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import is one of the file's own package: `.` has no first part.
            start = (node.module or "").split(".")
            yield from ([*([""] if node.level else []), *start, alias.name] for alias in node.names)
