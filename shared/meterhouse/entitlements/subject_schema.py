"""Entitlements on the wire, to the contract's first version: deprecated there, still spoken by its SDKs."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from meterhouse.entitlements.create_schema import (
    EntitlementBooleanCreateInputs,
    EntitlementStaticCreateInputs,
    MeteredCreateFields,
    issued,
    metered_spec,
    plain_spec,
)
from meterhouse.entitlements.entitlement_schema import (
    EntitlementFields,
    MeteredFields,
    PeriodFields,
    metered_fields,
    shared_fields,
)
from meterhouse.entitlements.holder import Shown
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec
from meterhouse.platform.wire import Flag, Page, Wire


def _limited(value: object) -> object:
    if value is True:
        raise PydanticCustomError("not_supported", "unlimited entitlements are not supported: isSoftLimit says it")
    return value


class EntitlementMeteredCreateInputs(MeteredCreateFields):
    is_unlimited: Annotated[Flag, BeforeValidator(_limited)] = False


EntitlementCreateInputs = Annotated[
    EntitlementMeteredCreateInputs | EntitlementStaticCreateInputs | EntitlementBooleanCreateInputs,
    Field(discriminator="type"),
]


class _SubjectFields(Wire):
    subject_key: str


class EntitlementMetered(EntitlementFields, MeteredFields, _SubjectFields):
    is_unlimited: bool = False


class EntitlementStatic(EntitlementFields, PeriodFields, _SubjectFields):
    type: Literal["static"]
    config: str


class EntitlementBoolean(EntitlementFields, PeriodFields, _SubjectFields):
    type: Literal["boolean"]


EntitlementV1 = Annotated[EntitlementMetered | EntitlementStatic | EntitlementBoolean, Field(discriminator="type")]


class EntitlementPaginatedResponse(Page[EntitlementV1]):
    pass


def entitlement_spec(
    wire: EntitlementMeteredCreateInputs | EntitlementStaticCreateInputs | EntitlementBooleanCreateInputs,
) -> EntitlementSpec:
    """What a request asks for. Raises as `entitlement_schema.issued`."""
    if isinstance(wire, EntitlementMeteredCreateInputs):
        return metered_spec(wire, AllowanceSpec(issue=issued(wire)))
    return plain_spec(wire)


def entitlement_wire(shown: Shown, now: datetime) -> EntitlementMetered | EntitlementStatic | EntitlementBoolean:
    """As it is at `now`; one that is over, as it was when it ended."""
    entitlement = shown.entitlement
    fields = shared_fields(entitlement, now) | {"subject_key": shown.subject_key}
    if entitlement.allowance is not None:
        return EntitlementMetered(**fields, **metered_fields(entitlement, now))
    if entitlement.config is not None:
        return EntitlementStatic(**fields, type="static", config=entitlement.config)
    return EntitlementBoolean(**fields, type="boolean")
