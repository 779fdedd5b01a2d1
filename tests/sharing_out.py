"""How tests are shared out over workers: what starts something dear stays on one of them.

xdist's own `loadgroup` hangs on a private name of pytest's that pytest 9.2 no longer reads: the groups are lost unseen.
"""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

RINGS_WITH_ONE_STACK = ("e2e", "infra")
_SHARED_BY_TEST = frozenset({"simulation"})


def unit_of(nodeid: str) -> str:
    """What goes to one worker with this test: its ring where that deploys or synthesises once, else its file.

    The slices of the simulation share nothing and are long: each goes where a worker is free.
    """
    path = nodeid.split("::", 1)[0]
    _, ring, *_ = path.split("/")
    if ring in RINGS_WITH_ONE_STACK:
        return ring
    return nodeid if ring in _SHARED_BY_TEST else path


class WholeUnits(LoadScopeScheduling):
    """The rings that take longest first, then the units with most tests."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        for ring in reversed(RINGS_WITH_ONE_STACK):
            if ring in self.workqueue:
                self.workqueue.move_to_end(ring, last=False)
        super()._assign_work_unit(node)
