"""What plans and add-ons do alike, on the real database, behind the HTTP edge."""

from dataclasses import dataclass
from typing import Any

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock
from tests.integration.catalog.test_addons import ADDONS, TERMINAL
from tests.integration.catalog.test_addons import UPDATE as ADDON_UPDATE
from tests.integration.catalog.test_plans import PLAN, PLANS
from tests.integration.catalog.test_plans import UPDATE as PLAN_UPDATE
from tests.problems import faults_of

pytestmark = pytest.mark.usefixtures("features")


@dataclass(frozen=True)
class Sold:
    """One kind of what is sold: what it is called, where it is, a sound body and a sound rewriting of it."""

    name: str
    address: str
    body: dict[str, Any]
    update: dict[str, Any]

    def draft(self, call: Call, **changes: object) -> dict[str, Any]:
        status, drafted = call("POST", self.address, self.body | changes)
        assert status == 201, drafted
        return dict(drafted)

    def publish(self, call: Call, **changes: object) -> dict[str, Any]:
        status, published = call("POST", f"{self.address}/{self.draft(call, **changes)['id']}/publish")
        assert status == 200, published
        return dict(published)


@pytest.fixture(params=[Sold("plan", PLANS, PLAN, PLAN_UPDATE), Sold("addon", ADDONS, TERMINAL, ADDON_UPDATE)])
def sold(request: pytest.FixtureRequest) -> Sold:
    kind: Sold = request.param
    return kind


def test_a_version_is_drafted_as_sent_and_published(call: Call, sold: Sold) -> None:
    draft = sold.draft(call)
    key = f"{sold.address}/{sold.body['key']}"

    assert {name: draft[name] for name in sold.body} == sold.body
    assert (draft["version"], draft["status"], draft["validationErrors"]) == (1, "draft", None)
    assert call("GET", f"{sold.address}/{draft['id']}") == (200, draft)
    assert call("GET", key)[0] == 404
    assert call("GET", key, query="includeLatest=true") == (200, draft)

    status, published = call("POST", f"{sold.address}/{draft['id']}/publish")

    assert (status, published["status"], published["effectiveFrom"]) == (200, "active", "2013-01-01T00:00:00Z")
    assert call("GET", key) == (200, published)


def test_publishing_a_version_archives_the_one_on_sale_at_the_same_instant(
    call: Call, clock: Clock, sold: Sold
) -> None:
    first = sold.publish(call)
    clock.pass_day()
    second = sold.publish(call, name="Another")

    before = call("GET", f"{sold.address}/{first['id']}")[1]

    assert (second["version"], before["status"]) == (2, "archived")
    assert before["effectiveTo"] == second["effectiveFrom"] == "2013-01-02T00:00:00Z"
    assert call("GET", f"{sold.address}/{sold.body['key']}")[1]["id"] == second["id"]


def test_a_key_has_one_draft_at_a_time(call: Call, sold: Sold) -> None:
    sold.draft(call)

    status, problem = call("POST", sold.address, sold.body)

    assert (status, problem["code"]) == (409, f"{sold.name}_draft_exists")


def test_only_what_is_not_on_sale_yet_is_replaced(call: Call, sold: Sold) -> None:
    draft = sold.draft(call, metadata={"gone": "soon"})

    status, replaced = call("PUT", f"{sold.address}/{draft['id']}", sold.update | {"name": "Another"})
    assert (status, replaced["name"], replaced["currency"]) == (200, "Another", "USD")
    assert "metadata" not in replaced

    call("POST", f"{sold.address}/{draft['id']}/publish")
    status, problem = call("PUT", f"{sold.address}/{draft['id']}", sold.update)
    assert (status, problem["code"]) == (409, f"{sold.name}_not_editable")


@pytest.mark.parametrize("name", ["key", "currency"])
def test_what_stays_of_a_version_is_not_replaced(call: Call, sold: Sold, name: str) -> None:
    draft = sold.draft(call)

    status, problem = call("PUT", f"{sold.address}/{draft['id']}", sold.update | {name: "EUR"})

    assert (status, faults_of(problem)) == (400, [(f"/{name}", "extra_forbidden")])


def test_what_is_archived_is_off_sale_and_stays_so(call: Call, clock: Clock, sold: Sold) -> None:
    published = sold.publish(call)
    one = f"{sold.address}/{published['id']}"
    clock.pass_day()

    assert call("POST", f"{one}/archive")[1]["status"] == "archived"

    assert call("GET", f"{sold.address}/{sold.body['key']}")[0] == 404
    assert call("POST", f"{one}/archive")[1]["code"] == f"{sold.name}_not_active"
    assert call("POST", f"{one}/publish")[1]["code"] == f"{sold.name}_not_publishable"


def test_what_is_on_sale_is_not_deleted_and_a_deleted_version_is_not_given_again(call: Call, sold: Sold) -> None:
    published = sold.publish(call)
    assert call("DELETE", f"{sold.address}/{published['id']}")[1]["code"] == f"{sold.name}_not_deletable"
    draft = sold.draft(call)
    one = f"{sold.address}/{draft['id']}"

    assert call("DELETE", one) == call("DELETE", one) == (204, None)

    assert "deletedAt" in call("GET", one)[1]
    assert call("POST", f"{one}/publish")[0] == call("PUT", one, sold.update)[0] == 404
    assert sold.draft(call)["version"] == 3
    assert call("GET", sold.address)[1]["totalCount"] == 2
    assert call("GET", sold.address, query="includeDeleted=true")[1]["totalCount"] == 3


def test_lists_are_filtered_ordered_and_paged(call: Call, sold: Sold) -> None:
    ids = {}
    for key in ("a", "b"):
        ids[key] = sold.publish(call, key=key)["id"]
        sold.draft(call, key=key, currency="EUR")

    def found(query: str) -> list[tuple[str, int]]:
        status, body = call("GET", sold.address, query=query)
        assert status == 200, body
        return [(one["key"], one["version"]) for one in body["items"]]

    assert sorted(found("orderBy=key")) == sorted(found("")) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert found("status=active&orderBy=key") == [("a", 1), ("b", 1)]
    assert found("status=archived") == []
    assert found("status=active&status=draft&key=a&orderBy=version&order=DESC") == [("a", 2), ("a", 1)]
    assert found("currency=EUR&orderBy=key&order=DESC") == [("b", 2), ("a", 2)]
    assert found("keyVersion%5Ba%5D=2&keyVersion%5Bb%5D=1&orderBy=key") == [("a", 2), ("b", 1)]
    assert found("keyVersion=%7B%27a%27%3A%20%5B2%5D%7D") == [("a", 2)]
    assert found(f"id={ids['b']}") == [("b", 1)]
    assert found("orderBy=key&pageSize=3&page=2&status=draft&status=active")[0][0] == "b"
    for wrong in ("keyVersion[a]=x", "status=asleep", "orderBy=name", "pageSize=1001", "id=a", "currency=usd"):
        assert call("GET", sold.address, query=wrong)[0] == 400, wrong


def test_another_namespace_sees_nothing_of_it(call: Call, sold: Sold) -> None:
    one = f"{sold.address}/{sold.publish(call)['id']}"

    for method, address, body in (
        ("GET", one, None),
        ("PUT", one, sold.update),
        ("DELETE", one, None),
        ("POST", f"{one}/publish", None),
        ("POST", f"{one}/archive", None),
    ):
        assert call(method, address, body, namespace="other")[0] == 404
    assert call("GET", sold.address, namespace="other")[1]["totalCount"] == 0


def test_every_change_leaves_a_domain_event(
    call: Call, database: Database, namespace: str, clock: Clock, sold: Sold
) -> None:
    sold.publish(call)
    clock.pass_day()
    second = sold.draft(call)
    call("PUT", f"{sold.address}/{second['id']}", sold.update)
    call("POST", f"{sold.address}/{second['id']}/publish")
    third = sold.draft(call)
    call("DELETE", f"{sold.address}/{third['id']}")

    with database.transaction(namespace) as transaction:
        events = transaction.fetch_all(
            "SELECT type, data FROM outbox WHERE namespace = %(namespace)s AND type LIKE %(of_kind)s",
            {"of_kind": f"{sold.name}.%"},
        )

    kinds = [event["type"].partition(".")[2] for event in events]
    assert sorted(kinds) == [
        "archived", "created", "created", "created", "deleted", "published", "published", "updated"
    ]  # fmt: skip
    told = {f"{sold.name}Id": third["id"], "key": sold.body["key"], "version": 3}
    assert told in [event["data"] for event in events]


def test_a_repeated_request_with_its_key_drafts_once(call: Call, sold: Sold) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "draft-1"}

    first, again = (call("POST", sold.address, sold.body, headers=headers) for _ in range(2))

    assert first == again
    assert call("GET", sold.address)[1]["totalCount"] == 1
