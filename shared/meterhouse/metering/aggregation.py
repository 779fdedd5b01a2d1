"""How a meter makes one number of many events."""

from enum import StrEnum


class Aggregation(StrEnum):
    SUM = "SUM"
    COUNT = "COUNT"
    UNIQUE_COUNT = "UNIQUE_COUNT"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"
    LATEST = "LATEST"

    @property
    def is_summable(self) -> bool:
        """Whether the value of a period is the sum of the values of its parts."""
        return self in {Aggregation.SUM, Aggregation.COUNT}

    @property
    def reads_value(self) -> bool:
        """Whether it reads a property of the event; COUNT counts events, whatever they hold."""
        return self is not Aggregation.COUNT
