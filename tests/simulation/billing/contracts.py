"""Whose customers there are, what they agreed on, and on which terms they are invoiced."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.profile import CollectionMethod, LateUsage, Party, Profile, ProfileSpec, Workflow
from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency, CustomCurrencySpec
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import UnitPrice
from meterhouse.customers.model import Address, Customer, CustomerDetails
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.duration import Duration
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.top_up import Limits, TopUp
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import Terms, pinned, subscribe
from tests.simulation.billing.tables import Tables
from tests.simulation.chance import BEGIN, Chance
from tests.unit.subscriptions.samples import fee, phase, spec, usage

NAMESPACE = "acme"
USD = "USD"
PRICE = Decimal("0.0333")
"""Of a unit: sums of parts that are rounded each for itself would differ."""
FEE = Decimal(20)
SIGNED_AT = BEGIN - timedelta(days=60)
CREDITS = CustomCurrency(f"{940:026}", CustomCurrencySpec("CREDITS", "Credits", 3, ".", ","), SIGNED_AT)
WORTH = CurrencyCostBasis(f"{941:026}", CREDITS.id, USD, Decimal("0.7"), SIGNED_AT, SIGNED_AT)
"""Of a unit, so that money for the units that credit leaves is rounded, too."""
_CALLS = Feature(f"{901:026}", FeatureSpec("calls", "Calls", "calls"), SIGNED_AT, SIGNED_AT, meter_id=f"{902:026}")
_CARDS = (fee("fee", str(FEE)), replace(usage("calls"), price=UnitPrice(PRICE), feature_key="calls"))


def signed(tables: Tables, chance: Chance) -> list[Subscription]:
    """Two customers, each with a fee in advance and usage by the month, each in money or units; the seed decides."""
    draw = chance.draw
    tables.committed["features"][_CALLS.id] = _CALLS
    tables.committed["currencies"][CREDITS.id] = CREDITS
    tables.committed["cost bases"][WORTH.id] = WORTH
    tables.committed["profiles"]["p"] = _profile(chance)
    made = []
    for number in (1, 2):
        customer_id = f"{910 + number:026}"
        details = CustomerDetails(f"Customer {number}", key=f"c{number}", subject_keys=(f"s{number}",))
        tables.committed["customers"][customer_id] = Customer(customer_id, details, SIGNED_AT, SIGNED_AT)
        start = datetime(2026, 3, draw.choice([1, 15, 27]), tzinfo=BEGIN.tzinfo)
        terms = Terms(id=f"{920 + number:026}", customer_id=customer_id, active_from=start, created_at=SIGNED_AT)
        mode = SettlementMode.CREDIT_ONLY if chance.happens(0.15) else SettlementMode.CREDIT_THEN_INVOICE
        cards = [replace(card, currency=CREDITS.currency) if chance.happens(0.25) else card for card in _CARDS]
        sold = replace(spec(phase("default", None, *cards)), settlement_mode=mode)
        subscription = pinned(subscribe(sold, terms), {"calls": _CALLS})
        tables.committed["subscriptions"][subscription.id] = subscription
        made.append(subscription)
        if chance.happens(0.4):
            top_up = _top_up(customer_id)
            tables.committed["top ups"][customer_id, USD] = top_up
    return made


def _profile(chance: Chance) -> Profile:
    draw = chance.draw
    workflow = Workflow(
        collection_interval=Duration(draw.choice(["P0D", "PT1H", "P2D"])),
        auto_advance=chance.happens(0.8),
        draft_period=Duration(draw.choice(["P0D", "P0D", "P2D"])),
        collection_method=draw.choice(list(CollectionMethod)),
        progressive_billing=chance.happens(0.5),
        late_usage=LateUsage.IGNORE,
    )
    said = ProfileSpec("Profile", Party(name="House", address=Address(country="US")), workflow, is_default=True)
    return Profile(f"{930:026}", said, "cashier", SIGNED_AT, SIGNED_AT)


def _top_up(customer_id: str) -> TopUp:
    granted = CreditGrantSpec("Top-up", Funding.INVOICE, USD, Decimal(15), purchase=PurchaseSpec(USD, Decimal(1)))
    return TopUp(customer_id, granted, Decimal(10), Limits(Cadence.parse("P1M"), times=2), SIGNED_AT, SIGNED_AT)
