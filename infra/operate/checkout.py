"""The checkout that a command is run in, where an installed package reads the site's own files."""

import tomllib
from pathlib import Path

import guichet
from guichet.definitions import lookup

# `functions/` of a checkout, or the folder that the package is installed in.
PACKAGED = Path(guichet.__file__).parents[1]


def checkout() -> Path | None:
    """Return the checkout that the current folder is in, if any."""
    try:
        folder = Path.cwd()
    except FileNotFoundError:
        return None
    around = (folder, *folder.parents)
    return next((one for one in around if (one / "template.yaml").is_file() and (one / "functions").is_dir()), None)


def of_the_site(file: Path) -> Path:
    """Return where the site has a file of `functions/`: in the current checkout, else beside the package.

    A file that is elsewhere was chosen, and stays.
    """
    here = checkout()
    return file if here is None or file.parent != PACKAGED else here / "functions" / file.name


def installed_version() -> str:
    """Return the version of this command: that of the installed package, or of the checkout it runs from."""
    project = PACKAGED.with_name("pyproject.toml")
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    # importlib.metadata takes as long to import as click.
    from importlib.metadata import version  # noqa: PLC0415

    return version("guichet")


def find_forms() -> None:
    """Use the forms of the current checkout."""
    found = of_the_site(lookup.SOURCE)
    if found != lookup.SOURCE:
        lookup.SOURCE = found
        lookup.forget()
