"""Structured logs and metrics by Powertools. No payload is logged, ids only.

An exception is told by its kind and where it was raised; its words only where they are ours: a driver's quote what it
was given. Traces are Lambda's own, and W3C's ids (`trace_context.py`): Powertools' tracer would import botocore,
400 ms at every cold start.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from meterhouse.kernel.errors import MeterhouseError
from meterhouse.platform.settings import optional

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _WithoutWordsOfOthers(LambdaPowertoolsFormatter):
    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the name that `logging` calls
        return "".join(_told(ei[1])) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None
        return super().format(record)


def _told(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _told(cause)
    yield from traceback.format_tb(error.__traceback__)
    words = f": {error.detail}" if isinstance(error, MeterhouseError) else ""
    yield f"{type(error).__name__}{words}\n"


logger = Logger(logger_formatter=_WithoutWordsOfOthers(serialize_stacktrace=False))


def count(metric: str, value: int) -> None:
    """Add to a metric of this environment; a line of the log that CloudWatch reads."""
    counts({metric: value})


def counts(numbers: Mapping[str, int], **dimensions: str) -> None:
    """Add to at most a hundred metrics at once, of this service and these dimensions."""
    line = EphemeralMetrics(namespace=optional("POWERTOOLS_METRICS_NAMESPACE", "Meterhouse"))
    for name, value in (dimensions | {"service": logger.service}).items():
        line.add_dimension(name, value)
    for metric, number in numbers.items():
        line.add_metric(metric, MetricUnit.Count, number)
    line.flush_metrics()
