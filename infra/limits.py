"""What limits and quotas are counted by: an item a key or namespace, read and written by every function with routes."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.nag import accept

TABLE = "LIMITS_TABLE"


class LimitsTable(Construct):
    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Limits")
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="name", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(
            self.table,
            "DDB3",
            "It holds what was used up in the last seconds, and of the month's quotas; nobody restores that",
        )

    @property
    def grant(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["dynamodb:GetItem", "dynamodb:UpdateItem"], resources=[self.table.table_arn]
        )
