"""Why a request is refused."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its code, the field it concerns, and the values for its sentence."""

    code: str
    field: str | None = None
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


class Refusal(Exception):  # noqa: N818  it is the visitor's error, and the reply's word
    """A request that is not accepted: HTTP status, problems (at least one), and values for its headers.

    These are the seconds until a retry makes sense, and the methods that are allowed instead.
    """

    def __init__(self, status: int, *problems: Problem, retry_after: int | None = None, allow: str = "") -> None:
        super().__init__(status, *(problem.code for problem in problems))
        self.status = status
        self.problems = problems
        self.retry_after = retry_after
        self.allow = allow


def refuse(status: int, code: str, *, retry_after: int | None = None, **values: Any) -> Refusal:
    """Return a refusal with one problem that concerns no particular field."""
    return Refusal(status, Problem(code, values=values), retry_after=retry_after)


def only_posted() -> Refusal:
    """Return the refusal for a page that is opened where forms are posted (RFC 9110, section 15.5.6)."""
    return Refusal(405, Problem("METHOD_NOT_ALLOWED"), allow="POST")


def unavailable() -> Refusal:
    """Return the refusal for a submission that could not be confirmed as stored."""
    return refuse(503, "UNAVAILABLE", retry_after=5)
