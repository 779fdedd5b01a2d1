"""Every route asked by one namespace for what is another's: by its path, and by what is named in a body or a query."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from tests.integration.tenancy import belongings as own
from tests.integration.tenancy.belongings import V1, V3
from tests.integration.tenancy.house import ROUTES, House

LEFT_OUT = re.compile(r"/marketplace/listings/|/debug/(dead-letters|conservation)")
"""Kinds of apps are everybody's; what the event log tells is asked by strangers in metering's test_dead_letters.py."""
_OF_CUSTOMER, _OF_SUBJECT = (
    "/api/v2/customers/{customerIdOrKey}/entitlements",
    f"{V1}/subjects/{{subjectIdOrKey}}/entitlements",
)
_SUBSCRIPTION, _INVOICE = f"{V1}/subscriptions/{{subscriptionId}}", f"{V1}/billing/invoices/{{invoiceId}}"
_CREDITS = f"{V3}/customers/{{customerId}}/credits"
_RESERVATIONS = f"{V1}/customers/{{customerIdOrKey}}/entitlements/{{featureKey}}/reservations"
_CUSTOM_INVOICING = f"{V1}/apps/custom-invoicing/{{invoiceId}}"
NOBODY = "01HZ0000000000000000000000"
_EDIT = {"customizations": [{"op": "unschedule_edit"}]}
APPS = ("tax", "invoicing", "payment")
PROFILE = {"name": "P", "supplier": {"name": "S", "addresses": [{"country": "DE"}]}, "default": False, "workflow": {}}
_MOMENT = format_rfc3339(clock.now())


def _without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


BODIES: Mapping[str, Any] = {
    f"PUT {V1}/meters/{{meterIdOrSlug}}": {"name": "Theirs", "groupBy": {"model": "$.model"}},
    f"PUT {V1}/customers/{{customerIdOrKey}}": own.CUSTOMER,
    f"POST {V3}/currencies/custom/{{currencyId}}/cost-bases": own.BASIS | {"effective_from": "2099-01-01T00:00:00Z"},
    f"PUT {V3}/tax-codes/{{taxCodeId}}": {"name": "Theirs", "app_mappings": []},
    f"PUT {V1}/plans/{{planId}}": _without(own.PLAN, "key", "currency"),
    f"PUT {V1}/addons/{{addonId}}": _without(own.ADDON, "key", "currency"),
    f"POST {V1}/plans/{{planId}}/addons": own.SALE | {"addonId": NOBODY},
    f"PUT {V1}/plans/{{planId}}/addons/{{planAddonId}}": own.SALE,
    f"POST {V1}/plans/{{planId}}/backtest": {"periods": 1},
    f"POST {_OF_CUSTOMER}": own.METERED,
    f"POST {_OF_SUBJECT}": own.METERED,
    f"PUT {_OF_CUSTOMER}/{{entitlementIdOrFeatureKey}}/override": own.METERED,
    f"PUT {_OF_SUBJECT}/{{entitlementIdOrFeatureKey}}/override": own.METERED,
    f"POST {_OF_CUSTOMER}/{{entitlementIdOrFeatureKey}}/grants": own.GRANT | {"effectiveAt": _MOMENT},
    f"POST {_OF_SUBJECT}/{{entitlementIdOrFeatureKey}}/grants": own.GRANT | {"effectiveAt": _MOMENT},
    f"PATCH {_SUBSCRIPTION}": _EDIT,
    f"POST {_SUBSCRIPTION}/change": {"timing": "immediate", "plan": {"key": "pro"}},
    f"POST {_SUBSCRIPTION}/addons": {
        "name": "Seats",
        "quantity": 1,
        "timing": "immediate",
        "addon": {"id": NOBODY},
    },
    f"PATCH {_SUBSCRIPTION}/addons/{{subscriptionAddonId}}": {"quantity": 1, "timing": "immediate"},
    f"POST {_SUBSCRIPTION}/preview": {"change": {"timing": "immediate", "plan": {"key": "pro"}}},
    f"POST {V1}/billing/audit-findings/{{findingId}}/resolve": {"reason": "seen"},
    f"PUT {V1}/billing/profiles/{{id}}": PROFILE,
    f"PUT {V1}/billing/customers/{{customerId}}": {},
    f"POST {V1}/billing/customers/{{customerId}}/invoices/pending-lines": own.LINES,
    f"POST {V1}/billing/customers/{{customerId}}/invoices/simulate": {
        "currency": "USD",
        "lines": [own.LINE | {"quantity": "1"}],
    },
    f"PUT {_INVOICE}": {
        "supplier": {"name": "S"},
        "customer": {"name": "C"},
        "lines": [],
        "workflow": {"workflow": {"invoicing": {}, "payment": {}}},
    },
    f"POST {_INVOICE}/credit-notes": {"reason": "outage"},
    f"POST {V1}/billing/credit-notes/{{id}}/given-back": {},
    f"POST {_INVOICE}/void": {"reason": "theirs", "action": {"percentage": 100, "action": {"type": "discard"}}},
    f"PUT {V1}/apps/{{id}}": {"type": "sandbox", "name": "Theirs"},
    f"POST {_CUSTOM_INVOICING}/draft/synchronized": {},
    f"POST {_CUSTOM_INVOICING}/issuing/synchronized": {},
    f"POST {_CUSTOM_INVOICING}/payment/status": {"trigger": "paid"},
    f"PUT {V1}/customers/{{customerIdOrKey}}/apps": [{"type": "sandbox"}],
    f"PUT {V1}/customers/{{customerIdOrKey}}/stripe": {"stripeCustomerId": "cus_1"},
    f"POST {V1}/customers/{{customerIdOrKey}}/stripe/portal": {},
    f"PUT {V1}/apps/{{id}}/stripe/api-key": {"secretAPIKey": "sk_test_theirs"},
    f"PUT {V1}/notification/channels/{{channelId}}": own.CHANNEL,
    f"POST {V1}/notification/channels/{{channelId}}/rotate-secret": {},
    f"PUT {V1}/notification/rules/{{ruleId}}": own.RULE | {"channels": [NOBODY]},
    f"POST {V1}/notification/events/{{eventId}}/resend": {},
    f"POST {_CREDITS}/grants": own.GIFT | own.PURCHASE,
    f"POST {_CREDITS}/grants/{{creditGrantId}}/settlement/external": {"status": "settled"},
    f"POST {_CREDITS}/adjustments": {"name": "Mistake", "currency": "USD", "amount": "-5"},
    f"PUT {_CREDITS}/auto-top-up/{{currency}}": own.TOP_UP,
    f"POST {V3}/features/{{featureId}}/cost/query": {},
    f"POST {V1}/api-keys/{{apiKeyId}}/rotate": {},
    f"POST {_RESERVATIONS}": {"amount": "1"},
    f"POST {_RESERVATIONS}/{{reservationId}}/settle": {"amount": "1"},
}
QUERIES: Mapping[str, Mapping[str, str]] = {
    f"GET {_OF_CUSTOMER}/{{entitlementIdOrFeatureKey}}/history": {"windowSize": "DAY"},
    f"GET {_OF_SUBJECT}/{{entitlementId}}/history": {"windowSize": "DAY"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    route: str
    status: int
    leaks: list[str]
    """Which of their ids the answer holds beside those that were asked for."""
    is_by_path: bool
    """Whether the path itself names what is theirs."""
    names_theirs: bool
    answer: str


def asked(house: House, theirs: Mapping[str, str]) -> list[Asked]:
    """Everything but what names nothing of a tenant."""
    mine = house.made(f"POST {V1}/customers", body={"key": f"of-{house.namespace}", "name": "Mine"})["id"]
    house.shows(mine)
    paths = [route for route in ROUTES if not LEFT_OUT.search(route)]
    return [*(_by_path(house, route, theirs) for route in paths), *_by_body(house, mine, theirs)]


def _by_path(house: House, route: str, theirs: Mapping[str, str]) -> Asked:
    parameters = {name: _value(route, name, theirs) for name in re.findall(r"{(\w+)}", route)}
    status, answer = house.ask(route, parameters, BODIES.get(route), **QUERIES.get(route, {}))
    others = {name: id_ for name, id_ in theirs.items() if id_ not in parameters.values()}
    told = json.dumps(answer)[-300:]
    named = bool(parameters)
    return Asked(route, status, _leaks(answer, others), is_by_path=named, names_theirs=named, answer=told)


def _value(route: str, name: str, theirs: Mapping[str, str]) -> str:
    """`{id}` is told by what comes before it."""
    found = theirs.get(name) or next((theirs[end] for end in theirs if end.startswith("/") and end in route), None)
    return found or NOBODY


def _by_body(house: House, mine: str, theirs: Mapping[str, str]) -> Iterable[Asked]:
    named: tuple[tuple[str, Mapping[str, str], object], ...] = (
        (f"POST {V1}/subscriptions", {}, {"plan": {"key": "pro"}, "customerId": theirs["customerId"]}),
        (f"POST {V1}/notification/rules", {}, own.RULE | {"channels": [theirs["channelId"]]}),
        (
            f"PUT {V1}/billing/customers/{{customerId}}",
            {"customerId": mine},
            {"billingProfileId": theirs["/profiles/{id}"]},
        ),
        (f"POST {V1}/billing/invoices/invoice", {}, {"customerId": theirs["customerId"]}),
        (f"POST {V1}/billing/profiles", {}, PROFILE | {"apps": dict.fromkeys(APPS, theirs["/apps/{id}"])}),
        (f"POST {_OF_CUSTOMER}", {"customerIdOrKey": mine}, {"type": "boolean", "featureId": theirs["featureId"]}),
        (f"POST {V1}/features", {}, {"key": "borrowed", "name": "Borrowed", "meterSlug": theirs["meterSlug"]}),
    )
    for route, parameters, body in named:
        status, answer = house.ask(route, parameters, body)
        told = json.dumps(answer)[-300:]
        yield Asked(f"{route} {json.dumps(body)}", status, [], is_by_path=False, names_theirs=True, answer=told)


def _leaks(answer: object, ids: Mapping[str, str]) -> list[str]:
    text = json.dumps(answer)
    return sorted(name for name, id_ in ids.items() if len(id_) == len(NOBODY) and f'"{id_}"' in text)
