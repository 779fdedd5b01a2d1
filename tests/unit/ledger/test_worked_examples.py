"""The worked examples, each row as it stands; those that list transactions (TX) run on PostgreSQL, beside the store."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.ledger import postings
from meterhouse.ledger.account import Account, CostBasis, Payment, Route
from meterhouse.ledger.balance import CreditBalance, OpenCharge, Scope, balance_of
from meterhouse.ledger.charge import Mode, corrections
from meterhouse.ledger.credit_grant import CreditGrant, Funding
from meterhouse.ledger.transaction import sums
from tests.unit.ledger.samples import USD, Shelf, T, bought, charge, grant, hours
from tests.unit.ledger.worked_examples import Example, examples

EXAMPLES = examples()


def of_area(*areas: str) -> list[str]:
    return [case.id for case in EXAMPLES.values() if case.area in areas]


def funded(case: Example) -> Shelf:
    shelf = Shelf()
    given = case.inputs["fbo"]
    rows = given if isinstance(given, list) else [{"amount": given}] if given else []
    for number, row in enumerate(rows, 1):
        features = row.get("features")
        of_features = None if features is None else tuple(features)
        shelf.fund(grant(f"p{number}", row["amount"], priority=row.get("priority", 10), features=of_features))
    return shelf


@pytest.mark.parametrize("id_", ["LG-01", "LG-03", "LG-05"])
def test_a_charge_is_allocated(id_: str) -> None:
    case = EXAMPLES[id_]
    shelf = funded(case)

    wanted = charge(case.inputs["charge"], mode=Mode(case.inputs["mode"]), feature=case.inputs.get("feature"))
    collected = shelf.collect(wanted)

    names = {"restricted": "p1", "general": "p2"}
    shown: dict[str, Any] = {
        "allocated": [allocation.amount for allocation in collected.allocations],
        "fbo": {name: shelf.left()[names.get(name, name)] for name in case.expected.get("fbo", ())},
        "accrued": shelf.of(Account.ACCRUED),
        "earnings": shelf.of(Account.EARNINGS),
        "invoice_rest": collected.rest,
    }
    assert {name: shown[name] for name in case.expected} == case.expected


def test_lg_06_a_correction_gives_back_what_was_burnt_last() -> None:
    case = EXAMPLES["LG-06"]
    shelf = funded(case)
    shelf.collect(charge(case.inputs["charge"], mode=Mode(case.inputs["mode"])))

    shelf.correct("c1", case.inputs["correction"])

    assert shelf.left() == case.expected["fbo"]
    assert shelf.of(Account.ACCRUED) == case.expected["accrued"]


@pytest.mark.parametrize("id_", of_area("ledger_collect"))
def test_credit_is_burnt_in_order(id_: str) -> None:
    case = EXAMPLES[id_]

    collected = funded(case).collect(charge(case.inputs["collect"], feature=case.inputs.get("feature")))

    assert [allocation.amount for allocation in collected.allocations] == case.expected["sources"]


def test_lg_14_what_expires_first_is_burnt_first_and_the_rest_is_what_will_expire() -> None:
    case = EXAMPLES["LG-14"]
    shelf = Shelf()
    for number, row in enumerate(case.inputs["expiring"]):
        shelf.fund(grant(f"g{number}", row["amount"], lasts=lasting(row["expires"])))

    shelf.collect(charge(case.inputs["collect"]))

    # we book no plan: what will expire is what remains of a grant that has an end
    open_ = [
        {"expires": row["expires"], "open_amount": shelf.left()[f"g{number}"]}
        for number, row in enumerate(case.inputs["expiring"])
        if shelf.left()[f"g{number}"]
    ]
    assert open_ == case.expected["open_plans"]


def test_lg_16_use_takes_from_what_expires_and_a_correction_gives_back_to_it() -> None:
    case = EXAMPLES["LG-16"]
    shelf = Shelf()
    shelf.fund(grant("g1", case.inputs["plan"], lasts="PT10H"))
    shelf.collect(charge(case.inputs["release"], at=hours(5)), at=hours(5))
    shelf.correct("c1", -case.inputs["reopen"], at=hours(6))

    shelf.expire(hours(10))

    assert -shelf.of(Account.BREAKAGE) == case.expected["expired_amount"]


def test_lg_16_a_balance_is_the_sum_of_what_was_booked_until_then() -> None:
    """Its balances are of another run than its amounts: of 10, 4 were used at T5 (OpenMeter's breakage/README.md)."""
    case = EXAMPLES["LG-16"]
    shelf = Shelf()
    shelf.fund(grant("g1", case.inputs["plan"], lasts="PT10H"))
    shelf.collect(charge(4, at=hours(5)), at=hours(5))
    shelf.expire(hours(10))

    assert {name: shelf.of(Account.CREDIT, hours(int(name[1:]))) for name in ("T4", "T5", "T10")} == case.expected[
        "balance"
    ]


def test_lg_17_what_credit_does_not_bear_is_burnt_in_advance() -> None:
    case = EXAMPLES["LG-17"]
    shelf = Shelf()
    shelf.fund(grant("g1", case.inputs["real_credit"]))

    collected = shelf.collect(charge(case.inputs["usage"], mode=Mode(case.inputs["mode"])))

    assert {
        "from_credit": sum(one.amount for one in collected.allocations if one.grant_id),
        "advance": sum(one.amount for one in collected.allocations if not one.grant_id),
    } == case.expected
    assert shelf.of(Account.ADVANCE) == -case.expected["advance"]


def test_lg_20_credit_that_is_given_away_comes_from_outside() -> None:
    case = EXAMPLES["LG-20"]
    shelf = Shelf()
    shelf.fund(grant("g1", case.inputs["amount"]))

    assert {
        "fbo": shelf.of(Account.CREDIT),
        "wash": shelf.of(Account.WASH),
        "receivable": shelf.of(Account.RECEIVABLE),
    } == case.expected


def purchased(case: Example, **fields: Any) -> Shelf:
    shelf = Shelf()
    shelf.collect(charge(case.inputs["existing_advance"]))
    amount = case.inputs["amount"]
    shelf.fund(grant("g1", amount, purchase=bought(case.inputs.get("cost_basis", "1"), amount), **fields))
    return shelf


def test_lg_22_bought_credit_covers_what_was_burnt_in_advance_of_it() -> None:
    case = EXAMPLES["LG-22"]
    shelf = purchased(case)

    assert {
        "fbo": shelf.of(Account.CREDIT),
        "receivable": shelf.of(Account.RECEIVABLE),
        "accrued": shelf.of(Account.ACCRUED),
        "unknown_receivable": shelf.of(Account.ADVANCE),
    } == case.expected
    accrued = [
        (entry.route.cost_basis, entry.amount)
        for transaction in shelf.transactions
        for entry in transaction.entries
        if entry.account is Account.ACCRUED
    ]
    assert sum(amount for basis, amount in accrued if basis == CostBasis(Decimal("0.5"), USD)) == 40
    assert sum(amount for basis, amount in accrued if basis is None) == 0


def test_lg_24_only_what_covered_nothing_expires() -> None:
    case = EXAMPLES["LG-24"]
    shelf = purchased(case, lasts=case.inputs["expires_after"])
    [position] = shelf.positions()

    assert position.funded == case.expected["plan"]
    assert position.burnt == case.expected["release"]
    assert {"fbo": position.remaining} == case.expected["now"]
    shelf.expire(hours(1))
    after = {"fbo": shelf.of(Account.CREDIT), "breakage": shelf.of(Account.BREAKAGE)}
    assert after == case.expected["at_expiry"]


def test_lg_30_one_currency_becomes_another() -> None:
    case = EXAMPLES["LG-30"]
    source, target = case.inputs["source"], case.inputs["target"]
    basis = CostBasis(Decimal(case.inputs["cost_basis"]), source["currency"])
    owed = Route(target["currency"], basis, payment=Payment.OPEN)

    entries = postings.converting(Decimal(source["amount"]), source["currency"], Decimal(target["amount"]), owed)

    assert {
        f"{entry.account.removeprefix('customer_')}/{entry.route.currency}": entry.amount for entry in entries
    } == case.expected["entries"]
    assert set(sums(entries).values()) == {case.expected["sum_per_currency"]}
    assert basis.rate * target["amount"] == source["amount"]


def test_every_amount_of_a_bought_currency_balances_by_itself() -> None:
    shelf = Shelf()
    acme = grant("g1", 100, currency="ACME", purchase=bought("0.25", 100))
    book = shelf.book()
    book.fund(acme)

    assert [set(sums(transaction.entries)) for transaction in book.booked] == [{"ACME"}]


def lasting(offset: str) -> str:
    return f"PT{offset.removeprefix('+').upper()}"


def open_charge(row: dict[str, Any], mode: str | None = None) -> OpenCharge:
    amount = row.get("amount", row.get("flat"))
    if amount is None or "usage" in row:
        amount = Decimal(row["unit"]) * row["usage"]
    impacts_at = T if row.get("invoice_at", "now") == "now" else T + timedelta(hours=1)
    return OpenCharge(
        USD, Decimal(amount), Mode(row.get("mode", mode or "credit_only")), impacts_at, row.get("feature")
    )


def told(case: Example, balance: CreditBalance) -> dict[str, Decimal]:
    return {name: getattr(balance, name) for name in case.expected}


SCOPES = {"all": Scope(), "unrestricted": Scope(is_all=False), None: Scope()}


@pytest.mark.parametrize("id_", of_area("customer_balance", "customer_balance_feature_filter"))
def test_a_balance_tells_what_is_settled_and_what_open_charges_leave(id_: str) -> None:
    case = EXAMPLES[id_]
    wanted = case.inputs.get("filter")
    scope = SCOPES.get(wanted, Scope(is_all=False, feature=wanted))
    charges = [open_charge(row) for row in case.inputs.get("charges", case.inputs.get("pending_charges", ()))]

    assert told(case, balance_of(USD, T, scope, funded(case).positions(), (), charges)) == case.expected


def test_cb_40_what_is_not_paid_or_not_effective_is_pending() -> None:
    case = EXAMPLES["CB-40"]
    shelf = Shelf()
    for number, row in enumerate(case.inputs["grants"]):
        shelf.grants[f"g{number}"] = described(row, f"g{number}")
        if row.get("paid", True):
            shelf.fund(shelf.grants[f"g{number}"])

    # an instant was asked for, so nobody asks what open charges leave
    assert told(case, balance_of(USD, T, Scope(), shelf.positions(T), shelf.advances(T))) == case.expected


def described(row: dict[str, Any], id_: str) -> CreditGrant:
    if row.get("funding") == "invoice":
        return grant(id_, row["amount"], purchase=bought("1", row["amount"]), funding=Funding.INVOICE)
    return grant(id_, row["amount"], effective_at=hours(1) if row.get("effective_at") == "+1h" else T)


@pytest.mark.parametrize("id_", of_area("credit_correction"))
def test_the_last_allocation_is_corrected_first(id_: str) -> None:
    case = EXAMPLES[id_]
    allocated = [Decimal(amount) for amount in case.inputs["allocations"]]

    found = corrections(allocated, Decimal(case.inputs["correction"]))

    assert [[index + 1, amount] for index, amount in found] == case.expected["corrections"]


def test_cx_07_a_correction_takes_back() -> None:
    case = EXAMPLES["CX-07"]
    allocated = [Decimal(amount) for amount in case.inputs["allocations"]]

    with pytest.raises(ValueError, match=case.expected["error"]):
        list(corrections(allocated, Decimal(case.inputs["correction"])))


def test_every_example_is_run() -> None:
    by_area = {
        *of_area("ledger_collect", "customer_balance", "customer_balance_feature_filter", "credit_correction"),
        *("LG-01", "LG-03", "LG-05"),
    }
    by_name = {name[5:10].replace("_", "-").upper() for name in globals() if name.startswith("test_")}
    on_postgres = set(of_area("credit_transactions"))

    assert by_area | on_postgres | by_name >= EXAMPLES.keys()
