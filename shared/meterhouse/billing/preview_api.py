"""Previews over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from meterhouse.billing.preview_schema import (
    PreviewWire,
    SubscriptionPreview,
    asked_of,
    preview_to_wire,
    previewed_of,
)
from meterhouse.billing.preview_subscription import PreviewSubscription
from meterhouse.billing.previewed_change import PreviewCreate
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Ulid
from meterhouse.subscriptions.request_schema import SubscriptionCreate, new_subscription_of

_TAGS = ["Subscriptions"]
_WHAT = (
    "The next invoice is shown less the prepaid credit that would bear of it as it stands now. Lines by themselves are"
    " shown before credit. Taxes are in neither: apps tell them of drafts, and no app hears of a preview."
)


def preview_routes(preview: PreviewSubscription) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        "/api/v1/subscriptions/preview",
        operation_id="previewCreateSubscription",
        tags=_TAGS,
        summary="Preview what a new subscription would come to",
        description=_WHAT,
    )
    def create(body: Annotated[SubscriptionCreate, Body()]) -> PreviewWire:
        return preview_to_wire(preview(namespace(), PreviewCreate(new_subscription_of(body))))

    @router.post(
        "/api/v1/subscriptions/<subscription_id>/preview",
        operation_id="previewSubscription",
        tags=_TAGS,
        summary="Preview what an edit, a change, a migration or a cancelation would come to",
        description=_WHAT,
    )
    def change(subscription_id: Annotated[Ulid, Path()], body: Annotated[SubscriptionPreview, Body()]) -> PreviewWire:
        with _faults_below(asked_of(body)):
            return preview_to_wire(preview(namespace(), previewed_of(subscription_id, body)))

    return router


@contextmanager
def _faults_below(name: str) -> Iterator[None]:
    """Faults point into the body of the real call, which is a member here."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(error.detail, _below(name, error.problems)) from error
    except Conflict as error:
        raise Conflict(error.detail, error.code, _below(name, error.problems), error.facts) from error


def _below(name: str, problems: tuple[Problem, ...]) -> list[Problem]:
    return [replace(one, field=f"/{name}{one.field}" if one.field.startswith("/") else one.field) for one in problems]
