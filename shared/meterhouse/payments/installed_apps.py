"""From the app an invoice names to whoever takes it: `meterhouse.billing.app.Apps` and `AppDirectory`."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from meterhouse.billing.app import InvoicingApp
from meterhouse.billing.installed_app import AppType, CustomInvoicingConfig, InstalledApp
from meterhouse.billing.profiles import sandbox_id
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.custom_invoicing import CustomInvoicing
from meterhouse.payments.elsewhere import Elsewhere
from meterhouse.payments.ports import AppStore
from meterhouse.payments.sandbox import Sandbox
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

Adapt = Callable[[str, InstalledApp], InvoicingApp]
"""Who takes invoices for an installed app of a namespace."""

_NOBODY: Mapping[AppType, Adapt] = MappingProxyType({})


class InstalledApps:
    """`remote`: what brings invoices to apps that call somebody, where a composition has what that takes."""

    def __init__(
        self,
        begin: Begin[AppStore],
        remote: Mapping[AppType, Adapt] = _NOBODY,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._remote = remote
        self._now = now

    def of(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        """The apps by id. Every namespace has its sandbox, whether or not anybody looked at it yet."""
        sandbox = sandbox_id(namespace)
        others = set(app_ids) - {sandbox}
        found = self.installed(namespace, others) if others else {}
        unknown = sorted(others - found.keys())
        if unknown:
            raise InvariantBroken(f"no app {', '.join(unknown)} was ever installed here")
        return {sandbox: Sandbox(), **{app_id: self._adapted(namespace, app) for app_id, app in found.items()}}

    def installed(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        """What is installed under these ids, or was; unknown ids are left out."""
        with self._begin(namespace) as work:
            if sandbox_id(namespace) in app_ids:
                sandbox(work.store, namespace, self._now())
            found = work.store.by_ids(app_ids)
            work.commit()
        return found

    def _adapted(self, namespace: str, app: InstalledApp) -> InvoicingApp:
        if isinstance(app.config, CustomInvoicingConfig):
            return CustomInvoicing(app.config)
        adapt = self._remote.get(app.type)
        return Elsewhere(app.type.value) if adapt is None else adapt(namespace, app)


def sandbox(store: AppStore, namespace: str, now: datetime) -> InstalledApp:
    """The namespace's sandbox, made on first use under a derived id; the caller commits."""
    app_id = sandbox_id(namespace)
    found = store.by_ids([app_id])
    if not found:
        store.add(InstalledApp(app_id, AppType.SANDBOX, "Sandbox", now, now))
        found = store.by_ids([app_id])
    return found[app_id]
