"""One synthesis per target and test run: each takes seconds."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import EVERY_OPTION, LOCAL_CONTEXT, Synthesis, synthesise


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesise({}, tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def aws_with_every_option(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesise(EVERY_OPTION, tmp_path_factory.mktemp("options"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesise(LOCAL_CONTEXT, tmp_path_factory.mktemp("local"))


@pytest.fixture(params=["aws", "local"])
def target(request: pytest.FixtureRequest) -> Synthesis:
    """Either target: what must hold in both."""
    synthesis: Synthesis = request.getfixturevalue(request.param)
    return synthesis


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Step Functions, interpreting in this process."""
    import boto3  # noqa: PLC0415 - seconds that the workers without this ring need not spend
    from moto import mock_aws  # noqa: PLC0415 - as above

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield boto3.client("stepfunctions", region_name="us-east-1")
