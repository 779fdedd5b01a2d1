"""What the audit of the books found: shown, and let be by whoever has seen to it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from meterhouse.billing.ports import PageOf
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.ledger.audit import Finding
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finding that is written down.

    Attributes:
        resolved_at: since when nothing is held because of it; None: it is open.
        reason: why somebody lets it be; None where the audit itself found it gone.
    """

    finding: Finding
    found_at: datetime
    resolved_at: datetime | None = None
    reason: str | None = None


class Open(NamedTuple):
    """How many findings are open; `of_ledger` are those in the books themselves."""

    of_all: int
    of_ledger: int


class Findings(Protocol):
    def write_of_customers(self, customer_ids: Collection[str], found: Iterable[Finding], at: datetime) -> None:
        """All that is wrong with these customers beside their invoices; what is open and not `found` is closed."""

    def write_of_invoices(self, invoice_ids: Collection[str], found: Iterable[Finding], at: datetime) -> None:
        """All that is wrong with these invoices, and what is wrong with others; as above."""

    def add(self, found: Iterable[Finding], at: datetime) -> None:
        """Beside what is open."""

    def count_open(self, customer_ids: Collection[str]) -> Open:
        """How many are open of these customers, and of their invoices."""

    def parked(self, invoice_ids: Collection[str]) -> Collection[str]:
        """Those of the invoices that an open finding holds."""

    def find(self, finding_id: str) -> Recorded | None: ...

    def page(self, page: PageOf, kind: str | None, *, is_open: bool | None) -> tuple[list[Recorded], int]:
        """One page by when they were found, and how many there are on all."""

    def resolve(self, finding_id: str, reason: str, at: datetime) -> None: ...


class FindingStore(Protocol):
    @property
    def findings(self) -> Findings: ...


class FindingService:
    def __init__(self, begin: Begin[FindingStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def page(
        self, namespace: str, page: PageOf, kind: str | None, *, is_open: bool | None
    ) -> tuple[Sequence[Recorded], int]:
        """One page of findings, and how many there are on all; None: of any kind, open or not."""
        with self._begin(namespace) as work:
            return work.store.findings.page(page, kind, is_open=is_open)

    def resolve(self, namespace: str, finding_id: str, reason: str) -> Recorded:
        """Let a finding be: it holds nothing any more, and comes back only if it changes.

        Raises:
            NotFound: there is no such finding.
            Conflict: it is resolved already, for another reason.
        """
        with self._begin(namespace) as work:
            found = work.store.findings.find(finding_id)
            if found is None:
                raise NotFound("finding", finding_id)
            if found.resolved_at is None:
                work.store.findings.resolve(finding_id, reason, self._now())
            elif found.reason != reason:
                raise Conflict("the finding is resolved already", "finding_resolved")
            shown = work.store.findings.find(finding_id)
            work.commit()
        return shown or found
