"""Usage that became known after its period was billed: charged on the next invoice, or given back on a credit note."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from meterhouse.billing.collection import Missing
from meterhouse.billing.families import Families
from meterhouse.billing.give_back_usage import give_back_usage
from meterhouse.billing.invoice import Line
from meterhouse.billing.late_lines import Family, earliest_of, families_billed, is_suspect, late_line, next_due
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.profile import LateUsage, Workflow
from meterhouse.billing.quantities import features_of, quantities_of
from meterhouse.customers.model import Customer
from meterhouse.metering.late_usage import LateMark
from meterhouse.platform.work import Work


class _Suspect(NamedTuple):
    """A period that was billed, and the line that would charge for what it came to since."""

    family: Family
    line: Line


def bill_late_usage(
    work: Work[BillingStore],
    namespace: str,
    customer_ids: Collection[str],
    usage: UsageReader,
    as_of: datetime,
    now: datetime,
) -> None:
    """Make pending lines of what locked customers used beside what they were billed, and give back what was too much.

    What was too much goes back once the invoices are paid. `now` was read before this began.

    Raises:
        Unavailable: the usage store does not answer.
    """
    customers = work.store.customers.by_ids(customer_ids)
    families = _suspected(work, customers, now)
    if not families:
        return
    owners = {family.customer_id for family in families}
    workflows = {name: one.spec.workflow for name, one in profiles_of(work, namespace, owners, now).items()}
    pending = work.store.lines.pending(owners)
    suspects = [
        _Suspect(family, late_line(family, next_due(family, pending, as_of), now))
        for family in families
        if workflows[family.customer_id].late_usage is LateUsage.BILL
    ]
    differences = _differences(work, namespace, [one.line for one in suspects], workflows, usage, now)
    _settle(work, suspects, differences, now)


def _suspected(work: Work[BillingStore], customers: Mapping[str, Customer], now: datetime) -> list[Family]:
    """What was billed of customers and may have changed since; marks are read before any usage."""
    store = work.store
    owners = {subject: one.id for one in customers.values() for subject in one.usage_subjects}
    marks = _by_owner(store.late_usage.marks(owners), owners)
    since = store.billed_usage.to_compare(customers.keys(), now)
    if not marks and not since:
        return []
    families = families_billed(store.billed_usage.of({*marks, *since}, earliest_of(marks, since)))
    features = features_of([family.last.line for family in families], store.features)
    return [
        one for one in families if is_suspect(one, features.get(one.last.line.id), marks.get(one.customer_id, ()), now)
    ]


def _by_owner(marks: Iterable[LateMark], owners: Mapping[str, str]) -> dict[str, list[LateMark]]:
    found: dict[str, list[LateMark]] = {}
    for mark in marks:
        found.setdefault(owners[mark.subject], []).append(mark)
    return found


def _differences(
    work: Work[BillingStore],
    namespace: str,
    lines: Sequence[Line],
    workflows: Mapping[str, Workflow],
    usage: UsageReader,
    now: datetime,
) -> dict[str, Line]:
    """The lines, rated, by id; without those whose usage cannot be read."""
    families = Families(work.store.lines.related(lines))
    quantities = quantities_of(namespace, families.readings(lines), work.store.features, usage)
    return {
        line.id: families.difference(line, quantity, workflows[line.customer_id], now)
        for line in lines
        if not isinstance(quantity := quantities[line.id], Missing)
    }


def _settle(
    work: Work[BillingStore], suspects: Sequence[_Suspect], differences: Mapping[str, Line], now: datetime
) -> None:
    added: list[Line] = []
    owed: list[str] = []
    compared = [one for one in suspects if one.line.id in differences]
    for family, line in compared:
        difference = differences[line.id]
        if difference.totals.charged > 0:
            added += [] if family.last.is_given_up else [line]
        elif difference.totals.charged < 0 < family.too_much(difference):
            settled = give_back_usage(work, family, difference, now)
            added += [] if settled is None else [settled]
            owed += [family.last.line.id] if settled is None else []
    work.store.lines.add(added)
    work.store.billed_usage.compared([line_id for one in compared for line_id in one.family.ids], now)
    work.store.billed_usage.owe(owed, now)
