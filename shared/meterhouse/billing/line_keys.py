"""Business keys of lines that share a period: `{whole}/from[start]`, `{whole}/split[start]` and `{whole}/late[n]`.

What credit leaves of a line in a custom currency is `overage/{line}`.

A whole is a line of a subscription, "{subscription}/{phase}/{item}/v[n]/period[i]", or one by hand, "manual/{id}".
"""

from datetime import datetime

from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339

_FROM, _SPLIT, _LATE = "/from[", "/split[", "/late["
_OVERAGE = "overage/"


def whole_of(key: str) -> str:
    """The key of the line that charges for the period from its start."""
    for mark in (_FROM, _SPLIT, _LATE):
        key = key.partition(mark)[0]
    return key


def is_part(key: str) -> bool:
    """Whether it is what is left of a period from some instant on."""
    return _FROM in key or _SPLIT in key


def part_start(key: str) -> datetime:
    """The instant from which it is what is left, wherever callers moved the line; `ValueError` for what is no part."""
    mark = _FROM if _FROM in key else _SPLIT
    return parse_rfc3339(key.partition(mark)[2].partition("]")[0])


def is_rest(key: str) -> bool:
    """Whether it is what is left of the period of a flat fee."""
    return _FROM in key


def part_key(key: str, start: datetime, *, is_metered: bool) -> str:
    return f"{whole_of(key)}{_SPLIT if is_metered else _FROM}{format_rfc3339(start)}]"


def is_late(key: str) -> bool:
    """Whether it charges for usage that came, or was corrected, after its period was billed."""
    return _LATE in key


def late_key(key: str, number: int) -> str:
    return f"{whole_of(key)}{_LATE}{number}]"


def overage_key(key: str) -> str:
    return f"{_OVERAGE}{key}"


def is_asked_for(key: str) -> bool:
    """Whether subscriptions ask for it: not for what came late, and not for what credit leaves."""
    return not is_late(key) and not key.startswith(_OVERAGE)
