"""P1: decode, validate and encode a batch of 100 CloudEvents, against `orjson.loads` of the same bytes."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import orjson

from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.decode import check_events
from meterhouse.metering.faults import Shape
from meterhouse.metering.record import encode_json, encode_record
from tests.bench.departures import body_of, departures
from tests.bench.measurement import Effort, Figure, Kind, Run, take_turns

_ROUNDS = {Effort.FULL: 60, Effort.SMALL: 3}
_CALLS = 20
_EVENTS = 100
_AT = datetime(2013, 1, 1, tzinfo=UTC)
_FLOOR = "orjson.loads"


def measure(run: Run) -> list[Figure]:
    events = departures(_EVENTS)
    sound = body_of(events)
    # the last event: all before it is decoded in vain
    faulty = body_of([*events[:-1], events[-1] | {"subject": ""}])
    rounds = run.track(range(_ROUNDS[run.effort]), "P1 decode, validate, encode")
    works = (
        partial(orjson.loads, sound),
        partial(_accept, sound),
        partial(_compress, sound),
        partial(orjson.loads, faulty),
        partial(_refuse, faulty),
    )
    taken = [min(seconds) for seconds in take_turns(*works, rounds=rounds, calls=_CALLS)]
    floor, accepted, compressed, faulty_floor, refused = taken
    return [
        Figure("P1", f"decode, validate, encode {_EVENTS} events", Kind.RATIO, accepted, _FLOOR, floor, 1.2),
        Figure("P1", "the same with one bad event", Kind.RATIO, refused, _FLOOR, faulty_floor, 1.5),
        Figure("P1", "the same with zstd", Kind.RATIO, compressed, _FLOOR, floor),
    ]


def _accept(body: bytes) -> None:
    encode_json("bench", check_events(body, Shape.BATCH, _EVENTS).events, _AT)


def _compress(body: bytes) -> None:
    encode_record("bench", check_events(body, Shape.BATCH, _EVENTS).events, _AT)


def _refuse(body: bytes) -> None:
    with suppress(InvalidInput):
        _accept(body)
        raise AssertionError("the bad event was accepted")
