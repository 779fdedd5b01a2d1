"""API keys over HTTP, for who has one that may."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.platform.access import told_of
from meterhouse.platform.http import namespace_of
from meterhouse.platform.key_schema import (
    ApiKeyCreate,
    ApiKeyRotate,
    ApiKeyWire,
    MonthlyUseWire,
    key_to_wire,
    monthly_use_to_wire,
    overlap_of,
    spec_of,
)
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.show_quota import ShowQuota
from meterhouse.platform.wire import Page, PageNumber, PageSize

_KEYS = "/api/v1/api-keys"
_KEY = f"{_KEYS}/<api_key_id>"
_TAGS = ["API keys"]


def key_routes(keys: ApiKeys, quota: ShowQuota) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    def holder() -> list[str]:
        return told_of(router.current_event.raw_event).get("scopes", "").split()

    @router.get(_KEYS, operation_id="listApiKeys", tags=_TAGS, summary="List API keys")
    def page(
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        include_revoked: Annotated[bool, Query(alias="includeRevoked")] = False,
    ) -> Page[ApiKeyWire]:
        found, total = keys.page(namespace(), page, page_size, closed=include_revoked)
        items = [key_to_wire(one, keys.now()) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.post(_KEYS, operation_id="createApiKey", tags=_TAGS, summary="Create an API key, whose text is told once")
    def create(body: Annotated[ApiKeyCreate, Body()]) -> tuple[ApiKeyWire, int]:
        issued = keys.create(namespace(), spec_of(body), holder())
        return key_to_wire(issued.key, keys.now(), issued.text), HTTPStatus.CREATED

    @router.get(_KEY, operation_id="getApiKey", tags=_TAGS, summary="Get an API key")
    def get(api_key_id: str) -> ApiKeyWire:
        return key_to_wire(keys.get(namespace(), api_key_id), keys.now())

    @router.get(
        f"{_KEY}/quota",
        operation_id="getApiKeyQuota",
        tags=_TAGS,
        summary="What is used and left of the quotas of an API key and of its namespace this month",
    )
    def used(api_key_id: str) -> MonthlyUseWire:
        return monthly_use_to_wire(quota(namespace(), api_key_id))

    @router.post(
        f"{_KEY}/rotate",
        operation_id="rotateApiKey",
        tags=_TAGS,
        summary="Give an API key a new text, told once; that of before is good for a while more",
    )
    def rotate(api_key_id: str, body: Annotated[ApiKeyRotate, Body()]) -> ApiKeyWire:
        issued = keys.rotate(namespace(), api_key_id, overlap_of(body), holder())
        return key_to_wire(issued.key, keys.now(), issued.text)

    @router.delete(_KEY, operation_id="revokeApiKey", tags=_TAGS, summary="Revoke an API key")
    def revoke(api_key_id: str) -> Response[None]:
        keys.revoke(namespace(), api_key_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router
