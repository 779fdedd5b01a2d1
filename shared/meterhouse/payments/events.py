"""Domain events of apps."""

from meterhouse.billing.installed_app import InstalledApp
from meterhouse.platform.outbox import DomainEvent


def app_event(event_id: str, kind: str, app: InstalledApp) -> DomainEvent:
    data = {"appId": app.id, "type": app.type.value}
    return DomainEvent(event_id, kind, f"app/{app.id}", app.updated_at, data)
