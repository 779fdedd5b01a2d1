import pytest

from meterhouse.kernel.duration import Duration
from meterhouse.kernel.errors import InvalidInput
from tests.unit.subscriptions.samples import at


@pytest.mark.parametrize(
    ("iso", "end"),
    [
        ("P0D", "2024-01-31"),
        ("PT1H", "2024-01-31T01:00:00Z"),
        ("PT90M", "2024-01-31T01:30:00Z"),
        ("P30D", "2024-03-01"),
        ("P2W", "2024-02-14"),
        ("P1M", "2024-02-29"),
        ("P1Y1M", "2025-02-28"),
        ("P1DT12H30S", "2024-02-01T12:00:30Z"),
    ],
)
def test_a_duration_is_added_months_first(iso: str, end: str) -> None:
    assert Duration(iso).after(at("2024-01-31")) == at(end)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1D", "P-1D", "P1.5D", "PT1D", "P1H", "P 1D", "P1D1M", "p1d"])
def test_what_is_no_whole_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        Duration(text)


@pytest.mark.parametrize("iso", ["P999Y", "P1M", "P99999D", "PT1H"])
def test_no_duration_leads_out_of_the_calendar(iso: str) -> None:
    with pytest.raises(InvalidInput, match="years 1 to 9999"):
        Duration(iso).after(at("9999-12-31T23:59:59Z"))
