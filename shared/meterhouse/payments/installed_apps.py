"""From the app an invoice names to whoever takes it: `meterhouse.billing.app.Apps` over the installed apps."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from meterhouse.billing.app import InvoicingApp
from meterhouse.billing.installed_app import AppType, InstalledApp
from meterhouse.billing.profiles import sandbox_id
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.ports import AppStore
from meterhouse.payments.sandbox import Sandbox
from meterhouse.platform.work import Begin

Adapt = Callable[[str, InstalledApp], InvoicingApp]
"""Who takes invoices for an installed app of a namespace."""

_HOUSE_APPS: Mapping[AppType, Adapt] = {AppType.SANDBOX: lambda _, __: Sandbox()}
"""Apps with nobody behind them; those that call somebody are given by compositions that have what it takes."""


class InstalledApps:
    def __init__(self, begin: Begin[AppStore], remote: Mapping[AppType, Adapt] = MappingProxyType({})) -> None:
        self._begin = begin
        self._adapters = {**_HOUSE_APPS, **remote}

    def of(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        """The apps by id. Every namespace has its sandbox, whether or not anybody looked at it yet."""
        sandbox = sandbox_id(namespace)
        others = set(app_ids) - {sandbox}
        found = self._found(namespace, others) if others else {}
        unknown = sorted(others - found.keys())
        if unknown:
            raise InvariantBroken(f"no app {', '.join(unknown)} was ever installed here")
        known = {app_id: self._adapters[app.type](namespace, app) for app_id, app in found.items()}
        return {sandbox: Sandbox(), **known}

    def _found(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        with self._begin(namespace) as work:
            return work.store.by_ids(app_ids)
