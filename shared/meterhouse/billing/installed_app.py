"""Apps as a namespace has installed them; `payments` installs them and brings invoices to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AppType(StrEnum):
    SANDBOX = "sandbox"
    STRIPE = "stripe"
    CUSTOM_INVOICING = "custom_invoicing"


class AppStatus(StrEnum):
    READY = "ready"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """An app of a namespace.

    Attributes:
        config: what its type needs to know and anybody may see; credentials are kept apart from it.
        deleted_at: when it was uninstalled; its invoices still name it.
    """

    id: str
    type: AppType
    name: str
    created_at: datetime
    updated_at: datetime
    status: AppStatus = AppStatus.READY
    config: Mapping[str, object] = field(default_factory=dict)
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    deleted_at: datetime | None = None
