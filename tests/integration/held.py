"""What functions that run in this process hold of stores: it outlives the test that asked them."""

import gc

from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database

_HELD = {Database, ClickHouse, KafkaProducer, KafkaTopic, KafkaEventLog}


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
        if type(held) in _HELD and _is_of_a_function(held):
            if isinstance(held, KafkaTopic | KafkaEventLog):
                held._consumer = None
            elif isinstance(held, KafkaProducer):
                held._producer = None
            else:
                hang_up(held)


def _is_of_a_function(store: Database | ClickHouse | KafkaProducer | KafkaTopic | KafkaEventLog) -> bool:
    module = store._settings.__module__
    return module.startswith("functions.") or getattr(store._settings, "__name__", "") == "from_environment"
