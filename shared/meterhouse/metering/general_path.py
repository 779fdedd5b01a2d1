"""JSONPath (RFC 9535) by the library, where walking members is not enough: with exact numbers, and bounds to its cost.

A tenant writes both the path and the events, and the sink reads those of all tenants.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from math import prod
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError, JSONPathMatch, JSONPathSyntaxError
from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FilterQuery,
    RelativeFilterQuery,
    RootFilterQuery,
)
from jsonpath.parse import Parser
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import Filter
from jsonpath.stream import TokenStream

from meterhouse.metering.json_path import Unreadable
from meterhouse.metering.nesting import DEEPEST

_MOST_STEPS = 100_000
"""In one document. By number and not by time: a redelivery must read the same."""
_MOST_PARTS = 200
_MOST_SELECTIONS = 100


class GeneralPath:
    def __init__(self, path: str) -> None:
        """Compile.

        Raises:
            ValueError: it is no JSONPath from the root; its text is one line.
        """
        if not path.startswith("$"):
            raise ValueError("no JSONPath: it begins with $, as $.name does")
        try:
            self._path = _Path(_ENVIRONMENT.compile(path))
        except RecursionError as error:
            raise ValueError("no JSONPath: it is nested too deep") from error
        except JSONPathError as error:
            raise ValueError(f"no JSONPath: {_said(error)}") from error

    def check_cost(self) -> None:
        """A document's size must bound what is done with it.

        Raises:
            ValueError: the path may lead to some parts of a document again and again.
        """
        parts = list(_parts(self._path))
        segments = [part for part in parts if isinstance(part, JSONPathSegment)]
        if len(parts) > _MOST_PARTS:
            raise ValueError(f"has more than {_MOST_PARTS} parts")
        if sum(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in segments) > 1:
            raise ValueError("looks for descendants more than once")
        if prod(len(segment.selectors) for segment in segments) > _MOST_SELECTIONS:
            raise ValueError("selects the same parts many times over")
        if not all(part.path.singular_query() for part in parts if isinstance(part, RootFilterQuery)):
            raise ValueError("searches the whole document in a filter")

    def find(self, document: object) -> list[Any]:
        """What the path leads to, in the document's order.

        Raises:
            Unreadable: it takes too many steps, or compares what is no single value.
        """
        context = {"steps": iter(range(_MOST_STEPS))}
        try:
            return [node.obj for node in self._path.finditer(document, filter_context=context)]
        except (JSONPathError, RecursionError) as error:
            raise Unreadable("leads nowhere in this event") from error


def _said(error: JSONPathError) -> str:
    """Without the library's drawing of the place, which takes five lines and fails at a path's end."""
    place = error.token.index if error.token else -1
    return f"{error.message}, at character {place}" if place >= 0 else f"{error.message}"


class _Node(JSONPathMatch):
    """A place in a document, without its address: the names on the way to it may be of any length."""

    __slots__ = ()

    def __init__(self, obj: object, root: Any, context: Any) -> None:  # noqa: ANN401 - JSON
        if next(context["steps"], None) is None:
            raise Unreadable("takes too many steps to find")
        self.obj = obj
        self.root = root
        self._filter_context = context

    def new_child(self, obj: object, key: int | str) -> "_Node":  # noqa: ARG002 - the library's
        return _Node(obj, self.root, self._filter_context)

    def add_child(self, *children: JSONPathMatch) -> None:
        """Nobody asks for them."""


class _Path(JSONPath):
    __slots__ = ()

    def __init__(self, compiled: Any) -> None:  # noqa: ANN401 - the library's type is wider than what strict paths are
        super().__init__(env=compiled.env, segments=compiled.segments)

    def finditer(self, data: Any, *, filter_context: Any = None) -> Iterable[JSONPathMatch]:  # noqa: ANN401 - JSON
        nodes: Iterable[JSONPathMatch] = [_Node(data, data, filter_context)]
        for segment in self.segments:
            nodes = segment.resolve(nodes)
        return nodes


class _Parser(Parser):
    def parse_absolute_query(self, stream: TokenStream) -> BaseExpression:
        return _bounded(super().parse_absolute_query(stream))

    def parse_relative_query(self, stream: TokenStream) -> BaseExpression:
        return _bounded(super().parse_relative_query(stream))

    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        return _number(stream)

    def parse_float_literal(self, stream: TokenStream) -> BaseExpression:
        return _number(stream)


def _bounded(query: BaseExpression) -> BaseExpression:
    if isinstance(query, RelativeFilterQuery | RootFilterQuery):
        query.path = _Path(query.path)
    return query


def _number(stream: TokenStream) -> BaseExpression:
    """Exact, as the numbers of data are: the library would take a float."""
    token = stream.next()
    digits = token.value.removeprefix("-")
    if digits.startswith("0") and digits[1:2].isdigit():
        raise JSONPathSyntaxError("a number with a leading zero", token=token)
    try:
        return FilterExpressionLiteral(value=Decimal(token.value))
    except InvalidOperation:
        raise JSONPathSyntaxError("a number past all measure", token=token) from None


class _Environment(JSONPathEnvironment):
    parser_class = _Parser
    max_recursion_depth = DEEPEST

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for pattern_function in ("match", "search"):
            # a pattern of a meter's author could hold the sink for ever
            self.function_extensions.pop(pattern_function)

    def compare(self, left: object, operator: str, right: object) -> bool:
        if type(left) in {dict, list} and type(right) in {dict, list}:
            raise Unreadable("compares objects or arrays")
        return super().compare(left, operator, right)


_ENVIRONMENT = _Environment(strict=True)


def _parts(path: JSONPath) -> Iterator[object]:
    """Everything a path is made of, filters included."""
    for segment in path.segments:
        yield segment
        for selector in segment.selectors:
            yield selector
            if isinstance(selector, Filter):
                yield from _parts_of(selector.expression)


def _parts_of(expression: BaseExpression) -> Iterator[object]:
    yield expression
    if isinstance(expression, FilterQuery):
        yield from _parts(expression.path)
        return
    for child in expression.children():
        yield from _parts_of(child)
