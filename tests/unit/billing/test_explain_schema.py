"""Cursors of an explanation: what comes back is a place of ours, or is refused."""

from base64 import urlsafe_b64encode

import pytest

from meterhouse.billing.explain_schema import decode_place, encode_place
from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.counted_events import CountedPlace
from tests.unit.subscriptions.samples import at


def test_a_place_comes_back_as_it_was_given() -> None:
    place = CountedPlace("Söhne \N{GRINNING FACE}", at("2024-01-01"), "source", "id")
    assert decode_place(encode_place(place)) == place


@pytest.mark.parametrize(
    "written",
    [
        r'["\ud800", "2024-01-01T00:00:00Z", "a", "b"]',
        r'["\u0000", "2024-01-01T00:00:00Z", "a", "b"]',
        "[" * 7_000,
        '["a", "2024-01-01T00:00:00Z", "b"]',
        '["a", 1, "b", "c"]',
        '[1, "2024-01-01T00:00:00Z", "b", "c"]',
        "9" * 5_000,
        "1e99999999999999999999",
    ],
)
def test_what_no_store_or_codec_can_hold_is_no_cursor_of_ours(written: str) -> None:
    with pytest.raises(InvalidInput, match="none of ours"):
        decode_place(urlsafe_b64encode(written.encode()).decode())
