"""An app that is named by its id alone, as by the URL of its webhook."""

from dataclasses import dataclass

from meterhouse.billing.installed_app import InstalledApp
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.payments", "named.sql")
_NO_NAMESPACE = ""


@dataclass(frozen=True, slots=True)
class NamedApp:
    namespace: str
    app: InstalledApp


class NamedApps:
    """Opens the namespace of the app that is named, and of no other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, app_id: str) -> NamedApp | None:
        """The app of this id; None where there is none, or where it was uninstalled."""
        with self._database.transaction(_NO_NAMESPACE, app=app_id) as transaction:
            row = transaction.fetch_one(_SQL["namespace_of"], {"id": app_id})
        if row is None:
            return None
        with self._database.transaction(row["namespace"]) as transaction:
            app = PostgresApps(transaction).by_ids([app_id]).get(app_id)
        return None if app is None or app.deleted_at is not None else NamedApp(row["namespace"], app)
