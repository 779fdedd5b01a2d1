"""A bucket of what is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.keeping import data_kept
from infra.nag import accept

if TYPE_CHECKING:
    from collections.abc import Sequence


class WriteOnceBucket(Construct):
    """Private, encrypted, versioned, kept when the stack goes; an object that is there is never written over."""

    def __init__(
        self, scope: Construct, construct_id: str, *, each: str, lifecycle: Sequence[s3.LifecycleRule] = ()
    ) -> None:
        """`each`: why a function has rights on all objects."""
        super().__init__(scope, construct_id)
        self._each = each
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=list(lifecycle),
            removal_policy=data_kept(self),
        )
        accept(self.bucket, "S1", "Functions alone read and write it; CloudTrail data events tell who, where asked for")
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="WriteOnce",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects("*")],
                conditions={"Null": {"s3:if-none-match": "true"}},
            )
        )

    def grants(self) -> tuple[iam.PolicyStatement, ...]:
        """To read and write, and to list: without the latter S3 says "forbidden" of what is not there."""
        objects = ["s3:GetObject", "s3:PutObject"]
        return (
            iam.PolicyStatement(actions=objects, resources=[self.bucket.arn_for_objects("*")]),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
        )

    def accept_objects(self, function: Construct) -> None:
        """The function's rights on all objects of this one bucket."""
        named = Stack.of(self).get_logical_id(cast("CfnElement", self.bucket.node.default_child))
        accept(function, f"IAM5[Resource::<{named}.Arn>/*]", self._each)
