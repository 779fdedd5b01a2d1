"""What callers send to edit a subscription, to the contract."""

from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire
from meterhouse.platform.wire import Description, Key, Name, Wire
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.patch import (
    AddItem,
    AddPhase,
    Patch,
    RemoveItem,
    RemovePhase,
    Shift,
    StretchPhase,
    UnscheduleEdit,
)
from meterhouse.subscriptions.request_schema import TimingWire
from meterhouse.subscriptions.timing import Soon


def _offset(value: object) -> Offset:
    if isinstance(value, Offset):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "must be a string holding an ISO 8601 duration")
    try:
        return Offset.parse(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


def _no_discounts(value: object) -> None:
    if value is not None:
        raise PydanticCustomError("not_supported", "discounts belong to rate cards")


SignedDuration = Annotated[
    Offset,
    PlainValidator(_offset),
    PlainSerializer(Offset.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "example": "-P1M"}),
]
"""An ISO 8601 duration of whole units; a sign before it makes it negative."""


class EditSubscriptionAddItem(Wire):
    op: Literal["add_item"]
    phase_key: str
    rate_card: RateCardWire


class EditSubscriptionRemoveItem(Wire):
    op: Literal["remove_item"]
    phase_key: str
    item_key: str


class SubscriptionPhaseCreate(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"start_after"})

    start_after: SignedDuration | None
    duration: SignedDuration | None = None
    discounts: Annotated[None, BeforeValidator(_no_discounts)] = None
    key: Key
    name: Name
    description: Description | None = None


class EditSubscriptionAddPhase(Wire):
    op: Literal["add_phase"]
    phase: SubscriptionPhaseCreate


class EditSubscriptionRemovePhase(Wire):
    op: Literal["remove_phase"]
    phase_key: str
    shift: Shift


class EditSubscriptionStretchPhase(Wire):
    op: Literal["stretch_phase"]
    phase_key: str
    extend_by: SignedDuration


class EditSubscriptionUnscheduleEdit(Wire):
    op: Literal["unschedule_edit"]


Operation = Annotated[
    EditSubscriptionAddItem
    | EditSubscriptionRemoveItem
    | EditSubscriptionAddPhase
    | EditSubscriptionRemovePhase
    | EditSubscriptionStretchPhase
    | EditSubscriptionUnscheduleEdit,
    Field(discriminator="op"),
]


class SubscriptionEdit(Wire):
    customizations: Annotated[list[Operation], Field(max_length=100)]
    timing: TimingWire = Soon.IMMEDIATE


def edit_of(body: SubscriptionEdit) -> Edit:
    return Edit([_patch(operation) for operation in body.customizations], body.timing)


def _patch(operation: Operation) -> Patch:
    match operation:
        case EditSubscriptionAddItem():
            return AddItem(operation.phase_key, rate_card_from_wire(operation.rate_card))
        case EditSubscriptionRemoveItem():
            return RemoveItem(operation.phase_key, operation.item_key)
        case EditSubscriptionAddPhase():
            phase = operation.phase
            start = phase.start_after or Offset()
            return AddPhase(phase.key, phase.name, start, phase.duration, phase.description)
        case EditSubscriptionRemovePhase():
            return RemovePhase(operation.phase_key, operation.shift)
        case EditSubscriptionStretchPhase():
            return StretchPhase(operation.phase_key, operation.extend_by)
        case EditSubscriptionUnscheduleEdit():
            return UnscheduleEdit()
        case _:
            assert_never(operation)
