"""Add-ons of a namespace."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from meterhouse.catalog.addon import Addon, AddonSpec
from meterhouse.catalog.addon_rules import CARDS, addon_contradictions, addon_feature_keys, unsold_addon
from meterhouse.catalog.known_currencies import precise, worthless, worths
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.known_tax_codes import live_tax_codes, unknown_tax_codes
from meterhouse.catalog.ports import CatalogStore
from meterhouse.catalog.rate_card_rules import placed
from meterhouse.catalog.version_sale import VersionSale
from meterhouse.catalog.version_service import Kind, VersionService
from meterhouse.kernel.errors import Problem


def _obstacles(store: CatalogStore, addons: Sequence[Addon], at: datetime) -> Mapping[str, Sequence[Problem]]:
    keys = {key for addon in addons for key in addon_feature_keys(addon.spec)}
    known = known_features(store.features, store.meters, keys)
    taxed = live_tax_codes(store.tax_codes, (card for addon in addons for card in addon.spec.rate_cards))
    worth = worths(store.currencies, (card for addon in addons for card in addon.spec.rate_cards), at)
    return {
        addon.id: [
            *unsold_addon(addon.spec, known),
            *unknown_tax_codes(placed(addon.spec.rate_cards, CARDS), taxed),
            *worthless(placed(addon.spec.rate_cards, CARDS), addon.spec.currency, worth),
        ]
        for addon in addons
    }


def _precise(store: CatalogStore, spec: AddonSpec) -> AddonSpec:
    return replace(spec, rate_cards=precise(store.currencies, spec.rate_cards))


def _users(store: CatalogStore, addon: Addon, at: datetime) -> Sequence[str]:
    return [f"plan {plan.key} version {plan.version}" for plan in store.plan_addons.plans_with(addon.id, at)]


ADDONS: Kind[AddonSpec] = Kind("addon", lambda store: store.addons, _precise, addon_contradictions, _obstacles, _users)


class AddonService(VersionService[AddonSpec]):
    kind = ADDONS


class AddonSale(VersionSale[AddonSpec]):
    kind = ADDONS
