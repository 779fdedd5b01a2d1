"""What people read of a notification."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from meterhouse.notifications.notification import Notification
from meterhouse.notifications.rule import EventType
from meterhouse.notifications.senders import slack_body
from meterhouse.notifications.texts import text_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
VALUE = {"usage": 95, "balance": 5.5, "overage": 0, "hasAccess": True}
OF_ENTITLEMENT = {
    "feature": {"key": "tokens", "name": "GPT tokens"},
    "subject": {"key": "s-1"},
    "customer": {"name": "ACME"},
    "value": VALUE,
}
OF_INVOICE = {
    "id": "01J",
    "number": "INV-7",
    "status": "paid",
    "currency": "EUR",
    "customer": {"id": "01K", "name": "ACME"},
    "totals": {"total": "12.30"},
}


def told(kind: EventType, data: dict[str, Any], *, is_test: bool = False) -> Notification:
    return Notification("01JEVENT", kind, "01R", AT, json.dumps({"data": data}), is_test=is_test)


@pytest.mark.parametrize(
    ("kind", "data", "title", "lines"),
    [
        (
            EventType.BALANCE_THRESHOLD,
            OF_ENTITLEMENT | {"threshold": {"type": "usage_percentage", "value": 90}},
            "GPT tokens: usage of ACME passed 90 %",
            ("Used: 95", "Left: 5.5", "Over: 0"),
        ),
        (
            EventType.BALANCE_THRESHOLD,
            OF_ENTITLEMENT | {"threshold": {"type": "balance_value", "value": 10.0}},
            "GPT tokens: balance of ACME fell below 10",
            ("Used: 95", "Left: 5.5", "Over: 0"),
        ),
        (
            EventType.BALANCE_THRESHOLD,
            OF_ENTITLEMENT | {"threshold": {"type": "NUMBER", "value": 1000}, "customer": None},
            "GPT tokens: usage of s-1 passed 1000",
            ("Used: 95", "Left: 5.5", "Over: 0"),
        ),
        (
            EventType.ENTITLEMENT_RESET,
            OF_ENTITLEMENT,
            "GPT tokens was reset for ACME",
            ("Used: 95", "Left: 5.5", "Over: 0"),
        ),
        (
            EventType.INVOICE_CREATED,
            OF_INVOICE,
            "Invoice INV-7 was created",
            ("Customer: ACME", "Total: 12.3 EUR"),
        ),
        (
            EventType.INVOICE_UPDATED,
            OF_INVOICE | {"number": None, "customer": {"id": "01K"}},
            "Invoice 01J is paid",
            ("Customer: 01K", "Total: 12.3 EUR"),
        ),
    ],
)
def test_each_type_of_event_has_words_of_its_own(
    kind: EventType, data: dict[str, Any], title: str, lines: tuple[str, ...]
) -> None:
    text = text_of(told(kind, data))
    assert (text.title, text.lines) == (title, (*lines, "Event 01JEVENT"))
    tried = text_of(told(kind, data, is_test=True))
    assert (tried.title, tried.lines[0]) == (f"[test] {title}", "This is a test: its contents are made up.")


def test_a_customer_s_name_breaks_neither_lines_nor_markup() -> None:
    name = "Evil\r\nBcc: all@example.com <!channel> \u2028" + "x" * 200
    evil = told(EventType.INVOICE_UPDATED, OF_INVOICE | {"number": name, "customer": {"name": name}})
    text = text_of(evil)
    assert "\n" not in text.title
    assert text.body.count("\n") == 2
    assert len(text.title) < 120
    posted = json.loads(slack_body(evil))
    assert "<!channel>" not in posted["text"]
    assert {block["text"]["type"] for block in posted["blocks"]} == {"plain_text"}
