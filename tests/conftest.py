import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.simulation.report import report as simulation_report

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# Hypothesis draws constants of whatever local modules are loaded by then, and has no setting against it: what ran
# before on a worker would decide which examples a test gets
providers._get_local_constants = lambda: providers._local_constants

# a slow machine is no fault of the rule under test, and the same examples come every time
_SLOW = [HealthCheck.too_slow]
settings.register_profile("meterhouse", max_examples=30, deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.load_profile("meterhouse")

# a terminated run stops the servers it started, as an interrupted one does
signal.signal(signal.SIGTERM, signal.default_int_handler)

_SDK_COVERAGE = "tests/e2e/test_sdk_coverage.py"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    from tests.sharing_out import WholeUnits  # noqa: PLC0415 - a run without workers needs no xdist

    return WholeUnits(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to tell beside their outcome: what a worker prints is lost."""
    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    if coverage := [one for one in reports if one.nodeid.startswith(_SDK_COVERAGE)]:
        from tests.e2e.sdk_operations import report  # noqa: PLC0415 - loads the SDK, which most runs need not

        terminalreporter.section("operations of the official SDK")
        for line in report(one.nodeid for one in coverage if one.when == "call" and one.passed):
            terminalreporter.write_line(line)
    if cost := simulation_report(pair for one in reports if one.when == "call" for pair in one.user_properties):
        terminalreporter.section("simulation")
        terminalreporter.write_line(cost)
