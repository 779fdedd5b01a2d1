"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Mapping
from typing import Protocol

from meterhouse.billing.installed_app import InstalledApp


class AppStore(Protocol):
    def by_ids(self, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        """Apps by id, uninstalled ones too; unknown ids are left out."""

    def add(self, app: InstalledApp) -> None:
        """Add it; one of this id that exists stays as it is."""
