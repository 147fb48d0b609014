"""The site's own forms on this machine: those of `functions/forms.toml`, else those of the demo site."""

import logging
import threading
from pathlib import Path

from guichet.definitions import definition
from guichet.definitions.forms_file import FormsFileError, read
from infra.local.site import SITE
from infra.template import TEMPLATE

DEMO = SITE / "forms.toml"

_log = logging.getLogger(__name__)


class FormsFile:
    """The file that defines the forms. It is read again once it has changed."""

    def __init__(self, own: Path | None = None, demo: Path = DEMO) -> None:
        self._own = own or definition.SOURCE
        self._demo = demo
        self._seen: tuple[Path, int] | None = None
        self._lock = threading.Lock()

    @property
    def file(self) -> Path:
        """The file that counts now."""
        return self._own if self._own.exists() else self._demo

    @property
    def shown(self) -> str:
        """Its name, from the top of the checkout where it is in one."""
        top = TEMPLATE.parent
        return str(self.file.relative_to(top) if self.file.is_relative_to(top) else self.file)

    @property
    def names(self) -> list[str]:
        """The names of the forms that it defines."""
        return sorted(definition.names())

    def read(self) -> None:
        """Read the file, unless it is as it was. Raises FormsFileError, and the forms stay as they were."""
        with self._lock:
            file = self.file
            found = file, file.stat().st_mtime_ns
            if found == self._seen:
                return
            self._seen = found
            # Others read definitions meanwhile, so none is forgotten before the new ones are known to be right.
            read(file)
            definition.SOURCE = file
            definition.forget()
            # All of them at once: the file may be wrong by the time that one is asked for.
            definition.definitions()

    def read_again(self) -> None:
        """Read the file, unless it is as it was. The developer is told what is wrong with it, once."""
        try:
            self.read()
        except (FormsFileError, OSError) as error:
            _log.warning("the forms stay as they were: %s is wrong\n%s", self.shown, error)
