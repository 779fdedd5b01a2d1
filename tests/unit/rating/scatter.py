"""Small figures of points, as SVG that reads the same on light and dark pages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape

Point = tuple[Decimal, Decimal]

_WIDTH, _HEIGHT = 640, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 44, 48
_INK, _GRID = "#444", "#e4e4e4"


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one colour; rings are drawn around dots, so that both are seen where they meet."""

    label: str
    colour: str
    points: tuple[Point, ...]
    is_ring: bool = False


@dataclass(frozen=True, slots=True)
class Scatter:
    """`x_ticks` and `y_ticks` span the axes."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Decimal, ...]
    y_ticks: tuple[Decimal, ...]
    series: tuple[Series, ...]

    def svg(self) -> str:
        size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
        font = f'font-family="system-ui, sans-serif" font-size="12" fill="{_INK}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#fff"/>',
            *self._axes(),
            *self._legend(),
            *(mark for series in self.series for mark in self._marks(series)),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _axes(self) -> Iterator[str]:
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        for tick in self.y_ticks:
            y = self._y(tick)
            yield f'<path d="M{_LEFT} {y}H{right}" stroke="{_GRID}"/>'
            yield f'<text x="{_LEFT - 8}" y="{y}" dy="4" text-anchor="end">{tick}</text>'
        for tick in self.x_ticks:
            x = self._x(tick)
            yield f'<path d="M{x} {bottom}v4" stroke="{_INK}"/>'
            yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{tick}</text>'
        yield f'<path d="M{_LEFT} {_TOP - 8}V{bottom}H{right}" fill="none" stroke="{_INK}"/>'
        yield f'<text x="{right}" y="{_HEIGHT - 10}" text-anchor="end">{escape(self.x_label)}</text>'
        yield f'<text x="12" y="18">{escape(self.y_label)}</text>'

    def _legend(self) -> Iterator[str]:
        x = _WIDTH - _RIGHT
        for series in reversed(self.series):
            x -= 7 * len(series.label) + 22
            yield _mark(series, f"{x}", "14")
            yield f'<text x="{x + 9}" y="18">{escape(series.label)}</text>'

    def _marks(self, series: Series) -> Iterator[str]:
        return (_mark(series, self._x(x), self._y(y)) for x, y in series.points)

    def _x(self, value: Decimal) -> str:
        return _placed(value, self.x_ticks, _LEFT + 10, _WIDTH - _RIGHT - 10)

    def _y(self, value: Decimal) -> str:
        return _placed(value, self.y_ticks, _HEIGHT - _BOTTOM - 6, _TOP)


def table(x_label: str, series: Iterable[Series], shown: Iterable[Decimal]) -> str:
    """The figures at some places as a Markdown table."""
    columns = [(each.label, dict(each.points)) for each in series]
    head = f"| {x_label} | {' | '.join(label for label, _ in columns)} |\n|---:|{'---:|' * len(columns)}"
    rows = [f"| {x} | {' | '.join(str(points[x]) for _, points in columns)} |" for x in shown]
    return "\n".join([head, *rows])


def _mark(series: Series, x: str, y: str) -> str:
    if series.is_ring:
        return f'<circle cx="{x}" cy="{y}" r="5.5" fill="none" stroke="{series.colour}" stroke-width="1.5"/>'
    return f'<circle cx="{x}" cy="{y}" r="3" fill="{series.colour}"/>'


def _placed(value: Decimal, ticks: tuple[Decimal, ...], start: int, end: int) -> str:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return f"{start + share * (end - start):.1f}"
