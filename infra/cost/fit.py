"""Whether a scenario's usage fits the sizes of the templates: what cannot bear it is not cheap."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from infra.cost.flowing import GIB, logged_bytes, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.cost.scenario import Scenario
    from infra.cost.sizes import Sizes

_A_DAY = 86_400
_FULL = Decimal("0.75")
"""Where the alarm on the brokers' disks rings."""
_MERGES = Decimal("0.85")
"""Merging parts takes room beside them."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Something of which the usage needs more than there is."""

    what: str
    needs: Decimal
    has: Decimal

    def __str__(self) -> str:
        return f"{self.what}: needs {self.needs:,.0f}, has {self.has:,.0f}"


def shortages(sizes: Sizes, scenario: Scenario) -> list[Shortage]:
    return [one for one in _needs(sizes, scenario) if one.needs > one.has]


def _needs(sizes: Sizes, scenario: Scenario) -> Iterator[Shortage]:
    of = scenario.number
    yield Shortage("GiB on the brokers", logged_bytes(sizes, scenario) / GIB, sizes.kafka_gib * _FULL)
    if sizes.clickhouse_gib is not None:
        yield Shortage(
            "GiB on the ClickHouse node", stored_bytes(sizes, scenario) / GIB, sizes.clickhouse_gib * _MERGES
        )
    a_second = sizes.partitions / of("sink", "microseconds") * 10**6
    yield Shortage("events a second through the sink's partitions", scenario.events / _A_DAY, a_second)
    requests = scenario.events / of("ingest", "events_a_request") / _A_DAY
    yield Shortage("requests a second past the API's throttle", requests, of("ingest", "most_requests_a_second"))
    yield Shortage("Aurora units", of("postgres", "units"), sizes.most_units)
