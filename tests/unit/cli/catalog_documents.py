"""Any document that a family's files may hold."""

from decimal import Decimal
from typing import Any, assert_never

from hypothesis import strategies as st

from meterhouse.cli.catalog.kinds import (
    DECIMAL,
    DURATION,
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    WHOLE,
    Conditions,
    Family,
    Field,
    Kind,
    Listed,
    Named,
    Record,
    Scalar,
    Variant,
)
from meterhouse.cli.catalog.plain import settled

KEYS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=30) | st.sampled_from(
    [
        "no",
        "null",
        "~",
        "1.10",
        "1e3",
        "2026-01-01",
        "- a",
        "a: b",
        "# c",
        " x ",
        "'",
        '"',
        "a\nb",
        "\t",
        "é",
        "0x1F",
        "=",
    ]
)
DECIMALS = st.decimals(min_value=0, max_value=10**20, places=4) | st.sampled_from([Decimal("0.10"), Decimal("1.000")])
WORDS = (
    "single",
    "multiple",
    "in_arrears",
    "graduated",
    "volume",
    "COUNT",
    "SUM",
    "inclusive",
    "exclusive",
    "credit_only",
    "prorate_prices",
    "divide",
    "half_up",
)


def documents(family: Family, key: str = "own") -> st.SearchStrategy[dict[str, Any]]:
    """As they are compared: without what goes without saying."""
    return _values(family.record).map(lambda document: settled(family.record, document, key))


def _values(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Scalar():
            return _scalars(kind)
        case Record():
            return _members(kind.fields)
        case Variant():
            return st.one_of(*[_typed(name, record) for name, record in kind.options.items()])
        case Listed():
            unique = (lambda part: part["key"]) if kind.is_keyed else None
            return st.lists(_values(kind.item), max_size=3, unique_by=unique)
        case Named():
            return st.dictionaries(TEXTS, _values(kind.value), max_size=3)
        case Conditions():
            return st.dictionaries(st.sampled_from(["$eq", "$in"]), TEXTS | st.lists(TEXTS, max_size=2), min_size=1)
        case _:
            assert_never(kind)


def _typed(name: str, record: Record) -> st.SearchStrategy[dict[str, Any]]:
    return _members(record.fields).map(lambda found: {"type": name, **found})


def _scalars(kind: Scalar) -> st.SearchStrategy[Any]:
    known: list[tuple[Scalar, st.SearchStrategy[Any]]] = [
        (TEXT, TEXTS),
        (DECIMAL, DECIMALS),
        (NUMBER, st.decimals(0, 100, places=2)),
        (WHOLE, st.integers(1, 255)),
        (FLAG, st.booleans()),
        (DURATION, st.sampled_from(["P1M", "P1Y", "PT1H", "P4W"])),
        (INSTANT, st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"])),
    ]
    found = next((strategy for one, strategy in known if one is kind), None)
    return st.sampled_from([word for word in WORDS if _reads(kind, word)]) if found is None else found


def _reads(kind: Scalar, word: str) -> bool:
    try:
        kind.read(word)
    except ValueError:
        return False
    return True


def _members(fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    def of(name: str, about: Field) -> st.SearchStrategy[Any]:
        return KEYS if name == "key" else _values(about.kind)

    return st.fixed_dictionaries(
        {name: of(name, about) for name, about in fields.items() if about.is_required},
        optional={name: of(name, about) for name, about in fields.items() if not about.is_required},
    )
