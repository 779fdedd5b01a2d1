"""Tax codes on the wire, to the contract's third version."""

from collections.abc import Mapping

from meterhouse.catalog.tax_code import AppMapping, AppType, DefaultTaxCodes, TaxCode, TaxCodeSpec
from meterhouse.platform.wire import Description, Entries, Instant, Key, Labels, Name, PaginatedMeta, SnakeWire, Ulid


class BillingTaxCodeAppMapping(SnakeWire):
    app_type: AppType
    tax_code: str


class UpsertTaxCodeRequest(SnakeWire):
    name: Name
    description: Description | None = None
    labels: Labels | None = None
    app_mappings: Entries[BillingTaxCodeAppMapping]


class CreateTaxCodeRequest(UpsertTaxCodeRequest):
    key: Key


class BillingTaxCode(SnakeWire):
    id: Ulid
    name: Name
    description: Description | None = None
    labels: Mapping[str, str] | None = None
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None
    key: Key
    app_mappings: list[BillingTaxCodeAppMapping]


class TaxCodePagePaginatedResponse(SnakeWire):
    data: list[BillingTaxCode]
    meta: PaginatedMeta


class TaxCodeReference(SnakeWire):
    id: Ulid


class UpdateOrganizationDefaultTaxCodesRequest(SnakeWire):
    invoicing_tax_code: TaxCodeReference | None = None
    credit_grant_tax_code: TaxCodeReference | None = None


class OrganizationDefaultTaxCodes(SnakeWire):
    invoicing_tax_code: TaxCodeReference
    credit_grant_tax_code: TaxCodeReference
    created_at: Instant
    updated_at: Instant


def tax_code_spec(body: UpsertTaxCodeRequest) -> TaxCodeSpec:
    mappings = tuple(AppMapping(one.app_type, one.tax_code) for one in body.app_mappings)
    return TaxCodeSpec(body.name, mappings, body.description, body.labels or {})


def tax_code_wire(code: TaxCode) -> BillingTaxCode:
    spec = code.spec
    return BillingTaxCode(
        id=code.id,
        name=spec.name,
        description=spec.description,
        labels=spec.labels or None,
        created_at=code.created_at,
        updated_at=code.updated_at,
        deleted_at=code.deleted_at,
        key=code.key,
        app_mappings=[
            BillingTaxCodeAppMapping(app_type=one.app_type, tax_code=one.tax_code) for one in spec.app_mappings
        ],
    )


def defaults_wire(defaults: DefaultTaxCodes) -> OrganizationDefaultTaxCodes:
    return OrganizationDefaultTaxCodes(
        invoicing_tax_code=TaxCodeReference(id=defaults.invoicing),
        credit_grant_tax_code=TaxCodeReference(id=defaults.credit_grants),
        created_at=defaults.created_at,
        updated_at=defaults.updated_at,
    )
