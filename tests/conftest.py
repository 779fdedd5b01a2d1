import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a slow machine is no fault of the rule under test, and the same examples come every time
_SLOW = [HealthCheck.too_slow]
settings.register_profile("meterhouse", max_examples=30, deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.load_profile("meterhouse")

# a terminated run stops the servers it started, as an interrupted one does
signal.signal(signal.SIGTERM, signal.default_int_handler)

_RINGS_WITH_ONE_STACK = frozenset({"e2e", "infra"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where workers share the tests out, a file stays whole, and so does a ring that deploys or synthesises once."""
    for item in items:
        ring, *rest = item.path.relative_to(Path(__file__).parent).parts
        item.add_marker(pytest.mark.xdist_group(ring if ring in _RINGS_WITH_ONE_STACK else "/".join((ring, *rest))))
