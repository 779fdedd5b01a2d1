"""ISO 8601 durations on the wire."""

from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.kernel.cadence import Cadence


def _parsed(value: object) -> Cadence:
    if isinstance(value, Cadence):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "must be a string holding an ISO 8601 duration")
    try:
        return Cadence.parse(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


Duration = Annotated[
    Cadence,
    PlainValidator(_parsed),
    PlainSerializer(Cadence.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "example": "P1M"}),
]
"""An ISO 8601 duration of one unit, from an hour up."""
