"""Custom currencies of a namespace and what they are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.catalog.custom_currency import (
    CostBasisSpec,
    CurrencyCostBasis,
    CustomCurrency,
    CustomCurrencySpec,
    cost_basis_at,
    cost_basis_problems,
    currency_problems,
)
from meterhouse.catalog.ports import CatalogStore
from meterhouse.catalog.use_case import UseCase
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class ShownCurrency:
    """A custom currency at `at`, with all its cost bases, past ones and those to come, too."""

    currency: CustomCurrency
    at: datetime
    cost_bases: Sequence[CurrencyCostBasis] = ()

    @property
    def worth(self) -> list[CurrencyCostBasis]:
        """What counts at `at`: one for each fiat currency in which something does."""
        codes = sorted({one.fiat_code for one in self.cost_bases})
        found = (cost_basis_at(self.cost_bases, code, self.at) for code in codes)
        return [one for one in found if one is not None]


class CustomCurrencyService(UseCase):
    def create(self, namespace: str, spec: CustomCurrencySpec) -> CustomCurrency:
        """Add a currency; nothing of it changes later.

        Raises:
            InvalidInput: with every fault.
            Conflict: `currency_code_conflict`: another has the code.
        """
        if problems := list(currency_problems(spec)):
            raise InvalidInput("there cannot be such a currency", problems)
        with self._begin(namespace) as work:
            created = CustomCurrency(self._new_id(), spec, self._now())
            if not work.store.currencies.add(created):
                problem = Problem("/code", "currency_code_conflict", f"a currency has the code {spec.code!r}")
                raise Conflict("the code is taken", problem.code, [problem])
            data = {"currencyId": created.id, "code": spec.code}
            work.publish(
                DomainEvent(self._new_id(), "currency.created", f"currency/{created.id}", created.created_at, data)
            )
            work.commit()
        return created

    def get(self, namespace: str, currency_id: str) -> ShownCurrency:
        """A custom currency.

        Raises:
            NotFound: there is no such currency.
        """
        with self._begin(namespace) as work:
            found = _found(work.store, currency_id)
            return ShownCurrency(found, self._now(), work.store.currencies.cost_bases([found.id]))

    def all(self, namespace: str) -> list[ShownCurrency]:
        """Every custom currency, by code."""
        with self._begin(namespace) as work:
            found = work.store.currencies.all()
            bases = work.store.currencies.cost_bases([one.id for one in found])
        at = self._now()
        return [ShownCurrency(one, at, [basis for basis in bases if basis.currency_id == one.id]) for one in found]

    def add_cost_basis(self, namespace: str, currency_id: str, spec: CostBasisSpec) -> CurrencyCostBasis:
        """Say what a unit is worth from now or later on.

        Raises:
            NotFound: there is no such currency.
            InvalidInput: with every fault.
            Conflict: `cost_basis_conflict`: another of the same fiat currency comes into force at the same instant.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            of = _found(work.store, currency_id)
            if problems := list(cost_basis_problems(spec, at)):
                raise InvalidInput("a unit cannot have this worth", problems)
            starts = spec.effective_from or at
            basis = CurrencyCostBasis(self._new_id(), of.id, spec.fiat_code, spec.rate, starts, at, spec.effective_to)
            if not work.store.currencies.add_cost_basis(basis):
                message = f"another worth in {spec.fiat_code} comes into force at the same instant"
                problem = Problem("/effective_from", "cost_basis_conflict", message)
                raise Conflict(message, problem.code, [problem])
            data = {"currencyId": of.id, "costBasisId": basis.id}
            work.publish(DomainEvent(self._new_id(), "currency.cost_basis_added", f"currency/{of.id}", at, data))
            work.commit()
        return basis


def _found(store: CatalogStore, currency_id: str) -> CustomCurrency:
    found = store.currencies.find(currency_id)
    if found is None:
        raise NotFound("custom currency", currency_id)
    return found
