"""Apps on the real database, with the emulator's Secrets Manager for their credentials."""

from collections.abc import Iterator, Mapping

import pytest

from localstack.fixtures import running_aws


@pytest.fixture(scope="session")
def aws_account() -> Iterator[Mapping[str, str]]:
    with running_aws() as environment:
        yield environment


@pytest.fixture
def secrets_manager(aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**aws_account, "APP_SECRETS_PREFIX": "meterhouse/apps/"}.items():
        monkeypatch.setenv(name, value)
