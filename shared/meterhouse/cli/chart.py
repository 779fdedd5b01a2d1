"""Charts of text, told apart by shape and not by colour."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

_NARROWEST_BAR = 8
_WIDEST_LABEL = 32
_EIGHTHS = 8


@dataclass(frozen=True, slots=True)
class Ink:
    """Characters of rising height, of rising width, and of a bar below zero."""

    levels: str
    widths: str
    below: str


BLOCKS = Ink("▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█", "░")
ASCII = Ink("_.-=+*%#", "        #"[1:], "-")


def plain(value: Decimal) -> str:
    """All digits, without exponent and without the zeros after the last that tells."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def bars(rows: Sequence[tuple[str, Decimal]], width: int = 80, ink: Ink = BLOCKS) -> list[str]:
    """One line a row: label, number, bar; as long as the number is large, of another stuff below zero.

    Args:
        rows: labels and finite numbers.
        width: of the longest line, in characters; long labels are cut, numbers never.
        ink: what bars are drawn with.
    """
    if not rows:
        return []
    labels = [_cut(label, _WIDEST_LABEL) for label, _ in rows]
    numbers = [plain(value) for _, value in rows]
    label_width, number_width = max(map(len, labels)), max(map(len, numbers))
    room = max(_NARROWEST_BAR, width - label_width - number_width - 3)
    largest = max(abs(value) for _, value in rows)
    return [
        f"{label:<{label_width}} {number:>{number_width}}  {_bar(value, largest, room, ink)}".rstrip()
        for label, number, (_, value) in zip(labels, numbers, rows, strict=True)
    ]


def sparkline(values: Sequence[Decimal | None], width: int = 60, ink: Ink = BLOCKS) -> str:
    """One character a value, from the lowest to the highest; a blank where there is none.

    More values than `width` share a character, which shows the largest of them.
    """
    shown = _squeezed(values, width)
    present = [value for value in shown if value is not None]
    if not present:
        return " " * len(shown)
    lowest, span = min(present), max(present) - min(present)
    return "".join(" " if value is None else _level(value - lowest, span, ink) for value in shown)


def _level(above: Decimal, span: Decimal, ink: Ink) -> str:
    top = len(ink.levels) - 1
    return ink.levels[int(above * top / span) if span else top // 2]


def _squeezed(values: Sequence[Decimal | None], width: int) -> list[Decimal | None]:
    if len(values) <= width:
        return list(values)
    edges = [len(values) * place // width for place in range(width + 1)]
    shares = (values[start:end] for start, end in itertools.pairwise(edges))
    return [max((value for value in share if value is not None), default=None) for share in shares]


def _bar(value: Decimal, largest: Decimal, room: int, ink: Ink) -> str:
    eighths = int(abs(value) * room * _EIGHTHS / largest) if largest else 0
    whole, rest = divmod(eighths, _EIGHTHS)
    if value < 0:
        return ink.below * max(whole, 1)
    if value and not eighths:
        return ink.widths[0]
    return ink.widths[-1] * whole + (ink.widths[rest - 1] if rest else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
