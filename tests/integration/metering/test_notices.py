"""Notices in the outbox: whatever names producers give, the relay can put ten of them at once onto the bus."""

from meterhouse.metering.postgres import OutboxNotices
from meterhouse.platform.eventbridge import LARGEST_CALL
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from meterhouse.platform.relay import entry
from tests.integration.metering.house import T0


def test_a_batch_of_the_longest_subjects_becomes_notices_of_which_ten_fit_a_call(
    database: Database, namespace: str
) -> None:
    used = [(namespace, f"{number:04}" + "😀" * 1020, new_id()) for number in range(150)]
    for _ in range(2):
        OutboxNotices(database).usage_ingested(reversed(used), (), "N1", T0)
    with database.transaction(namespace) as transaction:
        told = transaction.fetch_all("SELECT * FROM outbox ORDER BY position")
    assert max(len(entry(event, "bus")["Detail"]) for event in told) < LARGEST_CALL // 10 - 500
    told_of = [(one["subject"], one["meterIds"]) for event in told for one in event["data"]["usage"]]
    assert told_of == [(subject, [meter_id]) for _, subject, meter_id in used]
