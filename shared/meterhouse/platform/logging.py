"""Structured logs and metrics by Powertools. No payload is logged, ids only.

Traces are those of Lambda itself: Powertools' tracer would import botocore, 400 ms at every cold start.
"""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

logger = Logger()


def count(metric: str, value: int) -> None:
    """Add to a metric of the namespace Meterhouse; a line of the log that CloudWatch reads."""
    with single_metric(metric, MetricUnit.Count, value, namespace="Meterhouse") as line:
        line.add_dimension("service", logger.service)
