"""One Stripe account in memory: its objects, its clock, the events it told."""

import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from localstack.stripe.errors import missing

Obj = dict[str, Any]

API_VERSION = "2026-10-28.endive"
"""The version whose shapes are served: that of the SDK in `uv.lock`."""


BORN_WITHOUT_INSTANT = {"invoiceitem", "line_item"}


@dataclass
class Account:
    """Everything that lasts between requests. `lock` is held while a request works on it.

    Attributes:
        api_keys: secret keys that are valid; every other is answered 401.
        default_tax_behavior: of items that say none; None: they are refused on invoices with automatic tax.
        rounds_taxes_together: whether an invoice's taxes are rounded once, so that those of its lines may miss a cent.
        rows: objects by their kind and id.
        outbox: events not delivered yet, oldest first.
    """

    id: str = "acct_double"
    api_keys: set[str] = field(default_factory=lambda: {"sk_test_double"})
    default_tax_behavior: str | None = "exclusive"
    rounds_taxes_together: bool = False
    now: Callable[[], float] = time.time
    rows: dict[str, dict[str, Obj]] = field(default_factory=dict)
    events: list[Obj] = field(default_factory=list)
    outbox: list[Obj] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _counts: dict[str, int] = field(default_factory=dict)

    def instant(self) -> int:
        return int(self.now())

    def new_id(self, prefix: str) -> str:
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}_double{self._counts[prefix]:06d}"

    def of(self, kind: str) -> dict[str, Obj]:
        return self.rows.setdefault(kind, {})

    def add(self, kind: str, prefix: str, **fields: object) -> Obj:
        born = {} if kind in BORN_WITHOUT_INSTANT else {"created": self.instant()}
        made: Obj = {"id": self.new_id(prefix), "object": kind, **born, "livemode": False, **fields}
        self.of(kind)[made["id"]] = made
        return made

    def get(self, kind: str, name: str) -> Obj:
        found = self.of(kind).get(name)
        if found is None:
            raise missing(kind, name)
        return found

    def tell(self, kind: str, about: Obj) -> None:
        """An event of this type with a copy of the object as it is now."""
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.instant(),
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            "data": {"object": deepcopy(about)},
        }
        self.events.append(event)
        self.outbox.append(event)


def listed(rows: list[Obj], form: Obj, url: str) -> Obj:
    """A page, newest first, after Stripe's cursor parameters."""
    limit = min(int(form.get("limit", 10)), 100)
    ids = [row["id"] for row in rows]
    start = ids.index(form["starting_after"]) + 1 if form.get("starting_after") in ids else 0
    stop = ids.index(form["ending_before"]) if form.get("ending_before") in ids else len(rows)
    page = rows[start:stop][:limit] if "ending_before" not in form else rows[:stop][-limit:]
    more = bool(page) and (ids.index(page[-1]["id"]) < len(rows) - 1 if "ending_before" not in form else stop > limit)
    return {"object": "list", "url": url, "has_more": more, "data": page}


def merged_metadata(before: Obj, form: Obj) -> Obj:
    """Metadata after an update: keys are added, an empty value takes one away."""
    given = form.get("metadata")
    if given is None:
        return before
    if given == "":
        return {}
    return {name: value for name, value in {**before, **given}.items() if value != ""}
