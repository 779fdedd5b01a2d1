"""What must hold after a run: invariants 4 to 7 of the house, and 9 as far as the outbox goes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from meterhouse.billing.invoice import Invoice, Line, Transition
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.catalog.plan import SettlementMode
from meterhouse.ledger.account import Account
from meterhouse.ledger.transaction import Kind
from meterhouse.subscriptions.model import Subscription
from tests.simulation.billing.contracts import FEE, PRICE
from tests.simulation.billing.credit_oracle import Purses, borne
from tests.simulation.billing.units_oracle import SMALLEST, check_overages, has_units
from tests.simulation.checks import Broken

if TYPE_CHECKING:
    from tests.simulation.billing.house import House

_S = InvoiceState
_NOTHING = Decimal(0)
_SETTLED = frozenset({_S.PAID, _S.VOIDED, _S.UNCOLLECTIBLE})
_TOLD = {
    _S.ISSUED: "issued",
    _S.PAYMENT_AUTHORIZED: "payment_authorized",
    _S.PAYMENT_FAILED: "payment_failed",
    _S.PAYMENT_ACTION_REQUIRED: "payment_action_required",
    _S.UNCOLLECTIBLE: "uncollectible",
    _S.OVERDUE: "overdue",
    _S.PAID: "paid",
    _S.VOIDED: "voided",
    _S.DELETED: "deleted",
}
_FINAL = frozenset({Trigger.PAID, Trigger.VOID, Trigger.PAYMENT_UNCOLLECTIBLE})
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST_COLLECTION = timedelta(days=2)


def check(house: "House") -> None:
    """In the middle of a run, when no process is at work."""
    _check_balanced(house)
    purses = Purses(house.tables)
    purses.replay()
    for invoice in _standard(house):
        _check_steps(house, invoice)
        _check_sums(house, invoice)
    check_overages(_lines(house))
    _check_expiry(house)
    _check_reports(house)
    _check_told(house)
    _check_numbers(house)


def check_end(house: "House") -> None:
    """When faults are over and all that was on its way has arrived."""
    check(house)
    if house.last_failed:
        raise Broken(f"runs fail: {house.last_failed}")
    purses = Purses(house.tables)
    purses.replay()
    purses.check(house.chance.now())
    _check_credit_of_lines(house)
    for subscription in house.subscriptions:
        for whole, lines in _by_whole(house, subscription).items():
            _check_whole(house, subscription, whole, lines)
        _check_all_billed(house, subscription)
    _check_money(house)
    _check_bought(house)
    _check_outbox(house)


# the books


def _check_balanced(house: "House") -> None:
    """Invariant 4; what is booked is decimal, and no finer than a currency."""
    for booking in house.tables.rows("ledger"):
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in booking.entries:
            sums[entry.route.currency] += entry.amount
            if entry.amount != entry.amount.quantize(SMALLEST[entry.route.currency]):
                raise Broken(f"{booking.key} books {entry.amount}")
        if any(sums.values()):
            raise Broken(f"{booking.key} does not balance: {dict(sums)}")


def _check_money(house: "House") -> None:
    """What the app charged is what the books say was paid; what is owed is what is not settled."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for booking in house.tables.rows("ledger"):
        for entry in booking.entries:
            if booking.invoice is not None and entry.account is Account.RECEIVABLE:
                owed[booking.invoice] -= entry.amount
    for invoice in _standard(house):
        copy = house.cashier.copies.get(invoice.id)
        charged = sum(copy.charged, _NOTHING) if copy else _NOTHING
        if charged != (invoice.totals.total if invoice.state is _S.PAID else _NOTHING):
            raise Broken(f"the app charged {charged} for {invoice.id}, {invoice.totals.total}, {invoice.state.value}")
        wanted = _NOTHING if invoice.issued_at is None or invoice.state in _SETTLED else invoice.totals.total
        if owed[invoice.id] != wanted:
            raise Broken(f"{owed[invoice.id]} is owed for {invoice.id} in {invoice.state.value}, not {wanted}")


def _check_reports(house: "House") -> None:
    """What the app said counts once, and less than what it has said of later."""
    last: dict[str, datetime] = {}
    for commit in house.tables.history:
        for table, key in commit:
            if table == "reports":
                (invoice_id, _), (report, is_applied) = key, house.tables.committed["reports"][key]
                if is_applied and report.outcome not in _FINAL and report.occurred_at < last.get(invoice_id, _LONG_AGO):
                    raise Broken(f"{report.outcome.value} of {report.occurred_at} moved {invoice_id} too late")
                if is_applied:
                    last[invoice_id] = max(last.get(invoice_id, _LONG_AGO), report.occurred_at)
    for invoice in _standard(house):
        _check_attempts(house, invoice)
        letters = Counter(step.reason for step in _steps(house, invoice) if house.cashier.has_said(step.reason))
        if twice := [key for key, times in letters.items() if times > 1]:
            raise Broken(f"letters {twice} moved {invoice.id} twice")


def _check_attempts(house: "House", invoice: Invoice) -> None:
    """What the app said of an attempt moved no later one, but for its last words."""
    attempt, said = 0, {report.key: report for _, report in house.cashier.said}
    for step in _steps(house, invoice):
        attempt += step.target is _S.PAYMENT_PENDING
        report = said.get(step.reason or "")
        if report is not None and report.outcome not in _FINAL and (report.attempt or attempt) < attempt:
            raise Broken(f"{report.key} of attempt {report.attempt} moved attempt {attempt} of {invoice.id}")


def _check_bought(house: "House") -> None:
    """Credit that an invoice pays for is there once it is paid, and not before."""
    for line in _lines(house):
        if line.grant_id is not None and line.is_live:
            invoice: Invoice = house.tables.committed["invoices"][line.invoice_id]
            grant = house.tables.committed["grants"][line.grant_id]
            if (grant.available_at is not None) is not (invoice.state is _S.PAID and line.deleted_at is None):
                raise Broken(f"credit {grant.id} is there from {grant.available_at}, {invoice.state.value}")


def _check_expiry(house: "House") -> None:
    """What ends unused ends when its grant expires, whenever that is booked."""
    for booking in house.tables.rows("ledger"):
        for entry in booking.entries:
            if booking.kind is Kind.EXPIRED and entry.grant_id is not None:
                grant = house.tables.committed["grants"][entry.grant_id]
                if booking.booked_at != grant.expires_at:
                    raise Broken(f"{grant.id} expires at {grant.expires_at}, booked at {booking.booked_at}")


def _check_numbers(house: "House") -> None:
    """Numbers of issued invoices have no gap."""
    issued = [one.number for one in _standard(house) if one.issued_at is not None]
    numbers = sorted(int(number.rpartition("-")[2]) for number in issued)
    if numbers != list(range(1, len(numbers) + 1)):
        raise Broken(f"invoices are numbered {numbers}")


# invoices


def _check_steps(house: "House", invoice: Invoice) -> None:
    steps = _steps(house, invoice)
    numbers = [step.number for step in steps]
    if numbers != list(range(1, invoice.step + 1)):
        raise Broken(f"{invoice.id} in step {invoice.step} took the steps {numbers}")
    states = [_S.DRAFT_CREATED, *(step.target for step in steps)]
    if [step.source for step in steps] != states[:-1] or states[-1] is not invoice.state:
        raise Broken(f"{invoice.id} in {invoice.state.value} went by {[state.value for state in states]}")


def _check_sums(house: "House", invoice: Invoice) -> None:
    """Invariant 6: a total is the sum of its lines, of their details, and what was booked to be paid."""
    lines = [line for line in _lines(house) if line.invoice_id == invoice.id and _is_on_it(line)]
    for line in lines:
        if line.quantity is not None and _charged(line) != sum((part.net for part in line.detailed), _NOTHING):
            raise Broken(f"line {line.key} is not the sum of its parts")
        if sum((part.credits for part in line.detailed), _NOTHING) != line.totals.credits_total:
            raise Broken(f"line {line.key} says of credit what its parts do not")
    total = sum((_charged(line) - line.totals.credits_total for line in lines), _NOTHING)
    if invoice.quantity_snapshotted_at is not None and invoice.totals.total != total:
        raise Broken(f"{invoice.id} comes to {invoice.totals.total}, its lines to {total}")
    booked = [
        -entry.amount
        for booking in house.tables.rows("ledger")
        if booking.invoice == invoice.id and booking.kind is Kind.INVOICED
        for entry in booking.entries
        if entry.account is Account.RECEIVABLE
    ]
    if invoice.issued_at is not None and sum(booked, _NOTHING) != total:
        raise Broken(f"{invoice.id} comes to {total}, booked to be paid is {booked}")


def _check_credit_of_lines(house: "House") -> None:
    """What credit bears of a line is what the line says; of what was deleted, voided or taken off nothing."""
    bears = borne(house.tables)
    told: dict[str, Decimal] = defaultdict(Decimal)
    for line in _lines(house):
        invoice = house.tables.committed["invoices"][line.invoice_id]
        is_over = invoice.state in {_S.DELETED, _S.VOIDED} or line.deleted_at is not None
        for one in line.credits:
            told[one.charge] += _NOTHING if is_over else one.amount
    for charge in {*bears, *told}:
        if bears[charge] != told[charge]:
            raise Broken(f"credit bears {bears[charge]} of {charge}, its line says {told[charge]}")


# what was agreed on


def _by_whole(house: "House", subscription: Subscription) -> dict[tuple[str, datetime], list[Line]]:
    """Live lines that are billed, by item and full period."""
    found: dict[tuple[str, datetime], list[Line]] = defaultdict(list)
    for line in _lines(house):
        is_own = line.subscription is not None and line.subscription.subscription_id == subscription.id
        is_own = is_own and line.overage is None
        if is_own and line.is_live and not line.is_pending:
            found[line.key.split("/")[2], line.full_service_period.start].append(line)
    return found


def _check_whole(
    house: "House", subscription: Subscription, whole: tuple[str, datetime], lines: Sequence[Line]
) -> None:
    """Lines for one period come to what it costs, and no use counts twice, nor one that was known goes uncounted."""
    item, start = whole
    rated = [line for line in lines if line.quantity is not None]
    if item == "fee":
        if len(lines) != 1 or any(_charged(line) != FEE for line in rated):
            raise Broken(f"the fee of {start:%F} is billed as {[_charged(line) for line in lines]}")
        return
    counted: set[int] = set()
    for line in rated:
        assert line.quantity is not None
        events = house.usage.counted(subscription.customer_id, line.quantity)
        if sum(event.value for event in events) != line.quantity or counted & {event.number for event in events}:
            raise Broken(f"{line.key} counts {line.quantity}, of which others count {counted}")
        counted |= {event.number for event in events}
        if any(not start <= event.at < line.full_service_period.end for event in events):
            raise Broken(f"{line.key} counts what was used at another time")
    quantity = sum((line.quantity or _NOTHING for line in rated), _NOTHING)
    wanted = (quantity * PRICE).quantize(SMALLEST[lines[0].currency], ROUND_HALF_UP)
    if sum(map(_charged, rated), _NOTHING) != wanted:
        raise Broken(f"{quantity} units cost {[_charged(line) for line in rated]}, not {wanted}")
    if len(rated) == len(lines):
        _check_known(house, subscription, start, lines, counted)


def _check_known(
    house: "House", subscription: Subscription, start: datetime, lines: Sequence[Line], counted: set[int]
) -> None:
    for line in lines:
        invoice: Invoice = house.tables.committed["invoices"][line.invoice_id]
        read_at = invoice.quantity_snapshotted_at
        if not line.is_invoiced:
            read_at = line.updated_at
        for event in house.usage.events:
            is_own = event.customer_id == subscription.customer_id and start <= event.at < line.service_period.end
            if is_own and read_at is not None and event.stored_at < read_at and event.number not in counted:
                raise Broken(f"{line.key} was read at {read_at}, without {event}")


def _check_all_billed(house: "House", subscription: Subscription) -> None:
    """Invariant 5: every period that is due is on lines that follow each other without a gap; nothing else is."""
    as_of, billed = house.runs[-1].as_of, _by_whole(house, subscription)
    in_units = has_units(subscription, as_of)
    waits = in_units or subscription.settlement_mode is SettlementMode.CREDIT_ONLY
    for start, end in _months(subscription.active_from, as_of):
        usage_due = end + _LATEST_COLLECTION if waits else end
        fee_due = start + _LATEST_COLLECTION if in_units else start
        for item, due_at in (("fee", fee_due), ("calls", usage_due)):
            spans = sorted((one.service_period.start, one.service_period.end) for one in billed.get((item, start), ()))
            edges = [start, *(until for _, until in spans)]
            if [since for since, _ in spans] != edges[:-1] or (due_at <= as_of and edges[-1] != end):
                raise Broken(f"the {item} of {start:%F} is billed for {[f'{a:%F}/{b:%F}' for a, b in spans]}")
    extra = {start for _, start in billed} - {start for start, _ in _months(subscription.active_from, as_of)}
    if extra:
        raise Broken(f"{subscription.id} is billed for {extra}, which are not due")


def _months(start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start <= until:
        end = start.replace(month=start.month + 1)
        yield start, end
        start = end


# what was told


def _check_told(house: "House") -> None:
    """Invariant 9, its first half: each thing that happened is in the outbox once, and nothing else is."""
    wanted: Counter[tuple[str, str]] = Counter()
    for invoice in _standard(house):
        wanted["invoice.created", f"invoice/{invoice.id}"] += 1
        for step in _steps(house, invoice):
            if step.target in _TOLD:
                wanted[f"invoice.{_TOLD[step.target]}", f"invoice/{invoice.id}"] += 1
    for grant in house.tables.rows("grants"):
        wanted["credit_grant.created", f"credit_grant/{grant.id}"] += 1
    kinds = {"invoice.created", "credit_grant.created", *(f"invoice.{name}" for name in _TOLD.values())}
    told = Counter((one.type, one.subject) for one in house.tables.rows("outbox") if one.type in kinds)
    if told != wanted:
        raise Broken(f"told without a cause: {told - wanted}; untold: {wanted - told}")
    sent = {one["id"] for one in house.bus.told}
    if strange := sent - set(house.tables.committed["outbox"]):
        raise Broken(f"consumers were told of {strange}, which did not happen")


def _check_outbox(house: "House") -> None:
    """Invariant 9: everything was published, a repeat under the same id."""
    sent = {one["id"] for one in house.bus.told}
    if lost := set(house.tables.committed["outbox"]) - sent:
        raise Broken(f"nobody was told of {[house.tables.committed['outbox'][one].type for one in lost]}")


def _standard(house: "House") -> list[Invoice]:
    return [one for one in house.tables.rows("invoices") if one.state is not _S.GATHERING]


def _lines(house: "House") -> list[Line]:
    return house.tables.rows("lines")


def _steps(house: "House", invoice: Invoice) -> list[Transition]:
    found = [step for (owner, _), step in house.tables.committed["transitions"].items() if owner == invoice.id]
    return sorted(found, key=lambda step: step.number)


def _is_on_it(line: Line) -> bool:
    return line.deleted_at is None and line.settlement_mode is not SettlementMode.CREDIT_ONLY


def _charged(line: Line) -> Decimal:
    return line.totals.amount - line.totals.discounts_total + line.totals.charges_total
