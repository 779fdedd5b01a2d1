"""Rollups and what they are made of in ClickHouse, compared."""

from collections.abc import Mapping

from meterhouse.metering.audit_rollups import RollupSpan
from meterhouse.metering.span import DAY, HOUR
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "rollup_audit.sql")
_VALUES = _SQL["sample"].format(table="meter_values", seconds=HOUR, start="hour")
_ROLLUPS = _SQL["sample"].format(table="usage_rollups", seconds="seconds", start="start")
_DIFFERENCES = {
    HOUR: _SQL["differences"].format(anew=_SQL["of_values"]),
    DAY: _SQL["differences"].format(anew=_SQL["of_hours"]),
}


class ClickHouseRollupAudit:
    """All raise `Unavailable` when the store does not answer."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def sample(self, count: int) -> list[RollupSpan]:
        """Half of them from the values, whose rollup may be missing; half from the rollups, whose values may."""
        half = {"count": count // 2}
        return [RollupSpan(*row) for text in (_VALUES, _ROLLUPS) for row in self._store.query(text, half)]

    def is_at_rest(self, span: RollupSpan, stored: Mapping[int, int]) -> bool:
        offsets = [stored.get(partition, 0) for partition in range(1 + max(stored, default=0))]
        return not self._store.query(_SQL["unrest"], _parameters(span) | {"stored": offsets})

    def differences(self, span: RollupSpan) -> int:
        [(count,)] = self._store.query(_DIFFERENCES[span.seconds], _parameters(span))
        return int(count)


def _parameters(span: RollupSpan) -> dict[str, object]:
    return {
        "namespace": span.namespace,
        "meter_id": span.meter_id,
        "seconds": span.seconds,
        "start": span.start,
        "end": span.start + span.seconds,
    }
