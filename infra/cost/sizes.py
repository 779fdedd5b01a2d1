"""The sizes that usage meets, as the templates have them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infra.observed import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Sizes:
    """Memories in GB, volumes in GiB; `workers` is how many balance workers work at most at once.

    Attributes:
        capabilities: that calls are told under.
        events_days: that raw events stay in ClickHouse; None: for ever.
        traced: whether X-Ray traces requests of ingest.
        lambda_lines: whether Lambda writes lines of its own for each of them.
        clickhouse_gib: of our own node; None where ClickHouse is somebody else's, and its storage is on his bill.
        backups_kept: how many of ClickHouse's nightly copies lie in S3; None without our own node.
    """

    ingest: Decimal
    sink: Decimal
    balances: Decimal
    workers: int
    kafka_gib: int
    kafka_days: Decimal
    partitions: int
    window: int
    clickhouse_gib: int | None
    backups_kept: int | None
    events_days: Decimal | None
    traced: bool
    lambda_lines: bool
    has_archive: bool
    most_units: Decimal
    capabilities: int


def sizes_of(resources: Mapping[str, Mapping[str, Any]]) -> Sizes:
    def all_of(kind: str) -> list[Mapping[str, Any]]:
        return [one["Properties"] for one in resources.values() if one["Type"] == kind]

    memory = {one.get("FunctionName", ""): one.get("MemorySize", 128) for one in all_of("AWS::Lambda::Function")}

    def gigabytes(name: str) -> Decimal:
        return next(Decimal(size) / 1024 for function, size in memory.items() if function.endswith(f"-{name}"))

    brokers = all_of("AWS::MSK::Cluster")[0]
    volume = brokers["BrokerNodeGroupInfo"]["StorageInfo"]["EBSStorageInfo"]["VolumeSize"]
    nodes = [int(one["Size"]) for one in all_of("AWS::EC2::Volume")]
    scaling = all_of("AWS::RDS::DBCluster")[0]["ServerlessV2ScalingConfiguration"]
    return Sizes(
        ingest=gigabytes("ingest_events"),
        sink=gigabytes("sink_events"),
        balances=gigabytes("evaluate_balances"),
        workers=_workers(resources, all_of("AWS::Lambda::EventSourceMapping")),
        kafka_gib=brokers["NumberOfBrokerNodes"] * volume,
        kafka_days=_retention(all_of("AWS::MSK::Configuration")[0]["ServerProperties"]),
        partitions=int(_environment(all_of("AWS::Lambda::Function"), "migrate_databases")["KAFKA_PARTITIONS"]),
        window=next(
            one["MaximumBatchingWindowInSeconds"]
            for one in all_of("AWS::Lambda::EventSourceMapping")
            if "Topics" in one
        ),
        clickhouse_gib=sum(nodes) if nodes else None,
        backups_kept=_backups_kept(resources) if nodes else None,
        events_days=_events_days(all_of("AWS::Lambda::Function")),
        traced=_function(all_of("AWS::Lambda::Function"), "ingest_events")["TracingConfig"]["Mode"] == "Active",
        lambda_lines="SystemLogLevel"
        not in _function(all_of("AWS::Lambda::Function"), "ingest_events")["LoggingConfig"],
        has_archive=any(name.startswith("Archive") for name in resources),
        most_units=Decimal(str(scaling["MaxCapacity"])),
        capabilities=len(set(_capabilities(all_of("AWS::Lambda::Function")))),
    )


def _capabilities(functions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What functions of ours tell their calls under; those of the CDK tell none."""
    for function in functions:
        variables = function.get("Environment", {}).get("Variables", {})
        if VARIABLE in variables:
            yield variables[VARIABLE]


def _workers(resources: Mapping[str, Mapping[str, Any]], mappings: Iterable[Mapping[str, Any]]) -> int:
    for mapping in mappings:
        function = resources[mapping["FunctionName"]["Ref"]]["Properties"]["FunctionName"]
        if function.endswith("-evaluate_balances"):
            return int(mapping["ScalingConfig"]["MaximumConcurrency"])
    raise LookupError("no mapping of evaluate_balances")


def _function(functions: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(one for one in functions if one.get("FunctionName", "").endswith(f"-{name}"))


def _environment(functions: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return dict(_function(functions, name)["Environment"]["Variables"])


def _events_days(functions: Iterable[Mapping[str, Any]]) -> Decimal | None:
    days = _environment(functions, "migrate_databases").get("EVENTS_RETENTION_DAYS")
    return None if days is None else Decimal(days)


def _retention(properties: str) -> Decimal:
    told = dict(line.split("=", 1) for line in properties.split())
    return Decimal(told["log.retention.hours"]) / 24


def _backups_kept(resources: Mapping[str, Mapping[str, Any]]) -> int:
    """Days of the backups' bucket, where the node's boot script has them made."""
    boot = next(str(one["Properties"]) for one in resources.values() if one["Type"] == "AWS::EC2::LaunchTemplate")
    if "systemctl disable --now back-up-clickhouse" in boot or "'BACKUPS': 'disable'" in boot:
        return 0
    kept = [one for name, one in resources.items() if name.startswith("ClickHouseBackups") and "Policy" not in name]
    return int(kept[0]["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"])
