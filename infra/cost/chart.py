"""The cost of a million events by volume, drawn: both axes by powers of ten, a line for each profile where it fits."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from infra.cost.model import Cost

    Place = Callable[[float, float], tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _TOP = 760, 420, 70, 60
_RIGHT, _BOTTOM = _WIDTH - 110, _HEIGHT - 60
_LOW, _HIGH = -2, 3
"""Powers of ten of dollars."""
_COLOURS = ("#2a78d6", "#c2571a", "#1f8a5b")
BOUNDS = ((10**8, 0.60), (10**10, 0.06))
"""P13: events a day, and what a million of them may cost."""


def drawn(volumes: Mapping[str, Sequence[Cost]], source: str) -> str:
    """An SVG document."""
    first, last = (log10(float(next(iter(volumes.values()))[end].scenario.events)) for end in (0, -1))

    def place(events: float, usd: float) -> tuple[float, float]:
        x = _LEFT + (log10(events) - first) / (last - first) * (_RIGHT - _LEFT)
        return round(x, 1), round(_BOTTOM - (log10(usd) - _LOW) / (_HIGH - _LOW) * (_BOTTOM - _TOP), 1)

    parts = [*_axes(int(first), int(last), place)]
    for (name, costs), colour in zip(volumes.items(), _COLOURS, strict=False):
        points = [place(float(c.scenario.events), float(c.per_million)) for c in costs if not c.shortages]
        if points:
            path = " ".join(f"{x},{y}" for x, y in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
            parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
            x, y = points[-1]
            parts.append(f'<text x="{x + 8}" y="{y + 4}" fill="{colour}" font-weight="600">{name}</text>')
    for events, usd in BOUNDS:
        x, y = place(events, usd)
        parts.append(f'<path d="M{x - 12} {y}h24" stroke="#b3261e" stroke-width="3"/>')
        parts.append(f'<text x="{x}" y="{y - 8}" fill="#b3261e" text-anchor="middle">at most {usd:.2f}</text>')
    return _document(parts, source)


def _axes(first: int, last: int, place: Place) -> Iterator[str]:
    for power in range(first, last + 1):
        x, _ = place(10**power, 1)
        yield f'<path d="M{x} {_TOP}V{_BOTTOM}" stroke="#e3e3e0"/>'
        yield f'<text x="{x}" y="{_BOTTOM + 20}" text-anchor="middle">{_short(10**power)}</text>'
    for power in range(_LOW, _HIGH + 1):
        _, y = place(10**first, 10**power)
        yield f'<path d="M{_LEFT} {y}H{_RIGHT}" stroke="#e3e3e0"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
    yield f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_HEIGHT - 18}" text-anchor="middle">events a day</text>'


def _short(number: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size:,}{letter}"
    return str(number)


def _document(parts: Sequence[str], source: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#52514e" role="img">'
    )
    title = "USD a million events, all that stands included"
    return "\n".join(
        [
            head,
            f"<title>{title}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fcfcfb"/>',
            f'<text x="{_LEFT}" y="26" font-size="15" font-weight="600" fill="#0b0b0b">{title}</text>',
            f'<text x="{_LEFT}" y="44">{source}; 100 events a request; a line ends where its profile does</text>',
            *parts,
            "</svg>",
            "",
        ]
    )
