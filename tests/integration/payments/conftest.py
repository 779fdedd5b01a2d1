"""Apps on the real database, with the emulator's Secrets Manager for their credentials."""

from collections.abc import Mapping

import pytest


@pytest.fixture
def secrets_manager(aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**aws_account, "APP_SECRETS_PREFIX": "meterhouse/apps/"}.items():
        monkeypatch.setenv(name, value)
