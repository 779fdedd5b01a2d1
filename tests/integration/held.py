"""What functions that run in this process hold of stores: it outlives the test that asked them."""

import gc

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database


def hang_up(store: Database | ClickHouse) -> None:
    """Ends its connection; the next one is opened where its settings say by then."""
    if isinstance(store, Database):
        store.close()
    elif store._client is not None:
        store._client.close()
        store._client = None


def hang_up_functions() -> None:
    """`hang_up` for all stores whose settings are those of the process: most of them nobody can name from outside."""
    for held in gc.get_objects():
        # not isinstance: it asks a proxy for a class, and may find its object gone
        if type(held) in {Database, ClickHouse} and _is_of_a_function(held):
            hang_up(held)


def _is_of_a_function(store: Database | ClickHouse) -> bool:
    module = store._settings.__module__
    return module.startswith("functions.") or getattr(store._settings, "__name__", "") == "from_environment"
