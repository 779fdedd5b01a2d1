"""How a line's amounts came about, as a document that anyone can follow and check."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from meterhouse.catalog.document import price_to_document
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.rating.line import WHOLE, DetailedLine, Part, Totals, Usage

VERSION = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """Inputs, steps and totals as canonical JSON: sorted keys, no spaces, every number in a string."""

    canonical: str

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex: the same inputs give the same hash in every run."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """The trace with its `hash`, to be stored and shown."""
        content: dict[str, Any] = json.loads(self.canonical)
        return {**content, "hash": self.hash}


def is_genuine(document: Mapping[str, Any]) -> bool:
    """Whether a stored trace still is what its hash was taken of."""
    content = {name: value for name, value in document.items() if name != "hash"}
    return Trace(_canonical(content)).hash == document.get("hash")


def trace_of(usage: Usage, parts: Sequence[Part], lines: Sequence[DetailedLine], totals: Totals) -> Trace:
    """The trace of a rating; `parts` and `lines` correspond by position."""
    steps = [_step(part, line, usage.currency.code) for part, line in zip(parts, lines, strict=True)]
    content = {
        "version": VERSION,
        "inputs": _inputs(usage),
        "steps": steps,
        "rounding": {"mode": "half_away_from_zero", "exponent": usage.currency.exponent},
        "totals": {"amount": _plain(totals.amount), "total": _plain(totals.total)},
    }
    return Trace(_canonical(content))


def _inputs(usage: Usage) -> dict[str, Any]:
    return {
        "price": price_to_document(usage.price),
        "currency": usage.currency.code,
        "service_period": {
            "from": format_rfc3339(usage.service_period.start),
            "to": format_rfc3339(usage.service_period.end),
        },
        "quantity": _plain(usage.quantity),
        "quantity_before": _plain(usage.quantity_before),
        "is_first": usage.is_first,
        "is_last": usage.is_last,
        "share": str(usage.share),
    }


def _step(part: Part, line: DetailedLine, currency: str) -> dict[str, Any]:
    quantity, per_unit, amount = _plain(part.quantity), _plain(part.per_unit_amount), _plain(line.amount)
    exact = part.exact
    before = str(exact) if isinstance(exact, Fraction) else _plain(exact)
    share = "" if part.share == WHOLE else f" x {part.share}"
    rounded = "" if before == amount else f", rounded {amount}"
    step: dict[str, Any] = {
        "key": part.key,
        "name": part.name,
        "per_unit_amount": per_unit,
        "quantity": quantity,
        "share": str(part.share),
        "exact": before,
        "amount": amount,
        "arithmetic": f"{quantity} x {per_unit}{share} = {before}{rounded} {currency}",
    }
    if part.tier is not None:
        up_to = None if part.tier.up_to is None else _plain(part.tier.up_to)
        step["tier"] = {"number": part.tier.number, "over": _plain(part.tier.over), "up_to": up_to}
    return step


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Decimal) -> str:
    """The one way to write a value: the store gives 1.50 back where 1.5 went in, and both must hash the same."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
