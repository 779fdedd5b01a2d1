from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import Run
from tests.integration.notifications.given import Desk
from tests.integration.notifications.receiver import Receiver, running_receiver


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with running_receiver(tmp_path) as one:
        yield one


@pytest.fixture
def desk(database: Database, namespace: str, aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name, value in {**aws_account, "CHANNEL_SECRETS_PREFIX": "meterhouse/channels/"}.items():
        monkeypatch.setenv(name, value)
    return Desk(Run(database, namespace))
