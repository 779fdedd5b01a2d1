"""What is wrong with an entitlement template, which stands at the JSON pointer `at`."""

from collections.abc import Iterator

from meterhouse.catalog.entitlement_template import EntitlementTemplate, MeteredTemplate
from meterhouse.kernel.cadence import exceeds_a_century
from meterhouse.kernel.errors import Problem
from meterhouse.metering.aggregation import Aggregation


def template_contradictions(template: EntitlementTemplate | None, at: str) -> Iterator[Problem]:
    """Why it cannot even be drafted."""
    if not isinstance(template, MeteredTemplate):
        return
    if template.issue_after_reset is None and template.issue_priority != 1:
        message = "needs issueAfterReset: nothing is issued that could have a priority"
        yield Problem(f"{at}/issueAfterResetPriority", "entitlement_template_priority_of_nothing", message)
    period = template.usage_period
    if period is not None and exceeds_a_century(period):
        message = f"{period.iso()} is longer than 100 years"
        yield Problem(f"{at}/usagePeriod", "entitlement_template_usage_period_too_long", message)


def template_problems(
    template: EntitlementTemplate | None, aggregation: Aggregation | None, at: str
) -> Iterator[Problem]:
    """Why no entitlement can be made of it; `aggregation` is that of its feature's meter."""
    if isinstance(template, MeteredTemplate) and aggregation is not None and not aggregation.can_be_entitled:
        message = f"no balance can be burnt by {aggregation}: use SUM, COUNT, UNIQUE_COUNT or LATEST"
        yield Problem(at, "entitlement_template_unsupported_aggregation", message)
