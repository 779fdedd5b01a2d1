"""Lines that are on no invoice: charged to credit once their usage is in.

Credit alone settles some; what it leaves of units of a custom currency is charged by lines of their own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from meterhouse.billing.collection import Missing, gathering, quantity_of
from meterhouse.billing.credits import charge_keys, charge_of, credited_line
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Line
from meterhouse.billing.overages import bases_of, leaves_money, overage_of
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.profile import Workflow
from meterhouse.billing.quantities import of_customers, quantities_of
from meterhouse.kernel.changed import replace
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.ledger.charging import collect_credit, recognise_credit
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform.work import Work

_NEVER = datetime.max.replace(tzinfo=UTC)
_ONCE = "once"
"""Such a line is charged to credit but once, since nobody edits or voids it."""


class Burnt(NamedTuple):
    """What became of due lines.

    Attributes:
        unknown: why a customer's usage is not known, by customer; what it was used for stays pending.
        waiting: lines whose usage is not in yet. One whose usage cannot be known, maybe never, is waited for by nobody:
            what it leaves comes onto an invoice of its own.
        lines: those that were charged.
    """

    unknown: dict[str, str]
    waiting: Sequence[Line]
    lines: Sequence[Line]

    def ready(self, due: Sequence[Line]) -> list[Line]:
        """Of `due` lines those that wait for none of these: what comes onto one invoice is collected together."""
        since: dict[tuple[str, str], datetime] = {}
        for one in filter(leaves_money, self.waiting):
            of = (one.customer_id, one.billed_in)
            since[of] = min(since.get(of, one.invoice_at), one.invoice_at)
        held = {line.id for line in due if line.invoice_at >= since.get((line.customer_id, line.currency), _NEVER)}
        return [line for line in due if line.id not in held]


NOTHING_BURNT = Burnt({}, (), ())


def burn_units(
    work: Work[BillingStore], namespace: str, due: Sequence[Line], usage: UsageReader, as_of: datetime, now: datetime
) -> Burnt:
    """Burn credit in custom currencies for what is `due` of locked customers; what it leaves is pending then.

    Raises:
        Unavailable: the usage store does not answer.
    """
    units = [line for line in due if line.invoice_currency is not None]
    return _burnt(work, namespace, units, usage, as_of, now) if units else NOTHING_BURNT


def burn_lines(
    work: Work[BillingStore],
    namespace: str,
    due: Sequence[Line],
    usage: UsageReader,
    as_of: datetime,
    now: datetime,
) -> Burnt:
    """Burn credit, in advance of credit to come where there is too little, for what credit alone settles of `due`.

    Usage that comes late is waited for as it is for invoices.

    Raises:
        Unavailable: the usage store does not answer.
    """
    alone = [line for line in due if line.invoice_currency is None]
    return _burnt(work, namespace, alone, usage, as_of, now) if alone else NOTHING_BURNT


def earn(work: Work[BillingStore], customer_ids: Collection[str], burnt: Sequence[Line], now: datetime) -> None:
    """Lines that were just burnt, and what credit that came since covers of earlier ones: at that credit's cost."""
    store = work.store.credit
    unearned = {*charge_keys(burnt), *store.ledger.unearned(customer_ids)}
    if unearned:
        recognise_credit(store, unearned, format_rfc3339(now), now)


def _burnt(
    work: Work[BillingStore], namespace: str, due: Sequence[Line], usage: UsageReader, as_of: datetime, now: datetime
) -> Burnt:
    owners = {line.customer_id for line in due}
    profiles = profiles_of(work, namespace, owners, now)
    in_at = {line.id: is_in_at(line, profiles[line.customer_id].spec.workflow) for line in due}
    ready = in_order_of_burning((line for line in due if in_at[line.id] <= as_of), in_at)
    ids = {line.id for line in ready}
    waiting = [line for line in due if line.id not in ids]
    if not ready:
        return Burnt({}, waiting, ())
    # whose usage they charged for stays on them: their gathering invoice has those of when that was made
    asked = of_customers(ready, work.store.customers.by_ids(owners))
    families = Families(work.store.lines.related(asked))
    quantities = quantities_of(namespace, families.readings(asked), work.store.features, usage)
    unknown: dict[str, str] = {}
    done: list[Line] = []
    for line in asked:
        quantity = quantity_of(line, quantities)
        if isinstance(quantity, Missing):
            unknown[line.customer_id] = f"line {line.key}: {quantity.message}"
        else:
            done.append(families.rate(line, quantity, profiles[line.customer_id].spec.workflow, now))
    return Burnt(unknown, waiting, _charged(work, namespace, done, now))


def burnt_units(store: LedgerStore, lines: Sequence[Line], now: datetime) -> list[Line]:
    """Rated lines that are on no invoice, charged to credit: less what it bears of them."""
    charged = [(line.customer_id, charge_of(line, _ONCE)) for line in lines if line.totals.charged > 0]
    collected = collect_credit(store, charged, now)
    return [credited_line(line, collected, _ONCE) for line in lines]


def _charged(work: Work[BillingStore], namespace: str, lines: Sequence[Line], now: datetime) -> list[Line]:
    done = [replace(line, is_pending=False) for line in burnt_units(work.store.credit, lines, now)]
    work.store.lines.update(done)
    _leave(work, namespace, [line for line in done if leaves_money(line) and line.totals.total > 0], now)
    return done


def _leave(work: Work[BillingStore], namespace: str, lines: Sequence[Line], now: datetime) -> None:
    """What credit left of the lines' units is pending, with all else that is to be invoiced."""
    if not lines:
        return
    bases = bases_of(work.store.currencies, lines)
    made = [overage_of(line, line.totals.total, bases, now) for line in lines]
    customers = work.store.customers.by_ids({line.customer_id for line in made})
    profiles = profiles_of(work, namespace, customers, now)
    staging = {line.invoice_id: line for line in made}
    work.store.invoices.add_gathering(
        [
            gathering(customers[line.customer_id], line.currency, invoice_id, profiles[line.customer_id], now)
            for invoice_id, line in staging.items()
        ]
    )
    work.store.lines.add(made)


def is_in_at(line: Line, workflow: Workflow) -> datetime:
    """From when what was used is in, as far as late usage is waited for."""
    return workflow.collection_interval.after(line.invoice_at) if line.is_metered else line.invoice_at


def is_in(line: Line, workflow: Workflow, as_of: datetime) -> bool:
    return is_in_at(line, workflow) <= as_of


def in_order_of_burning(lines: Iterable[Line], in_at: Mapping[str, datetime]) -> list[Line]:
    """As runs that miss nothing burn them: a late run, and a preview, give each the same credit."""
    return sorted(lines, key=lambda line: (in_at[line.id], line.invoice_at, line.place))
