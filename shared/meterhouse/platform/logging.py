"""Structured logs and metrics by Powertools. No payload is logged, ids only.

Traces are those of Lambda itself: Powertools' tracer would import botocore, 400 ms at every cold start.
"""

from collections.abc import Mapping

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from meterhouse.platform.settings import optional

logger = Logger()


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
