"""Documents of invoices: the bucket that keeps them, and what has them drawn."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.environment import environment_of
from infra.event_queue import Queued, dead_letters_of
from infra.nag import accept

QUEUE = "meterhouse-invoice-documents"
DEAD_LETTERS = dead_letters_of(QUEUE)
FINAL = ("invoice.issued", "invoice.voided")
BUCKET = "INVOICE_DOCUMENTS_BUCKET"


class InvoiceDocuments(Construct):
    """Private, encrypted, versioned, kept when the stack goes; an object that is there is never written over."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "InvoiceDocuments")
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            removal_policy=environment_of(self).of_data,
        )
        accept(self.bucket, "S1", "One function reads and writes it; CloudTrail data events tell who, where asked for")
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
        accept(function, f"IAM5[Resource::<{named}.Arn>/*]", "Each invoice has documents of its own")


def documents(timeout: int) -> Queued:
    """One invoice is a message; an hour of tries outlasts a store that is away, and callers draw what is not there."""
    return Queued(QUEUE, FINAL, timeout, batch=10, window=1, tries=12, most_workers=5)
