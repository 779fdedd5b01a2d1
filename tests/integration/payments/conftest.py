"""Apps on the real database, with the emulator's Secrets Manager for their credentials."""

from collections.abc import Mapping

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import Run
from tests.integration.payments.given import AppsApi


@pytest.fixture
def secrets_manager(aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**aws_account, "APP_SECRETS_PREFIX": "meterhouse/apps/"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run(database: Database, namespace: str) -> Run:
    return Run(database, namespace)


@pytest.fixture
def api(run: Run, secrets_manager: None) -> AppsApi:
    assert secrets_manager is None
    return AppsApi(run)
