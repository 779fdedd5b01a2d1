"""What usage costs: events through the API, Kafka and the sink into ClickHouse, and the balances they move."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from infra.cost.standing import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.cost.prices import Line, Prices
    from infra.cost.scenario import Scenario
    from infra.cost.sizes import Sizes

SECONDS = DAYS * 86_400
GB = Decimal(10**9)
GIB = Decimal(2**30)
_THOUSAND = 1000
_CROSSES_ZONES = Decimal(2) / 3
"""Of what goes to one of three zones."""


def flowing(sizes: Sizes, scenario: Scenario, prices: Prices) -> list[Line]:
    """The lines of a month of the scenario's usage."""
    if not scenario.events:
        return []
    flow = _Flow(sizes, scenario, prices)
    return [*flow.ingest(), *flow.sink(), *flow.notices(), *flow.stores(), flow.metrics()]


def events_a_month(scenario: Scenario) -> Decimal:
    return scenario.events * DAYS


def stored_bytes(sizes: Sizes, scenario: Scenario) -> Decimal:
    """On ClickHouse's disk: raw events as long as they are kept, writings and values of all months."""
    of = partial(scenario.number, "clickhouse")
    months = of("months")
    of_events = months if sizes.events_days is None else min(months, sizes.events_days / DAYS)
    kept = (of("bytes_writing") + of("bytes_value") * of("meters_an_event")) * months
    return events_a_month(scenario) * (of("bytes_event") * of_events + kept)


def logged_bytes(sizes: Sizes, scenario: Scenario) -> Decimal:
    """On the brokers' disks."""
    of = scenario.number
    return scenario.events * of("ingest", "bytes_in_the_log") * sizes.kafka_days * of("kafka", "replicas")


class _Flow:
    def __init__(self, sizes: Sizes, scenario: Scenario, prices: Prices) -> None:
        self._sizes, self._of, self._line = sizes, scenario.number, prices.line
        self._scenario = scenario
        self._events = events_a_month(scenario)
        self._requests = self._events / self._of("ingest", "events_a_request")

    def ingest(self) -> Iterator[Line]:
        requests = (self._requests, "requests")
        seconds = (self._of("ingest", "milliseconds") / _THOUSAND, "s")
        yield self._line("API requests", "http api request", requests)
        yield self._line("ingest calls", "lambda request", requests)
        yield self._line("ingest", "lambda arm", requests, seconds, (self._sizes.ingest, "GB"))
        line = self._of("ingest", "bytes_of_logs") + self._of("ingest", "bytes_of_metrics")
        line += self._of("ingest", "bytes_of_lambda") * self._sizes.lambda_lines
        yield self._line("logs of requests", "log ingestion", requests, (line / GB, "GB"))
        if self._sizes.traced:
            traced = (self._of("ingest", "traced_of_a_thousand") / _THOUSAND, "of them")
            yield self._line("traces", "trace", requests, traced)

        yield self._line("limits of keys", "table write", requests, (self._settlements(), "writes"))

    def sink(self) -> Iterator[Line]:
        seconds = (self._of("sink", "microseconds") / 10**6, "s")
        yield self._line("sink", "lambda arm", (self._events, "events"), seconds, (self._sizes.sink, "GB"))
        batches = (self._batches(), "batches")
        yield self._line("sink calls", "lambda request", batches)
        start = (self._of("sink", "milliseconds_a_batch") / _THOUSAND, "s")
        yield self._line("sink's batches", "lambda arm", batches, start, (self._sizes.sink, "GB"))

    def notices(self) -> Iterator[Line]:
        """Told through outbox, bus and queue; a batch of a partition names each subject it touched once."""
        batches, namespaces = self._batches(), self._scenario.namespaces
        in_a_partition = Decimal(self._scenario.subjects) / min(namespaces, self._sizes.partitions)
        touched = min(in_a_partition, self._events / batches)
        size, longest = self._of("balances", "bytes_a_subject"), self._of("balances", "bytes_a_notice")
        told = max(Decimal(1), touched * size / longest) * batches
        notices = (told, "notices")
        yield self._line("notices on the bus", "domain event", notices)
        yield self._line("notices in the queue", "sqs request", notices, (3, "requests"))
        writes = (self._of("balances", "writes_a_notice"), "writes")
        yield self._line("outbox, requests to storage", "aurora request to storage", notices, writes)
        days = self._of("balances", "notice_kept_days")
        gib = (told / DAYS * days * min(touched * size, longest) / GIB, "GiB")
        yield self._line("outbox, published notices kept", "aurora storage", gib)
        workers = (min(self._sizes.workers, max(1, namespaces)), "workers")
        busy = min(SECONDS, told)  # a batch of notices takes no worker less than about a second
        yield self._line("balances", "lambda arm", workers, (busy, "s"), (self._sizes.balances, "GB"))

    def stores(self) -> Iterator[Line]:
        units = (self._of("postgres", "units"), "units beside")
        yield self._line("Aurora under load", "aurora capacity unit", units, (SECONDS / 3600, "h"))
        events = (self._events, "events")
        logged = (2 * self._of("ingest", "bytes_in_the_log") / GB * _CROSSES_ZONES, "GB")
        yield self._line("Kafka between zones", "between zones", events, logged)
        sent = (self._of("clickhouse", "bytes_sent") / GB * _CROSSES_ZONES, "GB")
        yield self._line("ClickHouse between zones", "between zones", events, sent)
        if self._sizes.backups_kept:
            copies = (self._sizes.backups_kept, "full backups")
            yield self._line(
                "ClickHouse backups", "object storage", copies, (stored_bytes(self._sizes, self._scenario) / GB, "GB")
            )

        yield from self._archive()

    def metrics(self) -> Line:
        """Of all namespaces together, of each of the largest, and of each capability."""
        shown = min(self._scenario.namespaces, int(self._of("observed", "most_namespaces")))
        of_capabilities = self._sizes.capabilities * self._of("observed", "metrics_a_capability")
        series = self._of("observed", "metrics") + shown * self._of("observed", "metrics_a_namespace") + of_capabilities
        return self._line("metrics of ours", "custom metric", (series, "series"))

    def _archive(self) -> Iterator[Line]:
        if self._sizes.has_archive:
            size = self._of("archive", "bytes_event") * self._of("archive", "months") / GB
            yield self._line("archive of events", "object storage", (self._events, "events"), (size, "GB"))

    def _settlements(self) -> Decimal:
        """Of a request: a key settles a twentieth of a second's worth at once, or each (ADR 0055)."""
        of = partial(self._of, "limits")
        limit = of("of_the_average") * self._requests / SECONDS / self._scenario.namespaces
        return of("items") / max(Decimal(1), limit / of("settled_a_second"))

    def _batches(self) -> Decimal:
        """A batch closes after its window, or with each request where these are rarer, or when it is full."""
        windows = self._sizes.partitions * SECONDS / self._sizes.window
        return max(min(windows, self._requests), self._events / self._of("sink", "most_events_a_batch"))
