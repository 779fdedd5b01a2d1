"""A step that waits for its customer happens when its turn has come: what others wrote meanwhile was before it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from json import dumps

import pytest

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.edit_schema import InvoiceReplaceUpdate, edit_from_wire
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState
from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.void_credit import VoidCredit
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.work import Begin
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_concurrent_callers import own_connection, wait_for_a_waiter
from tests.integration.billing.test_edits import edit_of
from tests.unit.subscriptions.samples import at

Step = Callable[[Begin[BillingStore], str], object]


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by an hour whenever somebody looks at it."""
    hours = count()
    return lambda: start + timedelta(hours=next(hours))


@pytest.fixture
def late(api: Api, purse: Purse, database_settings: PostgresSettings, unguarded: Database) -> "Late":
    return Late(api, purse, database_settings, unguarded)


class Late:
    def __init__(self, api: Api, purse: Purse, settings: PostgresSettings, unguarded: Database) -> None:
        self.api, self.run, self.purse = api, api.run, purse
        self.settings, self.unguarded = settings, unguarded
        self.run.now = at("2024-02-01T01:30:00Z")
        api.without_auto_advance()
        self.ann = self.run.customer("ann")
        self.run.subscribe(self.ann)

    def draft(self) -> str:
        assert self.run.all(self.run.now).failed == {}
        [draft] = self.run.invoices()
        assert draft.state is InvoiceState.DRAFT_MANUAL_APPROVAL_NEEDED
        assert draft.totals.credits_total > 0
        return draft.id

    def beside(self, step: Step, other: Callable[[], object]) -> None:
        """`other` is done while the step waits for its customer."""
        with ThreadPoolExecutor(1) as pool, own_connection(self.settings) as begin:
            with self.run.begin(self.run.namespace) as work:
                work.store.invoices.lock_customers([self.ann])
                waiting = pool.submit(step, begin, self.run.namespace)
                wait_for_a_waiter(self.unguarded, self.run.namespace)
                other()
                work.commit()
            waiting.result(timeout=30)

    def invoice(self) -> Invoice:
        [found] = self.run.invoices()
        return found

    def remaining(self) -> list[float]:
        with self.purse.begin(self.run.namespace) as work:
            held = work.store.ledger.holdings([self.ann]).values()
        return [float(position.remaining) for holding in held for position in holding.positions]


def test_what_a_deleted_invoice_gives_back_to_a_grant_voided_meanwhile_is_voided(late: Late) -> None:
    grant, draft, clock = late.purse.grant(late.ann, 15), late.draft(), ticking(at("2024-02-01T02:00:00Z"))

    def delete(begin: Begin[BillingStore], namespace: str) -> None:
        InvoiceActions(begin, late.run.usage, late.run.apps, clock).delete(namespace, draft)

    def void() -> None:
        voided.append(VoidCredit(late.purse.begin, clock)(late.run.namespace, late.ann, grant.id).updated_at)

    voided: list[datetime] = []
    late.purse.grant(late.ann, 1)
    late.beside(delete, void)
    assert late.remaining() == [0, 1]
    assert late.invoice().updated_at > voided[0]


def test_an_edit_takes_no_more_of_credit_than_was_left_when_that_expired_meanwhile(late: Late) -> None:
    run = late.run
    late.purse.grant(late.ann, 100, expires_after="P32D")
    draft, clock = late.draft(), ticking(at("2024-02-01T22:30:00Z"))
    [shown] = late.api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    run.used(late.ann, "2024-01-01", "100")
    wanted = InvoiceReplaceUpdate.model_validate_json(dumps(edit_of(shown, description="with all of its usage")))

    def edit(begin: Begin[BillingStore], namespace: str) -> None:
        EditInvoice(begin, run.usage, run.apps, clock)(namespace, draft, edit_from_wire(wanted))

    expired: list[datetime] = []

    def expire() -> None:
        expired.append(clock())
        for batch in ListExpiredCredits(late.purse.begin, lambda: [run.namespace], clock)():
            assert ExpireCredits(late.purse.begin, clock)(batch) == 1

    late.beside(edit, expire)
    assert late.remaining() == [0]
    assert late.invoice().updated_at > expired[0]
