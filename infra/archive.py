"""The archive of events: the bucket that outlives every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.write_once import WriteOnceBucket

if TYPE_CHECKING:
    from constructs import Construct

BUCKET = "ARCHIVE_BUCKET"
COLD_AFTER = Duration.days(90)
EXPORTS_KEPT = Duration.days(30)
DELETED_KEPT = Duration.days(7)


class Archive(WriteOnceBucket):
    """What is deleted by mistake is gone for good a week later; what an erasure destroys is gone at once."""

    def __init__(self, scope: Construct) -> None:
        cold = s3.Transition(storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transition_after=COLD_AFTER)
        super().__init__(
            scope,
            "Archive",
            each="Every hour of every namespace has files of its own",
            lifecycle=[
                s3.LifecycleRule(prefix="events/", transitions=[cold]),
                s3.LifecycleRule(prefix="exports/", expiration=EXPORTS_KEPT),
                s3.LifecycleRule(noncurrent_version_expiration=DELETED_KEPT),
            ],
        )

    def eraser_grants(self) -> tuple[iam.PolicyStatement, ...]:
        """To destroy objects with their versions, beside what others may."""
        return (
            *self.grants(),
            iam.PolicyStatement(actions=["s3:DeleteObjectVersion"], resources=[self.bucket.arn_for_objects("*")]),
            iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[self.bucket.bucket_arn]),
        )
