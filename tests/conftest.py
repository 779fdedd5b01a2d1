import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.simulation.report import report as simulation_report

# a slow machine is no fault of the rule under test, and the same examples come every time
_SLOW = [HealthCheck.too_slow]
settings.register_profile("meterhouse", max_examples=30, deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.load_profile("meterhouse")

# a terminated run stops the servers it started, as an interrupted one does
signal.signal(signal.SIGTERM, signal.default_int_handler)

_RINGS_WITH_ONE_STACK = frozenset({"e2e", "infra"})
_SDK_COVERAGE = "tests/e2e/test_sdk_coverage.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where workers share the tests out, a file stays whole, and so does a ring that deploys or synthesises once."""
    for item in items:
        ring, *rest = item.path.relative_to(Path(__file__).parent).parts
        item.add_marker(pytest.mark.xdist_group(ring if ring in _RINGS_WITH_ONE_STACK else "/".join((ring, *rest))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to tell beside their outcome: what a worker prints is lost."""
    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    if any(one.nodeid.startswith(_SDK_COVERAGE) for one in reports):
        from tests.e2e.sdk_operations import report  # noqa: PLC0415 - loads the SDK, which most runs need not

        terminalreporter.section("operations of the official SDK")
        for line in report():
            terminalreporter.write_line(line)
    if cost := simulation_report(pair for one in reports if one.when == "call" for pair in one.user_properties):
        terminalreporter.section("simulation")
        terminalreporter.write_line(cost)
