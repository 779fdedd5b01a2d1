"""Callers that want different things of one app at the same time, each on a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.profiles import AppChoice, ProfileService
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.payments.apps import AppService
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.secretsmanager_writer import SecretsManagerWriter
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.billing.given import PROFILES
from tests.integration.payments.given import APPS, AppsApi
from tests.unit.billing.samples import profile_with


def succeeds(settings: PostgresSettings, act: Callable[[Database], object]) -> bool:
    database = Database(lambda: settings)
    try:
        act(database)
    except (Conflict, InvalidInput):
        return False
    finally:
        database.close()
    return True


def test_an_app_has_a_profile_or_is_uninstalled_never_both(api: AppsApi, database_settings: PostgresSettings) -> None:
    namespace, spec = api.run.namespace, profile_with().spec
    api.ok("POST", PROFILES, api.one_app(api.sandbox()["id"], default=True))
    for _ in range(6):
        app = api.install("custom_invoicing", createBillingProfile=False)["id"]

        def choose(database: Database, app: str = app) -> None:
            installed = InstalledApps(begins(database, PostgresApps))
            ProfileService(begins(database, PostgresBilling), installed).create(
                namespace, spec, AppChoice(app, app, app)
            )

        def uninstall(database: Database, app: str = app) -> None:
            AppService(begins(database, PostgresPayments), SecretsManagerWriter(), {}).uninstall(namespace, app)

        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(succeeds, database_settings, act) for act in (choose, uninstall)]
        chosen, uninstalled = (one.result() for one in both)
        assert chosen != uninstalled
        assert ("deletedAt" in api.ok("GET", f"{APPS}/{app}")) == uninstalled
