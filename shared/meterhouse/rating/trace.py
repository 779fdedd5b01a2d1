"""How a line's amounts came about, as a document that anyone can follow, check, and rate again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import localcontext
from typing import Any, NamedTuple

from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.amounts import Amount
from meterhouse.rating.commitments import Bounds
from meterhouse.rating.line import DetailedLine, Totals
from meterhouse.rating.part import Part
from meterhouse.rating.quantity import Quantities
from meterhouse.rating.trace_text import encoded, written
from meterhouse.rating.usage import Usage

VERSION = 2
"""1: prices alone, steps with arithmetic. 2: the whole pipeline, and all that is needed to rate again."""


class Trace(NamedTuple):
    """All that had a say in a line's amounts, step by step. It is written when it is asked for.

    Attributes:
        quantities: from metered to charged units.
        bounds: the commitments.
        parts: what the price came to, tier by tier, with `amounts` in the same order.
        lines: those of the parts in the same order, then what the minimum adds.
    """

    usage: Usage
    quantities: Sequence[Quantities]
    bounds: Bounds
    parts: Sequence[Part]
    amounts: Sequence[Amount]
    lines: Sequence[DetailedLine]
    totals: Totals

    @property
    def canonical(self) -> str:
        """The trace as canonical JSON, with all that is needed to rate again and come to the same."""
        with localcontext(EXACT):
            return written(self, VERSION)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex: the same inputs give the same hash in every run."""
        return digest(self.canonical)

    def document(self) -> dict[str, Any]:
        """The trace with its `hash`, to be stored and shown."""
        return with_hash(self.canonical)


def is_genuine(document: Mapping[str, Any]) -> bool:
    """Whether a stored trace, of any version, still is what its hash was taken of."""
    content = {name: value for name, value in document.items() if name != "hash"}
    return digest(encoded(content)) == document.get("hash")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def with_hash(text: str) -> dict[str, Any]:
    """The document of a canonical text, with its `hash`."""
    content: dict[str, Any] = json.loads(text)
    return {**content, "hash": digest(text)}
