from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.platform.outbox import DomainEvent


def plan_addon_event(event_id: str, verb: str, assigned: PlanAddon) -> DomainEvent:
    """A domain event on what a plan sells, dated by its last change."""
    data = {"planId": assigned.plan_id, "addonId": assigned.addon.id}
    subject = f"plan/{assigned.plan_id}/addon/{assigned.addon.id}"
    return DomainEvent(event_id, f"plan_addon.{verb}", subject, assigned.updated_at, data)
