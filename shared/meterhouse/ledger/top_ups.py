"""Top-ups of credit: set, shown, taken away, and made when they are due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.errors import InvalidInput, NotFound, Problem, Problems
from meterhouse.ledger.balance import EVERYTHING
from meterhouse.ledger.credit_grant import CreditGrant, Funding
from meterhouse.ledger.customer_book import found_customer, lock_customer
from meterhouse.ledger.grant_credit import UNBILLED, add_grant, known_of
from meterhouse.ledger.grant_rules import CreditGrantSpec, new_credit_grant
from meterhouse.ledger.ports import LedgerStore, OpenCharges, Purchases
from meterhouse.ledger.service import CreditReads, nothing_open
from meterhouse.ledger.top_up import Limits, Made, TopUp, is_due, limit_problems
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work

_NOTHING = Decimal(0)


class TopUps:
    """Every method raises `NotFound` for an unknown customer."""

    def __init__(
        self,
        begin: Begin[LedgerStore],
        open_charges: OpenCharges = nothing_open,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        purchases: Purchases = UNBILLED,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id
        self._purchases = purchases
        self._reads = CreditReads(begin, open_charges, now)

    def of_customer(self, namespace: str, customer_id: str) -> list[TopUp]:
        with self._begin(namespace) as work:
            return work.store.top_ups.of_customers([found_customer(work.store, customer_id).id])

    def put(self, namespace: str, customer_id: str, spec: CreditGrantSpec, threshold: Decimal, limits: Limits) -> TopUp:
        """Set the top-up of a currency, or put it in place of the one there is or was, whose periods go on.

        Raises:
            InvalidInput: with every fault of the top-up, and of what it grants.
        """
        with self._begin(namespace) as work:
            owner, at = lock_customer(work, customer_id).id, self._now()
            _check(self._grant(work, owner, spec), spec, threshold, limits)
            made = work.store.top_ups.save(TopUp(owner, spec, threshold, limits, at, at))
            work.commit()
        return made

    def remove(self, namespace: str, customer_id: str, currency: str) -> None:
        """Top up no more; what was topped up stays.

        Raises:
            NotFound: there is no top-up of this currency.
        """
        with self._begin(namespace) as work:
            owner = lock_customer(work, customer_id).id
            if not work.store.top_ups.remove(owner, currency, self._now()):
                raise NotFound("top-up", currency)
            work.commit()

    def make(self, namespace: str, customer_id: str) -> list[CreditGrant]:
        """Top up what is due now, each currency once, by the live balance.

        Raises:
            Unavailable: the usage store does not answer.
            InvalidInput: what is to be granted cannot be any more.
        """
        with self._begin(namespace) as work:
            owner = lock_customer(work, customer_id).id
            wanted = work.store.top_ups.of_customers([owner])
            if not wanted:
                return []
            told = self._reads.balances(namespace, owner, EVERYTHING)
            live = {one.currency: one.live for one in told.balances}
            made = [self._made(work, namespace, one, live.get(one.currency, _NOTHING)) for one in wanted]
            for grant in made:
                if grant is not None and grant.funding is Funding.INVOICE:
                    self._purchases.bill(namespace, grant)
            work.commit()
        return [grant for grant in made if grant is not None]

    def _made(self, work: Work[LedgerStore], namespace: str, top_up: TopUp, balance: Decimal) -> CreditGrant | None:
        before = self._made_before(work, namespace, top_up)
        if not is_due(top_up, balance, before, self._now()):
            return None
        grant = self._grant(work, top_up.customer_id, top_up.spec)()
        add_grant(work, grant)
        work.store.top_ups.add_made(top_up, len(before) + 1, grant.id)
        return grant

    def _made_before(self, work: Work[LedgerStore], namespace: str, top_up: TopUp) -> list[Made]:
        made = work.store.top_ups.made(top_up.customer_id, top_up.currency)
        given_up = self._purchases.given_up(namespace, [one.grant_id for one in made if one.is_waiting])
        return [replace(one, is_waiting=one.is_waiting and one.grant_id not in given_up) for one in made]

    def _grant(self, work: Work[LedgerStore], customer_id: str, spec: CreditGrantSpec) -> Callable[[], CreditGrant]:
        known = known_of(work.store, spec)
        return lambda: new_credit_grant(self._new_id(), customer_id, spec, known, self._now())


def _check(grant: Callable[[], CreditGrant], spec: CreditGrantSpec, threshold: Decimal, limits: Limits) -> None:
    problems = Problems()
    found: list[Problem] = list(limit_problems(threshold, limits, spec.amount))
    try:
        grant()
    except InvalidInput as error:
        found += error.problems
    for one in found:
        problems.add(one.field, one.code, one.message)
    problems.raise_if_any("the credit cannot be topped up so")
