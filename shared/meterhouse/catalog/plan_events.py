from meterhouse.catalog.plan import Plan
from meterhouse.platform.outbox import DomainEvent


def plan_event(event_id: str, kind: str, plan: Plan) -> DomainEvent:
    """A domain event on a plan, dated by its last change."""
    data = {"planId": plan.id, "key": plan.key, "version": plan.version}
    return DomainEvent(event_id, kind, f"plan/{plan.id}", plan.updated_at, data)
