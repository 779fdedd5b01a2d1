"""What limits are counted by, in DynamoDB: an item a limit, which goes by itself once nobody uses it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.quotas import Tally
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
_ADDS = "ADD requests :requests, events :events SET expires_at = :expires_at"
_BEGINS = "SET used_until = :fresh, expires_at = :expires_at"


class DynamoCounts:
    """`limits.Counts` and `quotas.Tallies`.

    DynamoDB adds and compares, but knows no greatest of two: one of two updates holds.
    """

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
        now = (at - _EPOCH) // _MICROSECOND
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

    def add_up(self, name: str, tally: Tally, until: datetime) -> Tally:
        """Raises: Unavailable."""
        values = {":requests": tally.requests, ":events": tally.events, ":expires_at": _seconds(until + _TALLY_KEPT)}
        asked = {
            **_item(name),
            "UpdateExpression": _ADDS,
            "ExpressionAttributeValues": _numbers(values),
            "ReturnValues": "ALL_NEW",
        }
        return _tally_of(_call(_UPDATE, asked)["Attributes"])


def _call(target: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return aws.call("dynamodb", target, asked, "1.0", _PATIENCE_SECONDS)


def _item(name: str) -> dict[str, Any]:
    return {"TableName": required("LIMITS_TABLE"), "Key": {"name": {"S": name}}}


def _numbers(values: Mapping[str, int]) -> dict[str, dict[str, str]]:
    return {key: {"N": str(value)} for key, value in values.items()}


def _tally_of(attributes: Mapping[str, Mapping[str, str]]) -> Tally:
    return Tally(*(int(attributes.get(name, {"N": "0"})["N"]) for name in ("requests", "events")))


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
