"""The worked examples of listed transactions, each row as it stands."""

from decimal import Decimal
from typing import Any

import pytest

from meterhouse.ledger.balance import EVERYTHING, Scope
from meterhouse.ledger.charge import Mode
from meterhouse.ledger.ports import Movement
from tests.integration.ledger.conftest import Till
from tests.unit.ledger.samples import T, hours
from tests.unit.ledger.worked_examples import examples

EXAMPLES = examples()
SCOPES = {"all": EVERYTHING, "unrestricted": Scope(is_all=False)}


def row(one: Movement) -> list[Any]:
    return [one.kind.value, one.amount, one.before, one.after]


def instant(offset: str) -> float:
    """In hours: "+10h", "1m", "0"."""
    number, unit = offset.removeprefix("+").rstrip("hm"), offset[-1]
    return float(number) / (60 if unit == "m" else 1)


@pytest.mark.parametrize("is_booked", [True, False])
@pytest.mark.parametrize("id_", ["TX-01", "TX-03"])
def test_transactions_are_listed_with_what_they_leave(till: Till, id_: str, *, is_booked: bool) -> None:
    case = EXAMPLES[id_]
    till.grant(case.inputs["funded"], expires_after=f"PT{case.inputs['expires'].removeprefix('+').upper()}")
    till.now = hours(1)
    till.collect(case.inputs["consumed"])
    till.now = hours(instant(case.inputs["as_of"]))
    if is_booked:
        till.expire()

    assert [row(one) for one in till.movements()] == case.expected["transactions_newest_first"]


def test_tx_05_a_list_is_of_the_credit_of_one_feature(till: Till) -> None:
    case = EXAMPLES["TX-05"]
    for described in case.inputs["funded"]:
        till.now = hours(instant(described["at"]))
        till.grant(described["amount"], features=described.get("features"), expires_after="P1D")
    wanted = case.inputs["charge"]
    till.now = hours(instant(wanted["at"]))
    till.collect(wanted["amount"], feature=wanted["feature"], mode=Mode(wanted["mode"]))

    expected = dict(case.expected)
    over = expected.pop("after_24h_expiry_storage")
    scopes = {name: SCOPES.get(name, Scope(is_all=False, feature=name)) for name in expected}
    assert {name: row(till.movements(scope=scope)[0]) for name, scope in scopes.items()} == expected

    # its rows: of the 20 for two features nothing was left to expire
    till.now = hours(30)
    storage = Scope(is_all=False, feature="storage")
    assert [row(one) for one in till.movements(scope=storage)[:3]] == over
    till.expire()
    assert [row(one) for one in till.movements(scope=storage)[:3]] == over
    assert [one.amount for one in till.movements(T, storage)] == [Decimal(100)]
