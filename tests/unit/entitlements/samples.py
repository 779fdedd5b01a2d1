"""What rules are asked about: a meter, its feature, entitlements on it. Instants are written as dates."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType
from meterhouse.entitlements.entitlement_rules import Entitled
from meterhouse.entitlements.grant_rules import GrantBounds
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, GrantSpec, RecurrenceSpec
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput, Problems
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from tests.unit.subscriptions.samples import at

BEGIN = at("2024-01-01")
NOW = at("2024-03-15T10:30:40Z")
MONTHLY = RecurrenceSpec(Cadence.parse("P1M"), BEGIN)
METERED = EntitlementSpec(
    EntitlementType.METERED, feature_key="tokens", usage_period=MONTHLY, allowance=AllowanceSpec()
)


def entitled(aggregation: Aggregation | None = Aggregation.SUM) -> Entitled:
    """Of a feature on such a meter, or on none."""
    if aggregation is None:
        return Entitled("customer", Feature("feature", FeatureSpec("tokens", "Tokens"), BEGIN, BEGIN))
    meter = new_meter("meter", MeterSpec("tokens", aggregation, "used", "Tokens", "$.value"), BEGIN)
    spec = FeatureSpec("tokens", "Tokens", "tokens")
    return Entitled("customer", Feature("feature", spec, BEGIN, BEGIN, meter_id="meter"), meter)


def periods(*manual: ManualReset, measured_from: datetime = BEGIN) -> UsagePeriods:
    """Months from January on."""
    return UsagePeriods(MONTHLY.cadence, BEGIN, measured_from, manual=manual)


def entitlement(active_from: datetime = BEGIN, active_to: datetime | None = None) -> Entitlement:
    return Entitlement(
        id="entitlement",
        customer_id="customer",
        feature_id="feature",
        feature_key="tokens",
        type=EntitlementType.METERED,
        active_from=active_from,
        active_to=active_to,
        created_at=BEGIN,
        updated_at=BEGIN,
        allowance=Allowance(periods()),
        meter_id="meter",
    )


def grant_spec(**fields: Any) -> GrantSpec:
    return replace(GrantSpec(Decimal(10), NOW), **fields)


def bounds(*manual: ManualReset) -> GrantBounds:
    return GrantBounds("entitlement", periods(*manual), NOW)


def codes(problems: Problems) -> list[tuple[str, str]]:
    """Field and code of each problem."""
    try:
        problems.raise_if_any("wrong")
    except InvalidInput as error:
        return [(problem.field, problem.code) for problem in error.problems]
    return []
