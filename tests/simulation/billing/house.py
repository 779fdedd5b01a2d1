"""A billing house in one process: production use cases as its processes, everything else a seeded fake."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, cast

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.batch import Batch, Outcome
from meterhouse.billing.bill_customers import BillCustomers
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.purchases import BilledPurchases
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.billing.top_up_credits import TopUpCredits
from meterhouse.kernel.errors import Conflict, MeterhouseError
from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.top_ups import TopUps
from meterhouse.platform.relay import relay_outbox
from tests.simulation.billing.bus import Bus, BusCalls, RelayDatabase
from tests.simulation.billing.callers import Callers
from tests.simulation.billing.cashier import Cashier, CashierCalls, Letter, OneCashier
from tests.simulation.billing.contracts import NAMESPACE, signed
from tests.simulation.billing.store import billing, ledger
from tests.simulation.billing.tables import Connection, Tables
from tests.simulation.billing.usage import Usage, UsageCalls
from tests.simulation.chance import Chance, Clock, Killed
from tests.simulation.faults import ProcessFaults, Weather

if TYPE_CHECKING:
    from meterhouse.platform.postgres import Database

STEPS = ("sync", "collect", "advance", "top_up")
AT_ONCE = ("bill", "top_up")


@dataclass
class InvoiceRun:
    """An execution of the workflow: it decides for one instant, and does its steps in order, some twice.

    What cannot be done at once is done step by step.
    """

    number: int
    as_of: datetime
    steps: Sequence[str] = AT_ONCE
    done: int = 0


@dataclass
class Lifecycles:
    """`meterhouse.billing.launcher.Launcher`: executions by name, each once; those that are not over wait in `open`."""

    house: "House"
    started: dict[str, str] = field(default_factory=dict)
    open: dict[str, datetime] = field(default_factory=dict)

    def start(self, name: str, given: Mapping[str, str]) -> None:
        faults = self.house.faults("advance")
        faults.before("start workflow")
        if name not in self.started:
            self.started[name] = given["invoiceId"]
            self.open[name] = self.house.chance.now()
        faults.after("start workflow", is_whole=True)


class House:
    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.tables = Tables()
        trouble = chance.pick((0, 1), (0.01, 3), (0.03, 2))
        self.weather = Weather(chance, self.interrupt, trouble, haste=chance.pick((0.01, 1), (0.03, 2)))
        self.usage, self.bus = Usage(), Bus()
        waits = chance.pick((frozenset[str](), 4), (frozenset({"draft"}), 1), (frozenset({"final"}), 1))
        self.cashier = Cashier(chance, is_remote=chance.happens(0.4), waits=waits)
        self.lifecycles = Lifecycles(self)
        self.runs: list[InvoiceRun] = []
        self.last_failed: dict[str, str] = {}
        self.ids = count(1)
        self.clock = Clock(chance, timedelta(0))
        self.subscriptions = signed(self.tables, chance)
        self.customers = sorted(one.customer_id for one in self.subscriptions)
        self.callers = Callers(self)

    def new_id(self) -> str:
        return f"{next(self.ids):026}"

    def faults(self, name: str) -> ProcessFaults:
        return ProcessFaults(name, self.weather)

    def connection(self, faults: ProcessFaults) -> Connection:
        return Connection(self.tables, faults)

    def look(self) -> None:
        """Callers are about to look at what is stored, which is at hand here."""

    def invoices(self) -> list[Invoice]:
        """Standard ones, the latest last."""
        found = [one for one in self.tables.rows("invoices") if one.state is not InvoiceState.GATHERING]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    # what may happen next

    def interrupt(self) -> None:
        """In the middle of a call others take a step."""
        self.step(
            self.chance.pick(
                (self.run_step, 5),
                (self.expire, 2),
                (self.callers.act, 3),
                (self.write, 3),
                (self.live, 2),
                (self.use, 1),
            )
        )

    def step(self, chosen: Callable[[], object] | None = None) -> None:
        """One thing that some process does, with whatever becomes of it."""
        action = chosen or self.chance.pick(
            (self.use, 4),
            (self.start_run, 2),
            (self.run_step, 9),
            (self.cashier.decide, 2),
            (self.write, 3),
            (self.live, 3),
            (self.callers.act, 4),
            (self.callers.grant, 1.5),
            (self.expire, 1.5),
            (self.relay, 1),
            (self.pause, 2),
        )
        try:
            action()
        except (Killed, MeterhouseError) as error:
            self.chance.note(f"ended by {type(error).__name__}: {error}")
        self.forget()

    def forget(self) -> None:
        """What was rolled back the app in the house was never told; others that are under way may still be saved."""
        if not self.tables.under_way:
            self.cashier.forget(self.tables.committed["invoices"])

    def use(self) -> None:
        """A customer's use becomes known: often at once, sometimes weeks late."""
        draw, now = self.chance.draw, self.chance.now()
        subscription = draw.choice(self.subscriptions)
        late = timedelta(seconds=draw.choice([0, 3600, 86_400, 86_400 * 20]) * draw.random())
        event = self.usage.add(subscription.customer_id, max(subscription.active_from, now - late), now)
        if event is not None:
            self.chance.note(f"usage: {event.customer_id} {event.value} at {event.at:%m-%d %H:%M:%S}")

    def pause(self) -> None:
        """Nothing happens for a while."""
        hours = self.chance.pick((1, 1), (24, 2), (24 * 4, 2), (24 * 12, 2))
        self.chance.micros += self.chance.draw.randrange(hours * 3_600_000_000)
        self.chance.note("--- time passes")

    def start_run(self) -> None:
        """The schedule starts a run; sometimes the one before goes on, or a second one of the same instant starts."""
        as_of = self.chance.now()
        for _ in range(2 if self.chance.happens(0.3) else 1):
            self.runs.append(InvoiceRun(len(self.runs), as_of, self.chance.pick((AT_ONCE, 1), (STEPS, 1))))

    def run_step(self) -> None:
        open_ = [run for run in self.runs[-3:] if run.done < len(run.steps)]
        if not open_:
            self.start_run()
            return
        run = self.chance.draw.choice(open_)
        step = run.steps[run.done - 1 if run.done and self.chance.happens(0.1) else run.done]
        try:
            self.one_step(run, step)
        except (Killed, MeterhouseError):
            if step == "bill":
                run.steps, run.done = STEPS, 0
            raise
        # it may have been tried again meanwhile, and not been possible
        if step in run.steps:
            run.done = max(run.done, run.steps.index(step) + 1)

    def one_step(self, run: InvoiceRun, step: str) -> Outcome:
        self.chance.note(f"run {run.number}: {step} as of {run.as_of:%m-%d %H:%M:%S}")
        faults = self.faults(step)
        connection = self.connection(faults)
        begin, usage = connection.begins(billing), UsageCalls(self.usage, faults)
        batch, apps = Batch(NAMESPACE, "", self.customers), OneCashier(CashierCalls(self.cashier, faults))
        sync, collect = SyncSubscriptions(begin, self.clock), CollectInvoices(begin, usage, self.clock)
        advance = AdvanceInvoices(begin, apps, self.lifecycles, Dunning(), self.clock)
        match step:
            case "bill":
                outcome = BillCustomers(begin, sync, collect, advance, self.clock)(batch, run.as_of)
            case "sync":
                outcome = sync(batch, run.as_of)
            case "collect":
                outcome = collect(batch, run.as_of)
            case "advance":
                outcome = advance(batch, run.as_of)
            case _:
                purchases, reads = BilledPurchases(begin), OpenLines(begin, usage)
                top_ups = TopUps(connection.begins(ledger), reads, self.clock, self.new_id, purchases)
                outcome = TopUpCredits(begin, top_ups)(batch)
        self.last_failed |= outcome.failed
        if outcome.failed:
            self.chance.note(f"run {run.number}: {step} failed {outcome.failed}")
        return outcome

    def write(self) -> None:
        """One of the app's letters arrives; it stays on its way until it was answered, sometimes longer."""
        letters = self.cashier.letters
        if letters:
            letter = self.chance.draw.choice(letters)
            self.deliver(letter)
            # a copy of it may have been answered meanwhile
            if (self.weather.is_over or self.chance.happens(0.9)) and letter in letters:
                letters.remove(letter)

    def deliver(self, letter: Letter) -> None:
        invoice_id, report = letter
        faults = self.faults("letter")
        self.chance.note(f"letter: {report.key} {report.outcome.value} for {invoice_id}")
        apps = OneCashier(CashierCalls(self.cashier, faults))
        record = RecordPayment(self.connection(faults).begins(billing), apps, self.clock)
        try:
            self.chance.note(f"letter: {record(NAMESPACE, invoice_id, report).value}")
        except Conflict as refused:
            if not self.weather.is_over:
                raise
            # whatever was to come has come
            self.chance.note(f"letter: refused for good: {refused}")

    def live(self) -> None:
        """A workflow of one invoice takes its step, if its time has come."""
        now = self.chance.now()
        due = [name for name, at in self.lifecycles.open.items() if at <= now]
        if not due:
            return
        name = self.chance.draw.choice(due)
        invoice_id = self.lifecycles.started[name]
        self.chance.note(f"lifecycle {name}")
        faults = self.faults("lifecycle")
        drive = DriveInvoice(
            self.connection(faults).begins(billing),
            UsageCalls(self.usage, faults),
            OneCashier(CashierCalls(self.cashier, faults)),
            Dunning(),
            self.clock,
        )
        until = drive(NAMESPACE, invoice_id).waits_until
        if until is None:
            self.lifecycles.open.pop(name, None)
        else:
            self.lifecycles.open[name] = until

    def expire(self) -> None:
        faults = self.faults("expire")
        begin = self.connection(faults).begins(ledger)
        batches = ListExpiredCredits(begin, lambda: [NAMESPACE], self.clock)()
        for batch in batches:
            for _ in range(2 if self.chance.happens(0.2) else 1):
                booked = ExpireCredits(begin, self.clock)(batch)
                self.chance.note(f"expire: {booked}")

    def relay(self) -> None:
        faults = self.faults("relay")
        database = cast("Database", RelayDatabase(self.tables, faults, NAMESPACE))
        self.chance.note(f"relay: {relay_outbox(database, BusCalls(self.bus, faults))}")

    def drain(self) -> None:
        """Faults are over, everybody pays, whoever was waited for answers; what is on its way arrives."""
        self.weather.is_over = self.cashier.is_kind = True
        self.chance.note("--- the faults are over")
        self.settle()
        self.chance.micros += 5 * 86_400_000_000
        self.chance.note("--- time passes")
        self.settle()
        self.settle()

    def settle(self) -> None:
        run = InvoiceRun(len(self.runs), self.chance.now())
        self.runs.append(run)
        self.last_failed = {}
        self.look()
        self.callers.confirm_all()
        for step in self.chance.pick((AT_ONCE, 1), (STEPS, 1)):
            self.one_step(run, step)
        self.callers.approve_all()
        self.look()
        self._finish(self.has_lifecycles, self.live)
        self._finish(lambda: any(one.open_attempt for one in self.cashier.copies.values()), self.cashier.decide)
        self._finish(lambda: bool(self.cashier.letters), self.write)
        self.expire()
        self.relay()
        self.forget()

    def has_lifecycles(self) -> bool:
        return any(at <= self.chance.now() for at in self.lifecycles.open.values())

    def _finish(self, is_open: Callable[[], bool], step: Callable[[], object]) -> None:
        for _ in range(100):
            if not is_open():
                return
            step()
        raise AssertionError("there is no end to it")
