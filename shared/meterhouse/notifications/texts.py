"""What people read of a notification, by e-mail or in Slack. Pure.

Names are the customers' own and may hold anything: they are shown on one line, and never as markup.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from meterhouse.notifications.rule import EventType, ThresholdType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meterhouse.notifications.notification import Notification

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Text:
    """`title` is one line."""

    title: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n".join(self.lines)


def text_of(notification: Notification) -> Text:
    """The words for a notification, by its type."""
    data: Mapping[str, Any] = json.loads(notification.payload, parse_float=Decimal)["data"]
    match notification.type:
        case EventType.BALANCE_THRESHOLD:
            title, lines = _threshold(data)
        case EventType.ENTITLEMENT_RESET:
            title, lines = f"{_feature(data)} was reset for {_whose(data)}", _standing(data["value"])
        case EventType.INVOICE_CREATED:
            title, lines = f"Invoice {_invoice(data)} was created", _totals(data)
        case EventType.INVOICE_UPDATED:
            title, lines = f"Invoice {_invoice(data)} is {_line(data['status'])}", _totals(data)
        case _:
            assert_never(notification.type)
    test = ("This is a test: its contents are made up.",) if notification.is_test else ()
    return Text(("[test] " if test else "") + title, (*test, *lines, f"Event {notification.id}"))


def _threshold(data: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    kind, value = ThresholdType(data["threshold"]["type"]), _number(data["threshold"]["value"])
    passed = f"fell below {value}" if kind.is_of_balance else f"passed {value}{' %' if kind.is_percentage else ''}"
    what = "balance" if kind.is_of_balance else "usage"
    return f"{_feature(data)}: {what} of {_whose(data)} {passed}", _standing(data["value"])


def _standing(value: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = (("Used", "usage"), ("Left", "balance"), ("Over", "overage"))
    return tuple(f"{name}: {_number(value[key])}" for name, key in wanted if value.get(key) is not None)


def _totals(invoice: Mapping[str, Any]) -> tuple[str, ...]:
    customer = invoice.get("customer", {})
    return (
        f"Customer: {_line(customer.get('name') or customer.get('id', ''))}",
        f"Total: {_number(invoice['totals']['total'])} {_line(invoice['currency'])}",
    )


def _invoice(invoice: Mapping[str, Any]) -> str:
    return _line(invoice.get("number") or invoice["id"])


def _feature(data: Mapping[str, Any]) -> str:
    return _line(data["feature"]["name"])


def _whose(data: Mapping[str, Any]) -> str:
    customer, subject = data.get("customer") or {}, data["subject"]
    return _line(customer.get("name") or subject.get("displayName") or subject["key"])


def _number(value: str | int | Decimal) -> str:
    number = f"{Decimal(value):f}"
    return number.rstrip("0").rstrip(".") if "." in number else number


def _line(text: object) -> str:
    """On one line, and not too long: a title is a header of a mail."""
    one = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return one if len(one) <= _LONGEST_NAME else f"{one[: _LONGEST_NAME - 1]}…"
