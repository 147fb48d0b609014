"""What the functions write to their logs."""

import json
import re
from collections.abc import Callable

import pytest

from guichet.telemetry import log_counted, logger

# Only the logger writes it: the place in the code, which is the same for every counted line.
_OF_LOGGER = {"location"}


def test_what_is_counted_reads_as_the_logger_writes_it(
    written: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    logger.info("accepted", extra={"form": "réserver", "submission_id": "1", "spam": ""})
    log_counted("accepted", "Accepted", form="réserver", submission_id="1", spam="")
    plain, counted = written().splitlines()
    line = json.loads(counted)
    metric, value = line.pop("_aws"), line.pop("Accepted")
    usual = {name: said for name, said in json.loads(plain).items() if name not in _OF_LOGGER}
    form = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+]\d{4}")
    assert form.fullmatch(line.pop("timestamp"))
    assert form.fullmatch(usual.pop("timestamp"))
    assert line == usual
    assert (value, metric["CloudWatchMetrics"][0]["Dimensions"]) == (1, [["form"]])
    # CloudWatch bills by the byte.
    assert '": ' not in counted
    assert "réserver" in counted


def test_without_metrics_it_is_the_logger_that_writes(
    written: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    log_counted("accepted", "Accepted", form="contact", submission_id="1")
    line = json.loads(written())
    assert (line["message"], line["form"], "_aws" in line, "location" in line) == ("accepted", "contact", False, True)
