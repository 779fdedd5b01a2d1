"""What producers send: few identities, written often, with other times, subjects, types and values."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.simulation.chance import BEGIN, Chance

TYPES = ("call", "call", "call", "build")
SUBJECTS = ("ann", "bob")
REGIONS = ("eu", "us", None)
USERS = ("u1", "u2", "u3", 7, None)
UNIT = Decimal("1e-9")
_EDGES = tuple(BEGIN.replace(minute=0) + timedelta(hours=hours) for hours in (1, 2, 3, 4))


@dataclass
class Workload:
    """Requests; each writing of an event has a value of its own, a digit of base 16, so that sums can be read back."""

    chance: Chance
    written: int = 0
    identities: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    times: set[datetime] = field(default_factory=set)

    def body(self) -> str:
        """A request of one to three events; some repeat an identity, some no meter can read."""
        events = [self._event() for _ in range(self.chance.pick((1, 5), (2, 3), (3, 2)))]
        body = json.dumps(events if len(events) > 1 or self.chance.happens(0.5) else events[0])
        self.bodies.append(body)
        return body

    def _event(self) -> dict[str, Any]:
        draw = self.chance.draw
        if not self.identities or draw.random() < 0.6:
            self.identities.append(f"e{len(self.identities)}")
        event: dict[str, Any] = {"id": draw.choice(self.identities), "source": "s", "specversion": "1.0"}
        event["type"], event["subject"] = draw.choice(TYPES), draw.choice(SUBJECTS)
        if draw.random() < 0.8:
            event["time"] = self._time().isoformat()
        value = f"{UNIT * 16**self.written:f}"
        self.written += 1
        data = {"value": draw.choices([value, "NaN", None], [16, 1, 1])[0], "user": draw.choice(USERS)}
        event["data"] = {name: what for name, what in data.items() if what is not None}
        event["data"] |= {"region": region} if (region := draw.choice(REGIONS)) else {}
        event["data"]["tier"] = draw.randrange(2)
        return event

    def _time(self) -> datetime:
        """Never the same twice: which of two latest values counts is another matter."""
        draw = self.chance.draw
        while True:
            at = draw.choice(_EDGES) - timedelta(microseconds=draw.randrange(2))
            if draw.random() < 0.8:
                at = BEGIN + timedelta(microseconds=draw.randrange(-80 * 60_000_000, 260 * 60_000_000))
            if at not in self.times:
                self.times.add(at)
                return at
