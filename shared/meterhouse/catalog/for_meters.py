"""What the metering room asks of features, answered from PostgreSQL."""

from collections.abc import Mapping, Sequence

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.ports import FeatureUse
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.platform.postgres import Database


class PostgresMeterUse:
    """Joins the transaction in which it is asked; `uses` tell which archived features rooms above still measure by."""

    def __init__(self, database: Database, uses: Sequence[FeatureUse] = ()) -> None:
        self._database = database
        self._uses = uses

    def group_bys_in_use(self, namespace: str, meter_id: str) -> Mapping[str, Sequence[str]]:
        """Of each feature in use on the meter, by its key, the group-by keys that it reads."""
        with self._database.transaction(namespace) as transaction:
            features = PostgresFeatures(transaction).on_meter(meter_id)
            kept = self._still_used(namespace, features)
        read: dict[str, set[str]] = {}
        for feature in features:
            if feature.archived_at is None or feature.id in kept:
                read.setdefault(feature.key, set()).update(feature.spec.group_bys)
        return {key: sorted(group_bys) for key, group_bys in read.items()}

    def _still_used(self, namespace: str, features: Sequence[Feature]) -> set[str]:
        archived = [feature.id for feature in features if feature.archived_at is not None]
        return {kept for use in self._uses if archived for kept in use.still_used(namespace, archived)}
