"""The batches of an invoice run, page by page."""

from typing import Any

from meterhouse.billing.batch import as_of_of
from meterhouse.billing.list_customer_batches import ListCustomerBatches, place_of
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.run_sizes import sizes_from_environment, sizes_of
from meterhouse.platform import clock
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
list_batches = ListCustomerBatches(begins(database, PostgresBilling), lambda: all_namespaces(database))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"asOf", "after", "run"} -> {"batches": [{"namespace", "afterCustomerId", "upToCustomerId"}], "after"}.

    `after`: null asks for the first batches, and answers that there are no more; else it is given back.
    `run`: the input of the whole run, which may ask for sizes of its own by "batchSize" and "pageSize".
    """
    as_of_of(event, clock.now())
    sizes = sizes_of(event.get("run", {}), sizes_from_environment())
    return list_batches(place_of(event.get("after")), sizes).document()
