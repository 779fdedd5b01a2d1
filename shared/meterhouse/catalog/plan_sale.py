"""Putting plans on sale and taking them off."""

from meterhouse.catalog.plan import PlanSpec
from meterhouse.catalog.plan_service import PLANS
from meterhouse.catalog.version_sale import VersionSale


class PlanSale(VersionSale[PlanSpec]):
    kind = PLANS
