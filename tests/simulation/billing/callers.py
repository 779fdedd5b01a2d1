"""What people ask for: drafts and what is gathered edited, drafts approved; invoices taken back; credit granted."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.app import Accepted
from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.edit import Edit, Terms
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.invoice_pending_lines import InvoicePendingLines
from meterhouse.billing.line_spec import LineSpec
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.purchases import BilledPurchases
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.void import Again, Voiding
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_credit import GrantCredit
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.void_credit import VoidCredit
from meterhouse.platform.work import Begin
from tests.simulation.billing.cashier import CashierCalls, OneCashier
from tests.simulation.billing.contracts import CREDITS, NAMESPACE, USD
from tests.simulation.billing.store import billing, ledger
from tests.simulation.billing.usage import UsageCalls
from tests.simulation.chance import Clock

if TYPE_CHECKING:
    from tests.simulation.billing.house import House

_S = InvoiceState


class Callers:
    def __init__(self, house: "House") -> None:
        self.house = house

    def act(self) -> None:
        """Somebody does something with an invoice; what its state does not permit is refused."""
        chance = self.house.chance
        invoices = self.house.invoices()
        if not invoices or chance.happens(0.2):
            self.invoice_now()
            return
        invoice = chance.draw.choice(invoices[-4:])
        if chance.happens(0.1):
            self.edit_gathered()
            return
        actions = (("edit", 3), ("approve", 2), ("retry", 1), ("advance", 1), ("void", 2), ("delete", 0.7))
        action = chance.pick(*actions, ("snapshot", 1), ("recalculate", 0.7), ("confirm", 2))
        self.do(action, invoice)

    def do(self, action: str, invoice: Invoice) -> None:
        chance = self.house.chance
        chance.note(f"caller: {action} {invoice.id} in {invoice.state.value}")
        match action:
            case "edit":
                self.edit(invoice)
            case "void":
                again = chance.draw.choice([None, Again()])
                self._actions().void(NAMESPACE, invoice.id, Voiding("a caller's wish", again, {}))
            case "confirm":
                self.confirm(invoice)
            case "snapshot":
                self._actions().snapshot_quantities(NAMESPACE, invoice.id)
            case "recalculate":
                self._actions().recalculate_taxes(NAMESPACE, invoice.id)
            case _:
                getattr(self._actions(), action)(NAMESPACE, invoice.id)

    def retry(self, invoice_id: str) -> None:
        self._actions().retry(NAMESPACE, invoice_id)

    def invoice_now(self) -> None:
        customer_id = self.house.chance.draw.choice(self.house.customers)
        self.house.chance.note(f"caller: invoice {customer_id} now")
        now = InvoicePendingLines(*self._ports("invoice now"))
        now(NAMESPACE, customer_id, None, None)

    def edit(self, invoice: Invoice) -> None:
        """Another description; and a line taken off, or one more."""
        draw = self.house.chance.draw
        kept = self._lines_of(invoice)
        change = draw.choice(["none", "add", "take off"])
        if change == "add" and invoice.period is not None:
            kept.append(self._by_hand(invoice.period.start, invoice.period.end))
        elif change == "take off" and len(kept) > 1:
            kept.remove(draw.choice(kept))
        self._put(invoice, kept)

    def edit_gathered(self) -> None:
        """Lines by hand renamed, taken back or added; now and then one that is not, which is refused."""
        chance = self.house.chance
        found = [one for one in self.house.tables.rows("invoices") if one.state is _S.GATHERING and one.currency == USD]
        if not found:
            return
        invoice = chance.draw.choice(sorted(found, key=lambda one: one.id))
        kept = self._lines_of(invoice)
        change = chance.pick(("none", 1), ("add", 2), ("rename", 2), ("take back", 1))
        chance.note(f"caller: {change} on {invoice.id}, which gathers {len(kept)}")
        if change == "add":
            kept.append(self._by_hand(chance.now(), chance.now() + timedelta(days=chance.draw.randrange(1, 40))))
        elif kept and change in {"rename", "take back"}:
            chosen = chance.draw.choice([spec for spec in kept if spec.name in {"By hand", "Renamed"}] or kept)
            kept.remove(chosen)
            kept += [replace(chosen, name="Renamed")] if change == "rename" else []
        self._put(invoice, kept)

    def _lines_of(self, invoice: Invoice) -> list[LineSpec]:
        lines = [line for line in self.house.tables.rows("lines") if line.invoice_id == invoice.id]
        lines.sort(key=lambda line: (line.service_period.start, line.key))
        return [_spec(line) for line in lines if line.deleted_at is None and line.is_invoiced]

    def _by_hand(self, start: datetime, end: datetime) -> LineSpec:
        price = FlatPrice(Decimal(self.house.chance.draw.randrange(1, 9)), PaymentTerm.IN_ADVANCE)
        return LineSpec("By hand", start, end, start, price)

    def _put(self, invoice: Invoice, kept: list[LineSpec]) -> None:
        draw = self.house.chance.draw
        terms = Terms(**{name: getattr(invoice.workflow, name) for name in Terms.__dataclass_fields__})
        said = f"edit {draw.randrange(3)}"
        edit = Edit(invoice.supplier, invoice.customer, terms, kept, said, invoice.metadata)
        EditInvoice(*self._ports("edit"), new_id=self.house.new_id)(NAMESPACE, invoice.id, edit)

    def confirm(self, invoice: Invoice) -> None:
        """The app that was waited for says that it has the invoice."""
        begin, _, apps, clock = self._ports("confirm")
        sync = ConfirmSync(begin, apps, clock)
        said = Accepted(external_id=f"copy-{invoice.id}")
        (sync.draft if invoice.state is _S.DRAFT_SYNCING else sync.issuing)(NAMESPACE, invoice.id, said)

    def confirm_all(self) -> None:
        for invoice in self.house.invoices():
            present = invoice
            for _ in _S:
                if present.state not in {_S.DRAFT_SYNCING, _S.ISSUING_SYNCING}:
                    break
                self.confirm(present)
                self.house.look()
                present = self.house.tables.committed["invoices"][invoice.id]

    def approve_all(self) -> None:
        waiting = {_S.DRAFT_MANUAL_APPROVAL_NEEDED}
        self.house.look()
        for invoice in self.house.invoices():
            if invoice.state in waiting:
                self._actions().approve(NAMESPACE, invoice.id)

    def grant(self) -> None:
        """Credit is granted, bought, or voided."""
        chance, house = self.house.chance, self.house
        draw, customer_id = chance.draw, chance.draw.choice(house.customers)
        connection = house.connection(house.faults("grant"))
        begin = connection.begins(ledger)
        grants = sorted(house.tables.rows("grants"), key=lambda grant: grant.id)
        active = [grant for grant in grants if grant.voided_at is None]
        if active and chance.happens(0.15):
            grant = draw.choice(active)
            chance.note(f"caller: void grant {grant.id}")
            VoidCredit(begin, house.clock)(NAMESPACE, grant.customer_id, grant.id)
            return
        is_bought = chance.happens(0.35)
        wanted = CreditGrantSpec(
            "Credit",
            Funding.INVOICE if is_bought else Funding.NONE,
            draw.choice([USD, USD, CREDITS.spec.code]),
            Decimal(draw.choice(["3.01", "10", "25", "60"])),
            key=f"grant-{draw.randrange(6)}",
            priority=draw.choice([1, 10, 10]),
            features=draw.choice([None, None, ("calls",)]),
            effective_at=None if is_bought else chance.now() - timedelta(days=draw.choice([-2, 3, 20, 40])),
            expires_after=draw.choice([None, "P10D", "P32D", "P45D"]),
            purchase=PurchaseSpec(USD, Decimal("0.9")) if is_bought else None,
        )
        chance.note(
            f"caller: grant {customer_id} {wanted.amount} {wanted.currency} {wanted.key} for {wanted.expires_after}"
        )
        purchases = BilledPurchases(connection.begins(billing))
        GrantCredit(begin, house.clock, house.new_id, purchases)(NAMESPACE, customer_id, wanted)

    def give(self, customer_id: str, amount: Decimal, since: datetime, until: datetime) -> None:
        """Credit that is given away, in money and in units, for these instants."""
        connection = self.house.connection(self.house.faults("grant"))
        lasts = f"P{(until - since).days}D"
        grant = GrantCredit(connection.begins(ledger), self.house.clock, self.house.new_id)
        for currency in (USD, CREDITS.spec.code):
            wanted = CreditGrantSpec("Gift", Funding.NONE, currency, amount, effective_at=since, expires_after=lasts)
            grant(NAMESPACE, customer_id, wanted)

    def _actions(self) -> InvoiceActions:
        return InvoiceActions(*self._ports("caller"))

    def _ports(self, name: str) -> tuple[Begin[BillingStore], UsageCalls, OneCashier, Clock]:
        house, faults = self.house, self.house.faults(name)
        begin = house.connection(faults).begins(billing)
        return begin, UsageCalls(house.usage, faults), OneCashier(CashierCalls(house.cashier, faults)), house.clock


def _spec(line: Line) -> LineSpec:
    """The line as it is."""
    card, period = line.rate_card, line.service_period
    return LineSpec(
        line.name,
        period.start,
        period.end,
        line.invoice_at,
        card.price,
        card.feature_key,
        card.discounts,
        card.tax_config,
        card.description,
        card.metadata,
        line_id=line.id,
    )
