"""A reader of the SQL that the usage store is asked: it becomes Python over rows. What it does not know, it refuses."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.simulation.columns.functions import AGGREGATES, NAMES, SCALARS

Row = Mapping[str, Any]
Rows = Sequence[Row]
Parameters = Mapping[str, Any]
Columns = Mapping[str, Collection[str]]
"""The columns of tables by name."""
Source = Callable[["Tables", Parameters], Rows]

_TOKEN = re.compile(
    r"\s+|--[^\n]*|(?P<token>'[^']*'|%\(\w+\)s|\{\w+:\w+\}|\d+|[A-Za-z_]\w*(?:\.\w+)?|!=|<=|>=|::|[=<>(),\[\]+-])"
)
_COLUMN = re.compile(r"\0(\w+)\0")
_COMPARISONS = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_KEYWORDS = frozenset(
    [
        "AND",
        "AS",
        "BY",
        "FINAL",
        "FROM",
        "GROUP",
        "HAVING",
        "ILIKE",
        "IN",
        "INSERT",
        "INTO",
        "LIKE",
        "LIMIT",
        "NOT",
        "OR",
        "ORDER",
        "PREWHERE",
        "SELECT",
        "SETTINGS",
        "UNION",
        "WHERE",
        "WITH",
    ]
)


class Tables(Protocol):
    def rows(self, table: str, *, final: bool) -> Rows: ...


def made(arguments: str, code: str) -> Callable[..., Any]:
    """A function of Python's own text, which this reader wrote."""
    return eval(f"lambda {arguments}: {code}", dict(NAMES))  # type: ignore[no-any-return]  # noqa: S307 - written here


@dataclass(frozen=True)
class Select:
    """One SELECT, ready to run."""

    names: Sequence[str]
    source: Source
    kept: Callable[[Rows, Parameters], Rows]
    groups: Callable[[Rows, Parameters], list[Rows]]
    ordered: Callable[[list[Rows], Parameters], list[Rows]]
    columns: Callable[[list[Rows], Parameters], list[tuple[Any, ...]]]
    limit: Callable[[Parameters], int]
    spread: int | None
    """Which column is an arrayJoin."""

    def run(self, tables: Tables, known: Parameters) -> list[tuple[Any, ...]]:
        groups = self.groups(self.kept(self.source(tables, known), known), known)
        answer = self.columns(self.ordered(groups, known), known)
        if self.spread is not None:
            at = self.spread
            answer = [(*row[:at], value, *row[at + 1 :]) for row in answer for value in row[at]]
        return answer[: self.limit(known)]


@dataclass(frozen=True)
class Insert:
    """INSERT INTO a table's columns SELECT."""

    table: str
    columns: tuple[str, ...]
    select: Select


@dataclass
class _Draft:
    """A SELECT as it is read: expressions are Python in which columns stand between NULs."""

    names: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    source: Source = lambda _tables, _known: ({},)
    columns: Collection[str] = ()
    where: str = ""
    keys: list[str] = field(default_factory=list)
    having: str = ""
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: str = "None"
    is_grouped: bool = False
    spread: int | None = None

    def resolved(self, code: str) -> str:
        """With columns looked up in the row: the source's own, else what the SELECT names so."""

        def looked_up(found: re.Match[str]) -> str:
            name = found[1]
            return f"row[{name!r}]" if name in self.columns else self.resolved(self.items[self.names.index(name)])

        return _COLUMN.sub(looked_up, code)

    def finished(self) -> Select:
        items = ", ".join(map(self.resolved, self.items))
        return Select(
            self.names,
            self.source,
            self._kept(),
            self._groups(),
            self._ordered(),
            made("groups, known", f"[({items},) for rows in groups for row in rows[:1]]"),
            made("known", self.limit),
            self.spread,
        )

    def _kept(self) -> Callable[..., Any]:
        condition = f" if {self.resolved(self.where)}" if self.where else ""
        return made("rows, known", f"[row for row in rows{condition}]")

    def _groups(self) -> Callable[..., Any]:
        if not self.is_grouped:
            return made("rows, known", "[(row,) for row in rows]")
        keys = "".join(f"{self.resolved(key)}, " for key in self.keys)
        keys_of = made("rows, known", f"[({keys}) for row in rows]")
        having = f" if {self.resolved(self.having)}" if self.having else ""
        holding = made("groups, known", f"[rows for rows in groups for row in rows[:1]{having}]")

        def grouped(rows: Rows, known: Parameters) -> list[Rows]:
            groups: dict[tuple[Any, ...], list[Row]] = {}
            for key, row in zip(keys_of(rows, known), rows, strict=True):
                groups.setdefault(key, []).append(row)
            found: list[Rows] = holding(list(groups.values()), known)
            return found

        return grouped

    def _ordered(self) -> Callable[..., Any]:
        orders = [(made("rows, row, known", self.resolved(code)), down) for code, down in reversed(self.order)]

        def ordered(groups: list[Rows], known: Parameters) -> list[Rows]:
            for key, down in orders:
                groups = sorted(groups, key=lambda rows, key=key: key(rows, rows[0], known), reverse=down)  # type: ignore[misc]
            return groups

        return ordered


class Reader:
    """Recursive descent; expressions become Python text over `row`, `rows` (of its group) and `known`."""

    def __init__(self, text: str, columns: Columns) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.columns = columns
        self.named: dict[str, str] = {}
        self.has_aggregate = False
        self.joins_array = False

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

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

    def many(self) -> list[str]:
        found = [self.expression()]
        while self.found(","):
            found.append(self.expression())
        return found

    def listed(self, end: str) -> list[str]:
        if self.found(end):
            return []
        items = self.many()
        self.expect(end)
        return items

    # statements

    def statement(self) -> Select | Insert:
        read = self.insert() if self.found("INSERT", "INTO") else self.select().finished()
        if self.found("SETTINGS"):
            self.at = len(self.tokens)
        if self.peek():
            raise NotImplementedError(f"the simulated usage store cannot read on from {self.peek()!r}")
        return read

    def insert(self) -> Insert:
        table = self.take()
        self.expect("(")
        columns = [self.take()]
        while self.found(","):
            columns.append(self.take())
        self.expect(")")
        return Insert(table, tuple(columns), self.select().finished())

    def select(self) -> _Draft:
        outer, self.has_aggregate = self.has_aggregate, False
        self.expect("SELECT")
        draft = _Draft()
        self.items(draft)
        if self.found("FROM"):
            self.source(draft)
        conditions = [self.expression() for word in ("PREWHERE", "WHERE") if self.found(word)]
        draft.where = " and ".join(f"({condition})" for condition in conditions)
        draft.is_grouped = self.has_aggregate
        if self.found("GROUP", "BY"):
            draft.is_grouped, draft.keys = True, self.many()
        draft.having = self.expression() if self.found("HAVING") else ""
        if self.found("ORDER", "BY"):
            self.order(draft)
        draft.limit = self.expression() if self.found("LIMIT") else "None"
        self.has_aggregate = outer
        return draft

    def items(self, draft: _Draft) -> None:
        while True:
            start, self.joins_array = self.at, False
            draft.items.append(self.expression())
            if self.joins_array:
                draft.spread = len(draft.names)
            draft.names.append(self.take() if self.found("AS") else self.tokens[start].rpartition(".")[2])
            if not self.found(","):
                return

    def order(self, draft: _Draft) -> None:
        while True:
            draft.order.append((self.expression(), self.found("DESC")))
            self.found("ASC")
            if not self.found(","):
                return

    def source(self, draft: _Draft) -> None:
        if not self.found("("):
            table, final = self.take(), self.found("FINAL")
            draft.columns = self.columns[table]
            draft.source = lambda tables, _known: tables.rows(table, final=final)
            return
        self.naming()
        parts = [self.select().finished()]
        while self.found("UNION", "ALL"):
            parts.append(self.select().finished())
        self.expect(")")
        draft.columns = names = parts[0].names
        draft.source = lambda tables, known: [
            dict(zip(names, row, strict=True)) for part in parts for row in part.run(tables, known)
        ]

    def naming(self) -> None:
        """What a WITH names is known in all that follows."""
        more = self.found("WITH")
        while more:
            code = self.expression()
            self.expect("AS")
            self.named[self.take()] = code
            more = self.found(",")

    # expressions, by how loosely they bind

    def expression(self) -> str:
        code = self.conjunction()
        while self.found("OR"):
            code = f"({code} or {self.conjunction()})"
        return code

    def conjunction(self) -> str:
        code = self.negation()
        while self.found("AND"):
            code = f"({code} and {self.negation()})"
        return code

    def negation(self) -> str:
        return f"(not {self.negation()})" if self.found("NOT") else self.comparison()

    def comparison(self) -> str:
        code = self.addition()
        if self.peek() in _COMPARISONS:
            return f"({code} {_COMPARISONS[self.take()]} {self.addition()})"
        negation = "not " if self.found("NOT") else ""
        if self.found("IN"):
            return f"({code} {negation}in {self.members()})"
        if self.peek() in {"LIKE", "ILIKE"}:
            return f"({negation}{self.take().lower()}({code}, {self.addition()}))"
        return code

    def members(self) -> str:
        if not self.found("("):
            return self.primary()
        members = self.listed(")")
        # a parameter that is a list may stand in brackets
        return f"several({members[0]})" if len(members) == 1 else f"({', '.join(members)})"

    def addition(self) -> str:
        code = self.primary()
        while self.peek() in {"+", "-"}:
            code = f"({code} {self.take()} {self.primary()})"
        return code

    def primary(self) -> str:
        code = self.atom()
        while self.peek() in {"[", "::"}:
            if self.found("["):
                code = f"{code}.get({self.expression()}, '')"
                self.expect("]")
            else:
                self.at += 1
                self.expression()  # the type only names what is there already
        return code

    def atom(self) -> str:
        token = self.take()
        if token == "(":
            inner = self.listed(")")
            return inner[0] if len(inner) == 1 else f"({', '.join(inner)})"
        if token == "[":
            return f"({''.join(f'{item}, ' for item in self.listed(']'))})"
        if token[0] == "'" or token.isdigit():
            return token
        if token[0] in "%{":
            return f"known[{token[2:-2] if token[0] == '%' else token[1:].partition(':')[0]!r}]"
        if token in _KEYWORDS or not (token[0].isalpha() or token[0] == "_"):
            raise NotImplementedError(f"the simulated usage store cannot read {token!r} here")
        if token in self.named:
            return self.named[token]
        return self.call(token) if self.found("(") else _column(token)

    def call(self, name: str) -> str:
        arguments = self.listed(")")
        if name == "arrayJoin":
            self.joins_array = True
            return arguments[0]
        if name == "now64":
            return "known['now64']"
        if name in AGGREGATES:
            self.has_aggregate = True
            columns = [f"[{argument} for row in rows]" for argument in arguments] or ["rows"]
            return f"{name}_({', '.join(columns)})"
        if name in SCALARS:
            return f"{name}_({', '.join(arguments)})"
        if name in {"Array", "Nullable"}:
            return ""
        raise NotImplementedError(f"the simulated usage store does not know {name}(): see columns/functions.py")


def _column(name: str) -> str:
    first, dot, second = name.partition(".")
    if second.isdigit():
        return f"\0{first}\0[{int(second) - 1}]"
    return f"row[{second!r}]" if dot else f"\0{name}\0"


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotImplementedError(f"the simulated usage store cannot read {text[at : at + 40]!r}")
        if match["token"]:
            found.append(match["token"])
        at = match.end()
    return found


def read_expression(text: str, columns: Collection[str]) -> Callable[[Row], Any]:
    """An expression over the columns of a table."""
    code = Reader(text, {}).expression()
    return made("row", _Draft(columns=columns).resolved(code))
