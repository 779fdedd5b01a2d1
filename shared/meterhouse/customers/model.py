"""Customers and who of the producers' subjects are theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import InvalidInput, Problems


@dataclass(frozen=True, slots=True)
class Address:
    country: str | None = None
    postal_code: str | None = None
    state: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What a caller says about a customer; the whole of it is replaced by an update.

    Attributes:
        key: the caller's own name for the customer; events whose subject equals it are the customer's too.
        subject_keys: further subjects whose usage is the customer's.
    """

    name: str
    key: str | None = None
    subject_keys: tuple[str, ...] = ()
    description: str | None = None
    metadata: Mapping[str, str] | None = None
    primary_email: str | None = None
    currency: str | None = None
    billing_address: Address | None = None

    @property
    def usage_subjects(self) -> tuple[str, ...]:
        """Every event subject whose usage is the customer's: the key, then the subject keys, each once."""
        own = () if self.key is None else (self.key,)
        return tuple(dict.fromkeys((*own, *self.subject_keys)))

    def check(self) -> None:
        """Refuse what no customer may be.

        Raises:
            InvalidInput: all faults, with JSON pointers into the contract's `CustomerCreate`.
        """
        problems = Problems()
        if not self.usage_subjects:
            message = "a customer needs a key or at least one subject key, or no usage could be theirs"
            problems.add("/usageAttribution/subjectKeys", "subject_required", message)
        if self.currency is not None:
            try:
                currency(self.currency)
            except InvalidInput as error:
                for problem in error.problems:
                    problems.add(problem.field, problem.code, problem.message)
        problems.raise_if_any("the customer is not valid")


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    details: CustomerDetails
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.details.name

    @property
    def key(self) -> str | None:
        return self.details.key

    @property
    def currency(self) -> str | None:
        return self.details.currency

    @property
    def usage_subjects(self) -> tuple[str, ...]:
        return self.details.usage_subjects

    def replaced(self, details: CustomerDetails, at: datetime) -> Self:
        return replace(self, details=details, updated_at=at)

    def deleted(self, at: datetime) -> Self:
        return replace(self, updated_at=at, deleted_at=at)
