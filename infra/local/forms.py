"""The site's own forms on this machine: those of `functions/forms.toml` or, without it, the demo site's."""

import logging
import threading
from pathlib import Path

from guichet.definitions import lookup
from guichet.definitions.forms_file import FormsFileError, read
from infra.local.site import SITE
from infra.template import TEMPLATE

DEMO = SITE / "forms.toml"

_log = logging.getLogger(__name__)


class FormsFile:
    """The file that defines the forms. It is read again whenever it changes."""

    def __init__(self, own: Path | None = None, demo: Path = DEMO) -> None:
        self._own = own or lookup.SOURCE
        self._demo = demo
        self._seen: tuple[Path, int] | None = None
        self._lock = threading.Lock()

    @property
    def file(self) -> Path:
        """The file in use now."""
        return self._own if self._own.exists() else self._demo

    @property
    def shown(self) -> str:
        """Its name, relative to the checkout if it is in one."""
        top = TEMPLATE.parent
        return str(self.file.relative_to(top) if self.file.is_relative_to(top) else self.file)

    @property
    def names(self) -> list[str]:
        """The names of the forms that it defines."""
        return sorted(lookup.names())

    def read(self) -> None:
        """Read the file if it has changed. On an error, raises FormsFileError and keeps the previous forms."""
        with self._lock:
            file = self.file
            found = file, file.stat().st_mtime_ns
            if found == self._seen:
                return
            self._seen = found
            # Other threads read definitions meanwhile, so none is dropped before the new ones are known to be valid.
            read(file)
            lookup.SOURCE = file
            lookup.forget()
            # All at once: the file may be invalid by the time one of them is requested.
            lookup.definitions()

    def read_again(self) -> None:
        """Read the file if it has changed. Mistakes are reported to the developer once."""
        try:
            self.read()
        except (FormsFileError, OSError) as error:
            _log.warning("the forms stay as they were: %s is wrong\n%s", self.shown, error)
