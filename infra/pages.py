"""The pages of customers and operators: files in a private bucket behind CloudFront, on one origin with the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment

from infra.environment import stack_name
from infra.nag import accept

if TYPE_CHECKING:
    from aws_cdk import CfnElement
    from constructs import Construct

    from infra.application import ApplicationStack
    from infra.settings import PageSettings

PAGES = Path(__file__).resolve().parent.parent / "shared" / "meterhouse" / "portal" / "pages"
PACKAGES = PAGES / "node_modules"
EMBEDDABLE = "/pages/portal.html"
"""Whose frame ancestors may be chosen; no other page is ever in a frame."""
_TWO_YEARS = Duration.days(730)


class PackagesMissingError(Exception):
    """The npm packages of the pages are not installed."""


class PagesStack(Stack):
    """A distribution: `/pages/*` from the bucket, `/api/*` from the HTTP API, so that no page asks another origin."""

    def __init__(self, scope: Construct, application: ApplicationStack, settings: PageSettings) -> None:
        super().__init__(scope, stack_name(scope, "Pages"), description="Meterhouse: its pages")
        if not PACKAGES.is_dir():
            raise PackagesMissingError(
                f"{PACKAGES} is missing: python -m localstack.cdk installs it before the CDK runs"
            )
        self._bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(self._bucket, "S1", "It holds public files of this repository; CloudFront alone reads them")
        self._headers = json.loads((PAGES / "headers.json").read_text())
        self.distribution = self._distribution(application, settings)
        self._deploy()
        CfnOutput(self, "PagesUrl", value=f"https://{settings.domain_name or self.distribution.domain_name}/pages/")

    def _distribution(self, application: ApplicationStack, settings: PageSettings) -> cloudfront.Distribution:
        files = origins.S3BucketOrigin.with_origin_access_control(self._bucket)
        made = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Meterhouse: pages",
            default_behavior=_files(files, self._policy("Closed", "'none'")),
            additional_behaviors={
                EMBEDDABLE: _files(files, self._policy("Embeddable", settings.frame_ancestors)),
                "/api/*": _api(application),
            },
            domain_names=[settings.domain_name] if settings.domain_name else None,
            certificate=self._certificate(settings),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=settings.web_acl_arn,
        )
        accept(made, "CFR1", "Customers of any country read their bills")
        if settings.web_acl_arn is None:
            accept(made, "CFR2", "The flag webAclArn brings one; the API behind it throttles and asks for tokens")
        accept(made, "CFR3", "The API logs every request that asks for data; the files are public")
        if settings.domain_name is None:
            accept(made, "CFR4", "CloudFront's own certificate fixes the protocol; pageDomainName brings TLS 1.2")
        return made

    def _certificate(self, settings: PageSettings) -> acm.ICertificate | None:
        if settings.certificate_arn is None:
            return None
        return acm.Certificate.from_certificate_arn(self, "Certificate", settings.certificate_arn)

    def _policy(self, name: str, frame_ancestors: str) -> cloudfront.ResponseHeadersPolicy:
        """The headers of `headers.json`, those CloudFront has fields for in its fields."""
        told = {name: value.replace("{frame-ancestors}", frame_ancestors) for name, value in self._headers.items()}
        policy = told.pop("Content-Security-Policy")
        told.pop("X-Content-Type-Options")
        referrer = cloudfront.HeadersReferrerPolicy(told.pop("Referrer-Policy").upper().replace("-", "_"))
        return cloudfront.ResponseHeadersPolicy(
            self,
            name,
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=policy, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(referrer_policy=referrer, override=True),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_TWO_YEARS, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
                    for header, value in told.items()
                ]
            ),
        )

    def _deploy(self) -> None:
        """Copies the files on every deploy that changed them, removes what is gone, and has CloudFront forget."""
        made = deployment.BucketDeployment(
            self,
            "Files",
            sources=[deployment.Source.asset(str(PAGES), exclude=["package*.json", "headers.json", "*.md"])],
            destination_bucket=self._bucket,
            destination_key_prefix="pages/",
            distribution=self.distribution,
            distribution_paths=["/pages/*"],
            retain_on_delete=False,
        )
        made.node.add_dependency(self.distribution)
        self._accept_copier()

    def _accept_copier(self) -> None:
        """What the CDK's own function that copies files is like: one a stack, its role not ours to word."""
        bucket = self.get_logical_id(cast("CfnElement", self._bucket.node.default_child))
        assets = "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>"
        copies = "The CDK's copier reads the staged files, and writes and deletes those of this one bucket"
        for call in ("GetBucket*", "GetObject*", "List*", "Abort*", "DeleteObject*"):
            accept(self, f"IAM5[Action::s3:{call}]", copies)
        for resource in (f"{assets}/*", f"<{bucket}.Arn>/*"):
            accept(self, f"IAM5[Resource::{resource}]", copies)
        accept(self, "IAM5[Resource::*]", "CloudFront's CreateInvalidation, as the CDK's copier asks for it")
        managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        accept(self, f"IAM4[Policy::{managed}]", "The CDK's copier writes its own log")
        accept(self, "L1", "The CDK chooses the runtime of its copier")


def _files(origin: cloudfront.IOrigin, headers: cloudfront.ResponseHeadersPolicy) -> cloudfront.BehaviorOptions:
    return cloudfront.BehaviorOptions(
        origin=origin,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        response_headers_policy=cast("cloudfront.IResponseHeadersPolicy", headers),
    )


def _api(application: ApplicationStack) -> cloudfront.BehaviorOptions:
    api = application.api.api
    host = f"{api.api_id}.execute-api.{application.region}.{application.url_suffix}"
    return cloudfront.BehaviorOptions(
        origin=origins.HttpOrigin(host),
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    )
