"""What authors write of entitlements on the wire, to the contract; both of its versions share it."""

from typing import Annotated, Literal

from pydantic import Field

from meterhouse.catalog.entitlement_template_schema import JsonText, Priority, UsageAmount
from meterhouse.entitlements.entitlement import EntitlementType, Issue
from meterhouse.entitlements.grant_schema import EntitlementGrantCreateInputV2, grant_spec
from meterhouse.entitlements.period_schema import MeasureUsageFrom, RecurringPeriodCreateInput, recurrence_spec
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, ResetSpec
from meterhouse.kernel.errors import Problems
from meterhouse.platform.wire import Flag, Instant, Key, Metadata, Ulid, Wire

_MOST_GRANTS = 100


class SharedCreateFields(Wire):
    feature_key: Key | None = None
    feature_id: Ulid | None = None
    metadata: Metadata | None = None


class EntitlementStaticCreateInputs(SharedCreateFields):
    type: Literal["static"]
    usage_period: RecurringPeriodCreateInput | None = None
    config: JsonText


class EntitlementBooleanCreateInputs(SharedCreateFields):
    type: Literal["boolean"]
    usage_period: RecurringPeriodCreateInput | None = None


class MeteredCreateFields(SharedCreateFields):
    type: Literal["metered"]
    usage_period: RecurringPeriodCreateInput
    measure_usage_from: MeasureUsageFrom | None = None
    is_soft_limit: Flag = False
    preserve_overage_at_reset: Flag = False
    issue_after_reset: UsageAmount | None = None
    issue_after_reset_priority: Priority | None = None


class IssueAfterReset(Wire):
    amount: UsageAmount
    priority: Priority = 1


class EntitlementMeteredV2CreateInputs(MeteredCreateFields):
    issue: IssueAfterReset | None = None
    grants: Annotated[list[EntitlementGrantCreateInputV2] | None, Field(max_length=_MOST_GRANTS)] = None


EntitlementV2CreateInputs = Annotated[
    EntitlementMeteredV2CreateInputs | EntitlementStaticCreateInputs | EntitlementBooleanCreateInputs,
    Field(discriminator="type"),
]


class ResetEntitlementUsageInput(Wire):
    effective_at: Instant | None = None
    retain_anchor: Flag | None = None
    preserve_overage: Flag | None = None


def entitlement_spec_v2(
    wire: EntitlementMeteredV2CreateInputs | EntitlementStaticCreateInputs | EntitlementBooleanCreateInputs,
) -> EntitlementSpec:
    """What a request asks for.

    Raises:
        InvalidInput: `issue` and its deprecated form are given and do not say the same.
    """
    if not isinstance(wire, EntitlementMeteredV2CreateInputs):
        return plain_spec(wire)
    issue = None if wire.issue is None else Issue(wire.issue.amount, wire.issue.priority)
    grants = [grant_spec(grant) for grant in wire.grants or ()]
    return metered_spec(wire, AllowanceSpec(issue=issued(wire, issue), grants=grants))


def plain_spec(wire: EntitlementStaticCreateInputs | EntitlementBooleanCreateInputs) -> EntitlementSpec:
    return EntitlementSpec(
        type=EntitlementType(wire.type),
        feature_id=wire.feature_id,
        feature_key=wire.feature_key,
        usage_period=None if wire.usage_period is None else recurrence_spec(wire.usage_period),
        config=wire.config if isinstance(wire, EntitlementStaticCreateInputs) else None,
        metadata=wire.metadata or {},
    )


def metered_spec(wire: MeteredCreateFields, terms: AllowanceSpec) -> EntitlementSpec:
    """`terms` holds what is issued and granted."""
    return EntitlementSpec(
        type=EntitlementType.METERED,
        feature_id=wire.feature_id,
        feature_key=wire.feature_key,
        usage_period=recurrence_spec(wire.usage_period),
        allowance=AllowanceSpec(
            is_soft_limit=wire.is_soft_limit,
            preserves_overage=wire.preserve_overage_at_reset,
            measure_from=wire.measure_usage_from,
            issue=terms.issue,
            grants=terms.grants,
        ),
        metadata=wire.metadata or {},
    )


def issued(wire: MeteredCreateFields, issue: Issue | None = None) -> Issue | None:
    """What is issued after each reset; `issue` says it anew, the fields of `wire` in the first version's way.

    Raises:
        InvalidInput: both say it, and not the same; or there is a priority of nothing.
    """
    problems = Problems()
    amount, priority = wire.issue_after_reset, wire.issue_after_reset_priority
    if amount is None:
        # clients send the default, too, where they mean nothing by it
        if priority not in {None, 1, issue and issue.priority}:
            problems.add("/issueAfterResetPriority", "amount_required", "needs issueAfterReset")
    elif issue is not None:
        if amount != issue.amount:
            problems.add("/issueAfterReset", "issues_differ", "must say the same as issue, or be left out")
        if priority not in {None, issue.priority}:
            problems.add("/issueAfterResetPriority", "issues_differ", "must say the same as issue, or be left out")
    problems.raise_if_any("what is issued after resets is not clear")
    if issue is None and amount is not None:
        return Issue(amount, priority or 1)
    return issue


def reset_spec(wire: ResetEntitlementUsageInput) -> ResetSpec:
    return ResetSpec(wire.effective_at, bool(wire.retain_anchor), wire.preserve_overage)
