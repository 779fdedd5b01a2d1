"""What became of accepted events, in ClickHouse."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from meterhouse.kernel.period import Period
from meterhouse.metering.account_for_events import AskedMeter, Look
from meterhouse.metering.batch import microseconds
from meterhouse.metering.conservation import Account, HourAccount
from meterhouse.metering.event import LATEST
from meterhouse.metering.list_conflicts import Conflict, ConflictQuery, Writing
from meterhouse.metering.written import unpacked
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "conservation.sql")
_ACCOUNT = _SQL["account"].replace("{writings}", _SQL["writings"]).replace("{in_period}", _SQL["in_period"])
_CONFLICTS = _SQL["conflicts"].replace("{in_period}", _SQL["in_period"])
_WITNESSED = _SQL["witnessed"].replace("{in_period}", _SQL["in_period"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MICROSECOND, _MILLISECOND = timedelta(seconds=1), timedelta(microseconds=1), timedelta(milliseconds=1)
_NONE = {"": 1}
"""In the place of no meter, for an empty list has no type; no event is of type ""."""


class ClickHouseConservation:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def by_hour(
        self, namespace: str, period: Period, meters: Sequence[AskedMeter], look: Look, within: float | None = None
    ) -> list[HourAccount]:
        """The hours of acceptance in which anything is known.

        Raises:
            Unavailable: the store did not answer, or not within so many seconds.
        """
        parameters = _bounds(period) | {
            "namespace": namespace,
            "stored": _by_partition(look.stored, look),
            "ends": _by_partition(look.ends, look),
        }
        parameters |= _meters(meters)
        settings = {} if within is None else {"max_execution_time": within}
        return [
            HourAccount(_EPOCH + hour * _SECOND, Account(*numbers))
            for hour, *numbers in self._store.query(_ACCOUNT, parameters, settings)
        ]

    def conflicts(self, namespace: str, query: ConflictQuery) -> list[Conflict]:
        """The latest later writings first; raises as `by_hour`."""
        parameters = _bounds(query.period) | {
            "namespace": namespace,
            "before": str(query.before),
            "limit": query.limit,
        }
        return [
            Conflict(source, event_id, _writing(*first), _writing(*later), later[0])
            for source, event_id, first, later in self._store.query(_CONFLICTS, parameters)
        ]

    def witnessed(self, period: Period) -> list[str]:
        """Namespaces that events were accepted for or stored in; raises as `by_hour`."""
        return [namespace for (namespace,) in self._store.query(_WITNESSED, _bounds(period))]

    def died(self, period: Period) -> int:
        """Dead letters of the period; raises as `by_hour`."""
        [(letters,)] = self._store.query(_SQL["died"], _bounds(period))
        return int(letters)


def _bounds(period: Period) -> dict[str, object]:
    return {"from": (period.start - _EPOCH) // _SECOND, "to": (period.end - _EPOCH) // _SECOND}


def _meters(asked: Sequence[AskedMeter]) -> dict[str, object]:
    """The meters as columns; `kinds` number their event types from 1."""
    kinds = {kind: number for number, kind in enumerate(sorted({one.meter.event_type for one in asked}), 1)} or _NONE
    froms = [one.meter.event_from for one in asked]
    untils = [one.meter.deleted_at or LATEST for one in asked]
    return {
        "types": list(kinds),
        "kinds": list(kinds.values()),
        "meters": [one.meter.id for one in asked] or list(_NONE),
        "meter_kinds": [kinds[one.meter.event_type] for one in asked] or [1],
        "meter_froms": [0 if at is None else microseconds(at) for at in froms] or [0],
        "meter_untils": list(map(microseconds, untils)) or [0],
        "meter_needs": [int(one.is_complete) for one in asked] or [0],
    }


def _by_partition(offsets: Mapping[int, int], look: Look) -> list[int]:
    """An entry for each partition, none left out."""
    count = 1 + max([*look.stored, *look.ends], default=0)
    return [offsets.get(partition, 0) for partition in range(count)]


def _writing(written: int, kind: str, subject: str, time: int) -> Writing:
    ingested_at = _EPOCH + unpacked(written).ingested_ms * _MILLISECOND
    return Writing(kind, subject, _EPOCH + time * _MICROSECOND, ingested_at)
