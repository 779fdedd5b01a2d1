"""The function that previews, as it is composed: only where its stores are is set by the test."""

import json
from collections.abc import Callable

import pytest

from functions.preview_subscription import handler as preview
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import Run
from tests.unit.billing.samples import metered
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import fee, phase, spec

SOLD = spec(phase("default", None, fee(amount="20"), metered()))


@pytest.fixture(autouse=True)
def _stores(composed: Callable[..., None]) -> None:
    composed(preview)


def test_a_new_subscription_and_the_end_of_one_are_previewed_with_usage_as_it_is_stored(run: Run) -> None:
    backtested = Backtested(run)
    plan = backtested.plan(SOLD)
    run.customer("ann", subject_keys=("ann-1",))
    agreed = backtested.subscribe(run.customer("bob"), plan)
    wanted = {"customerKey": "ann", "plan": {"key": plan.key}, "timing": "2024-07-01T00:00:00Z"}

    path = "/api/v1/subscriptions/preview"
    made = preview.handler(request("POST", path, wanted, namespace=run.namespace), CONTEXT)
    path = f"/api/v1/subscriptions/{agreed.id}/preview"
    ended = preview.handler(request("POST", path, {"cancel": {}}, namespace=run.namespace), CONTEXT)

    assert (made["statusCode"], ended["statusCode"]) == (200, 200), (made["body"], ended["body"])
    lines = json.loads(made["body"])["nextInvoice"]["lines"]
    assert ("Fee", "20.00") in {(line["name"], line["totals"]["total"]) for line in lines}
    assert json.loads(ended["body"])["subscriptions"][0]["status"] == "inactive"
