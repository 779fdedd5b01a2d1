"""How large the pieces of an invoice run are: by the deployment, or by who starts one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.errors import InvalidInput, InvariantBroken, Problem
from meterhouse.platform.settings import optional, required

MOST_LINES = 1000
"""Lines of an invoice that a run makes, unless the deployment says otherwise: with all of them it can be answered."""
LINES = "MAX_LINES_PER_COLLECTED_INVOICE"
BATCH_SIZE = "INVOICE_RUN_BATCH_SIZE"
PAGE_SIZE = "INVOICE_RUN_PAGE_SIZE"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Customers of a batch, which one call of a function bills; batches of a page, which a workflow's state holds."""

    customers: int
    batches: int


LARGEST = Sizes(customers=500, batches=400)
"""A workflow's state holds 256 KB, a page with what became of it."""


def sizes_from_environment() -> Sizes:
    """The deployment's: INVOICE_RUN_BATCH_SIZE customers, INVOICE_RUN_PAGE_SIZE batches.

    Raises:
        InvariantBroken: one is missing, no whole number or out of range; the deployment is at fault.
    """
    customers = _whole(BATCH_SIZE, required(BATCH_SIZE), LARGEST.customers)
    return Sizes(customers, _whole(PAGE_SIZE, required(PAGE_SIZE), LARGEST.batches))


def most_lines_from_environment() -> int:
    """The deployment's MAX_LINES_PER_COLLECTED_INVOICE.

    Raises:
        InvariantBroken: it is no whole number from 1 on; the deployment is at fault.
    """
    return _whole(LINES, optional(LINES, str(MOST_LINES)))


def _whole(name: str, written: str, largest: int | None = None) -> int:
    if written.isdecimal() and int(written) >= 1 and (largest is None or int(written) <= largest):
        return int(written)
    bounds = "from 1 on" if largest is None else f"from 1 to {largest}"
    raise InvariantBroken(f"{name} is {written!r}, expected a whole number {bounds}")


def sizes_of(run: Mapping[str, Any], deployed: Sizes) -> Sizes:
    """What the input of one run asks for by `batchSize` and `pageSize`; the deployment's where it is silent.

    Raises:
        InvalidInput: one is no whole number, or out of range; all faults at once.
    """
    asked = {
        "batchSize": (deployed.customers, LARGEST.customers),
        "pageSize": (deployed.batches, LARGEST.batches),
    }
    read = {name: run.get(name, usual) for name, (usual, _) in asked.items()}
    faults = [
        Problem(f"/run/{name}", "size", f"a whole number from 1 to {largest} is required")
        for name, (_, largest) in asked.items()
        if isinstance(read[name], bool) or not isinstance(read[name], int) or not 1 <= read[name] <= largest
    ]
    if faults:
        raise InvalidInput("the run's input asks for sizes that it cannot have", faults)
    return Sizes(read["batchSize"], read["pageSize"])
