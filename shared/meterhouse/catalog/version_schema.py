"""What plans and add-ons have in common on the wire."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from meterhouse.catalog.schema import ValidationErrorWire, validation_errors
from meterhouse.catalog.version_service import Shown
from meterhouse.platform.wire import CurrencyCode, Instant, Key, Resource


class Described(Protocol):
    """What the specs of both have."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def metadata(self) -> Mapping[str, str]: ...


D = TypeVar("D", bound=Described)


class VersionWire(Resource):
    nullable: ClassVar[frozenset[str]] = frozenset({"validation_errors"})

    key: Key
    version: int
    currency: CurrencyCode
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    validation_errors: list[ValidationErrorWire] | None


def version_fields(shown: Shown[D]) -> dict[str, Any]:
    """The fields that both have."""
    version, spec = shown.version, shown.version.spec
    named = ("id", "key", "version", "effective_from", "effective_to", "created_at", "updated_at", "deleted_at")
    return {name: getattr(version, name) for name in named} | {
        "name": spec.name,
        "description": spec.description,
        "metadata": dict(spec.metadata) or None,
        "currency": spec.currency,
        "status": shown.status.value,
        "validation_errors": validation_errors(shown.problems),
    }
