"""Reading the site's own forms: from the current checkout, or from the file that --forms names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from guichet.definitions import lookup
from guichet.definitions.definition import Definition
from infra.operate.connection import OperatorError

# The name of the file, unless --forms gives another.
FILE = "functions/forms.toml"
_NAMED = f"{__name__}.file"


def use_forms(context: click.Context, _parameter: click.Parameter, file: Path | None) -> None:
    """Read the forms of the file that --forms names."""
    if file is not None:
        context.meta[_NAMED] = str(file)
        lookup.SOURCE = file
        lookup.forget()


def name_of_file() -> str:
    """Return the name of the file that declares the forms."""
    context = click.get_current_context(silent=True)
    return str(context.meta.get(_NAMED, FILE)) if context else FILE


@contextmanager
def telling_of_wrong_forms() -> Iterator[None]:
    """Turn the error of an invalid functions/forms.toml into an OperatorError that names the command to run."""
    try:
        yield
    except Exception as error:
        # Imported late, because it loads all of pydantic.
        from guichet.definitions.forms_file import FormsFileError  # noqa: PLC0415

        if not isinstance(error, FormsFileError):
            raise
        found = len(error.problems)
        mistakes, them = ("a mistake", "it") if found == 1 else (f"{found} mistakes", "them")
        raise OperatorError(f"{name_of_file()} has {mistakes}: `guichet forms check` names {them}") from None


def declared() -> Mapping[str, Definition]:
    """Return the declared forms by name. Raises OperatorError if the file is wrong."""
    with telling_of_wrong_forms():
        return lookup.definitions()
