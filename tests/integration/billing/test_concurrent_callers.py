"""Callers that want different things at the same time, each on a connection of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from json import dumps
from time import sleep
from typing import TYPE_CHECKING, cast

from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.edit_schema import InvoiceReplaceUpdate, edit_from_wire
from meterhouse.billing.overrides import OverrideService
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.profiles import ProfileService
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.work import Begin
from tests.integration.billing.given import INVOICES, PROFILES, Api
from tests.integration.billing.test_edits import LINE, chosen, edit_of
from tests.integration.billing.test_manual_lines import fee
from tests.integration.billing.test_manual_lines import lines_of as pending_lines_of

if TYPE_CHECKING:
    from meterhouse.billing.bill_customers import RunStore


@contextmanager
def own_connection(settings: PostgresSettings) -> Iterator[Begin[BillingStore]]:
    with closing(Database(lambda: settings)) as database:
        yield begins(database, PostgresBilling)


def succeeds(settings: PostgresSettings, act: Callable[[Begin[BillingStore]], object]) -> bool:
    with own_connection(settings) as begin:
        try:
            act(begin)
        except (Conflict, InvalidInput):
            return False
    return True


def wait_for_a_waiter(database: Database, namespace: str) -> None:
    """Until somebody waits for a lock."""
    for _ in range(3000):
        with database.transaction(namespace) as transaction:
            if transaction.fetch_all("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                return
        sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_profile_is_pinned_or_deleted_never_both(api: Api, database_settings: PostgresSettings) -> None:
    namespace, pool = api.run.namespace, ThreadPoolExecutor(2)
    wanted = api.profile()
    for number in range(6):
        customer, profile = api.run.customer(f"c{number}"), api.ok("POST", PROFILES, wanted)["id"]

        def pin(begin: Begin[BillingStore], customer: str = customer, profile: str = profile) -> None:
            OverrideService(begin, api.run.directory).put(namespace, customer, profile)

        def delete(begin: Begin[BillingStore], profile: str = profile) -> None:
            ProfileService(begin, api.run.directory).delete(namespace, profile)

        both = [pool.submit(succeeds, database_settings, act) for act in (pin, delete)]
        pinned, deleted = (one.result() for one in both)
        assert pinned != deleted
        assert ("deletedAt" in api.ok("GET", f"{PROFILES}/{profile}")) == deleted
    pool.shutdown()


def test_a_pin_that_waits_for_its_customer_keeps_no_other_waiting(
    api: Api, database_settings: PostgresSettings, unguarded: Database
) -> None:
    namespace, ann, wanted = api.run.namespace, api.run.customer("ann"), api.profile()

    def pin(begin: Begin[BillingStore]) -> None:
        OverrideService(begin, api.run.directory).put(namespace, ann, None)

    with ThreadPoolExecutor(2) as pool:
        with own_connection(database_settings) as begin, begin(namespace) as work:
            work.store.invoices.lock_customers([ann])
            pinning = pool.submit(succeeds, database_settings, pin)
            wait_for_a_waiter(unguarded, namespace)
            made = pool.submit(api, "POST", PROFILES, wanted).result(timeout=60)
            assert not pinning.done()
        assert pinning.result()
    assert made[0] == 201


def test_edits_at_the_same_time_follow_each_other(api: Api, database_settings: PostgresSettings) -> None:
    api.without_auto_advance()
    api.run.subscribe(api.run.customer("ann"))
    api.run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    kept = [chosen(line, LINE) for line in draft["lines"]]

    def edit(begin: Begin[BillingStore], name: str) -> None:
        wanted = InvoiceReplaceUpdate.model_validate_json(dumps(edit_of(draft, *kept, fee(name=name))))
        EditInvoice(begin, api.run.usage, api.run.apps)(api.run.namespace, draft["id"], edit_from_wire(wanted))

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(succeeds, database_settings, partial(edit, name=name)) for name in "abcd"]
        assert all(one.result() for one in done)
    shown = api.ok("GET", f"{INVOICES}/{draft['id']}", query="includeDeletedLines=true&expand=lines")
    live = [line for line in shown["lines"] if "deletedAt" not in line]
    # each puts its own new line in place of the one that it was not told of
    assert (len(live), len(shown["lines"])) == (len(kept) + 1, len(kept) + 4)
    numbers = [row["number"] for row in api.run.rows("SELECT number FROM invoice_transitions ORDER BY number")]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_edits_of_what_is_gathered_meet_the_run_that_collects_it(api: Api, database_settings: PostgresSettings) -> None:
    """Whoever comes first, each line is billed once: an edit that comes second is told where its lines are."""
    ann = api.run.customer("ann")
    gathered = api.ok("POST", pending_lines_of(ann), {"currency": "USD", "lines": [fee(), fee(name="Gone")]})["invoice"]
    kept = [chosen(line, LINE) for line in gathered["lines"] if line["name"] == "Setup"]

    def edit(begin: Begin[BillingStore], name: str) -> None:
        wanted = InvoiceReplaceUpdate.model_validate_json(dumps(edit_of(gathered, *kept, fee(name=name))))
        EditInvoice(begin, api.run.usage, api.run.apps)(api.run.namespace, gathered["id"], edit_from_wire(wanted))

    def collect(begin: Begin[BillingStore]) -> None:
        CollectInvoices(cast("Begin[RunStore]", begin), api.run.usage, lambda: api.run.now)(
            api.run.batch(), api.run.now
        )

    with ThreadPoolExecutor(3) as pool:
        acts: list[Callable[[Begin[BillingStore]], None]] = [
            partial(edit, name="New"),
            collect,
            partial(edit, name="New"),
        ]
        done = [pool.submit(succeeds, database_settings, act) for act in acts]
        collected = [one.result() for one in done][1]
    lines = [line.name for one in api.run.invoices() for line in one.lines]
    pending = [line.name for line in api.run.pending()]
    assert collected
    assert (sorted(lines), pending) in ((["Gone", "Setup"], []), (["New", "Setup"], []))
