"""Who subscribes to a plan: one version's by its id, all versions' by the key."""

from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.platform.postgres import Database, PostgresSettings, connect
from meterhouse.subscriptions.postgres_of_plan import COUNT, PAGE
from tests.unit.subscriptions.samples import at, fee, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

PLANS = "/api/v1/plans"


def listed(api: "Api", plan: str, query: str = "") -> list[str]:
    status, page = api.call("GET", f"{PLANS}/{plan}/subscriptions", query=query)
    assert (status, page["totalCount"]) == (200, len(page["items"]))
    return [item["customerId"] for item in page["items"]]


@pytest.fixture
def plan_id(api: "Api") -> str:
    with api.database.transaction(api.namespace) as transaction:
        found = PostgresPlans(transaction).latest("plan")
    assert found is not None
    return found.id


def subscribed(api: "Api", key: str, start: str, **fields: object) -> Any:
    customer = api.add_customer(key)
    made = api.subscribe(customerKey=key, timing=f"{start}T00:00:00Z", **fields)
    return customer, made["id"]


def test_subscriptions_are_found_by_the_version_and_by_the_key_by_their_start(api: "Api", plan_id: str) -> None:
    late, early = subscribed(api, "bob", "2021-02-01")[0], subscribed(api, "eve", "2021-01-15")[0]
    api.plan(spec(phase("only", None, fee())), key="other")
    subscribed(api, "zed", "2021-01-15", plan={"key": "other"})

    assert listed(api, plan_id) == listed(api, "plan") == [early, late]


def test_the_version_of_an_id_is_not_another(api: "Api", plan_id: str) -> None:
    customer, _ = subscribed(api, "bob", "2021-02-01")
    with api.database.transaction(api.namespace) as transaction:
        transaction.execute("UPDATE subscriptions SET plan_version = 2 WHERE namespace = %(namespace)s")
        transaction.commit()

    assert listed(api, plan_id) == []
    assert listed(api, "plan") == [customer]


def test_a_status_is_that_of_now(api: "Api") -> None:
    scheduled, _ = subscribed(api, "later", "2021-06-01")
    active, _ = subscribed(api, "now", "2021-02-01")
    canceled, ending = subscribed(api, "ending", "2021-02-01")
    assert api.call("POST", f"/api/v1/subscriptions/{ending}/cancel", {"timing": "2021-04-01T00:00:00Z"})[0] == 200

    by_status = {name: listed(api, "plan", f"status={name}") for name in ("scheduled", "active", "canceled")}
    assert by_status == {"scheduled": [scheduled], "active": [active], "canceled": [canceled]}
    assert listed(api, "plan", "status=inactive") == []

    api.now = at("2021-07-01")
    assert listed(api, "plan", "status=inactive") == [canceled]
    assert set(listed(api, "plan", "status=active&status=scheduled")) == {active, scheduled}


def test_pages_follow_each_other(api: "Api") -> None:
    customers = [subscribed(api, f"c{day}", f"2021-02-0{day}")[0] for day in range(1, 6)]

    pages = [api.call("GET", f"{PLANS}/plan/subscriptions", query=f"page={n}&pageSize=2")[1] for n in (1, 2, 3)]

    assert [page["totalCount"] for page in pages] == [5, 5, 5]
    assert [item["customerId"] for page in pages for item in page["items"]] == customers


def test_all_subscriptions_are_listed_by_their_start_and_by_state(api: "Api") -> None:
    made = [subscribed(api, f"c{month}", f"2021-0{month}-01")[1] for month in (2, 6)]

    def ids(query: str = "", **where: str) -> list[str]:
        status, page = api.call("GET", "/api/v1/subscriptions", query=query, **where)
        assert (status, page["totalCount"]) == (200, len(page["items"]))
        return [one["id"] for one in page["items"]]

    assert [ids(), ids("status=scheduled"), ids(namespace="elsewhere")] == [made, made[1:], []]


def test_deleted_subscriptions_and_those_of_others_are_not_seen(api: "Api", plan_id: str) -> None:
    _, later = subscribed(api, "later", "2021-06-01")
    assert api.call("DELETE", f"/api/v1/subscriptions/{later}")[0] == 204

    assert listed(api, "plan") == []
    assert api.call("GET", f"{PLANS}/{plan_id}/subscriptions", namespace="elsewhere")[0] == 404


@pytest.mark.parametrize("plan", ["none", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "ä"])
def test_a_plan_that_is_not_there_is_not_found(api: "Api", plan: str) -> None:
    assert api.call("GET", f"{PLANS}/{plan}/subscriptions")[0] == 404


@pytest.mark.parametrize(
    ("query", "field"), [("status=gone", "status"), ("page=0", "page"), ("pageSize=1001", "pageSize")]
)
def test_what_is_asked_wrong_is_named(api: "Api", query: str, field: str) -> None:
    status, problem = api.call("GET", f"{PLANS}/plan/subscriptions", query=query)

    assert status == 400
    assert field in str(problem["extensions"]["validationErrors"][0]["field"])


FILL = """
INSERT INTO subscriptions (
    namespace, id, customer_id, plan_id, plan_key, plan_version, name, metadata, currency, billing_cadence,
    billing_anchor, is_prorated, settlement_mode, active_from, created_at, updated_at
)
SELECT %(namespace)s, 'S' || n, 'C' || n, 'P', 'plan' || n %% 500, 1, 'Name', '{}', 'USD', 'P1M', now(), true,
    'credit_then_invoice', now(), now(), now()
FROM generate_series(1, 5000) n
"""


def test_a_plans_subscriptions_are_found_by_an_index(
    database: Database, namespace: str, owner_settings: PostgresSettings
) -> None:
    wanted = {"plan_key": "plan7", "version": None, "statuses": None, "at": at("2021-03-01"), "limit": 100, "offset": 0}
    with database.transaction(namespace) as transaction:
        transaction.execute(FILL)
        transaction.commit()
    with connect(owner_settings, autocommit=True) as owner:
        owner.execute(b"ANALYZE subscriptions")
    with database.transaction(namespace) as transaction:
        plans = [
            "\n".join(row["QUERY PLAN"] for row in transaction.fetch_all(f"EXPLAIN {q}", wanted)) for q in (COUNT, PAGE)
        ]

    assert all("subscriptions_of_plan" in plan and "Seq Scan on subscriptions" not in plan for plan in plans), plans
