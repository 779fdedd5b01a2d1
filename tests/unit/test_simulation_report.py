"""What a simulation run cost is told, and decides nothing."""

from tests.simulation.report import CPU_SECONDS, SEEDS, report


def test_seeds_and_seconds_of_all_tests_are_added_up() -> None:
    told = report([(SEEDS, 400), (CPU_SECONDS, 20.25), ("other", "x"), (SEEDS, 600), (CPU_SECONDS, 21)])

    assert told.startswith("1,000 seeds in 41.2 CPU seconds")


def test_a_run_without_seeds_tells_nothing() -> None:
    assert report([("other", "x")]) == ""
