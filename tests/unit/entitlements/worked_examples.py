"""The worked examples of the burn-down: cases of OpenMeter's own tests, each with the file it comes from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from meterhouse.entitlements.burn_down import Balance, BurnDown, Stretch, Usage, burn_down
from meterhouse.entitlements.entitlement import floor_minute
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.cadence import Cadence, add
from meterhouse.kernel.instant import parse_rfc3339

_FILE = Path(__file__).with_name("worked_examples.json")


@dataclass(frozen=True)
class Example:
    id: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether a run can be made of its inputs as they stand; the others are told in words."""
        return {"usage", "grants", "start_at", "start_balances", "until"} <= self.inputs.keys()

    @property
    def grants(self) -> list[Grant]:
        return [grant_of(grant) for grant in self.inputs["grants"]]

    @property
    def start(self) -> Balance:
        start_at = parse_rfc3339(self.inputs["start_at"])
        balances = {id_: Decimal(left) for id_, left in self.inputs["start_balances"].items()}
        return Balance(start_at, start_at, balances, overage=Decimal(self.inputs["start_overage"]))

    def run(self) -> BurnDown:
        preserving = self.inputs.get("preserve_overage", False)
        resets = [Reset(parse_rfc3339(at), preserving) for at in self.inputs.get("resets", ())]
        is_gauge = self.inputs["meter_aggregation"] == "LATEST"
        usage = (last_of if is_gauge else sum_of)(self.inputs["usage"])
        until = parse_rfc3339(self.inputs["until"])
        return burn_down(self.start, self.grants, resets, until, usage, is_gauge=is_gauge)


def examples() -> dict[str, Example]:
    cases = json.loads(_FILE.read_text(encoding="utf-8"), parse_float=Decimal)
    return {case["id"]: Example(case["id"], case["inputs"], case["expected"]) for case in cases}


def grant_of(described: Mapping[str, Any]) -> Grant:
    begins = floor_minute(parse_rfc3339(described["effective_at"]))
    lasts = Cadence.parse(described["expires_after"]) if "expires_after" in described else None
    expires = described.get("expires_at")
    voided = described.get("deleted_at")
    recurrence = described.get("recurrence")
    return Grant(
        id=described["id"],
        entitlement_id="e",
        amount=Decimal(described.get("amount", 100)),
        effective_at=begins,
        created_at=parse_rfc3339(described["created_at"]) if "created_at" in described else begins,
        updated_at=begins,
        priority=described["priority"],
        expires_at=parse_rfc3339(expires) if expires else add(begins, lasts) if lasts else None,
        expiration=lasts,
        recurrence=recurrence
        and Recurrence(Cadence.parse(recurrence["interval"]), parse_rfc3339(recurrence["anchor"])),
        min_rollover=Decimal(described.get("min_rollover", 0)),
        max_rollover=Decimal(described.get("max_rollover", 0)),
        voided_at=parse_rfc3339(voided) if voided else None,
    )


def sum_of(events: list[Mapping[str, Any]]) -> Usage:
    def usage(stretch: Stretch) -> Decimal:
        return sum(values_in(events, stretch), Decimal(0))

    return usage


def last_of(events: list[Mapping[str, Any]]) -> Usage:
    def usage(stretch: Stretch) -> Decimal | None:
        values = values_in(events, stretch)
        return values[-1] if values else None

    return usage


def values_in(events: list[Mapping[str, Any]], stretch: Stretch) -> list[Decimal]:
    return [Decimal(event["value"]) for event in events if stretch.start <= parse_rfc3339(event["at"]) < stretch.end]
