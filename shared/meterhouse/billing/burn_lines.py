"""Lines that credit alone settles: charged to it once their usage is in, and on no invoice ever."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.collection import Missing
from meterhouse.billing.credits import charge_keys, charge_of, credited_line
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Line
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.profile import Workflow
from meterhouse.billing.quantities import quantities_of
from meterhouse.kernel.changed import replace
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.ledger.charging import collect_credit, recognise_credit
from meterhouse.platform.work import Work

_ONE = Decimal(1)
_ONCE = "once"
"""A line is charged to credit alone but once, since nobody edits or voids it."""


def burn_lines(
    work: Work[BillingStore],
    namespace: str,
    customer_ids: Collection[str],
    usage: UsageReader,
    as_of: datetime,
    now: datetime,
) -> dict[str, str]:
    """Burn credit, in advance of credit to come where there is too little, for what is due of locked customers.

    Usage that comes late is waited for as it is for invoices. What credit that came since covers of what was burnt in
    advance is earned, of all these customers. Gives why a customer's usage is not known, by customer;
    what it was used for stays pending.

    Raises:
        Unavailable: the usage store does not answer.
    """
    unknown, burnt = _burnt(work, namespace, customer_ids, usage, as_of, now)
    _earn(work, customer_ids, burnt, now)
    return unknown


def _burnt(
    work: Work[BillingStore],
    namespace: str,
    customer_ids: Collection[str],
    usage: UsageReader,
    as_of: datetime,
    now: datetime,
) -> tuple[dict[str, str], list[Line]]:
    """Whose usage is not known, and why; the lines that were charged."""
    due = work.store.lines.due_to_credit(customer_ids, as_of)
    owners = {line.customer_id for line in due}
    profiles = profiles_of(work, namespace, owners, now)
    ready = [line for line in due if is_in(line, profiles[line.customer_id].spec.workflow, as_of)]
    if not ready:
        return {}, []
    subjects = {one.id: one.usage_subjects for one in work.store.customers.by_ids(owners).values()}
    families = Families(work.store.lines.related(ready))
    quantities = quantities_of(namespace, families.readings(ready), subjects, work.store.features, usage)
    unknown: dict[str, str] = {}
    done: list[Line] = []
    for line in ready:
        quantity = quantities[line.id] if line.rate_card.is_metered else _ONE
        if isinstance(quantity, Missing):
            unknown[line.customer_id] = f"line {line.key}: {quantity.message}"
        else:
            burnt = families.rate(line, quantity, profiles[line.customer_id].spec.workflow, now)
            # its gathering invoice has those of when that was made
            read_of = line.subjects or subjects[line.customer_id] if line.rate_card.is_metered else None
            done.append(replace(burnt, subjects=read_of))
    return unknown, _charged(work, done, now)


def _charged(work: Work[BillingStore], lines: Sequence[Line], now: datetime) -> list[Line]:
    store = work.store.credit
    charged = [(line.customer_id, charge_of(line, _ONCE)) for line in lines if line.totals.charged > 0]
    collected = collect_credit(store, charged, now)
    done = [replace(credited_line(line, collected, _ONCE), is_pending=False) for line in lines]
    work.store.lines.update(done)
    return done


def _earn(work: Work[BillingStore], customer_ids: Collection[str], burnt: Sequence[Line], now: datetime) -> None:
    """Lines that were just burnt, and what credit that came since covers of earlier ones: at that credit's cost."""
    store = work.store.credit
    unearned = {*charge_keys(burnt), *store.ledger.unearned(customer_ids)}
    if unearned:
        recognise_credit(store, unearned, format_rfc3339(now), now)


def is_in(line: Line, workflow: Workflow, as_of: datetime) -> bool:
    """Whether what was used is in, as far as late usage is waited for."""
    metered = line.rate_card.is_metered
    return not metered or workflow.collection_interval.after(line.invoice_at) <= as_of
