"""The apps that the portal knows: none, since it shows no action of an invoice, which is all they would tell."""

from collections.abc import Collection, Mapping

from meterhouse.billing.installed_app import InstalledApp


class NoApps:
    """`meterhouse.billing.app.AppDirectory`, so that the portal's function reaches no app and no secret of one."""

    def installed(self, _namespace: str, _app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        return {}
