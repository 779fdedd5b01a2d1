"""How a meter makes one number of many events."""

from enum import StrEnum

DECIMALS = 18
"""How many digits behind the point values have."""


class Aggregation(StrEnum):
    SUM = "SUM"
    COUNT = "COUNT"
    UNIQUE_COUNT = "UNIQUE_COUNT"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"
    LATEST = "LATEST"

    @property
    def is_progressive(self) -> bool:
        """Whether a part of a period can be charged for: later events may add to its value, and never replace it."""
        return self not in {Aggregation.AVG, Aggregation.MIN, Aggregation.LATEST}

    @property
    def is_summable(self) -> bool:
        """Whether the values of parts of the usage sum to that of the whole."""
        return self in {Aggregation.SUM, Aggregation.COUNT}

    @property
    def can_be_entitled(self) -> bool:
        """Whether it burns a balance; the average or an extreme of a stretch is no amount that was used in it."""
        return self not in {Aggregation.AVG, Aggregation.MIN, Aggregation.MAX}

    @property
    def reads_value(self) -> bool:
        """Whether it reads a property of the event; COUNT counts events, whatever they hold."""
        return self is not Aggregation.COUNT

    @property
    def reads_number(self) -> bool:
        """Whether that property must be a number; UNIQUE_COUNT tells texts apart."""
        return self.reads_value and self is not Aggregation.UNIQUE_COUNT
