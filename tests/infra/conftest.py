"""One synthesis per target and test run: each takes seconds."""

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
