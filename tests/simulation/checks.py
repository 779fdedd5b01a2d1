"""What must hold in the middle of a run and after it: invariants 1 to 3 of the house."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import Meter
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import UsageRow, WindowSize
from meterhouse.metering.watermark import await_watermark
from tests.simulation.answer import answer, is_asked, row_of
from tests.simulation.chance import BEGIN, Chance
from tests.simulation.oracle import Identity, Writing, read_record
from tests.simulation.workload import UNIT
from tests.simulation.world import NAMESPACE, World

_ZONES = ("UTC", "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns")
_NOON = BEGIN.replace(hour=12, minute=0)


class Broken(AssertionError):  # noqa: N818 - named for what it says
    """An invariant does not hold."""


def random_question(chance: Chance) -> UsageAsked:
    draw = chance.draw
    from_, to = draw.choice(
        [
            (None, None),
            (_NOON, _NOON + timedelta(days=2)),
            (BEGIN.replace(minute=0), BEGIN.replace(minute=0) + timedelta(hours=draw.randrange(1, 6))),
            (BEGIN + timedelta(minutes=draw.randrange(60)), BEGIN + timedelta(minutes=draw.randrange(61, 300))),
            (_NOON.replace(hour=0), None),
            (None, BEGIN.replace(hour=0, minute=0) + timedelta(days=1)),
        ]
    )
    groups = [(), (), ("subject",), ("region",), ("region", "subject")]
    asked = UsageAsked(from_, to, draw.choice([None, None, *WindowSize]), draw.choice(_ZONES))
    asked = replace(asked, group_by=draw.choice(groups))
    return replace(asked, subjects=("bob",)) if draw.random() < 0.2 else asked


def found(world: World, meter: Meter, asked: UsageAsked) -> dict[tuple[Any, ...], Decimal]:
    rows = world.usage(world.faults("query"))(NAMESPACE, meter.id, asked)
    return {_row(asked, row): row.value for row in rows}


def _row(asked: UsageAsked, row: UsageRow) -> tuple[Any, ...]:
    start = None if asked.window is None else row.window_start.astimezone(UTC)
    return start, *(row.subject if name == "subject" else row.group_by[name] for name in asked.groups)


# in the middle


@dataclass(frozen=True)
class Settled:
    """Identities at rest: no writing of them is under way; with what counts of each."""

    counted: Mapping[Identity, Writing | None]


def settled(world: World, meter: Meter) -> Settled:
    busy = {place for attempt in world.active for place in attempt.records}
    moving: set[Identity] = set()
    for writing in world.oracle.writings.values():
        partition, offset, _ = writing.place
        if offset >= world.log.committed.get(partition, 0) or (partition, offset) in busy:
            moving.add(writing.identity)
    for part in world.weather.late:
        moving |= {(row["source"], row["id"]) for row in part.rows if "source" in row}
    counts = {writing.identity: writing for writing in world.oracle.counted(meter)}
    known = {writing.identity for writing in world.oracle.writings.values()}
    return Settled({identity: counts.get(identity) for identity in known - moving})


def check_middle(world: World) -> None:
    """A sum, read back digit by digit: what is at rest is there once, nothing is there twice, nothing is made up."""
    meter = next(iter(world.registry.meters.values()))
    asked = random_question(world.chance)
    before = settled(world, meter).counted
    numbers = found(world, meter, asked)
    after = settled(world, meter).counted
    world.chance.note(f"query: {meter.slug} {_shown(asked)} -> {_digits_shown(numbers)}")
    sure = {identity: first for identity, first in before.items() if identity in after and after[identity] == first}
    by_digit: dict[int, list[Writing]] = {}
    for writing in world.oracle.writings.values():
        if (value := writing.value()) is not None:
            by_digit.setdefault(_digits(value)[0][0], []).append(writing)
    present: dict[Identity, list[tuple[int, tuple[Any, ...]]]] = {}
    for row, number in numbers.items():
        for digit, times in _digits(number):
            _check_digit(meter, asked, by_digit.get(digit, []), row, times, sure)
            present.setdefault(by_digit[digit][0].identity, []).append((digit, row))
    for identity, first in sure.items():
        wanted = (
            [] if first is None or not is_asked(meter, asked, first) else [(_digit_of(first), row_of(asked, first))]
        )
        if present.get(identity, []) != wanted:
            raise Broken(f"{meter.slug} counts {present.get(identity)} of {identity}, which rests with {wanted}")


def _check_digit(
    meter: Meter, asked: UsageAsked, writings: list[Writing], row: tuple[Any, ...], times: int, sure: Any
) -> None:
    fit = {
        w.key for w in writings if w.type == meter.event_type and is_asked(meter, asked, w) and row_of(asked, w) == row
    }
    if not fit:
        raise Broken(f"{meter.slug} has in {row} what nobody sent")
    most = 1 if writings[0].identity in sure else len(fit)
    if times > most:
        raise Broken(f"{meter.slug} counts {writings[0].identity} {times} times in {row}")


def _digits(number: Decimal) -> list[tuple[int, int]]:
    """(which writing, how often) of a sum."""
    digits = f"{int(number / UNIT):x}"[::-1]
    return [(at, int(digit, 16)) for at, digit in enumerate(digits) if digit != "0"]


def _digit_of(writing: Writing) -> int:
    value = writing.value()
    assert value is not None
    return _digits(value)[0][0]


def check_watermark(world: World, targets: dict[str, int] | None) -> dict[str, int]:
    """What the watermark calls stored is stored."""
    look = await_watermark(world.log, targets)
    wanted = look["targets"]
    assert isinstance(wanted, dict)
    if look["caughtUp"]:
        for place in world.oracle.writings:
            if place[1] < wanted[str(place[0])] and place not in world.oracle.stored:
                raise Broken(f"the watermark passed {place}, which is not stored")
    return wanted


# after it


def check_end(world: World) -> None:
    """When all is drained, and once more when all parts are merged."""
    if not world.log.is_drained():
        raise Broken(f"records stay: {world.log.stored()} of {world.log.ends()} are stored")
    _check_accepted(world)
    for meter in list(world.registry.meters.values()):
        if world.oracle.is_sure(meter):
            _check_answer(world, meter, UsageAsked())
            _check_answer(world, meter, UsageAsked(window=WindowSize.DAY))
            _check_answer(world, meter, random_question(world.chance))
            _check_tiers(world, meter)
    for table in world.parts.schema:
        world.parts.optimize(table)
    for meter in list(world.registry.meters.values()):
        if world.oracle.is_sure(meter):
            _check_answer(world, meter, random_question(world.chance))


def _check_tiers(world: World, meter: Meter) -> None:
    """Of one writing the reading of the latest revision counts, whichever was written last."""
    if "tier" in meter.group_by and world.oracle.is_sure_of_tiers(meter):
        _check_answer(world, meter, UsageAsked(group_by=("tier",)))


def _check_accepted(world: World) -> None:
    """Invariant 2: what was answered 204 is in the log; what is in the log is stored, or dead with a reason."""
    logged = {(w.identity, json.dumps(w.data, sort_keys=True)) for w in world.oracle.writings.values()}
    for body in world.accepted:
        document = json.loads(body)
        for event in document if isinstance(document, list) else [document]:
            if ((event["source"], event["id"]), json.dumps(event["data"], sort_keys=True)) not in logged:
                raise Broken(f"{event['id']} was accepted and is nowhere")
    everywhere = {
        (row["partition"], row["offset"], row["position"]) for row in world.parts.rows("event_writings", final=False)
    }
    dead = {(record.partition, record.offset) for record, reason in world.log.dead if reason}
    for record in (record for records in world.log.partitions for record in records):
        places = {writing.place for writing in read_record(record)}
        if not places <= everywhere or (not places and (record.partition, record.offset) not in dead):
            raise Broken(f"{record.partition}-{record.offset} is neither stored nor dead")


def _check_answer(world: World, meter: Meter, asked: UsageAsked) -> None:
    """Invariants 1 and 3: rollups, values and the oracle agree."""
    wanted, numbers = answer(world.oracle, meter, asked), found(world, meter, asked)
    if wanted != numbers:
        raise Broken(f"{meter.slug} {_shown(asked)}: {_told(meter, numbers)} instead of {_told(meter, wanted)}")


def _shown(asked: UsageAsked) -> str:
    said = {name: getattr(asked, name) for name in ("from_", "to", "window", "time_zone", "subjects", "group_by")}
    return " ".join(f"{name}={value}" for name, value in said.items() if value)


def _told(meter: Meter, numbers: Mapping[Any, Decimal]) -> Any:
    return _digits_shown(numbers) if meter.aggregation is Aggregation.SUM else dict(numbers)


def _digits_shown(numbers: Mapping[tuple[Any, ...], Decimal]) -> dict[Any, list[str]]:
    return {
        " ".join(map(str, row)): [f"{at}" if times == 1 else f"{times}x{at}" for at, times in _digits(number)]
        for row, number in numbers.items()
    }
