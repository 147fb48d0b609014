"""Read a TOML file that people write: in UTF-8, with or without a byte order mark.

Only code that reads such a file imports this.
"""

import tomllib
from typing import Any


class TomlFileError(Exception):
    """The file cannot be read. The text says what is wrong with it, where that is known."""


class EncodingError(TomlFileError):
    """The file is not UTF-8. `at` is the first byte that is not."""

    def __init__(self, at: int) -> None:
        super().__init__(f"byte {at} is not UTF-8")
        self.at = at


class SyntaxFaultError(TomlFileError):
    """The file is not TOML. The text is what the parser says."""


class TooDeepError(TomlFileError):
    """Values are nested deeper than anybody would intend."""


def parse(content: bytes | str) -> dict[str, Any]:
    """Return the tables of a file by name. Raises TomlFileError."""
    try:
        # Some editors, such as Notepad, begin a file with a byte order mark.
        text = content.removeprefix("\ufeff") if isinstance(content, str) else content.decode("utf-8-sig")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise EncodingError(error.start) from None
    except ValueError as error:
        # Also for a number with more digits than Python reads, which the parser does not report itself.
        raise SyntaxFaultError(str(error)) from None
    except RecursionError:
        raise TooDeepError("values are nested too deep") from None
