"""Rate cards: what a phase of a plan, or an item of a subscription, charges for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.entitlement_template import EntitlementTemplate, MeteredTemplate
from meterhouse.catalog.price import FlatPrice, PaymentTerm, Price
from meterhouse.catalog.unit_config import UnitConfig
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.currency import Currency


class RateCardType(StrEnum):
    FLAT_FEE = "flat_fee"
    USAGE_BASED = "usage_based"


@dataclass(frozen=True, slots=True)
class RateCard:
    """One thing charged for, or given free (`price` None).

    Attributes:
        key: unique in its phase; equals the feature's key where there is a feature.
        billing_cadence: how often it recurs; None: once.
        currency: the custom currency that its price is in; None: that of its plan or add-on.
        discounts: taken off the price.
        unit_config: how metered units become those the price is for; None: they are the same.
        entitlement: what its subscribers may use of the feature; None: it entitles to nothing.
        tax_config: the contract's TaxConfig, kept as sent.
    """

    type: RateCardType
    key: str
    name: str
    price: Price | None
    billing_cadence: Cadence | None
    feature_key: str | None = None
    currency: Currency | None = None
    description: str | None = None
    discounts: Discounts = UNDISCOUNTED
    unit_config: UnitConfig | None = None
    entitlement: EntitlementTemplate | None = None
    tax_config: Mapping[str, object] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_in_advance(self) -> bool:
        """Whether it is invoiced at the start of its period; usage never is."""
        return isinstance(self.price, FlatPrice) and self.price.payment_term is PaymentTerm.IN_ADVANCE

    @property
    def tax_code_id(self) -> str | None:
        """The tax code that it names."""
        named = (self.tax_config or {}).get("taxCodeId")
        return named if isinstance(named, str) else None

    @property
    def is_metered(self) -> bool:
        """Whether its amount depends on usage."""
        return self.price is not None and not isinstance(self.price, FlatPrice)

    @property
    def needs_meter(self) -> bool:
        """Whether usage of its feature must be known, for its price or its entitlement."""
        return self.is_metered or isinstance(self.entitlement, MeteredTemplate)

    def usage_period(self, plan: Cadence) -> Cadence | None:
        """How often its entitlement's usage counts from zero; None without a metered one.

        Where the template leaves it open, as often as the rate card is billed; what is billed once, as the `plan` is.
        """
        if not isinstance(self.entitlement, MeteredTemplate):
            return None
        return self.entitlement.usage_period or self.billing_cadence or plan
