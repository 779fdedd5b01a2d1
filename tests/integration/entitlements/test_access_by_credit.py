"""Access of many customers to what there is credit for, on the real stores."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from functions.check_access import handler as check
from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.spec import EntitlementSpec
from meterhouse.ledger.balance import OpenCharge
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_credit import GrantCredit
from meterhouse.ledger.grant_rules import CreditGrantSpec
from meterhouse.ledger.left_credit import LeftCredit
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.service import nothing_open
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.entitlements.front import NOWHERE, Front
from tests.integration.entitlements.test_access import QUERY, give
from tests.integration.entitlements.usage_house import HOUR, UsageHouse
from tests.integration.ledger.charging import Charging

FEATURES = ["seats", "sso", "tokens", "nothing"]


@pytest.fixture(autouse=True)
def _house(used: UsageHouse) -> None:
    """The customer may use seats and single sign-on, and has used up its tokens."""
    give(used, "seats", "{}")
    give(used, "sso")
    used.entitled()


@pytest.fixture
def front(used: UsageHouse) -> Front:
    return Front(used, credit=LeftCredit(begins(used.database, PostgresLedgerStore), nothing_open))


def credited(used: UsageHouse, **more: Any) -> None:
    spec = CreditGrantSpec("Credit", Funding.NONE, "USD", Decimal(5), **more)
    GrantCredit(begins(used.database, PostgresLedgerStore))(used.namespace, used.customer.id, spec)


def told(front: Front, *names: str, query: str = "", include: object = True) -> list[dict[str, str | None]]:
    """Of each customer why a feature may not be used, or None."""
    body = {"customer": {"keys": names or ["acme"]}, "feature": {"keys": FEATURES}, "include_credits": include}
    status, answer = front.call("POST", QUERY, body, query=query)
    assert status == 200, answer
    for one in answer["data"]:
        assert all(access["has_access"] is ("reason" not in access) for access in one["features"].values())
    return [
        {key: access.get("reason", {}).get("code") for key, access in one["features"].items()} for one in answer["data"]
    ]


OTHERWISE = {"tokens": "usage_limit_reached", "nothing": "feature_not_found"}
BY_ENTITLEMENT = {"seats": None, "sso": None} | OTHERWISE
BY_CREDIT = {"seats": "no_credit_available", "sso": "no_credit_available"} | OTHERWISE


def test_who_has_no_credit_has_no_access_if_credit_is_asked_for(used: UsageHouse, front: Front) -> None:
    assert told(front) == [BY_CREDIT]
    assert told(front, include=False) == [BY_ENTITLEMENT]

    credited(used)

    assert told(front) == [BY_ENTITLEMENT]


def test_credit_for_one_feature_opens_no_other(used: UsageHouse, front: Front) -> None:
    credited(used, features=["sso"])

    assert told(front) == [BY_CREDIT | {"sso": None}]


def test_credit_that_is_not_there_yet_or_over_opens_nothing(used: UsageHouse) -> None:
    begins_at = clock.now() + HOUR
    credited(used, effective_at=begins_at, expires_after="PT1H")
    left, wanted = LeftCredit(begins(used.database, PostgresLedgerStore), nothing_open), {used.customer.id: ["sso"]}

    found = [left(used.namespace, wanted, begins_at + hours * HOUR) for hours in (-0.5, 0, 0.5, 1)]

    assert [one[used.customer.id] for one in found] == [set(), {"sso"}, {"sso"}, set()]


def test_what_open_charges_will_burn_is_no_credit(used: UsageHouse, front: Front) -> None:
    def on_seats(_namespace: str, _customer_id: str, at: datetime) -> list[OpenCharge]:
        return [OpenCharge("USD", Decimal(5), Mode.CREDIT_THEN_INVOICE, at, "seats")]

    credited(used)
    charged = replace(front, credit=LeftCredit(begins(used.database, PostgresLedgerStore), on_seats))

    assert told(charged) == [BY_ENTITLEMENT | {"seats": "no_credit_available"}]


def test_what_is_burnt_while_open_charges_are_read_is_no_credit(used: UsageHouse, front: Front) -> None:
    begin = begins(used.database, PostgresLedgerStore)

    def burnt_meanwhile(namespace: str, customer_id: str, at: datetime) -> list[OpenCharge]:
        wanted = Charge(f"{namespace}:c", "USD", Decimal(5), at, Mode.CREDIT_THEN_INVOICE)
        Charging(begin, namespace, at).collect([(customer_id, wanted)])
        return []

    credited(used)
    charged = replace(front, credit=LeftCredit(begin, burnt_meanwhile))

    assert told(charged) == [BY_CREDIT]


def test_each_customer_is_told_by_its_own_credit(used: UsageHouse, front: Front) -> None:
    poor = used.add_customer("poor")
    spec = EntitlementSpec(EntitlementType.STATIC, feature_key="seats", config="{}")
    used.use.entitle(used.namespace, Holder("poor"), spec)
    credited(used)

    by_id = dict(zip(sorted([used.customer.id, poor.id]), told(front, "acme", "poor"), strict=True))

    assert [by_id[one.id]["seats"] for one in (used.customer, poor)] == [None, "no_credit_available"]


def test_while_nobody_can_tell_credit_only_who_fails_open_has_access(
    used: UsageHouse, database_settings: PostgresSettings
) -> None:
    silent = Database(lambda: replace(database_settings, port=NOWHERE, connects_within=1))
    front = Front(used, credit=LeftCredit(begins(silent, PostgresLedgerStore), nothing_open))
    body = {"customer": {"keys": ["acme"]}, "include_credits": True}

    assert front.call("POST", QUERY, body)[0] == 503
    assert told(front, query="failOpen=true") == [BY_ENTITLEMENT]
    answer = front.answer("POST", QUERY, body, query="failOpen=true")
    assert {name.lower(): value for name, value in answer["headers"].items()}["x-meterhouse-fail-open"] == "true"


def test_the_function_is_composed_with_the_credit_of_the_ledger(
    used: UsageHouse, composed: Callable[..., None]
) -> None:
    composed(check)
    front = Front(used)
    front.handler = check.handler

    assert told(front) == [BY_CREDIT]
    credited(used)
    assert told(front) == [BY_ENTITLEMENT]
