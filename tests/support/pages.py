"""The pages of documentation: README.md, SECURITY.md and infra/docs, their tables, code and links."""

import re
from collections.abc import Iterator

from tests.support.commands import ROOT

FOLDER = "infra/docs"


def read(name: str) -> str:
    """Return the text of a page, by its path from the top, or by its name in infra/docs."""
    path = ROOT / name
    return (path if path.is_file() else ROOT / FOLDER / name).read_text(encoding="utf-8")


# Each page, by its path from the top.
PAGES = {
    name: read(name)
    for name in ("README.md", "SECURITY.md", *sorted(f"{FOLDER}/{path.name}" for path in (ROOT / FOLDER).iterdir()))
}


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of each row of a page's table with a heading."""
    table = text.split(f"| {heading} |")[1].split("\n\n", maxsplit=1)[0]
    return [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in table.splitlines()[2:]]


def names_in(cell: str) -> list[str]:
    """Return the text between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of code of a language, as they are pasted."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def without_blocks(text: str) -> str:
    """Return a page's text without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links and pictures."""
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", without_blocks(text)))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: its headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
