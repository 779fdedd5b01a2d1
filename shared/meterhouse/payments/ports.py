"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Mapping
from typing import Protocol

from meterhouse.billing.installed_app import InstalledApp


class AppStore(Protocol):
    def by_ids(self, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        """Apps by id, uninstalled ones too; unknown ids are left out."""

    def add(self, app: InstalledApp) -> None:
        """Add it; one of this id that exists stays as it is."""


class Secrets(Protocol):
    """Credentials of installed apps, by the app's id; they are nowhere else, in no row and no log."""

    def of(self, namespace: str, app_id: str) -> Mapping[str, str]:
        """Raises `InvariantBroken` where none are kept, and `Unavailable`."""


class SecretKeeper(Protocol):
    """Who installs and uninstalls apps writes their credentials; every call may be repeated. Raises `Unavailable`."""

    def keep(self, namespace: str, app_id: str, credentials: Mapping[str, str]) -> None:
        """Keep these in place of others."""

    def forget(self, namespace: str, app_id: str) -> None: ...
