"""The order of writing as one number, as the usage store makes it (migration 0200): `written` of a stored event."""

from typing import NamedTuple

POSITION_BITS = 14
_REVISION_BITS, _OFFSET_BITS, _PARTITION_BITS = 14, 44, 12


class Written(NamedTuple):
    """When a writing was accepted, and its place in the log: of an identity the least is the first writing."""

    ingested_ms: int
    partition: int
    offset: int
    position: int


def unpacked(written: int) -> Written:
    rest, position = divmod(written >> _REVISION_BITS, 1 << POSITION_BITS)
    rest, offset = divmod(rest, 1 << _OFFSET_BITS)
    return Written(*divmod(rest, 1 << _PARTITION_BITS), offset, position)
