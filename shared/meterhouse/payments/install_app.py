"""Installing apps: the credentials first, then the app and its profile in one transaction (ADR 0023)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from meterhouse.billing.app_listing import LISTINGS, Capability, InstallMethod
from meterhouse.billing.installed_app import AppStatus, AppType, CustomInvoicingConfig, InstalledApp
from meterhouse.billing.profile import Party, ProfileSpec, Workflow
from meterhouse.billing.profiles import AppChoice, ProfileService, sandbox_id
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.ids import derived_ulid
from meterhouse.payments.events import app_event
from meterhouse.payments.installed_apps import sandbox
from meterhouse.payments.key_faults import faults_at
from meterhouse.payments.ports import Account, Connector, PaymentsStore, SecretKeeper
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller decides about an app to install; `name` None: that of its listing."""

    name: str | None = None
    has_profile: bool = True


@dataclass(frozen=True, slots=True)
class Installed:
    """`default_for`: what the app does from now on for customers that follow the default profile."""

    app: InstalledApp
    default_for: tuple[Capability, ...] = ()


class InstallApp:
    """A sandbox, or an account, is installed once: who installs it again is answered with the app that is there.

    Custom invoicing may be there several times; a repeat of its install is told by its `Idempotency-Key`.
    """

    def __init__(
        self,
        begin: Begin[PaymentsStore],
        profiles: ProfileService,
        secrets: SecretKeeper,
        connectors: Mapping[AppType, Connector],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._profiles = profiles
        self._secrets = secrets
        self._connectors = connectors
        self._now = now
        self._new_id = new_id

    def without_credentials(self, namespace: str, kind: AppType, wish: Wish) -> Installed:
        """Install an app with nobody behind it. A namespace has one sandbox, and as many others as are installed.

        Raises:
            InvalidInput: apps of this type are installed in another way.
        """
        _check_method(kind, InstallMethod.NO_CREDENTIALS_REQUIRED)
        now = self._now()
        if kind is AppType.SANDBOX:
            return self._sandbox(namespace, wish, now)
        name = wish.name or LISTINGS[kind].name
        made = InstalledApp(self._new_id(), kind, name, now, now, config=CustomInvoicingConfig())
        return self._written(namespace, made, wish, None)

    def with_api_key(self, namespace: str, kind: AppType, wish: Wish, api_key: str) -> Installed:
        """Install the account that the key opens; where it is installed already, the key takes the old one's place.

        The app's id is made of the account, and so is the name of its secret, which is written first: an app without
        credentials is never seen, and what an attempt that broke off has left is written over by the next.

        Raises:
            InvalidInput: the key opens nothing, or apps of this type are installed in another way.
            Unavailable: nobody answers; nothing is installed.
        """
        _check_method(kind, InstallMethod.WITH_API_KEY)
        connector = self._connectors.get(kind)
        if connector is None:
            raise InvalidInput(
                "nothing here connects to such accounts",
                [Problem("path:type", "not_supported_yet", f"apps of type {kind.value} cannot be installed here yet")],
            )
        with faults_at("/apiKey"):
            account = connector.account_of(api_key)
        app_id = derived_ulid(_EPOCH, "app", namespace, kind.value, account.config.account_id)
        with self._begin(namespace) as work:
            work.lock("app", app_id)
            known = _installed(work, app_id)
            try:
                with faults_at("/apiKey"):
                    credentials = connector.connect(namespace, app_id, api_key)
                    self._secrets.keep(namespace, app_id, credentials)
                    connector.settle(app_id, credentials)
                installed = self._connected(work, namespace, app_id, account, known, wish)
            except Exception:
                # nobody sees an app that is not installed, so nobody else would clean up
                if known is None:
                    connector.disconnect(namespace, app_id)
                    self._secrets.forget(namespace, app_id)
                raise
            work.commit()
        return installed

    def _connected(
        self,
        work: Work[PaymentsStore],
        namespace: str,
        app_id: str,
        account: Account,
        known: InstalledApp | None,
        wish: Wish,
    ) -> Installed:
        now = self._now()
        if known is not None:
            again = replace(known, config=account.config, status=AppStatus.READY, updated_at=now)
            work.store.apps.save(again)
            work.publish(app_event(self._new_id(), "app.updated", again))
            return self._installed(namespace, again)
        name = wish.name or LISTINGS[AppType.STRIPE].name
        made = InstalledApp(app_id, AppType.STRIPE, name, now, now, config=account.config)
        return self._written(namespace, made, wish, account.supplier)

    def _sandbox(self, namespace: str, wish: Wish, now: datetime) -> Installed:
        with self._begin(namespace) as work:
            work.lock("app", sandbox_id(namespace))
            found = sandbox(work.store.apps, namespace, now)
            if found.deleted_at is None:
                work.commit()
                return self._installed(namespace, found)
            again = replace(found, name=wish.name or found.name, deleted_at=None, updated_at=now)
            installed = self._written(namespace, again, wish, None)
            work.commit()
        return installed

    def _written(self, namespace: str, app: InstalledApp, wish: Wish, supplier: Party | None) -> Installed:
        """The app, new or installed again, and the profile that was asked for."""
        with self._begin(namespace) as work:
            work.store.apps.add(app)
            work.store.apps.save(app)
            work.publish(app_event(self._new_id(), "app.installed", app))
            if wish.has_profile:
                self._add_profile(namespace, app, supplier)
            work.commit()
        return self._installed(namespace, app)

    def _installed(self, namespace: str, app: InstalledApp) -> Installed:
        is_default = self._profiles.default(namespace).app_id == app.id
        return Installed(app, LISTINGS[app.type].capabilities if is_default else ())

    def _add_profile(self, namespace: str, app: InstalledApp, supplier: Party | None) -> None:
        """A profile of the app: the default one, while that is the sandbox's, which nobody means to stay with."""
        default = self._profiles.default(namespace)
        spec = ProfileSpec(
            name=f"{app.name} billing profile"[:256],
            supplier=supplier or default.spec.supplier,
            workflow=Workflow(),
            is_default=default.app_id == sandbox_id(namespace),
        )
        self._profiles.create(namespace, spec, AppChoice(app.id, app.id, app.id))


def _installed(work: Work[PaymentsStore], app_id: str) -> InstalledApp | None:
    found = work.store.apps.by_ids([app_id]).get(app_id)
    return None if found is None or found.deleted_at is not None else found


def _check_method(kind: AppType, method: InstallMethod) -> None:
    methods = LISTINGS[kind].install_methods
    if method not in methods:
        message = f"apps of type {kind.value} are installed {', '.join(methods)}"
        raise InvalidInput(message, [Problem("path:type", "install_method", message)])
