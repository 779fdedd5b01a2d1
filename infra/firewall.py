"""The web application firewall before CloudFront, for pages and for what browsers ask of the API.

An HTTP API takes no firewall itself. Servers that send usage go to it directly: they show a key, are throttled, and
would pay the firewall for every request (ADR 0041). CloudFront takes web ACLs of us-east-1 alone: a stack of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_wafv2 as waf

from infra.environment import named, stack_name

if TYPE_CHECKING:
    from constructs import Construct

REGION_OF_CLOUDFRONT = "us-east-1"
MANAGED = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)
REQUESTS_OF_AN_ADDRESS = 3000
"""In five minutes; a page asks some ten times when it is opened."""
_OVERLONG = "SizeRestrictions_BODY"
"""It refuses bodies of more than 8 KB, and a plan is longer: the API itself has a limit."""


class FirewallStack(Stack):
    """Rules that AWS keeps, and a limit for each address."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope,
            stack_name(scope, "Firewall"),
            description="Meterhouse: the firewall before CloudFront",
            env=cdk.Environment(region=REGION_OF_CLOUDFRONT),
        )
        acl = waf.CfnWebACL
        managed = [_managed(name, order) for order, name in enumerate(MANAGED, start=1)]
        self.acl = acl(
            self,
            "Acl",
            name=named(self, "meterhouse"),
            scope="CLOUDFRONT",
            default_action=acl.DefaultActionProperty(allow=acl.AllowActionProperty()),
            visibility_config=_visible("Firewall"),
            rules=[_limit(), *managed],
        )
        CfnOutput(self, "WebAclArn", value=self.acl.attr_arn)


def _limit() -> waf.CfnWebACL.RuleProperty:
    acl = waf.CfnWebACL
    return acl.RuleProperty(
        name="Limit",
        priority=0,
        action=acl.RuleActionProperty(block=acl.BlockActionProperty()),
        statement=acl.StatementProperty(
            rate_based_statement=acl.RateBasedStatementProperty(limit=REQUESTS_OF_AN_ADDRESS, aggregate_key_type="IP")
        ),
        visibility_config=_visible("Limit"),
    )


def _managed(name: str, order: int) -> waf.CfnWebACL.RuleProperty:
    acl = waf.CfnWebACL
    counted = acl.RuleActionOverrideProperty(
        name=_OVERLONG, action_to_use=acl.RuleActionProperty(count=acl.CountActionProperty())
    )
    return acl.RuleProperty(
        name=name,
        priority=order,
        override_action=acl.OverrideActionProperty(none={}),
        statement=acl.StatementProperty(
            managed_rule_group_statement=acl.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[counted] if name == MANAGED[0] else None,
            )
        ),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
