"""P12: the memory of a handler after 1 000 warm calls, beside that after 50.

Each handler runs in a process of its own (`warm_calls`), on real engines, in the environment that the deployment
gives it. Its resident memory is compared: what a warm Lambda keeps.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.peppers import peppers_of
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.bench.measurement import Effort, Figure, Kind, Run, Unit
from tests.bench.sink_batch import add_meters
from tests.bench.warm_calls import CALLS, KEY, NAMESPACE
from tests.integration.platform.aws_double import running_aws_double

_ROOT = Path(__file__).resolve().parents[2]
_CALLS = {Effort.FULL: (50, 1000), Effort.SMALL: (1, 2)}
_FUNCTIONS = {Effort.FULL: tuple(CALLS), Effort.SMALL: ("sink_events",)}
_BOUND = 1.05
_PEPPER = "bench-pepper"


def measure(run: Run) -> list[Figure]:
    with run.engines.usage_store("p12") as settings, _environment(run, settings) as environment:
        functions = _FUNCTIONS[run.effort]
        steps = run.track(range(len(functions)), "P12 warm calls")
        return [_figure(functions[step], environment, *_CALLS[run.effort]) for step in steps]


def _figure(function: str, environment: dict[str, str], few: int, many: int) -> Figure:
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.bench.warm_calls", function, str(few), str(many)],
        cwd=_ROOT,
        env=environment | {"POWERTOOLS_SERVICE_NAME": function},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    # the last line; those before it are the handler's log
    before, after = map(int, ran.stdout.split("\n")[-2].split())
    work = f"memory of {function} after {many:,} calls"
    return Figure("P12", work, Kind.RATIO, after, f"after {few}", before, _BOUND, Unit.BYTES)


@contextmanager
def _environment(run: Run, clickhouse: ClickHouseSettings) -> Iterator[dict[str, str]]:
    """What infra/capabilities.py gives functions, with the secrets behind it."""
    postgres, kafka = run.engines.postgres, run.engines.kafka
    database = Database(lambda: postgres)
    add_meters(database, NAMESPACE)
    Credentials(database, lambda _: peppers_of({"pepper": _PEPPER})).register(NAMESPACE, "bench", KEY)
    database.close()
    with running_aws_double() as aws:
        aws.secrets |= {
            "postgres": {"username": postgres.username, "password": postgres.password},
            "clickhouse": {"username": clickhouse.username, "password": clickhouse.password},
            "pepper": {"pepper": _PEPPER},
        }
        yield (
            os.environ
            | _variables(postgres, clickhouse, kafka)
            | {
                "PYTHONPATH": str(_ROOT / "shared"),
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            }
        )


def _variables(postgres: PostgresSettings, clickhouse: ClickHouseSettings, kafka: KafkaSettings) -> dict[str, str]:
    return {
        "POSTGRES_HOST": postgres.host,
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_DATABASE": postgres.database,
        "POSTGRES_SSLMODE": postgres.sslmode,
        "POSTGRES_SECRET_ARN": "postgres",
        "CLICKHOUSE_URL": clickhouse.url,
        "CLICKHOUSE_DATABASE": clickhouse.database,
        "CLICKHOUSE_SECRET_ARN": "clickhouse",
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "KAFKA_EVENTS_TOPIC": kafka.events_topic,
        "KAFKA_DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
        "KAFKA_CONSUMER_GROUP": kafka.consumer_group,
        "API_KEY_PEPPER_SECRET_ARN": "pepper",
    }
