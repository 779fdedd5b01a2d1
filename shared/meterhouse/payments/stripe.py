"""From an installed Stripe app to the adapter that calls it, with its key and its customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.payments.stripe_api import StripeRefusal, StripeSettings, connect
from meterhouse.payments.stripe_app import StripeApp
from meterhouse.platform import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import stripe

    from meterhouse.billing.installed_app import InstalledApp
    from meterhouse.payments.ports import Secrets, StripeCustomers

API_KEY = "api_key"
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - a name, as above: those of an app's credentials
WEBHOOK_ENDPOINT = "webhook_endpoint"


class StripeApps:
    def __init__(
        self,
        customers: StripeCustomers,
        secrets: Secrets,
        settings: Callable[[], StripeSettings] = StripeSettings.from_environment,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.customers = customers
        self._secrets = secrets
        self._settings = settings
        self._now = now

    def __call__(self, namespace: str, app: InstalledApp) -> StripeApp:
        """The app's adapter; nothing is read before its first call."""
        return StripeApp(
            lambda: self.client(namespace, app),
            lambda customer_id: self.customers.of(namespace, app.id, customer_id),
            self._now,
            lambda refusal: self.refused(namespace, app, refusal),
        )

    def refused(self, namespace: str, app: InstalledApp, refusal: StripeRefusal) -> None:
        """Note what a refusal says of the app: a key that Stripe does not take makes it unauthorized."""
        if refusal.is_of_key:
            self.customers.unauthorized(namespace, app)

    def client(self, namespace: str, app: InstalledApp) -> stripe.StripeClient:
        """Stripe, as the account of the app.

        Raises:
            StripeRefusal: the app was uninstalled, and its key is gone.
        """
        if app.deleted_at is not None:
            raise StripeRefusal("stripe_uninstalled", f"the Stripe app {app.name!r} was uninstalled")
        return connect(self._secrets.of(namespace, app.id)[API_KEY], self._settings())

    def webhook_secret(self, namespace: str, app: InstalledApp) -> str:
        return self._secrets.of(namespace, app.id)[WEBHOOK_SECRET]
