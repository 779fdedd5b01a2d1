"""Worked examples of OpenMeter, read into what this room rates; ids, sources and figures stand in the JSON."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding
from meterhouse.kernel.currency import currency
from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.rating.line import DetailedLine
from meterhouse.rating.usage import Usage
from tests.unit.rating.samples import DAY

Example = Mapping[str, Any]
ALL: list[Example] = json.loads(Path(__file__).with_name("worked_examples.json").read_text(encoding="utf-8"))

_PLACES = {
    "single_per_period": (True, True),
    "mid_period_split": (False, False),
    "last_in_period_split": (False, True),
    "cumulative calculator": (True, True),
}
"""Whether a line is the first and whether it is the last of its full period."""


def of(*areas: str) -> dict[str, Example]:
    return {example["id"]: example for example in ALL if example["area"] in areas}


def number(value: Any) -> Decimal:
    return Decimal(str(value))


def usage(inputs: Mapping[str, Any]) -> Usage:
    is_first, is_last = _PLACES[inputs["line_mode"]]
    return Usage(
        name="Departures",
        price=price(inputs["price"]),
        currency=currency(inputs["currency"]),
        service_period=Period(*(parse_rfc3339(text) for text in inputs["period"])),
        quantity=number(inputs["quantity"]),
        quantity_before=number(inputs.get("previously_billed_qty", 0)),
        amount_before=number(inputs.get("previously_billed_amount", 0)),
        is_first=is_first,
        is_last=is_last,
    )


def whole(inputs: Mapping[str, Any], quantity: Any, discounts: Discounts = Discounts()) -> Usage:  # noqa: B008 - frozen
    """A full period on one line."""
    return Usage("Departures", price(inputs["price"]), currency("USD"), DAY, number(quantity), discounts=discounts)


def price(given: Mapping[str, Any]) -> Price:
    commitments = Commitments(_optional(given, "min"), _optional(given, "max"))
    match given["type"]:
        case "flat":
            return FlatPrice(number(given["amount"]), PaymentTerm(given["payment_term"]))
        case "unit":
            return UnitPrice(number(given["amount"]), commitments)
        case "package":
            return PackagePrice(number(given["amount"]), number(given["quantity_per_package"]), commitments)
        case "dynamic":
            return DynamicPrice(number(given["multiplier"]), commitments)
        case "tiered":
            tiers = (Tier(*(_optional(tier, name) for name in ("up_to", "flat", "unit"))) for tier in given["tiers"])
            return TieredPrice(TierMode(given["mode"]), tuple(tiers), commitments)
        case other:
            raise ValueError(f"no price {other!r}")


def unit_config(given: Mapping[str, Any]) -> UnitConfig:
    return UnitConfig(
        operation=Operation(given.get("operation") or given["op"]),
        conversion_factor=number(given.get("conversion_factor") or given["factor"]),
        rounding=UnitRounding(given["rounding"] or "none"),
        precision=given.get("precision", 0),
    )


def shown(line: DetailedLine) -> dict[str, Any]:
    """A detailed line in the words of the examples."""
    tier = [int(word) for word in line.key.split("-") if word.isdecimal()]
    return {
        "ref": line.key,
        "per_unit": line.per_unit_amount,
        "qty": line.quantity,
        "amount": line.amount,
        "discount": line.amount - line.net,
        "total": line.net,
        "tier": tier[0] if tier else None,
        "part": "flat" if line.key.endswith("flat-price") else "unit",
    }


def _optional(given: Mapping[str, Any], name: str) -> Decimal | None:
    value = given.get(name)
    return None if value is None else number(value)
