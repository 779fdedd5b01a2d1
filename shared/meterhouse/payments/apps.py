"""Installed apps, seen, changed and uninstalled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.billing.installed_app import AppStatus, AppType, CustomInvoicingConfig, InstalledApp, StripeConfig
from meterhouse.billing.ports import PageOf
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.payments.events import app_event
from meterhouse.payments.installed_apps import sandbox
from meterhouse.payments.key_faults import faults_at
from meterhouse.payments.ports import Connector, PaymentsStore, SecretKeeper
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class AppChange:
    """What takes the place of an app's old description.

    Attributes:
        config: of custom invoicing alone; what Stripe says of an account is not the caller's to change.
        api_key: in place of the one that is kept; None: that one stays.
    """

    type: AppType
    name: str
    description: str | None = None
    metadata: Mapping[str, str] | None = None
    config: CustomInvoicingConfig | None = None
    api_key: str | None = None


class AppService:
    def __init__(
        self,
        begin: Begin[PaymentsStore],
        secrets: SecretKeeper,
        connectors: Mapping[AppType, Connector],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._secrets = secrets
        self._connectors = connectors
        self._now = now
        self._new_id = new_id

    def page(self, namespace: str, page: PageOf) -> tuple[list[InstalledApp], int]:
        """One page of installed apps, the sandbox among them, and how many there are."""
        with self._begin(namespace) as work:
            sandbox(work.store.apps, namespace, self._now())
            found = work.store.apps.page(page)
            work.commit()
        return found

    def get(self, namespace: str, app_id: str) -> InstalledApp:
        """An app, an uninstalled one too.

        Raises:
            NotFound: there is none of this id.
        """
        with self._begin(namespace) as work:
            found = self._found(work, namespace, app_id)
            work.commit()
        return found

    def replace(self, namespace: str, app_id: str, change: AppChange) -> InstalledApp:
        """Put `change` in place of what the app is called and set to.

        Raises:
            NotFound: there is no such app.
            Conflict: it is uninstalled.
            InvalidInput: it is of another type, or the new key opens nothing, or another account.
            Unavailable: nobody answers who could tell of the new key.
        """
        with self._begin(namespace) as work:
            work.lock("app", app_id)
            before = self._live(work, namespace, app_id)
            if change.type is not before.type:
                message = f"the app is of type {before.type.value}, for good"
                raise InvalidInput(message, [Problem("/type", "app_type", message)])
            changed = replace(
                before,
                name=change.name,
                description=change.description,
                metadata=change.metadata or {},
                config=change.config or before.config,
                updated_at=self._now(),
            )
            if change.api_key is not None:
                changed = self._with_key(namespace, changed, change.api_key)
            work.store.apps.save(changed)
            work.publish(app_event(self._new_id(), "app.updated", changed))
            work.commit()
        return changed

    def replace_key(self, namespace: str, app_id: str, api_key: str) -> None:
        """Put the key of a Stripe app's account in place of the old one.

        Raises:
            NotFound, Conflict, InvalidInput, Unavailable: as `replace`.
        """
        found = self.get(namespace, app_id)
        if found.type is not AppType.STRIPE:
            message = f"the app is of type {found.type.value}, which has no key"
            raise InvalidInput(message, [Problem("path:id", "app_type", message)])
        change = AppChange(AppType.STRIPE, found.name, found.description, found.metadata, None, api_key)
        self.replace(namespace, app_id, change)

    def uninstall(self, namespace: str, app_id: str) -> None:
        """Uninstall softly, its credentials for good; uninstalling again deletes what of these is left.

        Raises:
            NotFound: there is no such app.
            Conflict: a billing profile names it, or an invoice that is not at its end, or a credit note is pending.
            Unavailable: its credentials cannot be deleted now, while it is uninstalled.
        """
        with self._begin(namespace) as work:
            work.lock("app", app_id)
            # a profile that is being made of it waits, or is waited for
            work.lock("billing_profiles")
            before = self._found(work, namespace, app_id)
            if before.deleted_at is None:
                if _is_needed(work, before):
                    raise Conflict(
                        "a billing profile, an invoice under way or a pending note needs the app", "app_in_use"
                    )
                now = self._now()
                gone = replace(before, updated_at=now, deleted_at=now)
                work.store.apps.save(gone)
                work.publish(app_event(self._new_id(), "app.uninstalled", gone))
            work.commit()
        self._disconnect(namespace, app_id)

    def _with_key(self, namespace: str, app: InstalledApp, api_key: str) -> InstalledApp:
        connector, before = self._connectors[app.type], app.config
        with faults_at("/secretAPIKey"):
            account = connector.account_of(api_key)
        if isinstance(before, StripeConfig) and account.config.account_id != before.account_id:
            message = f"the key opens account {account.config.account_id}, the app is of {before.account_id}"
            raise InvalidInput(message, [Problem("/secretAPIKey", "another_account", message)])
        with faults_at("/secretAPIKey"):
            credentials = connector.connect(namespace, app.id, api_key)
            self._secrets.keep(namespace, app.id, credentials)
            connector.settle(app.id, credentials)
        return replace(app, config=account.config, status=AppStatus.READY)

    def _disconnect(self, namespace: str, app_id: str) -> None:
        """Once nobody can see the app; unless it was installed again meanwhile."""
        with self._begin(namespace) as work:
            work.lock("app", app_id)
            app = self._found(work, namespace, app_id)
            connector = self._connectors.get(app.type)
            if connector is not None and app.deleted_at is not None:
                connector.disconnect(namespace, app.id)
                self._secrets.forget(namespace, app.id)

    def _found(self, work: Work[PaymentsStore], namespace: str, app_id: str) -> InstalledApp:
        sandbox(work.store.apps, namespace, self._now())
        found = work.store.apps.by_ids([app_id]).get(app_id)
        if found is None:
            raise NotFound("app", app_id)
        return found

    def _live(self, work: Work[PaymentsStore], namespace: str, app_id: str) -> InstalledApp:
        found = self._found(work, namespace, app_id)
        if found.deleted_at is not None:
            raise Conflict(f"app {app_id} is uninstalled", "app_uninstalled")
        return found


def _is_needed(work: Work[PaymentsStore], app: InstalledApp) -> bool:
    awaits_first_profile = app.type is AppType.SANDBOX and not work.store.use.has_default()
    return awaits_first_profile or work.store.use.is_used(app.id)
