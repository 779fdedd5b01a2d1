"""Lines by hand: onto a customer's gathering invoice, or supposed, to see what they would come to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.billing.collection import gathering
from meterhouse.billing.invoice import Line
from meterhouse.billing.line_spec import LineSpec, manual_line, problems_of
from meterhouse.billing.overrides import live_customer, profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.reconcile import gathering_id
from meterhouse.billing.service import Shown, found_invoice, invoiceable, shown, valued
from meterhouse.billing.simulation import Supposed, quantity_problems, rated_as, simulated
from meterhouse.billing.tax_codes import unknown_codes
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import InvalidInput, Problem, Problems
from meterhouse.kernel.repeats import repeats
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work

_SIMULATED = "SIMULATED"


@dataclass(frozen=True, slots=True)
class Added:
    """New pending lines, in the caller's order and valued as of now, and their gathering invoice.

    `is_new`: nothing was pending on it before.
    """

    lines: Sequence[Line]
    invoice: Shown
    is_new: bool


class ManualLines:
    """Every method raises `NotFound` for an unknown customer and `InvalidInput` with every fault of every line."""

    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._now = now
        self._new_id = new_id

    def add(self, namespace: str, customer_id: str, currency_code: str, specs: Sequence[LineSpec]) -> Added:
        """Put lines onto the gathering invoice of the customer and currency; subscriptions never change them.

        Raises:
            Conflict: the customer is deleted.
            Unavailable: the usage store does not answer; nothing was added.
        """
        with self._begin(namespace) as work:
            work.store.invoices.lock_customers([customer_id])
            now = self._now()
            customer = live_customer(work, customer_id)
            known = features_of(work, specs)
            _check(currency_code, [*line_problems(specs, known), *line_code_problems(work, specs)])
            profile = profiles_of(work, namespace, [customer_id], now)[customer_id]
            staging = gathering(customer, currency_code, gathering_id(customer_id, currency_code), profile, now)
            lines = [manual_line(spec, self._new_id(), staging, known, now) for spec in specs]
            work.store.invoices.add_gathering([staging])
            before = found_invoice(work, staging.id)
            work.store.lines.add(lines)
            [invoice] = valued(work, namespace, [found_invoice(work, staging.id)], self._usage, now)
            is_due = bool(invoiceable(work, namespace, [invoice], self._usage, now))
            work.commit()
        by_id = {line.id: line for line in invoice.lines}
        after = shown(invoice, now, can_be_invoiced=is_due)
        return Added([by_id[line.id] for line in lines], after, not before.lines)

    def simulate(
        self, namespace: str, customer_id: str, currency_code: str, number: str | None, lines: Sequence[Supposed]
    ) -> Shown:
        """The invoice that the customer would get for these lines; nothing is stored."""
        now = self._now()
        with self._begin(namespace) as work:
            customer = live_customer(work, customer_id)
            specs = [line.spec for line in lines]
            known = features_of(work, specs)
            found = [*line_problems(specs, known), *line_code_problems(work, specs), *_supposed_problems(lines)]
            _check(currency_code, found)
            profile = profiles_of(work, namespace, [customer_id], now)[customer_id]
        staging = gathering(customer, currency_code, self._new_id(), profile, now)
        unrated = [manual_line(one.spec, one.spec.line_id or self._new_id(), staging, known, now) for one in lines]
        rated = [rated_as(line, one, staging.workflow, now) for line, one in zip(unrated, lines, strict=True)]
        return Shown(simulated(staging, number or _SIMULATED, rated, now), {})


def features_of(work: Work[BillingStore], specs: Iterable[LineSpec]) -> KnownFeatures:
    """The features that the lines name, as they stand."""
    keys = {spec.feature_key for spec in specs if spec.feature_key is not None}
    return KnownFeatures(work.store.features.by_keys(keys))


def line_problems(specs: Sequence[LineSpec], known: KnownFeatures) -> list[Problem]:
    """What is wrong with each of the document's `lines`, and with them beside each other."""
    found: list[Problem] = []
    # a line without an id is named by its number, as no other is
    named_twice = set(repeats(spec.line_id or number for number, spec in enumerate(specs)))
    for number, spec in enumerate(specs):
        found += problems_of(spec, known, f"/lines/{number}")
        if number in named_twice:
            found.append(Problem(f"/lines/{number}/id", "duplicate_line", "an earlier line has this id"))
    return found


def line_code_problems(work: Work[BillingStore], specs: Sequence[LineSpec]) -> list[Problem]:
    """Which tax codes that the document's `lines` name never were."""
    configs = [(spec.tax_config, f"/lines/{number}{spec.tax_field}/taxConfig") for number, spec in enumerate(specs)]
    return unknown_codes(configs, work.store.tax_codes)


def _supposed_problems(lines: Sequence[Supposed]) -> list[Problem]:
    return [problem for number, line in enumerate(lines) for problem in quantity_problems(line, f"/lines/{number}")]


def _check(currency_code: str, found: Iterable[Problem]) -> None:
    problems = Problems()
    try:
        currency(currency_code)
    except InvalidInput as error:
        for problem in error.problems:
            problems.add(problem.field, problem.code, problem.message)
    for problem in found:
        problems.add(problem.field, problem.code, problem.message)
    problems.raise_if_any("the lines are not valid")
