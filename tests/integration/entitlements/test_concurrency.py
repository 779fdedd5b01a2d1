"""Each thread has a connection of its own, as each Lambda has."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.management import Management, management
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.entitlements.spec import EntitlementSpec, GrantSpec, ResetSpec
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.entitlements.house import House

ACME = Holder("acme")
SSO = EntitlementSpec(EntitlementType.BOOLEAN, feature_key="sso")
THREADS = 8


def at_once(settings: PostgresSettings, act: Callable[[Management], object]) -> Counter[str]:
    """How often it went well or was refused, and with what."""

    def one(_: int) -> str:
        own = Database(lambda: settings)
        try:
            act(management(begins(own, PostgresStore)))
        except (Conflict, InvalidInput, NotFound) as refused:
            return type(refused).__name__
        finally:
            own.close()
        return "done"

    with ThreadPoolExecutor(THREADS) as threads:
        return Counter(threads.map(one, range(THREADS)))


def test_of_many_who_entitle_at_once_one_succeeds(house: House, database_settings: PostgresSettings) -> None:
    outcome = at_once(database_settings, lambda use: use.entitle(house.namespace, ACME, SSO))

    assert outcome == {"done": 1, "Conflict": THREADS - 1}
    assert [kind for kind, _ in house.events()] == ["entitlement.created"]


def test_overrides_at_once_take_each_other_s_place(house: House, database_settings: PostgresSettings) -> None:
    house.now = clock.now()
    house.ok("POST", "/api/v2/customers/acme/entitlements", {"type": "boolean", "featureKey": "sso"})

    outcome = at_once(database_settings, lambda use: use.override(house.namespace, ACME, "sso", SSO))

    assert outcome == {"done": THREADS}
    rows = house.rows("SELECT * FROM entitlements WHERE namespace = %(namespace)s ORDER BY active_from, active_to")
    assert len(rows) == THREADS + 1
    ends = [row["active_to"] for row in rows]
    assert ends == [*(row["active_from"] for row in rows[1:]), None]


def test_one_entitlement_is_ended_once(house: House, database_settings: PostgresSettings) -> None:
    house.now = clock.now()
    house.ok("POST", "/api/v2/customers/acme/entitlements", {"type": "boolean", "featureKey": "sso"})

    outcome = at_once(database_settings, lambda use: use.end(house.namespace, ACME, "sso"))

    assert outcome == {"done": 1, "NotFound": THREADS - 1}


def test_every_grant_is_counted_as_a_change(house: House, database_settings: PostgresSettings) -> None:
    house.now = clock.now()
    made = house.entitled()
    one = GrantSpec(Decimal(1), house.now)

    assert at_once(database_settings, lambda use: use.grant(house.namespace, ACME, made["id"], one)) == {
        "done": THREADS
    }

    [row] = house.rows("SELECT changes FROM entitlements WHERE namespace = %(namespace)s")
    assert row["changes"] == THREADS


def test_of_many_resets_in_one_minute_one_succeeds(house: House, database_settings: PostgresSettings) -> None:
    house.now = clock.now()
    made = house.entitled(
        usagePeriod={"interval": "YEAR", "anchor": "2020-01-01T00:00:00Z"}, measureUsageFrom="CURRENT_PERIOD_START"
    )
    instant = ResetSpec(effective_at=house.now)

    outcome = at_once(database_settings, lambda use: use.reset(house.namespace, ACME, made["id"], instant))

    assert outcome == {"done": 1, "InvalidInput": THREADS - 1}


def test_a_grant_is_voided_once(house: House, database_settings: PostgresSettings) -> None:
    house.now = clock.now()
    made = house.entitled(issue={"amount": 1})
    [grant] = house.ok("GET", f"/api/v2/customers/acme/entitlements/{made['id']}/grants")["items"]

    outcome = at_once(database_settings, lambda use: use.void(house.namespace, grant["id"]))

    assert outcome == {"done": 1, "InvalidInput": THREADS - 1}
