"""What differs between two documents, field by field; phases and rate cards are told apart by their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`old` None: it was not there; `new` None: it is no more."""

    field: str
    old: Any
    new: Any


def differences(old: Mapping[str, Any], new: Mapping[str, Any], at: str = "") -> list[FieldChange]:
    """The changes in the order of the new document, what is gone behind."""
    names = [*new, *(name for name in old if name not in new)]
    return [change for name in names for change in _changes(old.get(name), new.get(name), _dot(at, name))]


def _changes(old: Any, new: Any, at: str) -> Iterator[FieldChange]:  # noqa: ANN401 - as documents are
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.get("type") == new.get("type"):
        yield from differences(old, new, at)
    elif _is_keyed(old) and _is_keyed(new):
        before, after = _by_key(old), _by_key(new)
        yield from differences(before, after, at)
        yield from _moved(before, after, at)
    elif isinstance(old, list) and isinstance(new, list):
        before, after = ({str(index): part for index, part in enumerate(parts)} for parts in (old, new))
        yield from differences(before, after, at)
    else:
        yield FieldChange(at, old, new)


def _moved(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[FieldChange]:
    """That those which stay have another order."""
    old, new = [key for key in before if key in after], [key for key in after if key in before]
    if old != new:
        yield FieldChange(f"{at} (order)", ", ".join(old), ", ".join(new))


def _is_keyed(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) and "key" in part for part in value)


def _by_key(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {part["key"]: part for part in parts}


def _dot(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
