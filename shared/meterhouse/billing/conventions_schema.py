"""How the lines of a profile are rated where systems differ, on the wire: an extension of ours."""

from dataclasses import asdict

from meterhouse.platform.wire import Wire
from meterhouse.rating.conventions import (
    OPENMETER,
    Conventions,
    CutPeriod,
    FirstTierFlat,
    Fractions,
    RoundingPoint,
    UpTo,
)


class ConventionsWire(Wire):
    """What is left out is as OpenMeter has it."""

    first_tier_flat: FirstTierFlat = OPENMETER.first_tier_flat
    up_to: UpTo = OPENMETER.up_to
    fractions: Fractions = OPENMETER.fractions
    rounding_point: RoundingPoint = OPENMETER.rounding_point
    commitments_of_a_cut_period: CutPeriod = OPENMETER.commitments_of_a_cut_period


def conventions_to_wire(conventions: Conventions) -> ConventionsWire | None:
    """The conventions; nothing where they are OpenMeter's, whose contract has no word for them."""
    return None if conventions == OPENMETER else ConventionsWire(**asdict(conventions))


def conventions_from_wire(wire: ConventionsWire | None) -> Conventions:
    if wire is None:
        return OPENMETER
    return Conventions(**{name: getattr(wire, name) for name in ConventionsWire.model_fields})
