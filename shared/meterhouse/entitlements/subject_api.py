"""A subject's entitlements over HTTP: its customer's, by the contract's first version. Deprecated there."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.entitlements.create_schema import ResetEntitlementUsageInput, reset_spec
from meterhouse.entitlements.grant_schema import EntitlementGrant, EntitlementGrantCreateInput, grant_spec, grant_wire
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.management import Management
from meterhouse.entitlements.ports import EntitlementOrder, GrantOrder, Slice
from meterhouse.entitlements.subject_schema import (
    EntitlementCreateInputs,
    EntitlementV1,
    entitlement_spec,
    entitlement_wire,
)
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of

_TAGS = ["Entitlements"]
_ALL = "/api/v1/subjects/<subject_id_or_key>/entitlements"
_ONE = f"{_ALL}/<entitlement_id>"
_NAMED = f"{_ALL}/<entitlement_id_or_feature_key>"
_MOST = 10_000
"""These lists have no pages; a customer has no more than a few entitlements a feature."""
IncludeDeleted = Annotated[bool, Query(alias="includeDeleted")]


def _of(subject: str) -> Holder:
    return Holder(subject, is_subject=True)


def subject_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        _ALL,
        operation_id="createEntitlement",
        tags=_TAGS,
        summary="Create a subject's entitlement",
        deprecated=True,
    )
    def create(subject_id_or_key: str, body: Annotated[EntitlementCreateInputs, Body()]) -> tuple[EntitlementV1, int]:
        made = use.entitle(namespace(), _of(subject_id_or_key), entitlement_spec(body))
        return entitlement_wire(made, now()), HTTPStatus.CREATED

    @router.get(
        _ALL,
        operation_id="listSubjectEntitlements",
        tags=_TAGS,
        summary="List a subject's entitlements",
        deprecated=True,
    )
    def list_all(subject_id_or_key: str, include_deleted: IncludeDeleted = False) -> list[EntitlementV1]:
        rows, at = Slice(EntitlementOrder.CREATED_AT, _MOST), now()
        shown, _ = use.reads.of_holder(namespace(), _of(subject_id_or_key), rows, include_deleted=include_deleted)
        return [entitlement_wire(one, at) for one in shown]

    @router.get(_ONE, operation_id="getEntitlement", tags=_TAGS, summary="Get a subject's entitlement", deprecated=True)
    def get(subject_id_or_key: str, entitlement_id: str) -> EntitlementV1:
        return entitlement_wire(use.reads.get(namespace(), _of(subject_id_or_key), entitlement_id), now())

    @router.delete(
        _ONE, operation_id="deleteEntitlement", tags=_TAGS, summary="End a subject's entitlement", deprecated=True
    )
    def delete(subject_id_or_key: str, entitlement_id: str) -> Response[None]:
        use.end(namespace(), _of(subject_id_or_key), entitlement_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def subject_change_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.put(
        f"{_NAMED}/override",
        operation_id="overrideEntitlement",
        tags=_TAGS,
        summary="Put another entitlement in the place of a subject's",
        deprecated=True,
    )
    def override(
        subject_id_or_key: str,
        entitlement_id_or_feature_key: str,
        body: Annotated[EntitlementCreateInputs, Body()],
    ) -> tuple[EntitlementV1, int]:
        holder, spec = _of(subject_id_or_key), entitlement_spec(body)
        made = use.override(namespace(), holder, entitlement_id_or_feature_key, spec)
        return entitlement_wire(made, now()), HTTPStatus.CREATED

    @router.post(
        f"{_ONE}/reset",
        operation_id="resetEntitlementUsage",
        tags=_TAGS,
        summary="Reset a subject's entitlement",
        deprecated=True,
    )
    def reset(
        subject_id_or_key: str,
        entitlement_id: str,
        body: Annotated[ResetEntitlementUsageInput | None, Body()] = None,
    ) -> Response[None]:
        spec = reset_spec(body or ResetEntitlementUsageInput())
        use.reset(namespace(), _of(subject_id_or_key), entitlement_id, spec)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def subject_grant_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()
    grants = f"{_NAMED}/grants"

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        grants,
        operation_id="listEntitlementGrants",
        tags=_TAGS,
        summary="List an entitlement's grants",
        deprecated=True,
    )
    def list_all(
        subject_id_or_key: str,
        entitlement_id_or_feature_key: str,
        include_deleted: IncludeDeleted = False,
        order_by: Annotated[GrantOrder, Query(alias="orderBy")] = GrantOrder.UPDATED_AT,
    ) -> list[EntitlementGrant]:
        rows, at = Slice(order_by, _MOST), now()
        found, _ = use.reads.grants_of(
            namespace(),
            _of(subject_id_or_key),
            entitlement_id_or_feature_key,
            rows,
            include_deleted=include_deleted,
        )
        return [grant_wire(grant, at) for grant in found]

    @router.post(
        grants, operation_id="createGrant", tags=_TAGS, summary="Grant usage to an entitlement", deprecated=True
    )
    def create(
        subject_id_or_key: str,
        entitlement_id_or_feature_key: str,
        body: Annotated[EntitlementGrantCreateInput, Body()],
    ) -> tuple[EntitlementGrant, int]:
        holder = _of(subject_id_or_key)
        grant = use.grant(namespace(), holder, entitlement_id_or_feature_key, grant_spec(body))
        return grant_wire(grant, now()), HTTPStatus.CREATED

    return router
