"""A document in its one form: without what goes without saying, so that two that mean the same are equal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from meterhouse.cli.catalog.kinds import (
    Conditions,
    Document,
    Family,
    Field,
    Kind,
    Listed,
    Named,
    Record,
    Scalar,
    Variant,
)
from meterhouse.cli.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "type"
_SIMPLE, _ADVANCED = "meterGroupByFilters", "advancedMeterGroupByFilters"


def settled(record: Record, document: Mapping[str, Any], key: str) -> Document:
    """The document without defaults and empty parts, in the order of its record."""
    one_form = _with_simple_filters(document) if _ADVANCED in document else document
    found: Document = _settled(record, one_form)
    return {name: value for name, value in found.items() if not (record.fields[name].default_is_key and value == key)}


def from_answer(family: Family, answer: Mapping[str, Any]) -> Document:
    """The document of a thing that the endpoint told of.

    Raises:
        Failed: it holds a field that this command does not know, which a write would lose.
    """
    try:
        told = {name: value for name, value in answer.items() if name != family.key}
        read: Document = _read(family.record, told, "")
        return settled(family.record, read, str(answer[family.key]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(f"the endpoint tells of a {family.one} that this command cannot read: {error}") from None


def terms_from_answer(terms: Record, answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], Document]:
    """An add-on that a plan sells, and on which terms. Raises `Failed` as `from_answer` does."""
    try:
        addon = {name: answer["addon"][name] for name in ("id", "key", "version")}
        read: Document = _read(terms, answer, "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(f"the endpoint sells an add-on on terms that this command cannot read: {error}") from None
    return addon, settled(terms, read, "")


def to_request(record: Record, document: Mapping[str, Any], key: str) -> Document:
    """What the endpoint is sent: with the defaults, and null where it wants null."""
    sent: Document = _sent(record, document)
    return sent | {name: key for name, about in record.fields.items() if about.default_is_key and name not in document}


def fields_of(kind: Record | Variant, document: Mapping[str, Any]) -> Mapping[str, Field]:
    """The members that a document of this kind may have, its `type` apart."""
    return (kind if isinstance(kind, Record) else kind.options[document[TYPE]]).fields


def _settled(kind: Kind, value: Any) -> Any:  # noqa: ANN401 - as the kind is
    match kind:
        case Record() | Variant():
            if TYPE not in value and isinstance(kind, Variant):
                return value  # a fault was found in it
            parts = {TYPE: value[TYPE]} if isinstance(kind, Variant) else {}
            for name, about in fields_of(kind, value).items():
                part = None if value.get(name) is None else _settled(about.kind, value[name])
                if not _goes_without_saying(about, part):
                    parts[name] = part
            return parts
        case Listed():
            return [_settled(kind.item, part) for part in value]
        case Named():
            return {name: _settled(kind.value, value[name]) for name in sorted(value)}
        case Scalar() | Conditions():
            return value
        case _:
            assert_never(kind)


def _goes_without_saying(about: Field, value: object) -> bool:
    if about.is_required:
        return value is None
    return value in (None, "", {}, []) or value == about.default


def _read(kind: Kind, value: Any, where: str) -> Any:  # noqa: ANN401 - as the kind is
    match kind:
        case Scalar():
            return kind.read(_text(value))
        case Record() | Variant():
            return _read_members(kind, value, where)
        case Listed():
            return [_read(kind.item, part, f"{where}/{index}") for index, part in enumerate(value)]
        case Named():
            return {name: _read(kind.value, part, f"{where}/{name}") for name, part in value.items()}
        case Conditions():
            return _read_conditions(value)
        case _:
            assert_never(kind)


def _read_members(kind: Record | Variant, value: Mapping[str, Any], where: str) -> Document:
    fields = fields_of(kind, value)
    told = kind.told if isinstance(kind, Record) else frozenset({TYPE})
    given = {name: part for name, part in value.items() if part is not None}
    if unknown := sorted(given.keys() - fields.keys() - told):
        raise ValueError(f"{where}/{unknown[0]} is not known here; is there a newer version?")
    parts = {TYPE: value[TYPE]} if isinstance(kind, Variant) else {}
    return parts | {
        name: _read(fields[name].kind, part, f"{where}/{name}") for name, part in given.items() if name in fields
    }


def _read_conditions(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _read_conditions(part) for name, part in value.items() if part is not None}
    return [_read_conditions(part) for part in value] if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _sent(kind: Kind, value: Any) -> Any:  # noqa: ANN401 - as the kind is
    match kind:
        case Scalar():
            return kind.send(value)
        case Record() | Variant():
            return _sent_members(kind, value)
        case Listed():
            return [_sent(kind.item, part) for part in value]
        case Named():
            return {name: _sent(kind.value, part) for name, part in value.items()}
        case Conditions():
            return value
        case _:
            assert_never(kind)


def _sent_members(kind: Record | Variant, value: Mapping[str, Any]) -> Document:
    parts = {TYPE: value[TYPE]} if isinstance(kind, Variant) else {}
    for name, about in fields_of(kind, value).items():
        part = value.get(name, about.default)
        if about.is_sent and (part is not None or about.is_null):
            parts[name] = None if part is None else _sent(about.kind, part)
    return parts


def _with_simple_filters(document: Mapping[str, Any]) -> Document:
    """Filters that are all equalities have two forms: the simple one stands for both."""
    advanced, simple = document[_ADVANCED], document.get(_SIMPLE) or {}
    equal = {name: condition.get("$eq") for name, condition in advanced.items() if isinstance(condition, dict)}
    is_simple = all(condition == {"$eq": equal.get(name)} for name, condition in advanced.items())
    if not is_simple or (simple and simple != equal):
        return dict(document)
    return {name: value for name, value in document.items() if name != _ADVANCED} | {_SIMPLE: equal or simple}
