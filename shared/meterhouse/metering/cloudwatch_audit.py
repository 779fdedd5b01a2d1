"""What the audits tell CloudWatch: metrics, and a line of the log for each namespace with a fault."""

from heapq import nlargest

from meterhouse.metering.audit_events import Audit
from meterhouse.metering.audit_rollups import RollupAudit, RollupSpan
from meterhouse.metering.conservation import Account
from meterhouse.platform.logging import counts, logger

METRICS = {
    "EventsAccepted": "accepted",
    "EventsCounted": "counted",
    "EventsUnmatched": "unmatched",
    "EventsInvalid": "invalid",
    "EventsDuplicate": "duplicate",
    "EventsConflicting": "conflict",
    "EventsDead": "dead",
    "EventsPending": "pending",
    "EventsUnexplained": "astray",
}
LETTERS = "DeadLetters"
ROLLUP_METRICS = {"RollupsCompared": "compared", "RollupsAstray": "astray"}
MOST_NAMESPACES = 20
"""Told of one by one: CloudWatch bills every metric of every namespace."""
_LONGEST_DIMENSION = 1024


def report(namespace: str, account: Account) -> None:
    numbers = {"accepted": account.accepted, "unexplained": account.unexplained, "astray": account.astray}
    logger.error("events unexplained", extra={"namespace": namespace, **numbers})


def tell(audit: Audit) -> dict[str, int]:
    """Tell the numbers of all namespaces, and of those in trouble and the largest; returns the former."""
    numbers = _numbers(audit.total) | {LETTERS: audit.letters}
    counts(numbers)
    for namespace in nlargest(MOST_NAMESPACES, audit.accounts, key=lambda name: _weight(audit.accounts[name])):
        counts(_numbers(audit.accounts[namespace]), namespace=_dimension(namespace))
    return numbers


def report_rollup(span: RollupSpan, differences: int) -> None:
    place = {"namespace": span.namespace, "meter": span.meter_id, "start": span.start, "seconds": span.seconds}
    logger.error("rollup astray", extra=place | {"differences": differences})


def tell_rollups(audit: RollupAudit) -> dict[str, int]:
    numbers = {metric: getattr(audit, name) for metric, name in ROLLUP_METRICS.items()}
    counts(numbers)
    return numbers


def _numbers(account: Account) -> dict[str, int]:
    return {metric: getattr(account, name) for metric, name in METRICS.items()}


def _weight(account: Account) -> tuple[int, int]:
    return account.astray, account.accepted


def _dimension(namespace: str) -> str:
    """A foreign record may have any key; a dimension is printable ASCII, and not blank."""
    return ascii(namespace)[1:-1].strip()[:_LONGEST_DIMENSION] or "-"
