"""How tests are shared out over workers: what starts something dear stays where that runs.

xdist's own `loadgroup` hangs on a private name of pytest's that pytest 9.2 no longer reads: the groups are lost unseen.
"""

from collections.abc import Iterable

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

STACKS = 1
"""At most: each takes gigabytes, and a core for its start. Journeys wait more than they reckon, and go first: on one
worker they end long before the other rings do."""
_JOURNEYS = "tests/e2e/"
_SHARED_BY_TEST = frozenset({"simulation"})
_ONE_SYNTHESIS = "infra"


def unit_of(nodeid: str) -> str:
    """What goes to one worker with this test: its ring where that synthesises once, else its file.

    The slices of the simulation share nothing and are long: each goes where a worker is free.
    """
    path = nodeid.split("::", 1)[0]
    _, ring, *_ = path.split("/")
    if ring == _ONE_SYNTHESIS:
        return ring
    return nodeid if ring in _SHARED_BY_TEST else path


def is_journey(unit: str) -> bool:
    return unit.startswith(_JOURNEYS)


def next_unit(waiting: Iterable[str], *, may_journey: bool) -> str | None:
    """Journeys first, where a stack runs or may be started; then the ring that synthesises; then as they come."""
    units = [unit for unit in waiting if may_journey or not is_journey(unit)]
    first = [*filter(is_journey, units), *(unit for unit in units if unit == _ONE_SYNTHESIS), *units]
    return first[0] if first else None


class WholeUnits(LoadScopeScheduling):
    """Whole units, on workers of which no more than `STACKS` start a stack."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        if self.workqueue and self._next(node) is None and not node.shutting_down:
            node.shutdown()
        else:
            super()._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if (unit := self._next(node)) is not None:
            self.workqueue.move_to_end(unit, last=False)
            super()._assign_work_unit(node)

    def _next(self, node: WorkerController) -> str | None:
        with_stack = [one for one, units in self.assigned_work.items() if any(map(is_journey, units))]
        return next_unit(self.workqueue, may_journey=node in with_stack or len(with_stack) < STACKS)
