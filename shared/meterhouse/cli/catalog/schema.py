"""The documents of a catalog: the contract's requests, without what the file's place says."""

from collections.abc import Mapping

from meterhouse.cli.catalog.kinds import (
    DECIMAL,
    DURATION,
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Conditions,
    Family,
    Field,
    Listed,
    Named,
    Record,
    Variant,
    choice,
)

_STORED = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "annotations"})
_VERSIONED = _STORED | {"version", "status", "effectiveFrom", "effectiveTo", "validationErrors"}
_MONEY = Field(DECIMAL)
_NEEDED_MONEY = Field(DECIMAL, is_required=True)
_COMMITMENTS = {"minimumAmount": _MONEY, "maximumAmount": _MONEY}
_AMOUNT = {"amount": _NEEDED_MONEY}
_IN_TIER = Field(Variant({"flat": Record(_AMOUNT), "unit": Record(_AMOUNT)}))
_TIER = Record({"upToAmount": _MONEY, "flatPrice": _IN_TIER, "unitPrice": _IN_TIER})
_PRICE = Variant(
    {
        "flat": Record(
            _AMOUNT | {"paymentTerm": Field(choice("in_advance", "in_arrears"), default="in_advance")},
        ),
        "unit": Record(_AMOUNT | _COMMITMENTS),
        "tiered": Record(
            {
                "mode": Field(choice("graduated", "volume"), is_required=True),
                "tiers": Field(Listed(_TIER), is_required=True),
                **_COMMITMENTS,
            }
        ),
        "dynamic": Record({"multiplier": Field(DECIMAL, default=DECIMAL.read("1")), **_COMMITMENTS}),
        "package": Record(_AMOUNT | {"quantityPerPackage": _NEEDED_MONEY, **_COMMITMENTS}),
    }
)
_METADATA = {"metadata": Field(TEXTS)}
_DESCRIBED = {"name": Field(TEXT, is_required=True), "description": Field(TEXT), **_METADATA}
_ENTITLEMENT = Variant(
    {
        "metered": Record(
            {
                "isSoftLimit": Field(FLAG, default=False),
                "issueAfterReset": Field(NUMBER),
                "issueAfterResetPriority": Field(WHOLE, default=1),
                "preserveOverageAtReset": Field(FLAG, default=False),
                "usagePeriod": Field(DURATION),
                **_METADATA,
            }
        ),
        "static": Record({"config": Field(TEXT, is_required=True), **_METADATA}),
        "boolean": Record(_METADATA),
    }
)
_TAX = Record(
    {
        "behavior": Field(choice("inclusive", "exclusive")),
        "stripe": Field(Record({"code": Field(TEXT, is_required=True)})),
        "customInvoicing": Field(Record({"code": Field(TEXT, is_required=True)})),
        "taxCodeId": Field(TEXT),
    }
)
_DISCOUNTS = Record(
    {
        "percentage": Field(Record({"percentage": Field(NUMBER, is_required=True)})),
        "usage": Field(Record({"quantity": _NEEDED_MONEY})),
    }
)
_UNIT_CONFIG = Record(
    {
        "operation": Field(choice("divide", "multiply"), is_required=True),
        "conversionFactor": _NEEDED_MONEY,
        "rounding": Field(choice("ceiling", "floor", "half_up", "none"), default="none"),
        "precision": Field(WHOLE, default=0),
        "displayUnit": Field(TEXT),
    }
)
_KEYED = {"key": Field(TEXT, is_required=True), **_DESCRIBED}


def _rate_card(cadence: Field, more: Mapping[str, Field]) -> Record:
    return Record(
        {
            **_KEYED,
            **more,
            "featureKey": Field(TEXT),
            "billingCadence": cadence,
            "currency": Field(TEXT),
            "price": Field(_PRICE, is_null=True),
            "discounts": Field(_DISCOUNTS),
            "entitlementTemplate": Field(_ENTITLEMENT),
            "taxConfig": Field(_TAX),
        }
    )


_RATE_CARDS = Field(
    Listed(
        Variant(
            {
                "flat_fee": _rate_card(Field(DURATION, is_null=True), {}),
                "usage_based": _rate_card(Field(DURATION, is_required=True), {"unitConfig": Field(_UNIT_CONFIG)}),
            }
        ),
        is_keyed=True,
    ),
    is_required=True,
)
_PHASE = Record({**_KEYED, "duration": Field(DURATION, is_null=True), "rateCards": _RATE_CARDS})
_PRORATING = Record(
    {
        "enabled": Field(FLAG, default=True),
        "mode": Field(choice("prorate_prices"), default="prorate_prices"),
    }
)
_DRAFT = {"draft": Field(FLAG, default=False, is_sent=False)}

METERS = Family(
    "meters",
    "meter",
    Record(
        {
            "name": Field(TEXT, default_is_key=True),
            "description": Field(TEXT),
            "eventType": Field(TEXT, is_required=True),
            "aggregation": Field(
                choice("SUM", "COUNT", "AVG", "MIN", "MAX", "UNIQUE_COUNT", "LATEST"), is_required=True
            ),
            "valueProperty": Field(TEXT),
            "groupBy": Field(TEXTS),
            "eventFrom": Field(INSTANT),
            **_METADATA,
        },
        _STORED,
    ),
    key="slug",
)
_LLM_COST = {
    name: Field(TEXT)
    for name in (
        *("provider", "providerProperty", "model", "modelProperty", "tokenType", "tokenTypeProperty"),
        *("inputTokensProperty", "processingProperty"),
    )
}
FEATURES = Family(
    "features",
    "feature",
    Record(
        {
            "name": Field(TEXT, is_required=True),
            "meterSlug": Field(TEXT),
            "meterGroupByFilters": Field(TEXTS),
            "advancedMeterGroupByFilters": Field(Named(Conditions())),
            "unitCost": Field(Variant({"manual": Record(_AMOUNT), "llm": Record(_LLM_COST)})),
            **_METADATA,
        },
        _STORED | {"archivedAt"},
    ),
)
ADDONS = Family(
    "addons",
    "add-on",
    Record(
        {
            **_DRAFT,
            **_DESCRIBED,
            "currency": Field(TEXT, is_required=True),
            "instanceType": Field(choice("single", "multiple"), is_required=True),
            "rateCards": _RATE_CARDS,
        },
        _VERSIONED,
    ),
    has_versions=True,
    list_query={"status": ["draft", "active"]},
)
TERMS = Record(
    {"fromPlanPhase": Field(TEXT, is_required=True), "maxQuantity": Field(WHOLE), **_METADATA},
    _STORED | {"addon", "validationErrors"},
)
"""How a plan sells an add-on."""
PLANS = Family(
    "plans",
    "plan",
    Record(
        {
            **_DRAFT,
            **_DESCRIBED,
            "currency": Field(TEXT, is_required=True),
            "billingCadence": Field(DURATION, is_required=True),
            "proRatingConfig": Field(_PRORATING),
            "settlementMode": Field(choice("credit_then_invoice", "credit_only"), default="credit_then_invoice"),
            "phases": Field(Listed(_PHASE, is_keyed=True), is_required=True),
            "addons": Field(Named(TERMS), is_sent=False),
        },
        _VERSIONED | {"alignment"},
    ),
    has_versions=True,
    list_query={"status": ["draft", "active", "scheduled"]},
)
FAMILIES = (METERS, FEATURES, ADDONS, PLANS)
"""In the order in which they are made: each stands on those before it."""
