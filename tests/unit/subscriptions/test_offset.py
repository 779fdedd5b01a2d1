import pytest

from meterhouse.kernel.errors import InvalidInput
from meterhouse.subscriptions.offset import Offset
from tests.unit.subscriptions.samples import at


@pytest.mark.parametrize(
    ("start", "duration", "result"),
    [
        ("2024-12-31", "P1M", "2025-01-31"),
        ("2024-02-29", "P2Y", "2026-02-28"),
        ("2025-01-31", "P1M", "2025-02-28"),
        ("2025-06-15T12:00:00Z", "P-3M", "2025-03-15T12:00:00Z"),
    ],
    ids=["DA-01", "DA-03", "DA-05", "DA-07"],
)
def test_months_do_not_overflow(start: str, duration: str, result: str) -> None:
    assert Offset.parse(duration).after(at(start)) == at(result)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("P1Y2M", Offset(14)),
        ("P1W2DT3H4M5S", Offset(0, 9 * 86_400 + 3 * 3600 + 4 * 60 + 5)),
        ("-P1MT1H", Offset(-1, -3600)),
        ("P1M-2D", Offset(1, -172_800)),
        ("-P-1M", Offset(1)),
        ("PT0S", Offset()),
    ],
)
def test_a_duration_is_months_and_seconds_with_signs_before_it_or_within(text: str, offset: Offset) -> None:
    assert Offset.parse(text) == offset


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "1M", "P1.5M", "P1M ", "P\u0661M", "P12345678D", "--P1M"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO 8601 duration"):
        Offset.parse(text)


def test_months_add_up_before_they_are_counted() -> None:
    month = Offset(1)
    assert (month + month).after(at("2021-01-31")) == at("2021-03-31")
    assert (month + month - month).after(at("2021-01-31")) == at("2021-02-28")


@pytest.mark.parametrize("text", ["P999999Y", "P999999W", "-P999999Y"])
def test_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Offset.parse(text).after(at("2021-01-31"))
