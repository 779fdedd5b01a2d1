"""An app that sends invoices and collects money, with books of its own: slow, far away, told of things twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from meterhouse.billing.app import Accepted, CopyState, InvoicingApp, Payment, Refused, Waiting
from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.invoice import Invoice, Issue
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.state import InvoiceState, Trigger
from tests.simulation.chance import Chance
from tests.simulation.faults import ProcessFaults

Letter = tuple[str, PaymentReport]
"""To the house: what became of the payment of an invoice, by its id."""
_OPEN = frozenset({Trigger.AUTHORIZED, Trigger.ACTION_REQUIRED})
_SYNCS = {"draft": InvoiceState.DRAFT_SYNCING, "final": InvoiceState.ISSUING_SYNCING}


@dataclass
class Copy:
    """What the app has of an invoice."""

    due: Decimal = Decimal(0)
    attempts: dict[int, Payment | None] = field(default_factory=dict)
    """What became of each attempt; None: not known yet."""
    charged: list[Decimal] = field(default_factory=list)
    is_taken_back: bool = False

    @property
    def open_attempt(self) -> int | None:
        waiting = [number for number, outcome in self.attempts.items() if outcome is None]
        return None if not waiting or self.is_taken_back or self.charged else waiting[-1]


@dataclass
class Cashier:
    """The app's own side, which no transaction of ours takes back."""

    chance: Chance
    is_remote: bool
    waits: frozenset[str]
    copies: dict[str, Copy] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    """Reports on their way, by invoice: in any order, some twice."""
    said: list[Letter] = field(default_factory=list)
    is_kind: bool = False
    """Whether it refuses nothing more, and everybody pays."""
    is_slow: bool = False
    """Whether nobody pays at once."""

    def copy(self, invoice: Invoice) -> Copy:
        return self.copies.setdefault(invoice.id, Copy())

    def forget(self, known: Mapping[str, Invoice]) -> None:
        """What an app in the house was told in a transaction that was rolled back it was never told.

        Nobody pays what was never issued.
        """
        if self.is_remote:
            return
        issued = {invoice_id for invoice_id, invoice in known.items() if invoice.issued_at is not None}
        self.letters = [letter for letter in self.letters if letter[0] in issued]
        self.copies = {invoice_id: copy for invoice_id, copy in self.copies.items() if invoice_id in known}
        for invoice_id in self.copies.keys() - issued:
            copy = self.copies[invoice_id]
            self.copies[invoice_id] = Copy(due=copy.due, is_taken_back=copy.is_taken_back)

    def decide(self) -> None:
        """Of one open payment the customer's bank says what becomes of it; the house is told by letter."""
        waiting = [invoice_id for invoice_id, copy in self.copies.items() if copy.open_attempt is not None]
        if waiting:
            letter = self.say(self.chance.draw.choice(waiting), Trigger.PAID if self.is_kind else self._outcome())
            self.letters += [letter] * (2 if self.chance.happens(0.2) else 1)

    def say(self, invoice_id: str, outcome: Trigger) -> Letter:
        """What became of the open payment of the invoice; only a promise and a wish leave it open."""
        copy, key = self.copies[invoice_id], f"event-{len(self.said)}"
        attempt = copy.open_attempt
        # some letters say nothing of attempts
        said = attempt if self.chance.happens(0.3) else None
        report = PaymentReport(key, outcome, self.chance.now(), key, said)
        if attempt is not None and outcome not in _OPEN:
            copy.attempts[attempt] = Payment(outcome)
            copy.charged += [copy.due] if outcome is Trigger.PAID else []
        letter = (invoice_id, report)
        self.said.append(letter)
        self.chance.tick()
        self.chance.note(f"cashier: {invoice_id}: {outcome.value}")
        return letter

    def has_said(self, key: str | None) -> bool:
        return any(report.key == key for _, report in self.said)

    def outcome_at_once(self) -> Trigger | None:
        if self.is_kind:
            return Trigger.PAID
        if self.is_slow:
            return None
        outcome: Trigger | None = self.chance.pick((None, 4), (Trigger.PAID, 2), (Trigger.FAILED, 1))
        return outcome

    def _outcome(self) -> Trigger:
        outcome: Trigger = self.chance.pick(
            (Trigger.PAID, 5), (Trigger.AUTHORIZED, 1), (Trigger.FAILED, 2), (Trigger.ACTION_REQUIRED, 0.5)
        )
        return outcome


@dataclass(frozen=True)
class CashierCalls:
    """`meterhouse.billing.app.InvoicingApp`: the calls of one process."""

    cashier: Cashier
    faults: ProcessFaults
    name: str = "cashier"
    retries_payments: bool = False

    @property
    def is_remote(self) -> bool:
        return self.cashier.is_remote

    @property
    def awaits(self) -> frozenset[InvoiceState]:
        return frozenset(_SYNCS[name] for name in self.cashier.waits)

    def validate(self, _invoice: Invoice) -> Sequence[Issue]:
        return ()

    def sync(self, invoice: Invoice) -> Accepted | Refused | Waiting:
        return self._told(invoice, "draft")

    def finalize(self, invoice: Invoice) -> Accepted | Refused | Waiting:
        return self._told(invoice, "final")

    def delete(self, invoice: Invoice) -> Accepted | Refused:
        self.faults.before("app delete")
        copy = self.cashier.copy(invoice)
        if copy.charged:
            return Refused("collected", "it was paid meanwhile")
        copy.is_taken_back = True
        self.faults.after("app delete", is_whole=True)
        return Accepted(external_id=f"copy-{invoice.id}")

    def collect_payment(self, invoice: Invoice) -> Payment | None:
        self.faults.before("app collect")
        copy = self.cashier.copy(invoice)
        copy.due, number = invoice.due, invoice.payment_attempt
        if number not in copy.attempts:
            copy.attempts[number] = self._attempted(copy)
        self.faults.after("app collect", is_whole=True)
        return copy.attempts[number]

    def take_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting:
        raise AssertionError(f"no house writes credit notes: {note.id} of {invoice.id}")

    def note_of(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting | None:
        raise AssertionError(f"no house writes credit notes: {note.id} of {invoice.id}")

    def payment_of(self, invoice: Invoice) -> Payment | None:
        self.faults.before("app payment")
        return Payment(Trigger.PAID) if self.cashier.copy(invoice).charged else None

    def copy_of(self, invoice: Invoice) -> CopyState | None:
        self.faults.before("app copy")
        return CopyState.COLLECTED if self.cashier.copy(invoice).charged else None

    def _attempted(self, copy: Copy) -> Payment | None:
        """Whoever has paid is not charged again; nobody pays what was taken back."""
        if copy.is_taken_back:
            return None
        outcome = Trigger.PAID if copy.charged else self.cashier.outcome_at_once()
        if outcome is Trigger.PAID and not copy.charged:
            copy.charged.append(copy.due)
        return None if outcome is None else Payment(outcome)

    def _told(self, invoice: Invoice, what: str) -> Accepted | Refused | Waiting:
        self.faults.before(f"app {what}")
        copy = self.cashier.copy(invoice)
        if copy.charged and sum(copy.charged) != invoice.due:
            # as Stripe's: what it holds is compared with what it is told
            return Refused("total_differs", f"it was paid {sum(copy.charged)}, and is {invoice.due} now")
        copy.due = invoice.due
        copy.is_taken_back = copy.is_taken_back and what != "draft"
        if what in self.cashier.waits:
            return Waiting()
        if not self.cashier.is_kind and self.cashier.chance.happens(0.05):
            return Refused("refused", f"no {what} today")
        self.faults.after(f"app {what}", is_whole=True)
        return Accepted(external_id=f"copy-{invoice.id}")


@dataclass(frozen=True)
class OneCashier:
    """`meterhouse.billing.app.Apps` where one app takes every invoice."""

    calls: CashierCalls

    def of(self, _namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        return dict.fromkeys(app_ids, self.calls)
