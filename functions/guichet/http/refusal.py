"""Why a request is refused."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a code of the contract, the field it is at, and what its sentence names."""

    code: str
    field: str | None = None
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


class Refusal(Exception):  # noqa: N818  it is the visitor's error, and the reply's word
    """A request that is not accepted: HTTP status, what is wrong (never empty), and when to come back, in seconds."""

    def __init__(self, status: int, *problems: Problem, retry_after: int | None = None) -> None:
        super().__init__(status, *(problem.code for problem in problems))
        self.status = status
        self.problems = problems
        self.retry_after = retry_after


def refuse(status: int, code: str, *, retry_after: int | None = None, **values: Any) -> Refusal:
    """Make a refusal with one problem that is not at a field."""
    return Refusal(status, Problem(code, values=values), retry_after=retry_after)


def unavailable() -> Refusal:
    """Make the refusal of what could not be confirmed as kept."""
    return refuse(503, "UNAVAILABLE", retry_after=5)
