"""A conservation report that would take longer than a request may is refused with words, between days or in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.period import Period
from meterhouse.metering.account_for_events import AccountForEvents, Look
from meterhouse.metering.conservation import HourAccount

MONTH = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC))
LOOK = Look({}, {})


@dataclass
class Busy:
    """A store that takes so many seconds for a day, and gives up when it has not got them; nothing else."""

    seconds_a_day: float
    spent: float = 0
    given: list[float | None] = field(default_factory=list)

    def by_hour(
        self, _namespace: str, period: Period, _meters: Sequence[Any], _look: Look, within: float | None = None
    ) -> list[HourAccount]:
        assert period.end - period.start == timedelta(days=1)
        self.given.append(within)
        self.spent += self.seconds_a_day if within is None else min(self.seconds_a_day, within)
        if within is not None and within < self.seconds_a_day:
            raise Unavailable("the usage store did not answer as it should")
        return []

    def of(self, *_: object) -> list[Any]:
        return []

    def stored(self) -> Mapping[int, int]:
        return {}


def account(store: Any) -> AccountForEvents:
    return AccountForEvents(store, store, store, store, store)


@pytest.mark.parametrize(("seconds_a_day", "days"), [(30.0, 1), (3.0, 7), (4.0, 5)])
def test_a_report_ends_within_its_time_and_says_what_to_ask_instead(seconds_a_day: float, days: int) -> None:
    store = Busy(seconds_a_day)
    with pytest.raises(Unavailable, match="fewer hours") as refused:
        account(store)("acme", MONTH, LOOK, seconds_left=lambda: 20 - store.spent)
    assert refused.value.retry_after_seconds == 30
    assert store.spent <= 20
    assert len(store.given) == days


def test_a_store_that_is_away_is_not_taken_for_one_that_is_slow() -> None:
    class Away(Busy):
        def by_hour(self, *_: object, **__: object) -> list[HourAccount]:
            raise Unavailable("the usage store cannot be reached")

    with pytest.raises(Unavailable, match="cannot be reached"):
        account(Away(0))("acme", MONTH, LOOK, seconds_left=lambda: 20)


def test_an_audit_that_has_the_time_is_given_no_bound() -> None:
    store = Busy(100)
    account(store)("acme", MONTH, LOOK)
    assert store.given == [None] * 30
