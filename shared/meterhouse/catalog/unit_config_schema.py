"""Unit conversion of rate cards on the wire: the third version of the contract has it, the first gets it from us."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from meterhouse.catalog.unit_config import DECIMALS, Operation, UnitConfig, UnitRounding
from meterhouse.platform.wire import Numeric, Whole, Wire

_LONGEST = 64


def _above_zero(value: Numeric) -> Numeric:
    if value <= 0:
        raise ValueError("must be greater than zero")
    return value


class UnitConfigWire(Wire):
    """`rounding` leaves `precision` digits after the point; without it all are kept."""

    operation: Operation
    conversion_factor: Annotated[Numeric, AfterValidator(_above_zero)]
    rounding: UnitRounding = UnitRounding.NONE
    precision: Annotated[Whole, Field(ge=0, le=DECIMALS)] = 0
    display_unit: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)] | None = None


def unit_config_from_wire(wire: UnitConfigWire | None) -> UnitConfig | None:
    if wire is None:
        return None
    return UnitConfig(**{name: getattr(wire, name) for name in UnitConfigWire.model_fields})


def unit_config_to_wire(config: UnitConfig | None) -> UnitConfigWire | None:
    if config is None:
        return None
    return UnitConfigWire(**{name: getattr(config, name) for name in UnitConfigWire.model_fields})
