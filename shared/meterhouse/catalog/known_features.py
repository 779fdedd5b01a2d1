"""What rules need to know of the features that rate cards name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.metering.aggregation import Aggregation


@dataclass(frozen=True, slots=True)
class KnownFeatures:
    """Features by key, archived ones too, and how their meters aggregate, by meter id."""

    by_key: Mapping[str, Feature] = field(default_factory=dict)
    aggregations: Mapping[str, Aggregation] = field(default_factory=dict)

    def aggregation(self, feature: Feature) -> Aggregation | None:
        """That of the feature's meter; None without a meter."""
        return None if feature.meter_id is None else self.aggregations[feature.meter_id]


class Features(Protocol):
    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]: ...


class Aggregating(Protocol):
    @property
    def aggregation(self) -> Aggregation: ...


class Meters(Protocol):
    def by_ids(self, meter_ids: Collection[str]) -> Mapping[str, Aggregating]:
        """Meters by id, deleted ones too."""


def known_features(features: Features, meters: Meters, keys: Collection[str]) -> KnownFeatures:
    """The features of these keys as they stand in the stores; keys that nothing has are left out."""
    by_key = features.by_keys(keys)
    ids = {feature.meter_id for feature in by_key.values() if feature.meter_id is not None}
    metered = meters.by_ids(ids) if ids else {}
    return KnownFeatures(by_key, {meter_id: meter.aggregation for meter_id, meter in metered.items()})
