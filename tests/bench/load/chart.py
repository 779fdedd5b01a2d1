"""Latency and answers against the rate, drawn as SVG: above milliseconds by powers of ten, below shares of answers."""

from collections.abc import Iterator, Sequence
from math import log10

from tests.bench.load.outcomes import ACCEPTED, UNANSWERED, Step

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 760, 520, 84, 620
_TOP, _MIDDLE = 70, 290
_BARS, _BOTTOM = 320, 460
_LOW, _HIGH = 0, 5
"""Powers of ten of milliseconds."""
_BAR = 34
_COLOURS = {ACCEPTED: "#1f8a5b", 429: "#e0a21b", 503: "#c2571a", UNANSWERED: "#111111"}
_OTHER = "#b3261e"
_CURVES = (("p50", "#2a78d6"), ("p99", "#7a3fb0"))


def drawn(steps: Sequence[Step], source: str) -> str:
    """An SVG document."""
    places = {step.rate: _x(turn, len(steps)) for turn, step in enumerate(steps)}
    parts = [*_axes(places), *_curves(steps, places), *(bar for step in steps for bar in _bar(step, places[step.rate]))]
    parts += _legend(sorted({status for step in steps for status in step.statuses}, reverse=True))
    return _document(parts, source)


def _x(turn: int, count: int) -> float:
    return round(_LEFT + (turn + 0.5) * (_RIGHT - _LEFT) / count, 1)


def _y(milliseconds: float) -> float:
    power = min(max(log10(max(milliseconds, 1)), _LOW), _HIGH)
    return round(_MIDDLE - (power - _LOW) / (_HIGH - _LOW) * (_MIDDLE - _TOP), 1)


def _axes(places: dict[int, float]) -> Iterator[str]:
    for power in range(_LOW, _HIGH + 1):
        y = _y(10**power)
        yield f'<path d="M{_LEFT} {y}H{_RIGHT}" stroke="#e3e3e0"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10**power:,} ms</text>'
    for share in (0, 50, 100):
        y = _BOTTOM - share / 100 * (_BOTTOM - _BARS)
        yield f'<path d="M{_LEFT} {y}H{_RIGHT}" stroke="#e3e3e0"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{share} %</text>'
    for rate, x in places.items():
        yield f'<text x="{x}" y="{_BOTTOM + 18}" text-anchor="middle">{rate}</text>'
    yield f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 38}" text-anchor="middle">requests a second, sent</text>'


def _curves(steps: Sequence[Step], places: dict[int, float]) -> Iterator[str]:
    measured = [(places[step.rate], step.latency) for step in steps if step.latency]
    for turn, (name, colour) in enumerate(_CURVES):
        points = [(x, _y(latency[turn])) for x, latency in measured]
        if points:
            path = " ".join(f"{x},{y}" for x, y in points)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
            yield from (f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points)
            x, y = points[-1]
            yield f'<text x="{x + 8}" y="{y + 4}" fill="{colour}" font-weight="600">{name} of 204</text>'


def _bar(step: Step, x: float) -> Iterator[str]:
    bottom = float(_BOTTOM)
    for status, count in sorted(step.statuses.items(), key=lambda one: (one[0] != ACCEPTED, one[0])):
        height = round(count / len(step.requests) * (_BOTTOM - _BARS), 1)
        bottom = round(bottom - height, 1)
        colour = _COLOURS.get(status, _OTHER)
        yield f'<rect x="{x - _BAR / 2}" y="{bottom}" width="{_BAR}" height="{height}" fill="{colour}"/>'


def _legend(statuses: Sequence[int]) -> Iterator[str]:
    for turn, status in enumerate(statuses):
        y = _BARS + 12 + 20 * turn
        name = "no answer" if status == UNANSWERED else f"{status}"
        yield f'<rect x="{_RIGHT + 20}" y="{y - 10}" width="12" height="12" fill="{_COLOURS.get(status, _OTHER)}"/>'
        yield f'<text x="{_RIGHT + 38}" y="{y}">{name}</text>'


def _document(parts: Sequence[str], source: str) -> str:
    title = "Events at rising rates: how long, and how answered"
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    font = 'font-family="system-ui, sans-serif" font-size="12" fill="#52514e"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">',
            f"<title>{title}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fcfcfb"/>',
            f'<text x="{_LEFT}" y="26" font-size="15" font-weight="600" fill="#0b0b0b">{title}</text>',
            f'<text x="{_LEFT}" y="46">{source}</text>',
            *parts,
            "</svg>",
            "",
        ]
    )
