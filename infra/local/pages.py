"""The local stack's own pages for people: the overview at the API's address, and the inbox."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def render(template: str, **values: Any) -> str:
    """Render a page from its template and the values that it shows."""
    return _environment().get_template(template).render(**values)


def overview(api_url: str, site_url: str, owner: str, routes: Sequence[str]) -> str:
    """Return the page that says what runs here, and where."""
    return render("overview.html", api_url=api_url, site_url=site_url, owner=owner, routes=routes)
