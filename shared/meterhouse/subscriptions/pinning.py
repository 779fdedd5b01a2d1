"""What custom currencies are worth to a subscription that pins it: what was in force when it was agreed on."""

from collections.abc import Collection
from dataclasses import replace

from meterhouse.catalog.custom_currency import cost_basis_at
from meterhouse.catalog.known_currencies import Currencies
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.subscriptions.model import CostBasisMode, CostBasisPin, Subscription

FIELD = "/costBasisMode"


def with_pins(subscription: Subscription, currencies: Currencies, field: str = FIELD) -> Subscription:
    """The subscription with a pin for each custom currency that it is priced in; what is pinned stays so.

    Pinned is what is in force when the subscription begins; for what an edit adds later, when it was edited.

    Raises:
        InvalidInput: `cost_basis_not_found` at `field`: nobody said what a unit is worth then.
    """
    missing = subscription.currency_codes() - {pin.currency_code for pin in subscription.pins}
    if subscription.cost_basis_mode is not CostBasisMode.PINNED or not missing:
        return subscription
    made = _pins(subscription, missing, currencies, field)
    return replace(subscription, pins=tuple(sorted((*subscription.pins, *made), key=lambda pin: pin.currency_code)))


def _pins(subscription: Subscription, codes: Collection[str], currencies: Currencies, field: str) -> list[CostBasisPin]:
    known = currencies.by_codes(codes)
    bases = currencies.cost_bases([one.id for one in known.values()])
    at, fiat = max(subscription.active_from, subscription.updated_at), subscription.currency
    pins, problems = list[CostBasisPin](), list[Problem]()
    for code in sorted(codes):
        own = [one for one in bases if one.currency_id == known[code].id]
        basis = cost_basis_at(own, fiat, at)
        if basis is None:
            message = f"nobody said what {code} is worth in {fiat} then, so it cannot be pinned"
            problems.append(Problem(field, "cost_basis_not_found", message))
        else:
            pins.append(CostBasisPin(code, known[code].id, basis.id))
    if problems:
        raise InvalidInput("; ".join(one.message for one in problems), problems)
    return pins
