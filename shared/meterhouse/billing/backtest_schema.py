"""Backtests on the wire; the contract has none, so the names are ours."""

from typing import Annotated, Any

from pydantic import Field

from meterhouse.billing.backtest import Backtest
from meterhouse.billing.backtests import ShownBacktest, ShownRow
from meterhouse.billing.comparison import ComparedLine, PairedLine, Summary, Sums
from meterhouse.billing.invoice_wire import period_to_wire
from meterhouse.billing.start_backtest import WantedBacktest
from meterhouse.kernel.rounding import EXACT
from meterhouse.platform.wire import ExternalKey, Instant, Numeric, Page, PeriodWire, Ulid, Whole, Wire, as_utc
from meterhouse.rating.trace import is_genuine

MOST_PERIODS = 36
MOST_NAMED = 1000


class BacktestCreate(Wire):
    """`customers` are ids or keys; without them all subscribers of the plan's key are compared."""

    periods: Annotated[Whole, Field(ge=1, le=MOST_PERIODS)] = 3
    customers: Annotated[list[ExternalKey], Field(min_length=1, max_length=MOST_NAMED)] | None = None
    as_of: Instant | None = None


class BacktestPlan(Wire):
    id: Ulid
    key: str
    version: int


class SumsWire(Wire):
    old: Numeric
    new: Numeric
    difference: Numeric


class BacktestCustomers(Wire):
    """How many customers were chosen, how many are settled; and of those compared, who would pay more or less."""

    chosen: int
    settled: int
    compared: int | None = None
    failed: int | None = None
    raised: int | None = None
    lowered: int | None = None
    unchanged: int | None = None


class QuantileWire(Wire):
    percent: int
    difference: Numeric


class ReasonWire(Wire):
    code: str
    message: str


class BacktestCustomerWire(Wire):
    customer_id: Ulid
    customer_key: str | None = None
    customer_name: str | None = None
    state: str
    period: PeriodWire | None = None
    periods: int
    old: Numeric | None = None
    new: Numeric | None = None
    difference: Numeric | None = None
    reason: ReasonWire | None = None


class BacktestWire(Wire):
    id: Ulid
    plan: BacktestPlan
    currency: str
    periods: int
    as_of: Instant
    state: str
    requested_at: Instant
    finished_at: Instant | None = None
    customer_counts: BacktestCustomers
    totals: SumsWire | None = None
    quantiles: list[QuantileWire] | None = None


class BacktestDetails(BacktestWire):
    customers: Page[BacktestCustomerWire]


class BacktestDetailedLine(Wire):
    key: str
    name: str
    per_unit_amount: Numeric
    quantity: Numeric
    amount: Numeric
    discounts: Numeric
    total: Numeric


class ComparedLineWire(Wire):
    """`invoiceId`: the issued invoice that it stands on. `trace` is as it was hashed."""

    key: str
    period: PeriodWire
    quantity: Numeric | None = None
    total: Numeric
    invoice_id: Ulid | None = None
    detailed_lines: list[BacktestDetailedLine]
    trace: dict[str, Any]
    is_genuine: bool


class PairedLineWire(Wire):
    item_key: str
    name: str
    old: ComparedLineWire | None = None
    new: ComparedLineWire | None = None
    difference: Numeric


class BacktestCustomerDetails(BacktestCustomerWire):
    currency: str
    lines: list[PairedLineWire] | None = None


def wanted_of(plan_id: str, body: BacktestCreate) -> WantedBacktest:
    return WantedBacktest(plan_id, body.periods, body.customers, as_utc(body.as_of))


def backtest_to_wire(shown: ShownBacktest) -> BacktestWire:
    return BacktestWire(**_fields(shown))


def backtest_details(shown: ShownBacktest, page: int, page_size: int) -> BacktestDetails:
    items = [BacktestCustomerWire(**_row_fields(row)) for row in shown.rows]
    customers = Page[BacktestCustomerWire](
        total_count=shown.backtest.customers, page=page, page_size=page_size, items=items
    )
    return BacktestDetails(**_fields(shown), customers=customers)


def customer_details(backtest: Backtest, shown: ShownRow) -> BacktestCustomerDetails:
    lines = shown.row.lines
    return BacktestCustomerDetails(
        **_row_fields(shown),
        currency=backtest.spec.currency,
        lines=None if lines is None else [_paired(line) for line in lines],
    )


def _fields(shown: ShownBacktest) -> dict[str, Any]:
    backtest, summary = shown.backtest, shown.backtest.summary
    return {
        **{name: getattr(backtest, name) for name in ("id", "periods", "as_of", "requested_at", "finished_at")},
        "plan": BacktestPlan(id=backtest.plan.id, key=backtest.plan.key, version=backtest.plan.version),
        "currency": backtest.spec.currency,
        "state": shown.state.value,
        "customer_counts": _counts(shown),
        "totals": None if summary is None else _sums(summary.totals),
        "quantiles": None if summary is None else _quantiles(summary),
    }


def _counts(shown: ShownBacktest) -> BacktestCustomers:
    summary = shown.backtest.summary
    names = ("compared", "failed", "raised", "lowered", "unchanged")
    counts = {} if summary is None else {name: getattr(summary, name) for name in names}
    return BacktestCustomers(chosen=shown.backtest.customers, settled=shown.settled, **counts)


def _quantiles(summary: Summary) -> list[QuantileWire]:
    return [QuantileWire(percent=percent, difference=value) for percent, value in summary.quantiles.items()]


def _row_fields(shown: ShownRow) -> dict[str, Any]:
    row, customer = shown.row, shown.customer
    return {
        **{name: getattr(row, name) for name in ("customer_id", "periods", "old", "new", "difference")},
        "customer_key": customer and customer.key,
        "customer_name": customer and customer.details.name,
        "state": row.state.value,
        "period": row.period and period_to_wire(row.period),
        "reason": row.reason and ReasonWire(code=row.reason.code, message=row.reason.message),
    }


def _paired(line: PairedLine) -> PairedLineWire:
    return PairedLineWire(
        item_key=line.item_key,
        name=line.name,
        old=None if line.old is None else _compared(line.old),
        new=None if line.new is None else _compared(line.new),
        difference=line.sums.difference,
    )


def _compared(line: ComparedLine) -> ComparedLineWire:
    return ComparedLineWire(
        key=line.key,
        period=period_to_wire(line.period),
        quantity=line.quantity,
        total=line.totals.total,
        invoice_id=line.invoice_id,
        detailed_lines=[
            BacktestDetailedLine(
                **{name: getattr(part, name) for name in ("key", "name", "per_unit_amount", "quantity", "amount")},
                discounts=EXACT.subtract(part.amount, part.net),
                total=part.net,
            )
            for part in line.detailed
        ],
        trace=dict(line.trace),
        is_genuine=is_genuine(line.trace),
    )


def _sums(sums: Sums) -> SumsWire:
    return SumsWire(old=sums.old, new=sums.new, difference=sums.difference)
