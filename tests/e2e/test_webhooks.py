"""From usage to a stranger's server: a threshold is passed, and whoever asked for it hears so, signed."""

from collections.abc import Callable
from typing import Any

from standardwebhooks import Webhook

from meterhouse.notifications.endpoint import without_target
from tests.e2e.drive_access import use
from tests.e2e.drive_entitlements import grant, metered
from tests.e2e.drive_notifications import low, webhook
from tests.e2e.test_included_usage import METER
from tests.integration.notifications.receiver import running_receiver

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def test_a_threshold_that_usage_passes_comes_to_a_receiver_that_verifies_it(
    new_namespace: Callable[[str], Sdk], relayed: Callable[[], None], eventually: Eventually
) -> None:
    sdk = new_namespace("webhooks")
    sdk.meters.create(METER)
    metered(sdk, "watched")
    grant(sdk, "watched")
    with running_receiver(None) as receiver:
        channel = webhook(sdk, "hook", url=receiver.url(), customHeaders={"X-Team": "a"})
        rule = low(sdk, "watched", channels=[channel["id"]])
        use(sdk, "watched", 6)

        def heard() -> int:
            relayed()
            return len(receiver.received)

        eventually(heard, 1)
        [got] = receiver.received
    message = Webhook(channel["signingSecret"]).verify(got.body, dict(got.headers))
    assert (message["type"], message["data"]["value"]["usage"]) == ("entitlements.balance.threshold", 6)
    assert (message["id"], got.headers["x-team"]) == (got.message_id, "a")

    def state() -> str:
        [status] = sdk.notification_events.get(got.message_id).delivery_status
        return str(status.state.value)

    eventually(state, "SUCCESS")
    event = sdk.notification_events.get(got.message_id)
    [attempt] = event.delivery_status[0].attempts
    assert (event.rule["id"], attempt.response.status_code, attempt.response.url) == (
        rule["id"],
        200,
        without_target(channel["url"]),
    )
