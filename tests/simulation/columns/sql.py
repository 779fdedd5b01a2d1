"""A reader of the SQL that the usage store is asked: text into closures over rows. What it does not know, it refuses."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from tests.simulation.columns.functions import AGGREGATES, SCALARS, like

Row = Mapping[str, Any]
Rows = Sequence[Row]
Parameters = Mapping[str, Any]
Expression = Callable[[Rows, Parameters], Any]
"""Of the rows of a group (one, where nothing is grouped) and the statement's parameters."""

_TOKEN = re.compile(
    r"\s+|--[^\n]*|(?P<token>'[^']*'|%\(\w+\)s|\{\w+:\w+\}|\d+|[A-Za-z_][\w]*(?:\.\w+)?|!=|<=|>=|::|[=<>(),\[\]+*/;-])"
)
_KEYWORDS = frozenset(
    "AND AS BY FINAL FROM GROUP HAVING ILIKE IN INSERT INTO LIKE LIMIT NOT OR ORDER SELECT SETTINGS UNION WHERE".split()
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class Tables(Protocol):
    def rows(self, table: str, *, final: bool) -> Rows: ...


def tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotImplementedError(f"the simulated usage store cannot read {text[at : at + 40]!r}")
        if match["token"]:
            found.append(match["token"])
        at = match.end()
    return found


@dataclass
class Select:
    """One SELECT, ready to run."""

    names: list[str] = field(default_factory=list)
    columns: list[Expression] = field(default_factory=list)
    source: Callable[[Tables, Parameters], Rows] = lambda _tables, _parameters: ({},)
    where: Expression | None = None
    keys: list[Expression] = field(default_factory=list)
    having: Expression | None = None
    order: list[tuple[Expression, bool]] = field(default_factory=list)
    limit: Expression | None = None
    is_grouped: bool = False
    spread: int | None = None
    """Which column is an arrayJoin."""

    def run(self, tables: Tables, parameters: Parameters) -> list[tuple[Any, ...]]:
        groups = self._groups([row for row in self.source(tables, parameters) if self._holds(row, parameters)], parameters)
        if self.having is not None:
            groups = [group for group in groups if self.having(group, parameters)]
        for expression, descending in reversed(self.order):
            groups = sorted(groups, key=lambda group: expression(group, parameters), reverse=descending)
        answer = [tuple(column(group, parameters) for column in self.columns) for group in groups]
        if self.spread is not None:
            answer = list(self._spread(answer, self.spread))
        return answer if self.limit is None else answer[: self.limit((), parameters)]

    def _holds(self, row: Row, parameters: Parameters) -> bool:
        return self.where is None or bool(self.where((row,), parameters))

    def _groups(self, rows: Rows, parameters: Parameters) -> list[Rows]:
        if not self.is_grouped:
            return [(row,) for row in rows]
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(key((row,), parameters) for key in self.keys), []).append(row)
        return list(groups.values())

    @staticmethod
    def _spread(answer: list[tuple[Any, ...]], at: int) -> Iterator[tuple[Any, ...]]:
        for row in answer:
            for value in row[at]:
                yield (*row[:at], value, *row[at + 1 :])


@dataclass(frozen=True)
class Insert:
    """INSERT INTO a table's columns SELECT."""

    table: str
    columns: tuple[str, ...]
    select: Select


class Reader:
    """Recursive descent; the scope is what the SELECT at hand has named by AS."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.named: dict[str, Expression] = {}
        self.has_aggregate = False
        self.joins_array = False

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def found(self, *words: str) -> bool:
        if tuple(self.tokens[self.at : self.at + len(words)]) != words:
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.found(*words):
            raise NotImplementedError(f"{' '.join(words)} expected at {' '.join(self.tokens[self.at : self.at + 8])!r}")

    def listed(self, end: str) -> list[Expression]:
        items: list[Expression] = []
        while not self.found(end):
            items.append(self.expression())
            self.found(",")
        return items

    # statements

    def statement(self) -> Select | Insert:
        read = self.insert() if self.found("INSERT", "INTO") else self.select()
        if self.found("SETTINGS"):
            self.at = len(self.tokens)
        if self.peek():
            raise NotImplementedError(f"the simulated usage store cannot read on from {self.peek()!r}")
        return read

    def insert(self) -> Insert:
        table, columns = self.take(), []
        self.expect("(")
        while not self.found(")"):
            columns.append(self.take())
            self.found(",")
        return Insert(table, tuple(columns), self.select())

    def select(self) -> Select:
        outer = self.named, self.has_aggregate
        self.named, self.has_aggregate = {}, False
        self.expect("SELECT")
        made = Select()
        self.items(made)
        if self.found("FROM"):
            made.source = self.source()
        made.where = self.expression() if self.found("WHERE") else None
        made.is_grouped = self.has_aggregate
        if self.found("GROUP", "BY"):
            made.is_grouped, made.keys = True, self.many()
        made.having = self.expression() if self.found("HAVING") else None
        if self.found("ORDER", "BY"):
            made.order = self.ordered()
        made.limit = self.expression() if self.found("LIMIT") else None
        self.named, self.has_aggregate = outer
        return made

    def items(self, made: Select) -> None:
        while True:
            start = self.at
            self.joins_array = False
            expression = self.expression()
            if self.joins_array:
                made.spread = len(made.names)
            name = self.take() if self.found("AS") else self.tokens[start].rpartition(".")[2]
            self.named[name] = expression
            made.names.append(name)
            made.columns.append(expression)
            if not self.found(","):
                return

    def many(self) -> list[Expression]:
        found = [self.expression()]
        while self.found(","):
            found.append(self.expression())
        return found

    def ordered(self) -> list[tuple[Expression, bool]]:
        found = []
        while True:
            expression = self.expression()
            descending = self.found("DESC")
            self.found("ASC")
            found.append((expression, descending))
            if not self.found(","):
                return found

    def source(self) -> Callable[[Tables, Parameters], Rows]:
        if not self.found("("):
            table = self.take()
            final = self.found("FINAL")
            return lambda tables, _: tables.rows(table, final=final)
        parts = [self.select()]
        while self.found("UNION", "ALL"):
            parts.append(self.select())
        self.expect(")")
        names = parts[0].names

        def union(tables: Tables, parameters: Parameters) -> Rows:
            return [dict(zip(names, row, strict=True)) for part in parts for row in part.run(tables, parameters)]

        return union

    # expressions, by how loosely they bind

    def expression(self) -> Expression:
        left = self.conjunction()
        while self.found("OR"):
            left = _or(left, self.conjunction())
        return left

    def conjunction(self) -> Expression:
        left = self.negation()
        while self.found("AND"):
            left = _and(left, self.negation())
        return left

    def negation(self) -> Expression:
        if self.found("NOT"):
            wanted = self.negation()
            return lambda rows, known: not wanted(rows, known)
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.addition()
        if self.peek() in _COMPARISONS:
            return _binary(_COMPARISONS[self.take()], left, self.addition())
        is_negative = self.found("NOT")
        if self.found("IN"):
            members = self.members()
            return lambda rows, known: (left(rows, known) in members(rows, known)) is not is_negative
        if self.peek() in {"LIKE", "ILIKE"}:
            folds = self.take() == "ILIKE"
            pattern = self.addition()
            return lambda rows, known: like(*_cased(left(rows, known), pattern(rows, known), folds)) is not is_negative
        return left

    def members(self) -> Expression:
        if not self.found("("):
            return self.primary()
        members = self.listed(")")
        if len(members) == 1:  # a parameter that is a list may stand in brackets
            [only] = members
            return lambda rows, known: _several(only(rows, known))
        return lambda rows, known: [member(rows, known) for member in members]

    def addition(self) -> Expression:
        left = self.primary()
        while self.peek() in {"+", "-"}:
            left = _binary((lambda a, b: a + b) if self.take() == "+" else (lambda a, b: a - b), left, self.primary())
        return left

    def primary(self) -> Expression:
        made = self.atom()
        while self.peek() in {"[", "::"}:
            if self.found("["):
                made = _binary(lambda container, key: container.get(key, ""), made, self.expression())
                self.expect("]")
            else:
                self.at += 1
                self.cast()
        return made

    def cast(self) -> None:
        """The type after `::`, which only names what is there already."""
        self.take()
        if self.found("("):
            while not self.found(")"):
                self.take()

    def atom(self) -> Expression:
        token = self.take()
        if token == "(":
            inner = self.listed(")")
            return inner[0] if len(inner) == 1 else _tuple(inner)
        if token == "[":
            return _tuple(self.listed("]"))
        if token[0] == "'":
            text = token[1:-1]
            return lambda _rows, _known: text
        if token.isdigit():
            number = int(token)
            return lambda _rows, _known: number
        if token[0] in "%{":
            name = token[2:-2] if token[0] == "%" else token[1:].partition(":")[0]
            return lambda _rows, known: known[name]
        if token in _KEYWORDS or not (token[0].isalpha() or token[0] == "_"):
            raise NotImplementedError(f"the simulated usage store cannot read {token!r} here")
        return self.call(token) if self.found("(") else self.column(token)

    def call(self, name: str) -> Expression:
        if name == "arrayJoin":
            self.joins_array = True
            [array] = self.listed(")")
            return array
        if name == "now64":
            self.listed(")")
            return lambda _rows, known: known["now64"]
        if name in AGGREGATES:
            arguments = self.listed(")")
            self.has_aggregate = True
            return _aggregate(AGGREGATES[name], arguments)
        if name not in SCALARS:
            raise NotImplementedError(f"the simulated usage store does not know {name}(): see columns/functions.py")
        return _scalar(SCALARS[name], self.listed(")"))

    def column(self, name: str) -> Expression:
        first, dot, second = name.partition(".")
        if second.isdigit():
            whole, index = self.column(first), int(second) - 1
            return lambda rows, known: whole(rows, known)[index]
        if dot:
            return lambda rows, _known: rows[0][second]
        named = self.named

        def look_up(rows: Rows, known: Parameters) -> Any:
            row = rows[0]
            return row[name] if name in row else named[name](rows, known)

        return look_up


def _cased(text: str, pattern: str, folds: bool) -> tuple[str, str]:
    return (text.lower(), pattern.lower()) if folds else (text, pattern)


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _and(left: Expression, right: Expression) -> Expression:
    return lambda rows, known: left(rows, known) and right(rows, known)


def _or(left: Expression, right: Expression) -> Expression:
    return lambda rows, known: left(rows, known) or right(rows, known)


def _binary(operator: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    return lambda rows, known: operator(left(rows, known), right(rows, known))


def _tuple(items: list[Expression]) -> Expression:
    return lambda rows, known: tuple(item(rows, known) for item in items)


def _scalar(function: Callable[..., Any], arguments: list[Expression]) -> Expression:
    if len(arguments) == 1:
        [only] = arguments
        return lambda rows, known: function(only(rows, known))
    return lambda rows, known: function(*(argument(rows, known) for argument in arguments))


def _aggregate(function: Callable[..., Any], arguments: list[Expression]) -> Expression:
    if not arguments:
        return lambda rows, _known: function(rows)
    return lambda rows, known: function(*([argument((row,), known) for row in rows] for argument in arguments))


@lru_cache(maxsize=4096)
def read_statement(text: str) -> Select | Insert:
    return Reader(text).statement()


@lru_cache(maxsize=256)
def read_expression(text: str) -> Expression:
    return Reader(text).expression()
