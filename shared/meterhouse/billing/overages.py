"""What credit leaves of lines in custom currencies: a line of its own in the currency of the customer's invoices. Pure.

The line in units is rated in its currency, burns credit there, and is on no invoice. What is left of its units is the
quantity of the overage, and what a unit is worth its price: so money is rounded once, as an amount of any line is.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial

from meterhouse.billing.collection import NO_COST_BASIS, RateLine, rated, unsaid
from meterhouse.billing.credits import used_at
from meterhouse.billing.invoice import NOTHING, Issue, Line, ManagedBy, Overage, Severity
from meterhouse.billing.line_keys import overage_key
from meterhouse.billing.profile import Workflow
from meterhouse.billing.reconcile import gathering_id, line_id
from meterhouse.catalog.custom_currency import CurrencyCostBasis, cost_basis_for
from meterhouse.catalog.discount import UNDISCOUNTED
from meterhouse.catalog.known_currencies import Currencies
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.rate_card import RateCardType
from meterhouse.kernel.changed import replace

Bases = Mapping[str, Iterable[CurrencyCostBasis]]
"""What units are worth, by the code of their currency."""


def bases_of(currencies: Currencies, lines: Collection[Line]) -> Bases:
    """What units of the custom currencies of lines, or of their overages, are worth."""
    codes = {line.currency for line in lines if line.invoice_currency is not None}
    codes |= {line.overage.currency for line in lines if line.overage is not None}
    known = {one.id: code for code, one in currencies.by_codes(codes).items()} if codes else {}
    found: dict[str, list[CurrencyCostBasis]] = {}
    for basis in currencies.cost_bases(list(known)) if known else ():
        found.setdefault(known[basis.currency_id], []).append(basis)
    return found


def leaves_money(line: Line) -> bool:
    """Whether what credit does not bear of its units is invoiced."""
    return line.invoice_currency is not None and line.settlement_mode is not SettlementMode.CREDIT_ONLY


def overage_of(line: Line, units: Decimal, bases: Bases, now: datetime) -> Line:
    """The pending line for `units` that credit left of a rated line."""
    key, owner, money = overage_key(line.key), line.customer_id, line.invoice_currency or line.currency
    basis = _basis(line, money, bases, now)
    made = replace(
        line,
        id=line_id(key, line.service_period.start),
        key=key,
        invoice_id=gathering_id(owner, money),
        currency=money,
        invoice_currency=None,
        rate_card=replace(
            line.rate_card,
            type=RateCardType.USAGE_BASED,
            price=None,
            currency=None,
            discounts=UNDISCOUNTED,
            unit_config=None,
            entitlement=None,
        ),
        overage=Overage(line.id, line.currency, units, is_in_advance=line.is_in_advance),
        managed_by=ManagedBy.SYSTEM,
        whole_period=None,
        is_prorated=False,
        is_pending=True,
        subjects=None,
        quantity=None,
        quantity_before=Decimal(0),
        totals=NOTHING,
        detailed=(),
        trace=None,
        credits=(),
        created_at=now,
        updated_at=now,
    )
    return made if basis is None else _priced(made, basis)


def priced(line: Line, bases: Bases, now: datetime) -> Line:
    """The overage with its price, if what somebody said that a unit is worth is in force by now."""
    if line.overage is None or line.rate_card.price is not None:
        return line
    basis = _basis(line, line.currency, bases, now)
    return line if basis is None else _priced(line, basis)


def worthless(lines: Iterable[Line]) -> list[Issue]:
    """What is wrong with an invoice's lines that are still in units: nobody said what one is worth."""
    return [
        Issue(
            Severity.CRITICAL,
            NO_COST_BASIS,
            "meterhouse",
            f"line {line.key}: {unsaid(line.currency, line.billed_in)}",
            f"/lines/{number}",
        )
        for number, line in enumerate(lines)
        if leaves_money(line)
    ]


def in_money(rate_line: RateLine, bases: Bases) -> RateLine:
    """As `rate_line`; a line in units with what those are worth of which that says that credit bears none.

    Where nobody said what they are, it stays in units.
    """
    return partial(_in_money, rate_line, bases)


def _in_money(
    rate_line: RateLine, bases: Bases, line: Line, quantity: Decimal, workflow: Workflow, now: datetime
) -> Line:
    done = rate_line(line, quantity, workflow, now)
    if not leaves_money(line):
        return done
    whole = overage_of(done, done.totals.total, bases, now)
    if whole.overage is None or whole.rate_card.price is None:
        return done
    charged = rated(whole, whole.overage.units, workflow, now)
    return replace(charged, id=line.id, key=line.key, managed_by=line.managed_by)


def _basis(line: Line, money: str, bases: Bases, now: datetime) -> CurrencyCostBasis | None:
    """What is agreed on, or in force when the units were used."""
    code = line.currency if line.overage is None else line.overage.currency
    own = bases.get(code, ())
    if line.cost_basis_id is not None:
        return next((one for one in own if one.id == line.cost_basis_id), None)
    return cost_basis_for(own, money, used_at(line), now)


def _priced(line: Line, basis: CurrencyCostBasis) -> Line:
    if line.overage is None:
        return line
    worth = replace(line.overage, cost_basis_id=basis.id, effective_from=basis.effective_from)
    return replace(line, rate_card=replace(line.rate_card, price=UnitPrice(basis.rate)), overage=worth)
