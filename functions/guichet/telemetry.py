"""What is logged and counted: identifiers, codes and times, never addresses or messages."""

import traceback

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

logger = Logger(service="guichet")


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Emit one CloudWatch metric in the embedded metric format, with its dimensions.

    Its namespace is the stack's name, by POWERTOOLS_METRICS_NAMESPACE. Each further value of a dimension is a metric
    more that is billed, so what is told by the log beside it is none.
    """
    with single_metric(name=name, unit=unit, value=value) as metric:
        for dimension, of in dimensions.items():
            metric.add_dimension(name=dimension, value=of)


def log_unexpected(error: BaseException, **identifiers: str) -> None:
    """Log an error that nothing foresaw: its type and where it happened.

    Not its text, which may quote what a visitor wrote.
    """
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("unexpected", extra={"error": type(error).__name__, "frames": frames, **identifiers})
    count("Unexpected")
