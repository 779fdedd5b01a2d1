"""The worked table of an invoice's states, and what it permits, told without the code under test."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from meterhouse.billing.invoice import Invoice, Severity

TABLE: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""Of every state but gathering, which trigger leads where under which guards."""
TABLE["delete.failed"]["retry"] = [{"to": "draft.validating", "guards": []}]
"""Ours: what was collected meanwhile is not deleted, and comes back to life."""


def permits(invoice: Invoice, trigger: str, now: datetime) -> bool:
    """Whether the trigger leads anywhere from where the invoice is."""
    ways = TABLE[invoice.state.value].get(trigger, [])
    return any(all(_holds(guard, invoice, now) for guard in way["guards"]) for way in ways)


def possible(invoice: Invoice, triggers: Iterable[str], now: datetime) -> list[str]:
    return [trigger for trigger in triggers if permits(invoice, trigger, now)]


def leads(source: str, trigger: str) -> set[str]:
    """Where the trigger leads from the state, whatever the guards."""
    return {way["to"] for way in TABLE[source].get(trigger, [])}


def _holds(guard: str, invoice: Invoice, now: datetime) -> bool:
    critical = any(issue.severity is Severity.CRITICAL for issue in invoice.issues)
    return {
        "collection_at passed and quantities ready": invoice.collection_at is None or invoice.collection_at <= now,
        "collection_at passed": invoice.collection_at is None or invoice.collection_at <= now,
        "no critical issue": not critical,
        "auto_advance on": invoice.workflow.auto_advance,
        "auto_advance off": not invoice.workflow.auto_advance,
        "draft_until passed": invoice.draft_until is None or invoice.draft_until <= now,
        "app CanDraftSyncAdvance": invoice.draft_synced_at is not None,
        "app CanIssuingSyncAdvance": invoice.issuing_synced_at is not None,
        "at least one live line": bool(invoice.lines),
        "lines loaded and no live line": not invoice.lines,
    }[guard]
