"""Calls of each capability, told CloudWatch by its embedded metric format: a line of the log that holds numbers beside.

By hand, since ingest does not import Powertools. The capability is the one dimension and the environment is the
namespace: what else told calls apart would be metrics to pay for, and nothing of a request is told.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import NamedTuple, ParamSpec, TypeVar

from meterhouse.platform import clock
from meterhouse.platform.problem import status_of
from meterhouse.platform.settings import optional

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

CAPABILITY = "METERHOUSE_CAPABILITY"
"""The variable that names it; without one, nothing is told."""
UNITS = {
    "Duration": "Milliseconds",
    "ClientErrors": "Count",
    "Throttled": "Count",
    "ServerErrors": "Count",
    "Items": "Count",
    "ItemsFailed": "Count",
}
"""Of all metrics; how many calls there were is the number of samples of `Duration`."""
MOST_VALUES = 100
"""The format takes no more of one metric in one line."""
_AT_ONCE = timedelta(0)
_MILLISECOND = timedelta(milliseconds=1)


class Batch(NamedTuple):
    """How many items a call was given; those that failed while the call did not."""

    items: int
    failed: int = 0


class Calls:
    """The calls of one function.

    They are told together, once `every` has passed since the last telling or when a line holds no more. What an
    environment of Lambda has not told when it ends nobody learns: at most the calls within `every` of its last telling.
    """

    def __init__(self, every: timedelta = _AT_ONCE) -> None:
        self._every = every
        self._capability = optional(CAPABILITY, "")
        self._namespace = optional("POWERTOOLS_METRICS_NAMESPACE", "Meterhouse")
        self._told_at: datetime | None = None
        self._values: dict[str, list[float]] = {}

    def ended(
        self, began: datetime, at: datetime, status: int = HTTPStatus.OK, batch: Batch | None = None
    ) -> dict[str, object]:
        """Count one more call; what a line of the log is to hold beside its own: nothing as long as it can wait."""
        if not self._capability:
            return {}
        for name, value in _numbers(began, at, status, batch).items():
            self._values.setdefault(name, []).append(value)
        is_full = len(self._values["Duration"]) == MOST_VALUES
        if self._told_at is not None and at - self._told_at < self._every and not is_full:
            return {}
        values, self._values, self._told_at = self._values, {}, at
        return self._embedded(values, at)

    def tell(self, began: datetime, at: datetime, status: int = HTTPStatus.OK, batch: Batch | None = None) -> None:
        """As `ended`, in a line of its own."""
        if told := self.ended(began, at, status, batch):
            sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")

    def _embedded(self, values: dict[str, list[float]], at: datetime) -> dict[str, object]:
        directive = {
            "Namespace": self._namespace,
            "Dimensions": [["capability"]],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
        }
        described = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
        return {"_aws": described, "capability": self._capability, **values}


def told(
    run: Callable[Given, Answer], status: Callable[[Answer], int] = lambda _: HTTPStatus.OK
) -> Callable[Given, Answer]:
    """Tell of the calls of what has no edge of ours around it; `status` is that of an answer, as HTTP has them."""
    calls = Calls()

    @wraps(run)
    def tells(*given: Given.args, **named: Given.kwargs) -> Answer:
        began = clock.now()
        try:
            answer = run(*given, **named)
        except Exception as error:
            calls.tell(began, clock.now(), status_of(error))
            raise
        calls.tell(began, clock.now(), status(answer))
        return answer

    return tells


def _numbers(began: datetime, at: datetime, status: int, batch: Batch | None) -> dict[str, float]:
    """Only those that say something: a metric that no line tells costs nothing."""
    numbers = {"Duration": max(0.0, (at - began) / _MILLISECOND)}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        numbers["Throttled"] = 1
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        numbers["ServerErrors"] = 1
    elif status >= HTTPStatus.BAD_REQUEST:
        numbers["ClientErrors"] = 1
    if batch is not None:
        numbers["Items"] = batch.items
        if batch.failed:
            numbers["ItemsFailed"] = batch.failed
    return numbers
