"""What limits are counted by, in DynamoDB: an item a limit, which goes by itself once nobody uses it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.settings import required

_UPDATE = "DynamoDB_20120810.UpdateItem"
_RACED = "ConditionalCheckFailedException"
_TRIES = 4
_PATIENCE_SECONDS = 1.0
_KEPT = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GOES_ON = "SET used_until = used_until + :cost, expires_at = :expires_at"
_BEGINS = "SET used_until = :fresh, expires_at = :expires_at"


class DynamoCounts:
    """`limits.Counts`. DynamoDB adds and compares, but knows no greatest of two: one of two updates holds."""

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
        values = {":now": now, ":expires_at": (at + _KEPT - _EPOCH) // timedelta(seconds=1)}
        values |= {":cost": added} if goes_on else {":fresh": now + added}
        asked: dict[str, Any] = {
            "TableName": required("LIMITS_TABLE"),
            "Key": {"name": {"S": name}},
            "UpdateExpression": _GOES_ON if goes_on else _BEGINS,
            "ConditionExpression": "used_until > :now"
            if goes_on
            else "attribute_not_exists(used_until) OR used_until <= :now",
            "ExpressionAttributeValues": {key: {"N": str(value)} for key, value in values.items()},
            "ReturnValues": "UPDATED_NEW",
        }
        return int(aws.call("dynamodb", _UPDATE, asked, "1.0", _PATIENCE_SECONDS)["Attributes"]["used_until"]["N"])


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
