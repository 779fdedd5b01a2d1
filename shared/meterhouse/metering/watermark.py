"""Whether everything that was accepted before an instant is stored: billing waits for it and never bills a gap."""

from collections.abc import Callable, Mapping
from typing import Protocol


class EventLog(Protocol):
    def ends(self) -> Mapping[int, int]:
        """Per partition of the events topic the offset that the next record will get."""

    def stored(self) -> Mapping[int, int]:
        """Per partition the offset up to which the sink has stored or buried everything; 0 where it began nothing."""


def await_watermark(
    log: EventLog, targets: Mapping[str, int] | None, is_whole: Callable[[], bool] = lambda: True
) -> dict[str, object]:
    """One look at how far the sink is: `{"caughtUp": bool, "targets": {partition: offset}}`.

    Args:
        log: the events topic and its consumer group.
        targets: what the first look answered; None on that first look, which fixes them.
        is_whole: whether the usage store holds what was stored in it, and is not being rebuilt.
    """
    wanted = {str(partition): end for partition, end in log.ends().items()} if targets is None else dict(targets)
    stored = log.stored()
    is_stored = all(stored.get(int(name), 0) >= end for name, end in wanted.items())
    return {"caughtUp": is_stored and is_whole(), "targets": wanted}
