"""A fee in advance while its subscription is edited, changed, canceled and restored, and invoiced, all at a time.

In the end each instant was charged what was agreed on for it, less what went back, give or take what was rounded.
"""

import random
from collections.abc import Callable, Collection
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.state import Trigger
from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import periods_between
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.kernel.period import Period, share
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Patch, RemoveItem
from meterhouse.subscriptions.postgres import PostgresStore, PostgresSubscriptions
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.service import SubscriptionService
from meterhouse.subscriptions.timing import Soon
from tests.integration.billing.audited import audited, findings
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.racing import all_at_once, databases, on
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at, fee, phase, spec

STEPS = ["cancel", "unschedule", "restore", "edit", "edit", "change", "change", "run", "run", "run", "bill", "drive"]
LASTS = timedelta(days=120)
ROUNDED = Fraction(1, 100)
"""At most for each part that is charged, and for what is given back of it."""


@dataclass
class Changes:
    run: Run
    r: random.Random
    start: datetime
    anchor: str | None = None
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run.app, self.run.now = FakeApp(payment=Payment(Trigger.PAID)), self.start
        self.ann = self.run.customer("ann")
        self.run.subscribe(self.ann, self._card(), start=f"{self.start:%F}", anchor=self.anchor)

    def pass_by_on(self, opened: Collection[Database]) -> None:
        while self.run.now < self.start + LASTS:
            self.run.now = self._later()
            names = [self.r.choice(STEPS) for _ in opened]
            self.log.append(f"{self.run.now} {' '.join(names)}")
            all_at_once([getattr(self._on(database), f"_{name}") for database, name in zip(opened, names, strict=True)])
            if not self._live():
                self.run.subscribe(self.ann, self._card(), start=f"{self.run.now:%FT%TZ}")

    def end(self) -> datetime:
        """When all subscriptions ended; what they come to is billed, paid and given back by then."""
        self.run.now = ended = self.run.now + timedelta(days=1, minutes=7)
        for one in self._live():
            is_to_come = ended <= one.active_from
            over = replace(one, deleted_at=ended) if is_to_come else replace(one, active_to=ended)
            self.run.change(replace(over, updated_at=ended))
        for _ in range(4):
            self.run.now += timedelta(days=20)
            assert self.run.all(self.run.now).failed == {}
        return ended

    def charged(self) -> Decimal:
        [row] = self.run.rows(
            "SELECT coalesce(sum(l.amount - l.discounts_total + l.charges_total), 0) - ("
            "  SELECT coalesce(sum(total + credits), 0) FROM credit_note_lines WHERE namespace = %(namespace)s"
            ") AS charged"
            " FROM invoice_lines l JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id"
            " WHERE l.namespace = %(namespace)s AND l.is_live AND l.note_id IS NULL AND i.issued_at IS NOT NULL"
        )
        charged: Decimal = row["charged"]
        return charged

    def agreed(self, ended: datetime) -> list[Fraction]:
        """What each part of a period comes to that has a price of its own."""
        return [
            Fraction(price.amount) * share(Period(item.active_from, until), full)
            for one in self._subscriptions()
            for part in one.effective_phases()
            for item in part.items
            if isinstance(price := item.rate_card.price, FlatPrice)
            if item.active_from < (until := min(item.active_to or ended, ended))
            for full in periods_between(one.billing_anchor, one.billing_cadence, item.active_from, until)
        ]

    def _later(self) -> datetime:
        """At the same instant as before, within a day, at midnight, or days later."""
        midnight = at(f"{self.run.now + timedelta(days=1):%F}")
        minutes, days = timedelta(minutes=self.r.randint(1, 600)), timedelta(days=self.r.randint(1, 20))
        return self.r.choice([self.run.now, self.run.now + minutes, midnight, self.run.now + days])

    def _card(self) -> RateCard:
        return fee(amount=self.r.choice(["31.01", "20", "7.77", "100"]))

    def _timing(self) -> Soon:
        return self.r.choice(list(Soon))

    def _subscriptions(self) -> list[Subscription]:
        with self.run.database.transaction(self.run.namespace) as transaction:
            found = PostgresSubscriptions(transaction).of_customer(self.ann)
        return [one for one in found if one.deleted_at is None]

    def _live(self) -> list[Subscription]:
        return [one for one in self._subscriptions() if one.active_to is None or one.active_to > self.run.now]

    def _on(self, database: Database) -> "Changes":
        other = copy(self)
        other.run = on(database, self.run)
        other.r = random.Random(self.r.random())  # noqa: S311 - a seed is to be repeated
        return other

    def _changing(self, do: Callable[[SubscriptionService, str], object]) -> None:
        live = self._live()
        if live:
            service = SubscriptionService(begins(self.run.database, PostgresStore), lambda: self.run.now)
            with suppress(Conflict, InvalidInput, NotFound):
                do(service, self.r.choice(live).id)

    def _cancel(self) -> None:
        self._changing(lambda service, one: service.cancel(self.run.namespace, one, self._timing()))

    def _unschedule(self) -> None:
        self._changing(lambda service, one: service.unschedule_cancelation(self.run.namespace, one))

    def _restore(self) -> None:
        self._changing(lambda service, one: service.restore(self.run.namespace, one))

    def _edit(self) -> None:
        added = AddItem("default", self._card())
        patches: list[Patch] = [added, added, added, RemoveItem("default", "fee")]
        patch = self.r.choice(patches)
        self._changing(lambda service, one: service.edit(self.run.namespace, one, Edit([patch], self._timing())))

    def _change(self) -> None:
        wanted = Wanted(plan=spec(phase("default", None, self._card())), timing=self._timing())
        self._changing(lambda service, one: service.change(self.run.namespace, one, wanted))

    def _run(self) -> None:
        assert self.run.all(self.run.now).failed == {}

    def _bill(self) -> None:
        Api(self.run)("POST", f"{INVOICES}/invoice", {"customerId": self.ann})

    def _drive(self) -> None:
        drive = DriveInvoice(self.run.begin, self.run.usage, self.run.apps, Dunning(), lambda: self.run.now)
        for one in self.run.invoices():
            drive(self.run.namespace, one.id)


@pytest.mark.parametrize(
    ("start", "anchor"),
    [("2024-01-31", None), ("2023-12-31", "1972-02-29"), ("2024-02-29", None), ("2024-01-15", None)],
)
def test_each_instant_is_charged_what_was_agreed_on_for_it_whoever_did_what_at_the_same_time(
    run: Run, database_settings: PostgresSettings, start: str, anchor: str | None
) -> None:
    changes = Changes(run, random.Random(f"changes/{start}"), at(start), anchor)  # noqa: S311 - a seed is to be repeated
    with databases(database_settings, 4) as opened:
        changes.pass_by_on(opened)
    ended = changes.end()
    charged, agreed = Fraction(changes.charged()), changes.agreed(ended)
    told = "\n".join(changes.log)
    assert abs(charged - sum(agreed)) <= ROUNDED * (len(agreed) + 1), (float(charged), float(sum(agreed)), told)
    assert audited(run).open == 0, (findings(run), told)
