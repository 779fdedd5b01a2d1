"""A stored trace, rated again: the same inputs must come to the same amounts, and to the same trace."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from meterhouse.catalog.price_document import discounts_from_document, price_from_document, unit_config_from_document
from meterhouse.kernel.currency import Currency
from meterhouse.rating.conventions import (
    OPENMETER,
    Conventions,
    CutPeriod,
    FirstTierFlat,
    Fractions,
    RoundingPoint,
    UpTo,
)
from meterhouse.rating.correction_trace import CorrectionTrace, Epoch
from meterhouse.rating.corrections import rate_late
from meterhouse.rating.document import line_from_document, period_from_document
from meterhouse.rating.rate import rate
from meterhouse.rating.trace import VERSION, Trace
from meterhouse.rating.usage import Usage


def rerun(document: Mapping[str, Any]) -> Trace | CorrectionTrace:
    """The trace that the inputs of a stored trace give today.

    Raises:
        ValueError: the document is of a version that was never written.
    """
    if document["version"] not in range(1, VERSION + 1):
        raise ValueError(f"there is no version {document['version']!r} of a trace")
    usage = usage_of(document)
    if "epochs" in document:
        return rate_late(usage, [_epoch(epoch) for epoch in document["epochs"]]).trace
    return rate(usage).trace


def reproduces(document: Mapping[str, Any]) -> bool:
    """Whether rating again comes to the same: to the same hash; for a trace of version 1, to the same amounts."""
    again = rerun(document)
    if document["version"] == VERSION:
        return again.hash == document.get("hash")
    return _results(again.document()) == _results(document)


def usage_of(document: Mapping[str, Any]) -> Usage:
    """What a stored trace says its line was rated from; version 1 knew neither names nor what later steps need."""
    inputs, unit_config = document["inputs"], document["inputs"].get("unit_config")
    whole_period = inputs.get("whole_period")
    exponent = document["rounding"]["exponent"]
    return Usage(
        name=inputs.get("name", ""),
        price=price_from_document(inputs["price"]),
        currency=Currency(inputs["currency"], exponent),
        service_period=period_from_document(inputs["service_period"]),
        quantity=Decimal(inputs["quantity"]),
        quantity_before=Decimal(inputs["quantity_before"]),
        is_first=inputs["is_first"],
        is_last=inputs["is_last"],
        share=Fraction(inputs["share"]),
        amount_before=Decimal(inputs.get("amount_before", 0)),
        discounts=discounts_from_document(inputs.get("discounts", {})),
        unit_config=None if unit_config is None else unit_config_from_document(unit_config),
        is_progressive=inputs.get("is_progressive", True),
        whole_period=None if whole_period is None else period_from_document(whole_period),
        price_version=inputs.get("price_version", ""),
        conventions=conventions_from_document(inputs.get("conventions")),
    )


def conventions_from_document(document: Mapping[str, Any] | None) -> Conventions:
    """Conventions as they are stored; what was stored before there were any is as OpenMeter has it."""
    if document is None:
        return OPENMETER
    return Conventions(
        first_tier_flat=FirstTierFlat(document["first_tier_flat"]),
        up_to=UpTo(document["up_to"]),
        fractions=Fractions(document["fractions"]),
        rounding_point=RoundingPoint(document["rounding_point"]),
        commitments_of_a_cut_period=CutPeriod(document["commitments_of_a_cut_period"]),
    )


def _epoch(document: Mapping[str, Any]) -> Epoch:
    booked = tuple(line_from_document(line) for line in document["booked"])
    return Epoch(period_from_document(document["service_period"]), Decimal(document["quantity"]), booked)


def _results(document: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    return [(step["key"], step["amount"]) for step in document["steps"]], document["totals"]["total"]
