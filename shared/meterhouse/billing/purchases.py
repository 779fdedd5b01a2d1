"""Credit that invoices pay for: its line on the gathering invoice, and what becomes of it with its invoice."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from meterhouse.billing.bookings import PROMISED
from meterhouse.billing.collection import gathering
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line, ManagedBy, Transition
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.reconcile import gathering_id, line_id
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.period import Period
from meterhouse.ledger.credit_grant import CreditGrant, Purchase, Settlement, Taxation
from meterhouse.ledger.events import grant_paid, grant_voided
from meterhouse.ledger.ports import InvoiceReference
from meterhouse.ledger.settle_purchase import book_payments, note_payments
from meterhouse.ledger.void_credit import forgotten
from meterhouse.platform.work import Begin, Work

_AT_ONCE = timedelta(seconds=1)
"""A purchase serves no time; a line has some."""
_ENDS = frozenset({InvoiceState.VOIDED, InvoiceState.DELETED})


class BilledPurchases:
    """`meterhouse.ledger.ports.Purchases` on gathering invoices."""

    def __init__(self, begin: Begin[BillingStore]) -> None:
        self._begin = begin

    def bill(self, namespace: str, grant: CreditGrant) -> None:
        """Put a line for the purchase, due at once, onto the gathering invoice of the locked customer."""
        purchase = grant.purchase
        if purchase is None:
            raise InvariantBroken(f"nobody pays for {grant.id}")
        owner, money, at = grant.customer_id, purchase.cost_basis.currency, grant.created_at
        with self._begin(namespace) as work:
            customer = work.store.customers.by_ids([owner])[owner]
            profile = profiles_of(work, namespace, [owner], at)[owner]
            staging = gathering(customer, money, gathering_id(owner, money), profile, at)
            work.store.invoices.add_gathering([staging])
            work.store.lines.add([purchase_line(grant, purchase, staging)])
            work.commit()

    def invoices_of(self, namespace: str, grant_ids: Collection[str]) -> Mapping[str, InvoiceReference]:
        if not grant_ids:
            return {}
        with self._begin(namespace) as work:
            lines = work.store.lines.of_grants(grant_ids)
        return {line.grant_id: InvoiceReference(line.invoice_id, line.id) for line in lines if line.grant_id}

    def given_up(self, namespace: str, grant_ids: Collection[str]) -> AbstractSet[str]:
        if not grant_ids:
            return frozenset()
        with self._begin(namespace) as work:
            return work.store.lines.unpaid_for_good(grant_ids)


def purchase_line(grant: CreditGrant, purchase: Purchase, staging: Invoice) -> Line:
    """The pending line that pays for the grant; its key derives from the grant."""
    period, key = Period(grant.created_at, grant.created_at + _AT_ONCE), f"credit_grant/{grant.id}"
    card = RateCard(
        type=RateCardType.FLAT_FEE,
        key="credit",
        name=grant.name,
        price=FlatPrice(purchase.amount, PaymentTerm.IN_ADVANCE),
        billing_cadence=None,
        description=grant.description,
        tax_config=None if grant.taxation is None else _tax_config(grant.taxation),
    )
    return Line(
        id=line_id(key, period.start),
        key=key,
        invoice_id=staging.id,
        customer_id=grant.customer_id,
        currency=staging.currency,
        name=grant.name,
        rate_card=card,
        service_period=period,
        full_service_period=period,
        billing_period=period,
        invoice_at=grant.created_at,
        created_at=grant.created_at,
        updated_at=grant.created_at,
        is_prorated=False,
        managed_by=ManagedBy.SYSTEM,
        grant_id=grant.id,
    )


def settle_purchases(work: Work[BillingStore], driven: Iterable[Driven], now: datetime) -> None:
    """What steps of invoices mean for the credit that is bought on them: there once it is paid, never if it is not.

    Until then it says whether somebody has promised the money. What was voided and is billed again is still to be paid.
    """
    reached: dict[str, tuple[Settlement, datetime]] = {}
    ended: list[Line] = []
    for one in driven:
        for step in one.transitions:
            settlement = _settlement_of(step)
            if settlement is not None:
                reached |= {line.grant_id: (settlement, step.at) for line in one.invoice.lines if line.grant_id}
            if step.target in _ENDS:
                ended += one.invoice.lines
    still = [(grant, *reached[grant.id]) for grant in _grants(work, reached)]
    paid = [(grant, at) for grant, settlement, at in still if settlement is Settlement.SETTLED]
    settled = book_payments(work.store.credit, paid, Settlement.SETTLED, now)
    # a promise is no payment, and nothing would tell that it ended
    note_payments(work.store.credit, [one for one in still if one[1] is not Settlement.SETTLED])
    work.publish(*(grant_paid(grant, reached[grant.id][1]) for grant in settled))
    forget_purchases(work, ended, now)


def forget_purchases(work: Work[BillingStore], lines: Iterable[Line], now: datetime) -> None:
    """The credit that the lines were to pay for is never there, unless another line waits to pay for it."""
    ids = {line.grant_id for line in lines if line.grant_id}
    if ids:
        waiting = {line.grant_id for line in work.store.lines.of_grants(ids) if line.is_pending}
        voided = forgotten(work.store.credit, _grants(work, ids - waiting), now)
        work.publish(*map(grant_voided, voided))


def _settlement_of(step: Transition) -> Settlement | None:
    """How far the payment of an invoice is by this step; None: as far as it was."""
    if step.target is InvoiceState.PAID:
        return Settlement.SETTLED
    if step.target in PROMISED:
        return Settlement.AUTHORIZED
    return Settlement.PENDING if step.source in PROMISED else None


def _grants(work: Work[BillingStore], grant_ids: Collection[str]) -> list[CreditGrant]:
    """Those that are still to be paid, in order."""
    found = work.store.credit.grants.by_ids(grant_ids) if grant_ids else {}
    return [grant for _, grant in sorted(found.items()) if grant.available_at is None and grant.voided_at is None]


def _tax_config(taxation: Taxation) -> dict[str, object]:
    """As the wire writes it: an edit that sends it back has changed nothing."""
    said = {"behavior": taxation.behavior, "taxCodeId": taxation.code_id}
    return {name: value for name, value in said.items() if value is not None}
