"""The functions' logs for people: a short line per event. `LOGS=json make run` prints them as CloudWatch gets them."""

import logging
import os
import time
from collections.abc import Mapping

# Enough of an identifier (a hash or a UUID) to distinguish it from its neighbours.
_SHORT = 8
_IDENTIFIER = 24
# Fields that are shown in the first columns, or are useless on a local machine.
_NOT_SHOWN = {"request_id"}
# What every record has; the rest is what the function says.
_USUAL = {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime", "xray_trace_id"}


class ShortLine(logging.Formatter):
    """Writes a record as `06:35:12 accepted form=contact submission_id=ee2ab981`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        said = {name: value for name, value in vars(record).items() if name not in _USUAL | _NOT_SHOWN and value}
        parts = [f"{name}={_short(value)}" for name, value in said.items()]
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        return " ".join((at, f"{level}{record.getMessage()}", *parts))


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_short, value))
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_short(part)}" for name, part in value.items())
    kind, mark, text = str(value).rpartition("#")
    return f"{kind}{mark}{text[:_SHORT] if len(text) > _IDENTIFIER and ' ' not in text else text}"


def for_people() -> None:
    """Make the functions print short lines and no metrics. Call this before importing them."""
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    from guichet.telemetry import logger  # noqa: PLC0415  it needs the setting above

    for handler in logger.handlers:
        handler.setFormatter(ShortLine())
