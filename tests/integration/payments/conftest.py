"""Apps on the real database, with the emulator's Secrets Manager for their credentials."""

from collections.abc import Iterator, Mapping

import pytest

from localstack.stripe.server import running_stripe
from localstack.stripe.service import Stripe
from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import Run
from tests.integration.payments.given import AppsApi
from tests.integration.payments.stripe_run import StripeRun


@pytest.fixture
def secrets_manager(aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**aws_account, "APP_SECRETS_PREFIX": "meterhouse/apps/"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def stripe_double() -> Iterator[tuple[Stripe, str]]:
    double = Stripe()
    with running_stripe(double) as url:
        yield double, url


@pytest.fixture
def shop(database: Database, namespace: str, stripe_double: tuple[Stripe, str]) -> Iterator[StripeRun]:
    double, url = stripe_double
    made = StripeRun(database, namespace, double=double, url=url)
    made.events()
    yield made
    double.weather.storms.clear()
    double.account.of("webhook_endpoint").clear()


@pytest.fixture
def run(database: Database, namespace: str) -> Run:
    return Run(database, namespace)


@pytest.fixture
def api(run: Run, secrets_manager: None) -> AppsApi:
    assert secrets_manager is None
    return AppsApi(run)
