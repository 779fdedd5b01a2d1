"""Whether everything that was accepted before an instant is stored: billing waits for it and never bills a gap."""

from collections.abc import Mapping
from typing import Protocol


class EventLog(Protocol):
    def ends(self) -> Mapping[int, int]:
        """Per partition of the events topic the offset that the next record will get."""

    def stored(self) -> Mapping[int, int]:
        """Per partition the offset up to which the sink has stored or buried everything; 0 where it began nothing."""


def await_watermark(log: EventLog, targets: Mapping[str, int] | None) -> dict[str, object]:
    """One look at how far the sink is: `{"caughtUp": bool, "targets": {partition: offset}}`.

    Args:
        log: the events topic and its consumer group.
        targets: what the first look answered; None on that first look, which fixes them.
    """
    wanted = {str(partition): end for partition, end in log.ends().items()} if targets is None else dict(targets)
    stored = log.stored()
    return {"caughtUp": all(stored.get(int(name), 0) >= end for name, end in wanted.items()), "targets": wanted}
