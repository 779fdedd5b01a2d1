"""Ingest: a file's records are sent in order, batch by batch; what was acknowledged is written down before the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from meterhouse.cli.batch import batches, body_of
from meterhouse.cli.checkpoint import Progress
from meterhouse.cli.errors import Failed, Refused
from meterhouse.cli.record import LineFault, Record, line_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from meterhouse.client.problem import Refusal

_MOST_FAULTS = 1000
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Checkpoints(Protocol):
    def write(self, progress: Progress) -> None:
        """Keep the progress; return when it would survive a crash."""


class Rejects(Protocol):
    size: int

    @property
    def place(self) -> str:
        """Where they are, from wherever one looks."""

    def write(self, records: Iterable[Record]) -> None:
        """Keep the records' lines for later; return when they would survive a crash."""


class InvalidLines(Failed):
    """Lines that are no usage events, and no leave to pass them over."""

    def __init__(self, faults: Sequence[LineFault]) -> None:
        lines = len({fault.line for fault in faults})
        super().__init__(f"{lines} invalid line{'s' if lines > 1 else ''}")


@dataclass(slots=True)
class Ingest:
    """One run over one file.

    Args:
        send: takes a JSON array of events; raises `Refused` or `Unreachable`.
        checkpoints: None where nothing can be taken up again.
        rejects: where invalid lines go; None stops at the first batch that has one.
        progress: of the run that is taken up again.
        watch: is told of every step.
    """

    send: Callable[[bytes], None]
    checkpoints: Checkpoints | None
    rejects: Rejects | None
    progress: Progress = field(default_factory=Progress)
    watch: Callable[[Progress], None] = lambda _: None
    faults: list[LineFault] = field(default_factory=list)
    """The first thousand of this run."""

    def __call__(self, records: Iterable[Record], most: int) -> Progress:
        """Settle every record.

        Raises:
            InvalidLines: there are invalid lines and they may not be passed over; `progress` tells how far it came.
            Refused: the endpoint refuses more than single lines.
            Unreachable: the endpoint is gone.
        """
        settled = self.progress.line
        for batch in batches((record for record in records if record.line > settled), most):
            if faults := [record.fault for record in batch if record.fault]:
                self._note(faults)
            refused = self._deliver([record for record in batch if not record.fault])
            self._settle(batch, {*refused, *(fault.line for fault in faults)})
        return self.progress

    def _settle(self, batch: Sequence[Record], invalid: set[int]) -> None:
        if self.rejects is not None and invalid:
            self._pass_over([record for record in batch if record.line in invalid], self.rejects)
        self._keep(replace(self.progress, line=batch[-1].line))
        self.watch(self.progress)

    def _pass_over(self, records: Sequence[Record], rejects: Rejects) -> None:
        """Write the lines down, in a file that the checkpoint knows as ours before anything stands in it."""
        if self.progress.rejected_to != rejects.place:
            self._keep(replace(self.progress, rejected_to=rejects.place))
        rejects.write(records)
        rejected = self.progress.rejected + len(records)
        self.progress = replace(self.progress, rejected=rejected, rejected_bytes=rejects.size)

    def _keep(self, progress: Progress) -> None:
        self.progress = progress
        if self.checkpoints is not None:
            self.checkpoints.write(progress)

    def _deliver(self, records: Sequence[Record]) -> list[int]:
        """Send the records; the lines that the endpoint refuses."""
        if not records:
            return []
        try:
            self.send(body_of(records))
        except Refused as refused:
            return self._sort_out(refused, records)
        accepted = self.progress.accepted + len(records)
        derived = self.progress.derived_ids + sum(record.has_derived_id for record in records)
        self.progress = replace(self.progress, accepted=accepted, derived_ids=derived)
        self.watch(self.progress)
        return []

    def _sort_out(self, refused: Refused, records: Sequence[Record]) -> list[int]:
        """The endpoint takes a batch whole or not at all: send again what it did not object to."""
        refusal = refused.refusal
        if not _is_of_events(refusal):
            raise refused
        if faults := line_faults(refusal, records) or _of_the_only(records, refusal):
            self._note(faults)
            lines = {fault.line for fault in faults}
            return [*lines, *self._deliver([record for record in records if record.line not in lines])]
        middle = len(records) // 2
        return [*self._deliver(records[:middle]), *self._deliver(records[middle:])]

    def _note(self, faults: Sequence[LineFault]) -> None:
        self.faults += faults[: _MOST_FAULTS - len(self.faults)]
        if self.rejects is None:
            raise InvalidLines(faults)


def _is_of_events(refusal: Refusal) -> bool:
    """Whether it is the events that are refused, and not the caller or the whole endpoint."""
    return refusal.status == _TOO_LARGE or (refusal.status == HTTPStatus.BAD_REQUEST and bool(refusal.faults))


def _of_the_only(records: Sequence[Record], refusal: Refusal) -> list[LineFault]:
    """A refusal that points at no event is a line's own when no other was sent."""
    if len(records) > 1:
        return []
    return [LineFault(records[0].line, "", fault.message) for fault in refusal.faults] or [
        LineFault(records[0].line, "", refusal.detail or refusal.title)
    ]
