"""A trace as lines of text, to be read by those who pay."""

from collections.abc import Iterator, Mapping
from typing import Any


def statement_of(document: Mapping[str, Any]) -> list[str]:
    """The steps of a stored trace, of any version, in their order, with its total and its hash."""
    return list(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    inputs, currency = document["inputs"], document["inputs"]["currency"]
    yield _title(inputs)
    for quantity in document.get("quantities", ()):
        if quantity["step"] == "metered":
            yield f"metered: {_metered(quantity)}"
        else:
            yield f"{quantity['step'].replace('_', ' ')}: {quantity['arithmetic']}"
    for step in document["steps"]:
        yield f"{step['name']}: {step['arithmetic']}"
        for taken in step.get("discounts", ()):
            text = taken.get("arithmetic", f"{taken['amount']} {currency}")
            yield f"  less {taken['reason'].replace('_', ' ')}: {text}"
    yield f"total: {document['totals']['total']} {currency}"
    yield f"sha256: {document['hash']}"


def _title(inputs: Mapping[str, Any]) -> str:
    period, name, version = inputs["service_period"], inputs.get("name"), inputs.get("price_version")
    start = f"{name}, " if name else ""
    return f"{start}{period['from']} to {period['to']}{f', price {version}' if version else ''}"


def _metered(quantity: Mapping[str, Any]) -> str:
    before = quantity["before"]
    return quantity["after"] if before == "0" else f"{quantity['after']}, of them {before} before"
