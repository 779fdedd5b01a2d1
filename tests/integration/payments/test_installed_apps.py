"""Which app an invoice goes to, on the real database."""

from dataclasses import dataclass, replace

import pytest

from meterhouse.billing.app import Apps, Payment
from meterhouse.billing.installed_app import AppType, InstalledApp, StripeConfig
from meterhouse.billing.override import CustomerOverride
from meterhouse.billing.profile import Profile
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from tests.integration.billing.conftest import Run
from tests.unit.billing.samples import NOW, PROFILE, FakeApp


@dataclass
class TwoApps(Run):
    """A run whose namespace has, beside its sandbox, an app of somebody else's."""

    @property
    def apps(self) -> Apps:
        theirs = FakeApp(payment=Payment(Trigger.PAID), name="theirs")
        return InstalledApps(begins(self.database, PostgresApps), {AppType.STRIPE: lambda _, __: theirs})

    def install(self) -> str:
        made = InstalledApp(new_id(), AppType.STRIPE, "Theirs", NOW, NOW, config=StripeConfig("acct_1", False, "sk_…1"))  # noqa: FBT003
        with self.database.transaction(self.namespace) as transaction:
            PostgresApps(transaction).add(made)
            transaction.commit()
        return made.id

    def pin(self, customer_id: str, app_id: str) -> None:
        spec = replace(PROFILE.spec, is_default=False)
        profile = Profile(new_id(), spec, app_id, NOW, NOW)
        with self.begin(self.namespace) as work:
            work.store.profiles.add(profile)
            work.store.overrides.save(CustomerOverride(customer_id, profile.id, NOW, NOW))
            work.commit()


@pytest.fixture
def run(database: Database, namespace: str) -> TwoApps:
    return TwoApps(database, namespace)


def test_invoices_of_one_batch_go_each_to_its_own_app(run: TwoApps) -> None:
    pinned = run.customer("ann")
    run.pin(pinned, run.install())
    for customer in (pinned, run.customer("bob"), run.customer("cid")):
        run.subscribe(customer)

    assert run.all().failed == {}

    paid = run.invoices("paid")
    numbers = {invoice.number for invoice in paid if invoice.customer_id != pinned}
    assert numbers == {"SANDBOX-000001", "SANDBOX-000002"}
    [theirs] = [invoice for invoice in paid if invoice.customer_id == pinned]
    assert (theirs.number, theirs.external_id) == ("THEIRS-000001", "external")


def test_an_invoice_of_an_app_that_was_never_installed_fails_alone(run: TwoApps) -> None:
    stray = run.customer("ann")
    run.pin(stray, new_id())
    for customer in (stray, run.customer("bob")):
        run.subscribe(customer)

    assert run.all().failed.keys() == {stray}
    assert [invoice.customer_id == stray for invoice in run.invoices("paid")] == [False]


def test_an_app_of_another_namespace_is_none_of_ours(run: TwoApps, other_namespace: str) -> None:
    app_id = run.install()
    assert run.apps.of(run.namespace, [app_id])[app_id].name == "theirs"
    with pytest.raises(InvariantBroken, match="was ever installed here"):
        run.apps.of(other_namespace, [app_id])
