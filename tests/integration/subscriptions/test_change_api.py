from typing import TYPE_CHECKING, Any

from meterhouse.platform.ids import new_id
from tests.problems import faults_of
from tests.unit.subscriptions.samples import fee, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
NOW = "2021-03-20T00:00:00Z"
NEXT_CYCLE = "2021-04-10T00:00:00Z"


def act(api: "Api", made: dict[str, Any], verb: str, body: object = None) -> tuple[int, Any]:
    return api.call("POST", f"{SUBSCRIPTIONS}/{made['id']}/{verb}", body)


def test_a_change_answers_with_the_old_subscription_and_the_new_one_in_full(api: "Api") -> None:
    api.plan(spec(phase("first", "P1M", fee("a")), phase("second", None, fee("b"))), key="better")
    made = api.subscribe()
    body = {"plan": {"key": "better"}, "timing": "immediate", "startingPhase": "second", "name": "Mine"}
    status, changed = act(api, made, "change", body)
    assert status == 200
    current, following = changed["current"], changed["next"]
    assert (current["id"], current["activeTo"], current["status"]) == (made["id"], NOW, "inactive")
    assert current["annotations"] == {"subscription.superseding.id": following["id"]}
    assert following["annotations"] == {"subscription.previous.id": made["id"]}
    assert (following["activeFrom"], following["billingAnchor"]) == (NOW, made["billingAnchor"])
    assert [one["key"] for one in following["phases"]] == ["second"]
    assert following["name"] == "Mine"
    _, shown = api.call("GET", f"{SUBSCRIPTIONS}/{following['id']}")
    assert shown == following


def test_a_change_to_a_custom_plan_is_scheduled_and_restored(api: "Api") -> None:
    made = api.subscribe()
    card = {"type": "flat_fee", "key": "seat", "name": "Seat", "billingCadence": None, "price": None}
    only = {"key": "only", "name": "Only", "duration": None, "rateCards": [card]}
    custom = {"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [only]}
    status, changed = act(api, made, "change", {"customPlan": custom, "timing": "next_billing_cycle"})
    assert (status, changed["current"]["status"], changed["next"]["status"]) == (200, "canceled", "scheduled")
    assert changed["next"]["activeFrom"] == NEXT_CYCLE
    assert act(api, made, "unschedule-cancelation")[0] == 409
    status, restored = act(api, made, "restore")
    assert (status, restored["status"]) == (200, "active")
    assert {"activeTo", "annotations"} & restored.keys() == set()
    assert api.call("GET", f"{SUBSCRIPTIONS}/{changed['next']['id']}")[0] == 404


def test_a_subscription_migrates_to_the_newer_version_of_its_plan(api: "Api") -> None:
    made = api.subscribe()
    assert act(api, made, "migrate", {})[1]["code"] == "plan_version_not_newer"
    api.next_version(spec(phase("trial", "P2W", fee("a")), phase("paid", None, fee("b"))))
    status, migrated = act(api, made, "migrate", {"startingPhase": "paid", "targetVersion": 2})
    assert status == 200
    assert (migrated["next"]["plan"]["version"], migrated["next"]["activeFrom"]) == (2, NOW)
    assert [one["key"] for one in migrated["next"]["phases"]] == ["paid"]
    assert act(api, migrated["next"], "migrate")[0] == 409
    assert {*faults_of(act(api, migrated["next"], "migrate", {"targetVersion": 7})[1])} == {
        ("/targetVersion", "plan_not_found")
    }


def test_a_mode_of_settlement_of_its_own_stays_through_a_migration_and_the_plans_follows_the_plan(api: "Api") -> None:
    sold = spec(phase("only", None, fee()))
    api.plan(sold, "p")
    api.add_customer("bob")
    made = [
        api.subscribe(plan={"key": "p"}, settlementMode="credit_only"),
        api.subscribe(plan={"key": "p"}, customerKey="bob"),
    ]
    api.next_version(sold, "p")
    modes = [act(api, one, "migrate", {"targetVersion": 2})[1]["next"]["settlementMode"] for one in made]
    assert modes == ["credit_only", "credit_then_invoice"]


def test_the_faults_of_a_change_are_told_with_their_pointers(api: "Api") -> None:
    made = api.subscribe()
    assert {*faults_of(act(api, made, "change", {})[1])} >= {("/timing", "missing")}
    assert {*faults_of(act(api, made, "change", {"timing": "immediate"})[1])} == {("/plan", "one_plan_required")}
    body = {"timing": "immediate", "plan": {"key": "none"}}
    assert {*faults_of(act(api, made, "change", body)[1])} == {("/plan/key", "plan_not_found")}
    body = {"timing": "2021-03-21T00:00:00Z", "plan": {"key": "plan"}}
    assert {*faults_of(act(api, made, "change", body)[1])} == {("/timing", "timing_not_aligned")}
    body = {"timing": "immediate", "plan": {"key": "plan"}, "startingPhase": "none"}
    assert {*faults_of(act(api, made, "change", body)[1])} == {("/startingPhase", "unknown_phase")}
    assert api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")[1]["status"] == "active"


def test_another_namespaces_subscription_is_not_found(api: "Api") -> None:
    made = api.subscribe()
    bodies = {
        ("PATCH", ""): {"customizations": []},
        ("POST", "/change"): {"timing": "immediate", "plan": {"key": "plan"}},
        ("POST", "/migrate"): {},
        ("POST", "/restore"): None,
    }
    for (method, verb), body in bodies.items():
        assert api.call(method, f"{SUBSCRIPTIONS}/{made['id']}{verb}", body, namespace="elsewhere")[0] == 404
        assert api.call(method, f"{SUBSCRIPTIONS}/{new_id()}{verb}", body)[0] == 404
