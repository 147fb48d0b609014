"""Logs and metrics: identifiers, codes and times, never addresses or messages."""

import json
import os
import sys
import traceback
from datetime import UTC, datetime

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

logger = Logger(service="guichet")


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Emit one CloudWatch metric in the embedded metric format, with its dimensions.

    Its namespace is the stack's name, from POWERTOOLS_METRICS_NAMESPACE; POWERTOOLS_METRICS_DISABLED, which
    `single_metric` ignores, turns metrics off. Every dimension value is another billed metric, so add none for what the
    log says anyway.
    """
    if is_metrics_disabled():
        return
    with single_metric(name=name, unit=unit, value=value) as metric:
        for dimension, of in dimensions.items():
            metric.add_dimension(name=dimension, value=of)


def log_counted(message: str, metric: str, *, form: str, **fields: object) -> None:
    """Log the outcome of a form, and count it by the form, in one line: every post pays for it.

    The embedded metric format allows other members next to `_aws` (AWS: "Embedded metric format specification").
    """
    if is_metrics_disabled():
        logger.info(message, extra={"form": form, **fields})
        return
    now = datetime.now(UTC)
    definition = {
        "Namespace": os.environ["POWERTOOLS_METRICS_NAMESPACE"],
        "Dimensions": [["form"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    line = {
        "level": "INFO",
        "message": message,
        "timestamp": f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03}+0000",
        "service": logger.service,
        "form": form,
        **fields,
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [definition]},
        metric: 1,
    }
    # Not by the logger, which takes five times as long.
    sys.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def log_unexpected(error: BaseException, **identifiers: str) -> None:
    """Log an unexpected error: its name and where it happened.

    Never its message, which may quote what a visitor wrote.
    """
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("unexpected", extra={"error": name_of(error), "frames": frames, **identifiers})
    count("Unexpected")


def name_of(error: BaseException) -> str:
    """Return the type of an error, with AWS's error code if it has one."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return f"{type(error).__name__}, {code}" if code else type(error).__name__
