"""A change of the catalog as a whole, on the wire: ours, the contract has no such thing."""

from typing import Annotated

from pydantic import Field

from meterhouse.catalog.addon_schema import AddonCreate
from meterhouse.catalog.feature_schema import FeatureCreateInputs
from meterhouse.catalog.plan_addon_schema import PlanAddonReplaceUpdate
from meterhouse.catalog.plan_schema import PlanCreate
from meterhouse.catalog.schema import ValidationErrorWire
from meterhouse.metering.schema import MeterCreate, MeterUpdate, Slug
from meterhouse.platform.wire import Key, Wire

_Many = Field(max_length=1000)
Terms = dict[Key, PlanAddonReplaceUpdate]
"""What a plan sells: of each add-on, by its key, the version on sale."""


class ChangedMeter(MeterUpdate):
    slug: Slug


class OfferedPlan(PlanCreate):
    addons: Annotated[Terms, _Many] = Field(default_factory=dict)


class PlanAddons(Wire):
    """What a plan on sale is to sell from now on, and nothing else."""

    key: Key
    addons: Annotated[Terms, _Many]


class CatalogChange(Wire):
    """What is to be made, changed and taken off sale, in this order.

    Features take the place of live ones of the same key, versions that of a draft.
    """

    meters: Annotated[list[MeterCreate], _Many] = Field(default_factory=list)
    changed_meters: Annotated[list[ChangedMeter], _Many] = Field(default_factory=list)
    features: Annotated[list[FeatureCreateInputs], _Many] = Field(default_factory=list)
    draft_addons: Annotated[list[AddonCreate], _Many] = Field(default_factory=list)
    addons: Annotated[list[AddonCreate], _Many] = Field(default_factory=list)
    archived_addons: Annotated[list[Key], _Many] = Field(default_factory=list)
    draft_plans: Annotated[list[OfferedPlan], _Many] = Field(default_factory=list)
    plans: Annotated[list[OfferedPlan], _Many] = Field(default_factory=list)
    plan_addons: Annotated[list[PlanAddons], _Many] = Field(default_factory=list)
    archived_plans: Annotated[list[Key], _Many] = Field(default_factory=list)
    archived_features: Annotated[list[Key], _Many] = Field(default_factory=list)

    @property
    def size(self) -> int:
        """How many things it makes, changes and takes off sale, what plans sell among them."""
        things = sum(len(getattr(self, name)) for name in type(self).model_fields)
        offered = [plan.addons for plan in (*self.draft_plans, *self.plans)]
        return things + sum(map(len, [*offered, *(plan.addons for plan in self.plan_addons)]))


class CatalogRehearsal(Wire):
    """What keeps the change from being made; pointers lead into the change as it was sent."""

    validation_errors: list[ValidationErrorWire]
