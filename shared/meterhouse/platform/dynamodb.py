"""What limits are counted by, in DynamoDB: an item a limit, which goes by itself once nobody uses it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.quotas import REPEATED_FOR, Addition, Tally
from meterhouse.platform.settings import required

_UPDATE = "DynamoDB_20120810.UpdateItem"
_GET = "DynamoDB_20120810.GetItem"
_RACED = "ConditionalCheckFailedException"
_TRIES = 4
_PATIENCE_SECONDS = 1.0
_KEPT = timedelta(days=1)
_TALLY_KEPT = timedelta(days=31)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GOES_ON = "SET used_until = used_until + :cost, expires_at = :expires_at"
_ADDS = "ADD requests :requests, events :events SET expires_at = :expires_at, #by = :at"
_IS_NEW = "(attribute_not_exists(#by) OR #by < :at)"
_MARK = "by_"
"""Begins an attribute of a sum that holds an environment's latest addition, by which the same again is known."""
_MARK_KEPT = 3 * REPEATED_FOR
_MOST_OLD_MARKS = 10_000
_BEGINS = "SET used_until = :fresh, expires_at = :expires_at"


class DynamoCounts:
    """`limits.Counts` and `quotas.Tallies`.

    DynamoDB adds and compares, but knows no greatest of two: one of two updates holds.
    """

    def __init__(self) -> None:
        self._old_marks: dict[str, tuple[str, int]] = {}
        """Of a sum one that nobody needs any more: the next addition takes it away, so they stay few."""

    def add(self, name: str, cost: timedelta, at: datetime, known: datetime) -> datetime:
        """Raises: Unavailable."""
        goes_on = known > at
        for _ in range(_TRIES):
            try:
                return _instant(self._update(name, cost, at, goes_on=goes_on))
            except aws.Refused as error:
                if error.code != _RACED:
                    raise
            goes_on = not goes_on
        raise Unavailable("the limit is counted by too many at once")

    def _update(self, name: str, cost: timedelta, at: datetime, *, goes_on: bool) -> int:
        now = _microseconds(at)
        added = cost // _MICROSECOND
        values = {":now": now, ":expires_at": _seconds(at + _KEPT)}
        values |= {":cost": added} if goes_on else {":fresh": now + added}
        asked: dict[str, Any] = {
            **_item(name),
            "UpdateExpression": _GOES_ON if goes_on else _BEGINS,
            "ConditionExpression": "used_until > :now"
            if goes_on
            else "attribute_not_exists(used_until) OR used_until <= :now",
            "ExpressionAttributeValues": _numbers(values),
            "ReturnValues": "UPDATED_NEW",
        }
        return int(_call(_UPDATE, asked)["Attributes"]["used_until"]["N"])

    def tally(self, name: str) -> Tally:
        """Raises: Unavailable."""
        return _tally_of(_call(_GET, {**_item(name), "ConsistentRead": True}).get("Item", {}))

    def add_up(self, name: str, addition: Addition, until: datetime) -> Tally:
        """Raises: Unavailable."""
        old = self._old_marks.pop(name, None)
        try:
            found = _add_up(name, addition, until, old)
        except aws.Refused as error:
            if error.code != _RACED:
                raise
            # the addition is there already, or the old mark is no more
            found = _call(_GET, {**_item(name), "ConsistentRead": True}).get("Item", {})
            if _marks(found).get(_MARK + addition.by, 0) < _microseconds(addition.at):
                found = _add_up(name, addition, until, None)
        self._note_old_mark(name, found, _microseconds(addition.at - _MARK_KEPT))
        return _tally_of(found)

    def _note_old_mark(self, name: str, attributes: Mapping[str, Mapping[str, str]], before: int) -> None:
        if len(self._old_marks) >= _MOST_OLD_MARKS:
            self._old_marks.clear()
        if old := next(((mark, at) for mark, at in _marks(attributes).items() if at < before), None):
            self._old_marks[name] = old


def _add_up(name: str, addition: Addition, until: datetime, old: tuple[str, int] | None) -> dict[str, Any]:
    """The item after it; `old` is a mark that goes, and is as it is said to be."""
    sums = {":requests": addition.tally.requests, ":events": addition.tally.events}
    values = {**sums, ":at": _microseconds(addition.at), ":expires_at": _seconds(until + _TALLY_KEPT)}
    names, text, condition = {"#by": _MARK + addition.by}, _ADDS, _IS_NEW
    if old is not None and old[0] != names["#by"]:
        names["#old"], values[":old"] = old
        text, condition = f"{text} REMOVE #old", f"{condition} AND #old = :old"
    asked = {
        **_item(name),
        "UpdateExpression": text,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": _numbers(values),
        "ReturnValues": "ALL_NEW",
    }
    found: dict[str, Any] = _call(_UPDATE, asked)["Attributes"]
    return found


def _call(target: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return aws.call("dynamodb", target, asked, "1.0", _PATIENCE_SECONDS)


def _item(name: str) -> dict[str, Any]:
    return {"TableName": required("LIMITS_TABLE"), "Key": {"name": {"S": name}}}


def _numbers(values: Mapping[str, int]) -> dict[str, dict[str, str]]:
    return {key: {"N": str(value)} for key, value in values.items()}


def _tally_of(attributes: Mapping[str, Mapping[str, str]]) -> Tally:
    return Tally(*(int(attributes.get(name, {"N": "0"})["N"]) for name in ("requests", "events")))


def _marks(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    return {name: int(value["N"]) for name, value in attributes.items() if name.startswith(_MARK)}


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
