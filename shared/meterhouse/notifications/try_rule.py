"""Trying a rule out: a notification with made-up contents goes the way of the real ones."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.notifications.notification import About, Notification
from meterhouse.notifications.notifications import ShownNotification, shown_notifications
from meterhouse.notifications.payload import entitlement_payload, invoice_payload
from meterhouse.notifications.rule import Rule
from meterhouse.notifications.rules import RulesStore, live_rule
from meterhouse.notifications.samples import sample_held, sample_invoice, sample_value
from meterhouse.notifications.tell import tell
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin


class TryRule:
    def __init__(
        self,
        begin: Begin[RulesStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, rule_id: str) -> ShownNotification:
        """Tell what the rule could tell, by all its channels; a disabled rule, too.

        Raises:
            NotFound: there is no such rule.
        """
        with self._begin(namespace) as work:
            rule, now = live_rule(work, rule_id), self._now()
            told_id = self._new_id()
            payload, about = _made_up(rule, told_id, now)
            tried = Notification(told_id, rule.type, rule.id, now, payload, about, is_test=True)
            tell(work, tried, rule)
            [shown] = shown_notifications(work, [tried])
            work.commit()
        return shown


def _made_up(rule: Rule, told_id: str, now: datetime) -> tuple[str, About]:
    if not rule.type.is_of_entitlements:
        return invoice_payload(told_id, rule.type, now, sample_invoice(now), None), About()
    held = sample_held(rule.features[0] if rule.features else None, now)
    threshold = rule.thresholds[0] if rule.thresholds else None
    value = sample_value(threshold)
    return entitlement_payload(told_id, rule.type, now, held, value, now, threshold), held.about
