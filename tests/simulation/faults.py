"""What may strike at a port call of a process: others overtake it, it fails, half of it happens, it kills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meterhouse.kernel.errors import Unavailable
from tests.simulation.chance import Chance, Killed
from tests.simulation.columns.parts import Part

_DEEPEST = 2


@dataclass
class Weather:
    """The faults of a run, shared by its processes; `interrupt` lets other processes take their turn."""

    chance: Chance
    interrupt: Callable[[], None]
    trouble: float
    haste: float
    late: list[Part] = field(default_factory=list)
    """Parts whose writer was answered an error, and which land all the same, some time."""
    is_over: bool = False
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens once: by a call, between reading what it writes and its landing; by `before {call}`, before both."""


@dataclass(frozen=True)
class ProcessFaults:
    """A process's lot: `tests.simulation.columns.clickhouse.Faults`, and any other port's."""

    name: str
    weather: Weather
    writes: Callable[[Sequence[Part]], None] = lambda _parts: None
    """Told of the parts of a writing before any of them lands."""
    slowness: float = 1
    """How much longer its calls take than others', so that others overtake it."""

    def before(self, call: str) -> None:
        chance = self.weather.chance
        chance.note(f"{self.name}: {call}")
        self._meanwhile(f"before {call}")
        self._overtaken()
        if self._strikes():
            self._fail(f"{call} did not happen")

    def landing(self, call: str, parts: Sequence[Part]) -> Sequence[Part]:
        # between reading what it writes and its landing, others may have their turn
        self._overtaken()
        self._meanwhile(call)
        self.writes(parts)
        if not parts or not self._strikes():
            return parts
        draw = self.weather.chance.draw
        landed = [part for part in parts if draw.random() < 0.5]
        lost = [part for part in parts if part not in landed]
        if draw.random() < 0.3:
            self.weather.late += lost
        self.weather.chance.note(f"{self.name}: {call}: {len(landed)} of {len(parts)} parts land now")
        return landed

    def after(self, call: str, *, is_whole: bool) -> None:
        if not is_whole or self._strikes():
            self._fail(f"{call} happened{'' if is_whole else ' in part'}, unheard")
        self._overtaken()

    def _meanwhile(self, call: str) -> None:
        if meanwhile := self.weather.meanwhile.pop(call, None):
            meanwhile()

    def _strikes(self) -> bool:
        return not self.weather.is_over and self.weather.chance.happens(self.weather.trouble)

    def _fail(self, why: str) -> None:
        chance = self.weather.chance
        if chance.happens(0.4):
            chance.note(f"{self.name}: killed: {why}")
            raise Killed(why)
        chance.note(f"{self.name}: unavailable: {why}")
        raise Unavailable("simulated")

    def _overtaken(self) -> None:
        weather, chance = self.weather, self.weather.chance
        haste = 0.01 if chance.depth else weather.haste * self.slowness
        if weather.is_over or chance.depth >= _DEEPEST or not chance.happens(haste):
            return
        chance.depth += 1
        try:
            weather.interrupt()
        finally:
            chance.depth -= 1
