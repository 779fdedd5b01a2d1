"""Customers, lines and invoices to reason about, a usage store that answers from a dict, and apps that refuse."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.app import Accepted, CopyState, InvoicingApp, LineTax, Payment, Refused, Waiting
from meterhouse.billing.collection import collected, drafts, waiting
from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Issue, Line
from meterhouse.billing.profile import Party, Profile, ProfileSpec, Workflow
from meterhouse.billing.reconcile import reconcile
from meterhouse.billing.rests import Known
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.price import Price, Tier, TieredPrice, TierMode
from meterhouse.catalog.rate_card import RateCard
from meterhouse.customers.model import Address, Customer, CustomerDetails
from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.period import Period
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, fee, subscription, usage

NOW = at("2024-06-01")
CUSTOMER = Customer(CUSTOMER_ID, CustomerDetails("Ann", key="ann", subject_keys=("ann-1",)), NOW, NOW)
SUPPLIER = Party(name="House", address=Address(country="US"))
PROFILE = Profile("01HZ0000000000000000000009", ProfileSpec("P", SUPPLIER, Workflow(), True), "app", NOW, NOW)  # noqa: FBT003 - the default


def metered(key: str = "usage", price: Price | None = None) -> RateCard:
    """A rate card whose feature has its key."""
    made = usage(key) if price is None else replace(usage(key), price=price)
    return replace(made, feature_key=key)


def tiers() -> TieredPrice:
    first = Tier(Decimal(10), flat_amount=Decimal(5), unit_amount=Decimal(1))
    return TieredPrice(TierMode.GRADUATED, (first, Tier(None, unit_amount=Decimal("0.333"))))


def pending(*cards: RateCard, start: str = "2024-01-01", as_of: str = "2024-02-01T01:00:00Z") -> list[Line]:
    """The pending lines of a monthly subscription to `cards` (a fee and usage) at `as_of`."""
    agreed = subscription(start, cards or (fee(), metered()))
    lines = reconcile([agreed], [], Known(), at(as_of), NOW).added
    return sorted(lines, key=lambda line: (line.invoice_at, line.id))


def draft(*cards: RateCard, profile: Profile = PROFILE, as_of: str = "2024-02-01T01:00:00Z") -> Invoice:
    """The draft of all lines due at `as_of`."""
    due = [line for line in pending(*cards, as_of=as_of) if line.invoice_at <= at(as_of)]
    [made] = drafts(due, {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: profile}, at(as_of), NOW)
    return made


def rated_draft(*cards: RateCard, profile: Profile = PROFILE, quantity: str = "12") -> Driven:
    """A draft with its quantities, at validation."""
    made, as_of = draft(*cards, profile=profile), at("2024-02-01T01:00:00Z")
    quantities = {line.id: Decimal(quantity) for line in made.lines}
    return collected(waiting(made, as_of), quantities, as_of, NOW)


def profile_with(**workflow: object) -> Profile:
    changed = replace(PROFILE.spec.workflow, **workflow)  # type: ignore[arg-type] # any of its fields
    return replace(PROFILE, spec=replace(PROFILE.spec, workflow=changed))


@dataclass
class FakeUsage:
    """`meterhouse.billing.ports.UsageReader` from a dict by feature id or key, start of the period and customer."""

    used: dict[tuple[str, datetime, str], Decimal] = field(default_factory=dict)
    asked: list[tuple[str, Period, Mapping[str, Collection[str]]]] = field(default_factory=list)
    is_down: bool = False
    replaced: set[str] = field(default_factory=set)
    """Keys of features whose usage later events replace."""

    def is_progressive(self, _namespace: str, feature: Feature) -> bool:
        return feature.key not in self.replaced

    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        if self.is_down:
            raise Unavailable("the usage store does not answer")
        self.asked.append((feature.key, period, subjects))
        found = {
            customer: self.used.get((name, period.start, customer))
            for name in (feature.key, feature.id)
            for customer in subjects
            if (name, period.start, customer) in self.used
        }
        return {customer: quantity for customer, quantity in found.items() if quantity is not None}


@dataclass
class FakeApp:
    """An app that refuses what is in `refuses`, has to be waited for at what is in `waits`, and pays as told."""

    refuses: set[str] = field(default_factory=set)
    payment: Payment | None = None
    last_word: Payment | Refused | None = None
    copy: CopyState | None = None
    number: str | None = None
    issues: Sequence[Issue] = ()
    name: str = "fake"
    waits: set[str] = field(default_factory=set)
    taxes: Mapping[str, LineTax] = field(default_factory=dict)
    is_remote: bool = False
    retries_payments: bool = False

    @property
    def awaits(self) -> set[InvoiceState]:
        syncing = {"sync": InvoiceState.DRAFT_SYNCING, "finalize": InvoiceState.ISSUING_SYNCING}
        return {syncing[step] for step in self.waits if step in syncing}

    def validate(self, _invoice: Invoice) -> Sequence[Issue]:
        return self.issues

    def sync(self, _invoice: Invoice) -> Accepted | Refused | Waiting:
        return Waiting() if "sync" in self.waits else self._answer("sync")

    def finalize(self, _invoice: Invoice) -> Accepted | Refused | Waiting:
        return Waiting() if "finalize" in self.waits else self._answer("finalize")

    def delete(self, _invoice: Invoice) -> Accepted | Refused:
        return self._answer("delete")

    def collect_payment(self, _invoice: Invoice) -> Payment | None:
        return self.payment

    def take_back(self, _invoice: Invoice, _note: CreditNote) -> Accepted | Refused | Waiting:
        return Waiting() if "take_back" in self.waits else self._answer("take_back")

    def note_of(self, _invoice: Invoice, _note: CreditNote) -> Accepted | Refused | Waiting | None:
        return Waiting() if "take_back" in self.waits else None

    def payment_of(self, _invoice: Invoice) -> Payment | Refused | None:
        return self.last_word

    def copy_of(self, _invoice: Invoice) -> CopyState | None:
        return self.copy

    def _answer(self, step: str) -> Accepted | Refused:
        if step in self.refuses:
            return Refused("refused", f"no {step} today")
        return Accepted(self.number, "external", taxes=self.taxes)


@dataclass
class OneApp:
    """`meterhouse.billing.app.Apps` where one app takes every invoice."""

    app: InvoicingApp

    def of(self, _namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        return dict.fromkeys(app_ids, self.app)
