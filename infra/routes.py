"""The routes of the HTTP API, each explicit (an unknown one is the gateway's 404): a stack of their own.

CloudFormation takes 500 resources a stack, and there are hundreds of routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration

from infra.environment import stack_name
from infra.function import function_name, pascal_case
from infra.functions import FUNCTIONS
from infra.functions_of_portal import is_opened_by_token
from infra.gradual import ALIAS
from infra.nag import accept

if TYPE_CHECKING:
    from constructs import Construct

    from infra.application import ApplicationStack
    from infra.function_spec import FunctionSpec


class RoutesStack(Stack):
    """Every route of every function; all but the open ones ask `authorize_request` first.

    `by_alias`: routes call what is live of a function, not its latest code.
    """

    def __init__(self, scope: Construct, application: ApplicationStack, *, by_alias: bool) -> None:
        super().__init__(scope, stack_name(scope, "Routes"), description="Meterhouse: the routes of the API")
        self.add_stack_dependency(application)
        self._api, self._by_alias = application.api.api, by_alias
        function = application.functions["authorize_request"].function
        self._keys = _authorizer("ApiKey", function, Duration.seconds(60))
        # Its own, so that what one remembers of a key or a token never opens the other's routes; and a token that was
        # invalidated is over at once.
        self._tokens = _authorizer("PortalToken", function, Duration.seconds(0))
        for spec in FUNCTIONS:
            if spec.routes:
                self._route(spec)

    def _route(self, spec: FunctionSpec) -> None:
        integration = HttpLambdaIntegration(spec.name, self._function(spec), scope_permission_to_route=False)
        for route in spec.routes:
            method, path = route.split()
            added = http.HttpRoute(
                self,
                route,
                http_api=self._api,
                route_key=http.HttpRouteKey.with_(path, http.HttpMethod(method)),
                integration=integration,
                authorizer=self._authorizer_of(spec, route),
            )
            if spec.open_because is not None:
                accept(added, "APIG4", spec.open_because)

    def _authorizer_of(self, spec: FunctionSpec, route: str) -> HttpLambdaAuthorizer | None:
        if spec.open_because is not None:
            return None
        return self._tokens if is_opened_by_token(route) else self._keys

    def _function(self, spec: FunctionSpec) -> lambda_.IFunction:
        """The function by its name: an exported one could not be removed while its routes are still there."""
        name = function_name(self, spec.name)
        arn = self.format_arn(
            service="lambda",
            resource="function",
            resource_name=f"{name}:{ALIAS}" if self._by_alias else name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return lambda_.Function.from_function_attributes(
            self, pascal_case(spec.name), function_arn=arn, same_environment=True
        )


def _authorizer(name: str, function: lambda_.IFunction, remembers: Duration) -> HttpLambdaAuthorizer:
    return HttpLambdaAuthorizer(
        name,
        function,
        response_types=[HttpLambdaResponseType.SIMPLE],
        identity_source=["$request.header.Authorization"],
        results_cache_ttl=remembers,
    )
