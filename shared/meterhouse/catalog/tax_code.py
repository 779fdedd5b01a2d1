"""Tax codes: what is sold, as tax has names for it, and what each app calls the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from re import compile as pattern

from meterhouse.kernel.errors import Problem

_STRIPE = pattern(r"txcd_[0-9]{8}")
_LONGEST = 64


class AppType(StrEnum):
    SANDBOX = "sandbox"
    STRIPE = "stripe"
    EXTERNAL_INVOICING = "external_invoicing"


@dataclass(frozen=True, slots=True)
class AppMapping:
    """What an app of this type calls the code."""

    app_type: AppType
    tax_code: str


@dataclass(frozen=True, slots=True)
class TaxCodeSpec:
    """What a code's author may change; its key stays."""

    name: str
    app_mappings: tuple[AppMapping, ...] = ()
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaxCode:
    """`key` is unique among those that are not deleted."""

    id: str
    key: str
    spec: TaxCodeSpec
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    def code_of(self, app_type: AppType) -> str | None:
        """What the app calls it; None where nobody said."""
        return next((one.tax_code for one in self.spec.app_mappings if one.app_type is app_type), None)


@dataclass(frozen=True, slots=True)
class DefaultTaxCodes:
    """What invoices and credit grants have that name no code; by id."""

    invoicing: str
    credit_grants: str
    created_at: datetime
    updated_at: datetime


def mapping_problems(spec: TaxCodeSpec) -> Iterator[Problem]:
    """Why the mappings cannot stand."""
    types = [one.app_type for one in spec.app_mappings]
    for index, one in enumerate(spec.app_mappings):
        at = f"/app_mappings/{index}"
        if one.app_type in types[:index]:
            message = f"there is a code for {one.app_type} already"
            yield Problem(f"{at}/app_type", "tax_code_app_type_duplicated", message)
        if one.app_type is AppType.STRIPE and not _STRIPE.fullmatch(one.tax_code):
            yield Problem(f"{at}/tax_code", "tax_code_not_stripes", "Stripe's codes are txcd_ and eight digits")
        elif not 1 <= len(one.tax_code) <= _LONGEST:
            yield Problem(f"{at}/tax_code", "tax_code_length", f"a code has 1 to {_LONGEST} characters")
