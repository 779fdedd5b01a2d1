"""Alarms, each with a page that says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cw

from infra.environment import named

if TYPE_CHECKING:
    from constructs import Construct


class Alarms:
    """The alarms of a deployment: none for what nobody can do anything about."""

    def __init__(self, scope: Construct, runbooks: str) -> None:
        self._scope, self._runbooks = scope, runbooks.rstrip("/")
        self.all: list[cw.Alarm] = []

    def add(
        self,
        name: str,
        metric: cw.IMetric,
        threshold: float,
        *,
        periods: int = 1,
        bad: int | None = None,
        meaning: str,
        page: str | None = None,
        rings_below: bool = False,
    ) -> cw.Alarm:
        """Rings when the metric is above the threshold in `bad` of the last periods, else in all of them.

        `page` is the runbook's where several alarms share one. With `rings_below` it rings below the threshold, and
        when nothing comes.
        """
        comparison, missing = cw.ComparisonOperator, cw.TreatMissingData
        alarm = cw.Alarm(
            self._scope,
            name,
            alarm_name=named(self._scope, f"meterhouse-{name}"),
            alarm_description=f"{meaning}. What to do: {self._runbooks}/{page or page_of(name)}.md",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=bad,
            comparison_operator=comparison.LESS_THAN_THRESHOLD if rings_below else comparison.GREATER_THAN_THRESHOLD,
            treat_missing_data=missing.BREACHING if rings_below else missing.NOT_BREACHING,
        )
        self.all.append(alarm)
        return alarm


def page_of(alarm: str) -> str:
    """SinkLag -> sink-lag."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alarm).lower()
