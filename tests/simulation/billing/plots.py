"""What is brought about from rest, for it happens too seldom by itself."""

from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.errors import Unavailable
from tests.simulation.billing.house import House, InvoiceRun


def late_usage(house: House) -> None:
    """Credit expires and is written off, and then what was used before it did is charged."""
    _bear(house, until=timedelta(days=1))
    house.expire()


def expiry_meets_a_burn(house: House) -> None:
    """While the end of credit is being booked, a run burns it."""
    _bear(house, until=timedelta(days=1))
    run = _run(house, "sync")
    house.weather.meanwhile["before book"] = lambda: house.step(lambda: house.one_step(run, "collect"))
    house.expire()
    house.weather.meanwhile.clear()


def draft_again(house: House) -> None:
    """Drafts that credit bears are edited, rated again, deleted, or taken back once they are issued."""
    _bear(house, until=timedelta(days=90))
    run = _run(house, "sync", "collect")
    callers, draw = house.callers, house.chance.draw
    for invoice in house.invoices():
        if invoice.state is InvoiceState.DRAFT_VALIDATING:
            action = draw.choice(["edit", "recalculate", "delete", "void", "void"])
            if action == "void":
                house.cashier.is_slow = True
                house.one_step(run, "advance")
                house.cashier.is_slow = False
            house.step(lambda: callers.do(action, invoice))  # noqa: B023 - called at once


def letters_out_of_order(house: House) -> None:
    """Of an open payment the app says one thing, then another, and the first letter comes last, or once more."""
    house.cashier.is_slow = True
    run = _run(house, "sync", "collect")
    house.callers.confirm_all()
    house.one_step(run, "advance")
    house.callers.approve_all()
    house.look()
    while house.has_lifecycles():
        house.live()
    house.cashier.is_slow = False
    house.look()
    for invoice in house.invoices():
        if invoice.state is not InvoiceState.PAYMENT_PENDING or house.cashier.copies[invoice.id].open_attempt is None:
            continue
        if house.chance.happens(0.5):
            early = house.cashier.say(invoice.id, Trigger.ACTION_REQUIRED)
            late = house.cashier.say(invoice.id, Trigger.AUTHORIZED)
            house.deliver(late)
            house.deliver(early)
        else:
            failed = house.cashier.say(invoice.id, Trigger.FAILED)
            house.deliver(failed)
            house.callers.retry(invoice.id)
            house.deliver(failed)


def gathered_by_hand(house: House) -> None:
    """What is gathered is edited time and again, before a run collects it and after."""
    run = _run(house, "sync")
    for step in ("edit", "edit", "collect", "edit", "edit"):
        if step == "edit":
            house.step(house.callers.edit_gathered)
        else:
            house.one_step(run, step)
        house.look()


def issued_in_vain(house: House) -> None:
    """What issues invoices is lost at its commit, and they are issued once more."""
    _bear(house, until=timedelta(days=90))
    run = _run(house, "sync", "collect")
    house.callers.confirm_all()
    if house.cashier.is_remote:
        house.one_step(run, "advance")
    for _ in house.subscriptions:
        house.weather.meanwhile["before commit"] = _never
        house.step(house.live if house.cashier.is_remote else lambda: house.one_step(run, "advance"))
    house.weather.meanwhile.clear()


def _never() -> None:
    raise Unavailable("the commit did not happen")


PLOTS = (late_usage, expiry_meets_a_burn, draft_again, letters_out_of_order, gathered_by_hand, issued_in_vain)


def _bear(house: House, until: timedelta) -> None:
    """Customers get credit from long ago, which lasts so long after the period that goes on, and use something."""
    now = house.chance.now()
    house.chance.note("--- a plot")
    for subscription in house.subscriptions:
        end = _end_of_month(subscription.active_from, now)
        house.callers.give(subscription.customer_id, Decimal("31.5"), end - timedelta(days=80), end + until)
        house.usage.add(subscription.customer_id, now, now)
    latest = max(_end_of_month(one.active_from, now) for one in house.subscriptions)
    house.chance.micros += (latest + timedelta(days=2) - now) // timedelta(microseconds=1)


def _end_of_month(start: datetime, now: datetime) -> datetime:
    while start <= now:
        start = start.replace(month=start.month + 1)
    return start


def _run(house: House, *steps: str) -> InvoiceRun:
    run = InvoiceRun(len(house.runs), house.chance.now())
    house.runs.append(run)
    for step in steps:
        house.one_step(run, step)
    return run
