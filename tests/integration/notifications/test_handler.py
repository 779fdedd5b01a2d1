"""The sender as it is deployed: its own composition, credentials from Secrets Manager, a receiver on this host."""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from standardwebhooks import Webhook

from meterhouse.notifications.channel_secrets_writer import ChannelSecretsWriter
from meterhouse.platform import aws, clock
from meterhouse.platform.kept_secrets import KeptSecretsWriter
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.notifications.post_room import SECRET, PostRoom
from tests.integration.notifications.receiver import HOST, running_receiver

HANDLER = Path(__file__).resolve().parents[3] / "functions" / "deliver_webhook" / "handler.py"


@pytest.fixture
def deployed(
    database_settings: PostgresSettings, aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    login = {"username": database_settings.username, "password": database_settings.password}
    environment = {
        **aws_account,
        "POSTGRES_HOST": database_settings.host,
        "POSTGRES_PORT": str(database_settings.port),
        "POSTGRES_DATABASE": database_settings.database,
        "POSTGRES_SSLMODE": "disable",
        "POSTGRES_SECRET_ARN": "tests/deliver/login",
        "LOGIN_PREFIX": "tests/",
        "CHANNEL_SECRETS_PREFIX": "meterhouse/channels/",
        "WEBHOOK_LOCAL_HOSTS": HOST,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    KeptSecretsWriter("LOGIN_PREFIX").keep("deliver", "login", login)
    aws.forget_secrets()
    spec = importlib.util.spec_from_file_location("deliver_webhook", HANDLER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module.database.close()
    aws.forget_secrets()


def test_the_deployed_sender_delivers_what_the_bus_tells_of(database: Database, namespace: str, deployed: Any) -> None:
    room = PostRoom(database, namespace, clock.now())
    with running_receiver(None) as receiver:
        channel = room.channel(receiver.url(), **{"X-Team": "a"})
        ChannelSecretsWriter().keep(namespace, channel.id, room.credentials[channel.id])
        [told] = room.tell(channel)
        record = {"body": json.dumps({"detail": {"namespace": namespace, "data": {}}}), "messageId": "1"}
        context = SimpleNamespace(
            function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r"
        )
        assert deployed.handler({"Records": [record]}, context)["delivered"] == 1
        [got] = receiver.received
    assert Webhook(SECRET).verify(got.body, dict(got.headers))["id"] == told == got.message_id
    assert got.headers["x-team"] == "a"
