"""What stands costs, whether it is used or not: read off the resources of the synthesised templates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infra.cost.free import FREE
from infra.cost.prices import NotPricedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.cost.prices import Line, Prices
    from infra.cost.scenario import Scenario

DAYS = Decimal("30.4")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_STATES = 6
"""Transitions of a scheduled workflow that finds nothing to do."""


def standing(resources: Mapping[str, Mapping[str, Any]], prices: Prices, scenario: Scenario) -> list[Line]:
    """The lines of all resources, equal parts together.

    Raises:
        NotPricedError: resources of a type that is neither charged nor listed as free, or of a size without a price.
    """
    unknown = sorted({one["Type"] for one in resources.values()} - CHARGED.keys() - FREE.keys())
    if unknown:
        raise NotPricedError(f"{', '.join(unknown)}: neither charged in standing.py nor listed in free.py")
    walk = _Walk(resources, prices, scenario)
    lines = [
        line
        for one in resources.values()
        if one["Type"] in CHARGED
        for line in CHARGED[one["Type"]](walk, one.get("Properties", {}))
    ]
    return _together(lines)


def _together(lines: list[Line]) -> list[Line]:
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.part, line.arithmetic), []).append(line)
    return [
        type(group[0])(
            part, f"{len(group)} x ({text})" if len(group) > 1 else text, sum((one.usd for one in group), Decimal(0))
        )
        for (part, text), group in groups.items()
    ]


class _Walk:
    def __init__(self, resources: Mapping[str, Mapping[str, Any]], prices: Prices, scenario: Scenario) -> None:
        self._resources, self._prices, self._scenario = resources, prices, scenario
        self._month = prices.month()

    def kafka(self, cluster: Mapping[str, Any]) -> Iterator[Line]:
        brokers, group = cluster["NumberOfBrokerNodes"], cluster["BrokerNodeGroupInfo"]
        volume = group["StorageInfo"]["EBSStorageInfo"]["VolumeSize"]
        yield self._prices.line("MSK brokers", group["InstanceType"], (brokers, "brokers"), self._month)
        yield self._prices.line("MSK volumes", "kafka storage", (brokers, "brokers"), (volume, "GiB"))

    def aurora(self, cluster: Mapping[str, Any]) -> Iterator[Line]:
        least = Decimal(str(cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"]))
        instances = sum(1 for one in self._resources.values() if one["Type"] == "AWS::RDS::DBInstance")
        awake = self._month
        if least == 0:
            least, minutes = Decimal("0.5"), self._scenario.number("postgres", "awake_minutes_an_hour")
            awake = round(self._prices.hours * minutes / 60), "h awake"
        yield self._prices.line(
            "Aurora capacity kept", "aurora capacity unit", (instances, "instances"), (least, "units"), awake
        )
        gib = self._scenario.number("postgres", "gib")
        yield self._prices.line("Aurora storage", "aurora storage", (gib, "GiB"))
        if cluster.get("ManageMasterUserPassword"):
            yield self._prices.line("secrets", "secret")

    def node(self, group: Mapping[str, Any]) -> Iterator[Line]:
        template = self._resources[group["LaunchTemplate"]["LaunchTemplateId"]["Ref"]]["Properties"]
        data = template["LaunchTemplateData"]
        instances = int(group["MinSize"])
        yield self._prices.line("ClickHouse node", data["InstanceType"], (instances, "instance"), self._month)
        for device in data["BlockDeviceMappings"]:
            yield self._prices.line("ClickHouse root volume", "gp3", (device["Ebs"]["VolumeSize"], "GiB"))

    def volume(self, volume: Mapping[str, Any]) -> Iterator[Line]:
        yield self._prices.line("ClickHouse volume", volume["VolumeType"], (volume["Size"], "GiB"))

    def nat(self, _: Mapping[str, Any]) -> Iterator[Line]:
        yield self._prices.line("NAT gateway", "nat gateway", self._month)

    def address(self, _: Mapping[str, Any]) -> Iterator[Line]:
        yield self._prices.line("its public address", "public address", self._month)

    def endpoint(self, endpoint: Mapping[str, Any]) -> Iterator[Line]:
        if endpoint.get("VpcEndpointType") == "Interface":
            zones = len(endpoint["SubnetIds"])
            yield self._prices.line("interface endpoints", "interface endpoint", (zones, "zones"), self._month)

    def mapping(self, mapping: Mapping[str, Any]) -> Iterator[Line]:
        pollers = mapping.get("ProvisionedPollerConfig")
        if pollers:
            least = pollers["MinimumPollers"]
            yield self._prices.line("event pollers kept", "event poller", (least, "pollers"), self._month)

    def alarm(self, alarm: Mapping[str, Any]) -> Iterator[Line]:
        metrics = sum(1 for one in alarm.get("Metrics", ()) if "MetricStat" in one) or 1
        yield self._prices.line("alarms", "alarm metric", (metrics, "metrics"))

    def schedule(self, schedule: Mapping[str, Any]) -> Iterator[Line]:
        if schedule["State"] != "ENABLED":
            return
        times = (calls_a_month(schedule["ScheduleExpression"]), "calls")
        yield self._prices.line("schedules", "scheduled call", times)
        started = self._resources[
            schedule["Target"]["Arn"].get("Fn::GetAtt", [schedule["Target"]["Arn"].get("Ref")])[0]
        ]
        if started["Type"] == "AWS::Lambda::Function":
            yield self._prices.line("scheduled functions, idle", "lambda request", times)
            memory, idle = started["Properties"]["MemorySize"], self._scenario.number("functions", "idle_seconds")
            gigabytes = (Decimal(memory) / 1024, "GB")
            yield self._prices.line("scheduled functions, idle", "lambda arm", times, gigabytes, (idle, "s"))
        else:
            yield self._prices.line("scheduled workflows, idle", "state transition", times, (_STATES, "states"))

    def one(self, part: str, price: str) -> Line:
        return self._prices.line(part, price)

    def firewall(self, acl: Mapping[str, Any]) -> Iterator[Line]:
        yield self._prices.line("firewall", "web acl")
        yield self._prices.line("firewall rules", "web acl rule", (len(acl["Rules"]), "rules"))


def _single(part: str, price: str) -> Callable[[_Walk, Mapping[str, Any]], Iterator[Line]]:
    def charge(walk: _Walk, _: Mapping[str, Any]) -> Iterator[Line]:
        yield walk.one(part, price)

    return charge


def calls_a_month(expression: str) -> Decimal:
    """How often a schedule calls in a month.

    Raises:
        NotPricedError: it is of a form that this does not read.
    """
    if rate := _RATE.fullmatch(expression):
        return DAYS * 1440 / (int(rate[1]) * _MINUTES[rate[2]])
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if len(fields) != len(["minute", "hour", "day", "month", "weekday", "year"]) or fields[2:] != ["*", "*", "?", "*"]:
        raise NotPricedError(f"the schedule {expression!r} is not read by infra/cost/standing.py")
    return DAYS * _times(fields[0], 60) * _times(fields[1], 24)


def _times(field: str, span: int) -> int:
    first, _, step = field.partition("/")
    if step:
        return len(range(int(first), span, int(step)))
    return span if field == "*" else len(field.split(","))


CHARGED: Mapping[str, Callable[[_Walk, Mapping[str, Any]], Iterator[Line]]] = {
    "AWS::MSK::Cluster": _Walk.kafka,
    "AWS::RDS::DBCluster": _Walk.aurora,
    "AWS::AutoScaling::AutoScalingGroup": _Walk.node,
    "AWS::EC2::Volume": _Walk.volume,
    "AWS::EC2::NatGateway": _Walk.nat,
    "AWS::EC2::EIP": _Walk.address,
    "AWS::EC2::VPCEndpoint": _Walk.endpoint,
    "AWS::Lambda::EventSourceMapping": _Walk.mapping,
    "AWS::SecretsManager::Secret": _single("secrets", "secret"),
    "AWS::KMS::Key": _single("keys", "kms key"),
    "AWS::CloudWatch::Alarm": _Walk.alarm,
    "AWS::CloudWatch::CompositeAlarm": _single("composite alarm", "composite alarm"),
    "AWS::CloudWatch::Dashboard": _single("dashboard", "dashboard"),
    "AWS::Scheduler::Schedule": _Walk.schedule,
    "AWS::WAFv2::WebACL": _Walk.firewall,
}
