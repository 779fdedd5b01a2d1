"""Of an event's data what meters read: the rest of an erased subject's goes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.json import Encoder

from meterhouse.metering.extract import MeterValues, extract, parse_data
from meterhouse.metering.json_path import MISSING, members
from meterhouse.metering.model import Meter

_START = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*)*)")
_ENCODER = Encoder(decimal_format="number")
_WHOLE: tuple[str, ...] = ()
Rename = Callable[[str], str]


def reduced_data(data: bytes, meters: Sequence[Meter], rename: Rename) -> bytes:
    """The data without what none of these meters reads, texts renamed where each still reads the same.

    Everything below the last plain member of a path is kept, and the whole of it where a path begins with none.
    """
    document = parse_data(data)
    kept = _kept(document, [_start(path) for meter in meters for path in _paths(meter)])
    if kept is MISSING:
        return b""
    read = [extract(meter, [document]) for meter in meters]
    for candidate in (_renamed(kept, rename), kept):
        if all(_alike(before, extract(meter, [candidate]), rename) for meter, before in zip(meters, read, strict=True)):
            return _ENCODER.encode(candidate)
    return data


def _paths(meter: Meter) -> Iterable[str]:
    yield from meter.group_by.values()
    if meter.value_property is not None:
        yield meter.value_property


def _start(path: str) -> tuple[str, ...]:
    """The names of members that a path begins with; a filter may look at the document's root again."""
    if names := members(path):
        return names
    start = _START.match(path)
    if start is None or "$" in path[start.end() :]:
        return _WHOLE
    return tuple(start[1].split(".")[1:])


def _kept(document: object, wanted: Sequence[tuple[str, ...]]) -> object:
    """The parts of the document at these places; MISSING where there are none."""
    if _WHOLE in wanted:
        return document
    if not isinstance(document, dict):
        return MISSING
    found = {
        name: _kept(document[name], [names[1:] for names in wanted if names[0] == name])
        for name in dict.fromkeys(names[0] for names in wanted)
        if name in document
    }
    present = {name: part for name, part in found.items() if part is not MISSING}
    return present or MISSING


def _renamed(part: object, rename: Rename) -> object:
    if isinstance(part, str):
        return rename(part)
    if isinstance(part, list):
        return [_renamed(one, rename) for one in part]
    if isinstance(part, dict):
        return {rename(name): _renamed(one, rename) for name, one in part.items()}
    return part


def _alike(before: MeterValues, after: MeterValues, rename: Rename) -> bool:
    """Whether the same was read, but for the name."""
    return (before.values, before.faults, _texts(before, rename)) == (after.values, after.faults, _texts(after, rename))


def _texts(read: MeterValues, rename: Rename) -> tuple[list[list[str]], list[Mapping[str, str]]]:
    return (
        [[rename(text) for text in texts] for texts in read.texts],
        [{name: rename(text) for name, text in groups.items()} for groups in read.groups],
    )
