from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.odd import ODD, odd_forms

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

CARD = {
    "type": "usage_based",
    "key": "usage",
    "name": "Usage",
    "featureKey": "usage",
    "billingCadence": "P1M",
    "price": {"type": "unit", "amount": "1"},
}
PHASE = {"key": "only", "name": "Only", "duration": None, "rateCards": [CARD]}
CUSTOM = {"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [PHASE]}
EDIT = {
    "customizations": [
        {"op": "add_item", "phaseKey": "paid", "rateCard": CARD},
        {"op": "remove_item", "phaseKey": "paid", "itemKey": "fee"},
        {"op": "add_phase", "phase": {"key": "last", "name": "Last", "description": "x", "startAfter": "P5Y"}},
        {"op": "add_item", "phaseKey": "last", "rateCard": CARD},
        {"op": "stretch_phase", "phaseKey": "paid", "extendBy": "-P1M2DT3H"},
        {"op": "remove_phase", "phaseKey": "last", "shift": "next"},
        {"op": "unschedule_edit"},
    ],
    "timing": "next_billing_cycle",
}
AGREED = {"timing": "immediate", "billingAnchor": "2021-01-01T00:00:00Z"}
ODDER: list[Any] = [*ODD, "P-9999Y", "-P999999D", "P1Y2M3W4DT5H6M7S"]


@pytest.mark.parametrize(
    ("method", "verb", "body"),
    [
        ("PATCH", "", EDIT),
        ("POST", "/change", AGREED | {"customPlan": CUSTOM}),
        ("POST", "/change", AGREED | {"plan": {"key": "plan", "version": 1}, "startingPhase": "paid", "name": "x"}),
        ("POST", "/migrate", AGREED | {"targetVersion": 2, "startingPhase": "paid"}),
    ],
)
def test_no_body_is_odd_enough_to_break_the_server(api: "Api", method: str, verb: str, body: dict[str, Any]) -> None:
    made = [api.subscribe()["id"]]

    def answer(odd: Any) -> tuple[int, Any]:
        status, answered = api.call(method, f"/api/v1/subscriptions/{made[-1]}{verb}", odd)
        if status == 200 and "next" in answered:
            made.append(answered["next"]["id"])
        return status, answered

    answers = {odd: answer(document) for odd, document in odd_forms(body, ODDER)}
    assert [key for key, (status, _) in answers.items() if status not in {200, 400, 409}] == []
    refused = [problem for status, problem in answers.values() if status == 400]
    assert all(problem["extensions"]["validationErrors"] for problem in refused)
    # whatever was accepted can be shown
    assert {api.call("GET", f"/api/v1/subscriptions/{one}")[0] for one in made} == {200}
