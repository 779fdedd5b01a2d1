"""P1: a batch of 100 CloudEvents decoded, validated and encoded, against `orjson.loads` of the same bytes."""

from datetime import UTC, datetime

import orjson

from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.decode import decode_events
from meterhouse.metering.faults import Shape
from meterhouse.metering.record import encode_json, encode_record
from tests.bench.events import body_of, cloud_events
from tests.bench.measure import Figure, best_times

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_MOST = 10_000


def decode_and_encode(*, small: bool) -> list[Figure]:
    events = cloud_events(100)
    sound = body_of(events)
    events[50]["subject"] = ""
    faulty = body_of(events)

    def accept() -> None:
        encode_json("bench", decode_events(sound, Shape.EITHER, _MOST), _AT)

    def accept_compressed() -> None:
        encode_record("bench", decode_events(sound, Shape.EITHER, _MOST), _AT)

    def refuse() -> None:
        try:
            decode_events(faulty, Shape.EITHER, _MOST)
        except InvalidInput:
            return

    floor, accepted, compressed, refused = best_times(
        lambda: orjson.loads(sound), accept, accept_compressed, refuse, rounds=5 if small else 40, calls=50
    )
    detail = f"100 events, {len(sound)} bytes, floor {floor * 1e6:.0f} us; with zstd {compressed / floor:.2f} x"
    return [
        Figure("P1 decode, validate, encode", accepted / floor, 1.2, detail),
        Figure("P1 with one bad event", refused / floor, 1.5, "refused with its index and pointer"),
    ]
