"""Apps as a namespace has installed them; `payments` installs them and brings invoices to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterhouse.billing.state import InvoiceState


class AppType(StrEnum):
    SANDBOX = "sandbox"
    STRIPE = "stripe"
    CUSTOM_INVOICING = "custom_invoicing"


class AppStatus(StrEnum):
    """UNAUTHORIZED: whoever is behind the app does not take its credentials any more."""

    READY = "ready"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class StripeConfig:
    account_id: str
    livemode: bool
    masked_api_key: str


@dataclass(frozen=True, slots=True)
class CustomInvoicingConfig:
    """Whether an invoice waits for somebody's word that he has the draft, and the final invoice."""

    awaits_draft: bool = False
    awaits_issuing: bool = False

    @property
    def awaits(self) -> frozenset[InvoiceState]:
        """The states in which an invoice waits for him."""
        hooks = {
            InvoiceState.DRAFT_SYNCING: self.awaits_draft,
            InvoiceState.ISSUING_SYNCING: self.awaits_issuing,
        }
        return frozenset(state for state, is_enabled in hooks.items() if is_enabled)


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
    config: StripeConfig | CustomInvoicingConfig | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    deleted_at: datetime | None = None

    @property
    def awaits(self) -> frozenset[InvoiceState]:
        """The states in which an invoice waits for the app's word."""
        return self.config.awaits if isinstance(self.config, CustomInvoicingConfig) else frozenset()
