"""How a line came about: its price's version, its arithmetic, what was asked of its meter, the events behind it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.quantities import features_of
from meterhouse.billing.reading import Reading, reading_of
from meterhouse.billing.service import found_invoice
from meterhouse.catalog.feature import Feature
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.kernel.period import Period
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.model import PlanReference


@dataclass(frozen=True, slots=True)
class Measured:
    """What was asked of a meter for a line, and one page of the events that answer it today."""

    feature: Feature
    reading: Reading
    query: UsageQuery
    events: list[CountedEvent]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """A line with where it comes from; `measured` is None where nothing is metered, or the feature is gone.

    Of an overage `units` is the line in units that credit left it of, and `measured` what that was rated from.
    """

    invoice: Invoice
    line: Line
    plan: PlanReference | None
    measured: Measured | None
    units: Line | None = None


class LineUsage(Protocol):
    def asked(self, namespace: str, feature: Feature, period: Period, subjects: Collection[str]) -> UsageQuery:
        """What is asked of the feature's meter about the period.

        Raises:
            InvalidInput: the feature has no meter, or one that has not read all earlier events yet.
        """

    def events(self, namespace: str, query: UsageQuery, after: CountedPlace | None, limit: int) -> list[CountedEvent]:
        """At most `limit` of what the query counts, those that follow `after`; raises `Unavailable`."""


class ExplainLine:
    def __init__(self, begin: Begin[BillingStore], usage: LineUsage) -> None:
        self._begin = begin
        self._usage = usage

    def __call__(
        self, namespace: str, invoice_id: str, line_id: str, after: CountedPlace | None, limit: int
    ) -> Explained:
        """A line of a standard invoice, with at most `limit` of its events, those that follow `after`.

        Raises:
            NotFound: there is no such invoice or line.
            Conflict: `line_not_rated`: the line has no amounts yet; `usage_not_readable`: its meter cannot be asked.
            Unavailable: the usage store does not answer.
        """
        with self._begin(namespace) as work:
            invoice = found_invoice(work, invoice_id)
            line = rated_line(invoice, line_id)
            units = _units(work, line)
            asked = units or line
            feature = features_of([asked], work.store.features).get(asked.id)
            plan = _plan(work, line)
            reading = _reading(work, invoice if units is None else _holder(work, units), asked)
        measured = None
        if feature is not None and asked.is_metered:
            measured = self._measured(namespace, asked.subjects or invoice.subject_keys, feature, reading, after, limit)
        return Explained(invoice, line, plan, measured, units)

    def _measured(
        self,
        namespace: str,
        subjects: Collection[str],
        feature: Feature,
        reading: Reading,
        after: CountedPlace | None,
        limit: int,
    ) -> Measured:
        try:
            query = self._usage.asked(namespace, feature, reading.period, subjects)
        except InvalidInput as error:
            raise Conflict(error.detail, "usage_not_readable") from error
        events = self._usage.events(namespace, query, after, limit + 1)
        return Measured(feature, reading, query, events[:limit], is_cut=len(events) > limit)


def rated_line(invoice: Invoice, line_id: str) -> Line:
    """The invoice's line of this id.

    Raises:
        NotFound: it has none.
        Conflict: `line_not_rated`: it has no amounts yet.
    """
    line = next((line for line in invoice.lines if line.id == line_id), None)
    if line is None:
        raise NotFound("invoice line", line_id)
    check_rated([line])
    return line


def check_rated(lines: Iterable[Line]) -> None:
    """Raise `Conflict` where a line has no amounts yet."""
    if any(line.trace is None for line in lines):
        raise Conflict("a line is rated when its invoice is collected", "line_not_rated")


def _units(work: Work[BillingStore], line: Line) -> Line | None:
    """The line in units of a custom currency that credit left this one of."""
    return None if line.overage is None else next(iter(work.store.lines.by_ids([line.overage.line_id])), None)


def _holder(work: Work[BillingStore], line: Line) -> Invoice:
    """What the line stands on; lines in units wait with an invoice that nobody sees."""
    found = work.store.invoices.find(line.invoice_id)
    if found is None:
        raise NotFound("invoice", line.invoice_id)
    return found


def _reading(work: Work[BillingStore], invoice: Invoice, line: Line) -> Reading:
    """What was read for the line, beside what other parts of its whole period had by then."""
    others = [one for one in work.store.lines.family(line) if one.id != line.id] if line.is_metered else []
    owners = {one.invoice_id: _holder(work, one) for one in others}
    return reading_of(invoice, line, ((owners[one.invoice_id], one) for one in others))


def _plan(work: Work[BillingStore], line: Line) -> PlanReference | None:
    """The plan's version that the line's subscription was made from."""
    if line.subscription is None:
        return None
    agreed = work.store.subscriptions.of_customer(line.customer_id)
    wanted = line.subscription.subscription_id
    return next((one.plan for one in agreed if one.id == wanted), None)
