"""Add-ons of subscriptions as rows of their tables."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.document import rate_card_from_document, rate_card_to_document
from meterhouse.platform.postgres_transaction import Row
from meterhouse.subscriptions.addon import AddonCard, AddonReference, Quantity, SubscriptionAddon
from meterhouse.subscriptions.model import Subscription


def addon_values(subscription: Subscription) -> dict[str, Row]:
    """The rows of its add-ons, by id."""
    return {
        addon.id: {
            "subscription_id": subscription.id,
            "id": addon.id,
            "addon_id": addon.addon.id,
            "addon_key": addon.addon.key,
            "addon_version": addon.addon.version,
            "instance_type": addon.addon.instance_type.value,
            "name": addon.name,
            "description": addon.description,
            "metadata": json.dumps(dict(addon.metadata)),
            "cards": json.dumps([_card_document(card) for card in addon.cards]),
            "created_at": addon.created_at,
            "updated_at": addon.updated_at,
        }
        for addon in subscription.addons
    }


def quantity_values(subscription: Subscription) -> dict[str, Row]:
    """The rows of its add-ons' quantities, by what tells them apart."""
    return {
        f"{addon.id} {one.active_from}": {
            "subscription_addon_id": addon.id,
            "active_from": one.active_from,
            "quantity": one.quantity,
        }
        for addon in subscription.addons
        for one in addon.quantities
    }


def addon_of(document: Mapping[str, Any]) -> SubscriptionAddon:
    """The add-on of an element of `addons` in the view `subscriptions_in_json`."""
    return SubscriptionAddon(
        id=document["id"],
        addon=AddonReference(
            document["addon_id"],
            document["addon_key"],
            document["addon_version"],
            InstanceType(document["instance_type"]),
        ),
        name=document["name"],
        description=document["description"],
        metadata=document["metadata"],
        cards=tuple(
            AddonCard(rate_card_from_document(card["rate_card"]), card["feature_id"]) for card in document["cards"]
        ),
        quantities=tuple(
            Quantity(datetime.fromisoformat(one["active_from"]), one["quantity"]) for one in document["quantities"]
        ),
        created_at=datetime.fromisoformat(document["created_at"]),
        updated_at=datetime.fromisoformat(document["updated_at"]),
    )


def _card_document(card: AddonCard) -> dict[str, Any]:
    return {"rate_card": rate_card_to_document(card.rate_card), "feature_id": card.feature_id}
