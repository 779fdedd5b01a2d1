"""The HTTP API: its stage with throttling and an access log, its domain. What it serves stands in `routes.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.environment import named
from infra.keeping import logs_kept

if TYPE_CHECKING:
    from infra.settings import Domain

MOST_AT_ONCE = 5000
"""An account's burst, of all its APIs, until it asks AWS for more."""
CORS = http.CorsPreflightOptions(
    allow_origins=["*"],
    allow_methods=[http.CorsHttpMethod.GET],
    allow_headers=["authorization", "accept"],
    expose_headers=["content-disposition"],
    max_age=Duration.hours(1),
)
"""For customers' front ends, which ask the portal's routes: by reading alone, with a token and never with a cookie."""
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "namespace": "$context.authorizer.namespace",
    "keyId": "$context.authorizer.keyId",
    "subject": "$context.authorizer.subject",
    "sourceIp": "$context.identity.sourceIp",
    "latencyMs": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.integrationErrorMessage",
}


class MeterhouseApi(Construct):
    """The API without its routes: there are more of them than a stack has room for."""

    def __init__(self, scope: Construct, domain: Domain | None, requests_per_second: int) -> None:
        super().__init__(scope, "Api")
        self._domain_name = None if domain is None else domain.name
        self.api = http.HttpApi(
            self, "HttpApi", api_name=named(self, "meterhouse"), create_default_stage=False, cors_preflight=CORS
        )
        self.stage = http.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=http.ThrottleSettings(
                rate_limit=requests_per_second, burst_limit=min(2 * requests_per_second, MOST_AT_ONCE)
            ),
            domain_mapping=self._domain(domain) if domain else None,
        )
        cast("http.CfnStage", self.stage.node.default_child).access_log_settings = self._access_log()

    @property
    def endpoint(self) -> str:
        """The URL of the default stage, without a slash at its end."""
        return self.api.api_endpoint

    @property
    def public_url(self) -> str:
        """By which others reach it: its own domain's, where it has one."""
        return self.endpoint if self._domain_name is None else f"https://{self._domain_name}"

    def _access_log(self) -> http.CfnStage.AccessLogSettingsProperty:
        group = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/vendedlogs/apis/{named(self, 'meterhouse')}",
            retention=logs_kept(self),
            removal_policy=RemovalPolicy.DESTROY,
        )
        return http.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps(ACCESS_LOG_FIELDS)
        )

    def _domain(self, domain: Domain) -> http.DomainMappingOptions:
        name = http.DomainName(
            self,
            "Domain",
            domain_name=domain.name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn),
        )
        if domain.hosted_zone_id and domain.hosted_zone_name:
            zone = route53.HostedZone.from_hosted_zone_attributes(
                self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.hosted_zone_name
            )
            alias = targets.ApiGatewayv2DomainProperties(name.regional_domain_name, name.regional_hosted_zone_id)
            route53.ARecord(
                self,
                "Alias",
                zone=zone,
                record_name=f"{domain.name}.",
                target=route53.RecordTarget.from_alias(alias),
            )
        return http.DomainMappingOptions(domain_name=name)
