"""Detailed lines as JSON documents: decimals in strings. Billing stores them so, and corrections show them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meterhouse.catalog.price import PaymentTerm
from meterhouse.catalog.price_document import Write, as_given
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason

Document = dict[str, Any]
_OF_ROOMS_ABOVE = ("credits", "taxes_inclusive", "taxes_exclusive")


def line_to_document(line: DetailedLine, write: Write = as_given) -> Document:
    """The line as JSON; `line_from_document` gives an equal line back."""
    period = line.service_period
    return {
        "key": line.key,
        "name": line.name,
        "per_unit_amount": write(line.per_unit_amount),
        "quantity": write(line.quantity),
        "amount": write(line.amount),
        "payment_term": line.payment_term.value,
        "category": line.category.value,
        "discounts": [{"reason": reason.value, "amount": write(amount)} for reason, amount in line.discounts],
        "service_period": None if period is None else period_to_document(period),
        # rating knows none of these: a trace, and its hash, are the same with them and without
        **{name: write(getattr(line, name)) for name in _OF_ROOMS_ABOVE if getattr(line, name)},
    }


def line_from_document(document: Mapping[str, Any]) -> DetailedLine:
    """The line of a stored document; those that were stored before there were discounts have none."""
    period = document.get("service_period")
    return DetailedLine(
        key=document["key"],
        name=document["name"],
        per_unit_amount=Decimal(document["per_unit_amount"]),
        quantity=Decimal(document["quantity"]),
        amount=Decimal(document["amount"]),
        payment_term=PaymentTerm(document["payment_term"]),
        category=Category(document["category"]),
        discounts=tuple(
            AmountDiscount(DiscountReason(taken["reason"]), Decimal(taken["amount"]))
            for taken in document.get("discounts", ())
        ),
        service_period=None if period is None else period_from_document(period),
        **{name: Decimal(document.get(name, 0)) for name in _OF_ROOMS_ABOVE},
    )


def period_to_document(period: Period) -> Document:
    return {"from": format_rfc3339(period.start), "to": format_rfc3339(period.end)}


def period_from_document(document: Mapping[str, Any]) -> Period:
    return Period(parse_rfc3339(document["from"]), parse_rfc3339(document["to"]))
