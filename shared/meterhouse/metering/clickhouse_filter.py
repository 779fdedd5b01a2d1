"""Conditions in ClickHouse's SQL. What callers sent goes into parameters, never into the text."""

from collections.abc import Callable
from typing import assert_never

from meterhouse.metering.filter import All, AnyOf, Comparison, Filter, Operator

_TEMPLATES = {
    Operator.EQ: "{column} = {operand}",
    Operator.NE: "{column} != {operand}",
    Operator.IN: "has({operand}, {column})",
    Operator.NOT_IN: "NOT has({operand}, {column})",
    Operator.LIKE: "{column} LIKE {operand}",
    Operator.NOT_LIKE: "{column} NOT LIKE {operand}",
    Operator.ILIKE: "{column} ILIKE {operand}",
    Operator.NOT_ILIKE: "{column} NOT ILIKE {operand}",
    Operator.GT: "{column} > {operand}",
    Operator.GTE: "{column} >= {operand}",
    Operator.LT: "{column} < {operand}",
    Operator.LTE: "{column} <= {operand}",
}


class Parameters:
    """Values bound into a query by the driver, under names given as they come."""

    def __init__(self, **known: object) -> None:
        self.values: dict[str, object] = known

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def condition(wanted: Filter, column: str, parameters: Parameters) -> str:
    """The filter on `column`, an expression of ours."""
    match wanted:
        case Comparison(operator, operand):
            if isinstance(operand, tuple):
                return _membership(operator, operand, column, parameters)
            return _TEMPLATES[operator].format(column=column, operand=parameters.bind(operand))
        case All(parts):
            return _joined(" AND ", parts, "1", lambda part: condition(part, column, parameters))
        case AnyOf(parts):
            return _joined(" OR ", parts, "0", lambda part: condition(part, column, parameters))
    assert_never(wanted)


def _membership(operator: Operator, operand: tuple[str, ...], column: str, parameters: Parameters) -> str:
    if not operand:
        return "1" if operator is Operator.NOT_IN else "0"
    return _TEMPLATES[operator].format(column=column, operand=parameters.bind(list(operand)))


def _joined(word: str, parts: tuple[Filter, ...], neutral: str, render: Callable[[Filter], str]) -> str:
    return f"({word.join(map(render, parts))})" if parts else neutral
