"""The usage events that a settled reservation comes to, and whether they count as what was settled."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Raw
from msgspec.json import Encoder

from meterhouse.entitlements.reservation import Reservation, Settlement, check_amount, event_ids
from meterhouse.entitlements.standing import RESERVATION_SOURCE, Metered
from meterhouse.kernel.errors import InvalidInput, InvariantBroken, Problem, Problems
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.extract import extract, parse_data
from meterhouse.metering.filter import admits
from meterhouse.metering.json_path import MISSING, members, reader
from meterhouse.metering.model import Meter

# the edge's decimals are of a kind of their own, which the hook makes plain ones
_ENCODER = Encoder(decimal_format="number", enc_hook=Decimal)
LARGEST_DATA = 32 * 1024
"""Bytes of an event's data: as many events as a reservation may come to fit one record of the log."""


def check_reservable(meter: Meter) -> None:
    """Refuse a meter whose usage does not follow from an amount.

    Raises:
        InvalidInput: it neither counts events nor sums a plain member of their data.
    """
    is_plain_sum = meter.aggregation is Aggregation.SUM and members(meter.value_property or "")
    if not is_plain_sum and meter.aggregation is not Aggregation.COUNT:
        message = f"meter {meter.slug!r} neither counts events nor sums a plain member of their data"
        raise InvalidInput("usage of this meter cannot be reserved", [Problem("", "meter_not_reservable", message)])


def settlement_of(metered: Metered, amount: Decimal, data: Mapping[str, Any], subject: str, at: datetime) -> Settlement:
    """What is settled: the usage event's data is the caller's with the amount where the meter reads it.

    Raises:
        InvalidInput: the event would not count for the feature, or not with exactly this amount.
    """
    problems = Problems()
    check_amount(metered.meter.aggregation, amount, problems)
    text = _event_data(metered.meter, amount, data, problems)
    if len(text.encode()) > LARGEST_DATA:
        problems.add("/data", "too_large", f"at most {LARGEST_DATA} bytes")
    problems.raise_if_any("the reservation cannot be settled so")
    _check_counts(metered, text, at, problems)
    problems.raise_if_any("the usage would not count for the feature")
    return Settlement(amount, at, subject, text)


def usage_events(reservation: Reservation, meter: Meter) -> Sequence[CloudEvent]:
    """The events of a settled reservation, the same whenever they are made."""
    settlement = reservation.settlement
    if settlement is None:
        raise InvariantBroken(f"reservation {reservation.id} is not settled")
    return [
        CloudEvent(
            id=event_id,
            source=RESERVATION_SOURCE,
            type=meter.event_type,
            subject=settlement.subject,
            time=settlement.at,
            data=Raw(settlement.data.encode()),
        )
        for event_id in event_ids(reservation.id, meter.aggregation, settlement.amount)
    ]


def _event_data(meter: Meter, amount: Decimal, data: Mapping[str, Any], problems: Problems) -> str:
    path = meter.value_property
    if path is not None:
        said = reader(path)(data)
        if said is not MISSING and not _is(said, amount):
            problems.add("/data", "other_amount", f"{path} is another amount than the one to be settled")
        try:
            data = _with(data, members(path), amount)
        except TypeError:
            problems.add("/data", "no_room_for_amount", f"{path} leads through something that is no object")
    return _ENCODER.encode(dict(data)).decode()


def _is(said: object, amount: Decimal) -> bool:
    with suppress(InvalidOperation, TypeError):
        return Decimal(said) == amount  # type: ignore[arg-type] # what is no number is refused
    return False


def _with(document: Mapping[str, Any], names: Sequence[str], value: object) -> Mapping[str, Any]:
    """The document with the value where the names lead; `TypeError` where they lead through no object."""
    if not isinstance(document, Mapping):
        raise TypeError("no object")
    name, *rest = names
    return {**document, name: _with(document.get(name, {}), rest, value) if rest else value}


def _check_counts(metered: Metered, data: str, at: datetime, problems: Problems) -> None:
    meter = metered.meter
    read = extract(meter, [parse_data(data.encode())])
    [fault], [groups] = read.faults, read.groups
    if fault:
        problems.add("/data", "not_readable", fault)
    for key, wanted in metered.filters.items():
        if not admits(wanted, groups.get(key, "")):
            message = f"the feature counts no usage whose {key!r} is {groups.get(key, '')!r}"
            problems.add("/data", "not_of_the_feature", message)
    if meter.event_from is not None and at < meter.event_from:
        problems.add("", "meter_not_begun", f"meter {meter.slug!r} counts nothing yet")
