"""What producers send: few identities, written often, with other times, subjects, types and values."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.simulation.chance import BEGIN, Chance

TYPES = ("call", "call", "call", "call", "build")
SUBJECTS = ("ann", "ann", "bob")
REGIONS = ("eu", "eu", None)
USERS = ("u1", "u2", "u3", 7, None)
_HOUR = 3_600_000_000
UNIT = Decimal("1e-9")
Kind = tuple[str, str, str | None, int]
"""Type, subject, region, hour."""


@dataclass
class Workload:
    """Requests; each writing of an event has a value of its own, a digit of base 16, so that sums can be read back."""

    chance: Chance
    written: int = 0
    identities: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    times: set[datetime] = field(default_factory=set)
    sent: list[Kind] = field(default_factory=list)

    def body(self) -> str:
        """A request of one to three events; some repeat an identity, some no meter can read."""
        events = [self._event() for _ in range(self.chance.pick((1, 6), (2, 3), (3, 1)))]
        body = json.dumps(events if len(events) > 1 or self.chance.happens(0.5) else events[0])
        self.bodies.append(body)
        return body

    def _event(self) -> dict[str, Any]:
        """Half of the events look much like one just sent: it is in the same hour and group that races are lost."""
        draw = self.chance.draw
        if not self.identities or draw.random() < 0.6:
            self.identities.append(f"e{len(self.identities)}")
        like = draw.choice(self.sent[-3:]) if self.sent and draw.random() < 0.5 else self._kind()
        self.sent.append(like)
        return self._writing(draw.choice(self.identities[-4:]), like, is_timed=draw.random() < 0.8)

    def _writing(self, event_id: str, like: Kind, *, is_timed: bool = True) -> dict[str, Any]:
        draw, (kind, subject, region, hour) = self.chance.draw, like
        event: dict[str, Any] = {"id": event_id, "source": "s", "specversion": "1.0", "type": kind, "subject": subject}
        if is_timed:
            event["time"] = self._time(hour).isoformat()
        value = draw.choices([f"{UNIT * 16**self.written:f}", "NaN", None], [16, 1, 1])[0]
        self.written += 1
        data = {"value": value, "user": draw.choice(USERS), "region": region, "tier": draw.randrange(2)}
        return event | {"data": {name: what for name, what in data.items() if what is not None}}

    def overtaken(self) -> list[str]:
        """Three writings of one event, each a request: under some key, under another, and under the first again."""
        one, other = ("call", "ann", "eu", 2), ("call", "bob", "eu", 2)
        return [json.dumps(self._writing("overtaken", like)) for like in (one, other, one)]

    def _kind(self) -> Kind:
        draw = self.chance.draw
        return draw.choice(TYPES), draw.choice(SUBJECTS), draw.choice(REGIONS), draw.randrange(-1, 7)

    def _time(self, hour: int) -> datetime:
        """Never the same twice: which of two latest values counts is another matter."""
        start = BEGIN.replace(minute=0) + timedelta(hours=hour)
        while True:
            edge = self.chance.draw.choice([0, _HOUR - 1])
            at = start + timedelta(microseconds=edge if self.chance.happens(0.1) else self.chance.draw.randrange(_HOUR))
            if at not in self.times:
                self.times.add(at)
                return at
            start += timedelta(hours=1)
