"""Plans and subscriptions to reason about; instants are written as dates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.entitlement_template import MeteredTemplate
from meterhouse.catalog.plan import PlanPhase, PlanSpec
from meterhouse.catalog.price import FlatPrice, PaymentTerm, Price, UnitPrice
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.addon import AddonCard, AddonReference, Quantity, SubscriptionAddon
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import Terms, subscribe

MONTHLY = Cadence.parse("P1M")
SUBSCRIPTION_ID = "01HZ0000000000000000000001"
CUSTOMER_ID = "01HZ0000000000000000000002"


def at(text: str) -> datetime:
    return parse_rfc3339(text if "T" in text else f"{text}T00:00:00Z")


def period(start: str, end: str) -> Period:
    return Period(at(start), at(end))


def fee(
    key: str = "fee", amount: str = "20", *, cadence: str | None = "P1M", term: PaymentTerm = PaymentTerm.IN_ADVANCE
) -> RateCard:
    return card(key, FlatPrice(Decimal(amount), term), cadence)


def usage(key: str = "usage", amount: str = "0.5", *, cadence: str = "P1M") -> RateCard:
    return card(key, UnitPrice(Decimal(amount)), cadence)


def card(key: str, price: Price | None, cadence: str | None = "P1M") -> RateCard:
    return RateCard(
        type=RateCardType.USAGE_BASED if isinstance(price, UnitPrice) else RateCardType.FLAT_FEE,
        key=key,
        name=key.title(),
        price=price,
        billing_cadence=None if cadence is None else Cadence.parse(cadence),
    )


def metered(issue: str | None = "100", key: str = "usage", **terms: Any) -> RateCard:
    """Usage at a price, of which some is included; `terms` of the template."""
    issued = None if issue is None else Decimal(issue)
    return replace(usage(key), feature_key=key, entitlement=MeteredTemplate(issue_after_reset=issued, **terms))


def issuing(issue: str | None = "100", key: str = "usage", **terms: Any) -> RateCard:
    """What an add-on has that adds to what is included, at no price."""
    return replace(metered(issue, key, **terms), price=None)


def phase(key: str, duration: str | None, *cards: RateCard) -> PlanPhase:
    return PlanPhase(key, key.title(), None if duration is None else Cadence.parse(duration), cards or (fee(),))


def spec(*phases: PlanPhase, cadence: str = "P1M") -> PlanSpec:
    return PlanSpec("Plan", "USD", Cadence.parse(cadence), phases or (phase("default", None),))


def terms(start: str, *, anchor: str | None = None, starting_phase: str | None = None) -> Terms:
    return Terms(
        id=SUBSCRIPTION_ID,
        customer_id=CUSTOMER_ID,
        active_from=at(start),
        created_at=at("2020-01-01"),
        starting_phase=starting_phase,
        billing_anchor=None if anchor is None else at(anchor),
    )


def subscription(
    start: str,
    cards: Sequence[RateCard] = (),
    *,
    phases: Sequence[PlanPhase] = (),
    end: str | None = None,
    anchor: str | None = None,
    cadence: str = "P1M",
) -> Subscription:
    """A subscription to one open phase of `cards`, or to `phases`, canceled at `end` if given."""
    made = subscribe(spec(*(phases or [phase("default", None, *cards)]), cadence=cadence), terms(start, anchor=anchor))
    return made if end is None else replace(made, active_to=at(end))


def bought(
    *cards: RateCard, addon_id: str = "addon", instance_type: InstanceType = InstanceType.MULTIPLE, **since: int
) -> SubscriptionAddon:
    """An add-on of these cards; `since` are dates as in `d2024_01_15=2`, each with the quantity from then on."""
    quantities = tuple(Quantity(at(day.removeprefix("d").replace("_", "-")), number) for day, number in since.items())
    return SubscriptionAddon(
        id=addon_id,
        addon=AddonReference(addon_id, "addon", 1, instance_type),
        name="Add-on",
        cards=tuple(AddonCard(card, card.feature_key and f"id of {card.feature_key}") for card in cards),
        quantities=quantities,
        created_at=at("2020-01-01"),
        updated_at=at("2020-01-01"),
    )
