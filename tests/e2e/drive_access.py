"""The official SDK asks for values, access and histories, in the namespace of `test_sdk_coverage`, of meter `bytes`."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import ResourceNotFoundError

from meterhouse.platform import clock
from tests.e2e.drive_entitlements import grant, metered

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def use(sdk: Sdk, key: str, amount: float) -> None:
    """Usage of the customer's subject, now."""
    event = {
        "specversion": "1.0",
        "id": f"{key}-{amount}",
        "source": "access",
        "type": "page.viewed",
        "subject": f"{key}-app",
        "time": clock.now().isoformat(),
        "data": {"bytes": amount},
    }
    sdk.events.ingest_event(event, content_type="application/cloudevents+json")


def value_v2(sdk: Sdk, eventually: Eventually) -> None:
    metered(sdk, "valued")
    granted = grant(sdk, "valued")
    use(sdk, "valued", 4)
    ask = sdk.customer_entitlement_v2.get_customer_entitlement_value
    eventually(lambda: ask("valued", "valued").balance, 6.5)
    found = ask("valued", "valued")
    assert (found.has_access, found.usage, found.overage, found.total_available_grant_amount) == (True, 4, 0, 10.5)
    assert found.grant_balances == {granted.id: 6.5}
    assert not ask("valued", "valued", time=clock.now() - dt.timedelta(days=400)).has_access
    with pytest.raises(ResourceNotFoundError):
        ask("valued", "nothing")


def value(sdk: Sdk, eventually: Eventually) -> None:
    metered(sdk, "valued_v1")
    grant(sdk, "valued_v1")
    use(sdk, "valued_v1", 11.5)
    ask = sdk.customer_entitlement.get_customer_entitlement_value
    eventually(lambda: ask("valued_v1", "valued_v1").overage, 1)
    found = ask("valued_v1", "valued_v1", time=clock.now())
    assert (found.has_access, found.balance, found.usage) == (False, 0, 11.5)
    assert not ask("valued_v1", "nothing").has_access
    with pytest.raises(ResourceNotFoundError):
        ask("nobody", "valued_v1")


def access(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "accessing", isSoftLimit=True)
    sdk.features.create({"key": "accessing_config", "name": "Config"})
    static = {"type": "static", "featureKey": "accessing_config", "config": '{"models": ["a"]}'}
    sdk.customer_entitlements_v2.post("accessing", static)
    found = sdk.customer.get_customer_access("accessing").entitlements
    assert {key: one.has_access for key, one in found.items()} == {"accessing": True, "accessing_config": True}
    assert found["accessing_config"].config == static["config"]


def history(sdk: Sdk, eventually: Eventually) -> None:
    made = metered(sdk, "remembered")
    granted = grant(sdk, "remembered")
    use(sdk, "remembered", 4)
    ask = sdk.customer_entitlement_v2.get_customer_entitlement_history

    def by_hour() -> Any:
        return ask("remembered", "remembered", window_size="HOUR").windowed_history

    eventually(lambda: sum(hour.usage for hour in by_hour()), 4)
    begun = dt.datetime.fromisoformat(made["lastReset"])
    found = ask(
        "remembered", made["id"], window_size="DAY", from_parameter=begun, to=clock.now(), window_time_zone="UTC"
    )
    assert sum(window.usage for window in found.windowed_history) == 4
    last = found.burndown_history[-1]
    assert (last.balance_at_end, last.grant_usages[0].grant_id, last.grant_usages[0].usage) == (6.5, granted.id, 4)


ACCESS = {
    "customer_entitlement_v2.get_customer_entitlement_value": value_v2,
    "customer_entitlement.get_customer_entitlement_value": value,
    "customer.get_customer_access": access,
    "customer_entitlement_v2.get_customer_entitlement_history": history,
}
