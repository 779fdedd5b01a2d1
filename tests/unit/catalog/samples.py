"""A sound plan, and pieces to make it unsound."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from meterhouse.catalog.addon import Addon, AddonSpec, InstanceType
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.plan import PlanPhase, PlanSpec
from meterhouse.catalog.price import FlatPrice, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation

START = datetime(2013, 1, 1, tzinfo=UTC)
MONTHLY = Cadence.parse("P1M")
FEE = RateCard(RateCardType.FLAT_FEE, "airport_fee", "Airport fee", FlatPrice(Decimal(500)), MONTHLY)
MILES = RateCard(RateCardType.USAGE_BASED, "miles", "Miles", UnitPrice(Decimal("0.001")), MONTHLY, "miles")
DEPARTURES = RateCard(
    RateCardType.USAGE_BASED,
    "departures",
    "Departures",
    TieredPrice(
        TierMode.GRADUATED,
        (
            Tier(Decimal(1000), None, Decimal("1.50")),
            Tier(Decimal(5000), Decimal(10), Decimal("1.2")),
            Tier(None, None, Decimal(1)),
        ),
    ),
    MONTHLY,
    "departures",
)
PHASE = PlanPhase("default", "Default", None, (FEE, DEPARTURES, MILES))
AIRLINE = PlanSpec("Airline", "USD", MONTHLY, (PHASE,))


EXTRA_FEE = RateCard(RateCardType.FLAT_FEE, "airport_fee", "Second terminal", FlatPrice(Decimal(300)), MONTHLY)
LOUNGE = RateCard(RateCardType.FLAT_FEE, "lounge", "Lounge", FlatPrice(Decimal(40)), MONTHLY, "lounge")
TERMINAL = AddonSpec("Terminal", "USD", InstanceType.MULTIPLE, (EXTRA_FEE, LOUNGE))
METER = "01HZ0000000000000000000009"


def known(*features: Feature, aggregation: Aggregation = Aggregation.SUM) -> KnownFeatures:
    """These features, on meters that all aggregate alike."""
    meters = {one.meter_id for one in features if one.meter_id is not None}
    return KnownFeatures({one.key: one for one in features}, dict.fromkeys(meters, aggregation))


def feature(key: str, meter: str | None = METER, archived: datetime | None = None) -> Feature:
    spec = FeatureSpec(key, key.title(), None if meter is None else key)
    return Feature("01HZ0000000000000000000008", spec, START, START, meter, archived)


def addon(spec: AddonSpec = TERMINAL, sold_from: datetime | None = START, until: datetime | None = None) -> Addon:
    return Addon("01HZ00000000000000000000A1", "terminal", 1, spec, START, START, sold_from, until)


def plan_of(*cards: RateCard) -> PlanSpec:
    return replace(AIRLINE, phases=(replace(PHASE, rate_cards=cards),))


def tiered(*tiers: Tier) -> RateCard:
    return replace(DEPARTURES, price=TieredPrice(TierMode.GRADUATED, tiers))
