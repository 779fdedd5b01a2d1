"""Where billing systems differ. Each choice is a setting; docs/rating.md draws what it changes."""

from dataclasses import dataclass
from enum import StrEnum


class FirstTierFlat(StrEnum):
    """When the flat amount of the first tier is due."""

    ALWAYS = "always"
    WITH_USAGE = "with_usage"


class UpTo(StrEnum):
    """Whether a quantity of exactly `up_to` still belongs to the tier."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class Fractions(StrEnum):
    """What becomes of fractions of a unit, counted over the full period."""

    KEPT = "kept"
    ROUNDED_UP = "rounded_up"
    ROUNDED_DOWN = "rounded_down"


class RoundingPoint(StrEnum):
    """What is rounded to the currency's precision, half away from zero.

    DETAILED_LINE: each detailed line by itself. LINE: their sum, once; detailed lines share it by largest remainder.
    CUMULATIVE: what the full period costs up to here, less the same up to where the line starts, so that the lines of
    a period sum to what it would cost on one line.
    """

    DETAILED_LINE = "detailed_line"
    LINE = "line"
    CUMULATIVE = "cumulative"


class CutPeriod(StrEnum):
    """What a minimum and a maximum are where only a share of the full period is served."""

    WHOLE = "whole"
    PRORATED = "prorated"


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a line is rated where systems differ; the defaults are OpenMeter's."""

    first_tier_flat: FirstTierFlat = FirstTierFlat.ALWAYS
    up_to: UpTo = UpTo.INCLUSIVE
    fractions: Fractions = Fractions.KEPT
    rounding_point: RoundingPoint = RoundingPoint.DETAILED_LINE
    commitments_of_a_cut_period: CutPeriod = CutPeriod.WHOLE


OPENMETER = Conventions()
