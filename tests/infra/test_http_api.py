"""The HTTP API: explicit routes, each behind the authorizer but the API's own description and what is signed."""

import json
import re

from functions.describe_api.handler import openapi
from infra.functions import FUNCTIONS
from infra.http_api import MOST_AT_ONCE
from infra.profiles import DEFAULT, PROFILES
from meterhouse.portal.caller import is_portal_route
from tests.infra.templates import Resource, Synthesis

OPEN = {"GET /api/v1/openapi.json", "POST /api/v1/apps/{id}/stripe/webhook"}


def routes(synthesis: Synthesis) -> dict[str, Resource]:
    return {
        resource["Properties"]["RouteKey"]: resource["Properties"]
        for resource in synthesis.all("AWS::ApiGatewayV2::Route").values()
    }


def test_routes_are_those_of_the_functions(target: Synthesis) -> None:
    assert sorted(routes(target)) == sorted(route for spec in FUNCTIONS for route in spec.routes)


def test_no_route_catches_what_is_not_served(target: Synthesis) -> None:
    assert not [route for route in routes(target) if "ANY" in route or "$default" in route or "+" in route]


def test_every_route_but_the_open_ones_asks_the_authorizer(target: Synthesis) -> None:
    unguarded = {key for key, route in routes(target).items() if route["AuthorizationType"] != "CUSTOM"}

    assert unguarded == OPEN


def test_authorizers_answer_simply_by_the_header_keys_for_a_minute_and_tokens_anew_each_time(
    target: Synthesis,
) -> None:
    found = [one["Properties"] for one in target.all("AWS::ApiGatewayV2::Authorizer").values()]

    assert {one["AuthorizerResultTtlInSeconds"] for one in found} == {0, 60}
    for authorizer in found:
        assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
        assert authorizer["EnableSimpleResponses"] is True
        assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"


def test_what_one_authorizer_remembers_opens_no_route_of_the_other(target: Synthesis) -> None:
    ttl = {
        name: one["Properties"]["AuthorizerResultTtlInSeconds"]
        for name, one in target.all("AWS::ApiGatewayV2::Authorizer").items()
    }
    asked = {key: route for key, route in routes(target).items() if key not in OPEN}

    # another stack's, named by its export
    by_token = {
        key
        for key, route in asked.items()
        if any(name in str(route["AuthorizerId"]) for name, seconds in ttl.items() if seconds == 0)
    }
    assert by_token == {key for key in asked if is_portal_route({"routeKey": key})}
    assert all(key.startswith("GET ") for key in by_token)


def test_other_origins_may_read_by_a_token_and_never_with_cookies(target: Synthesis) -> None:
    cors = target.one("AWS::ApiGatewayV2::Api")["Properties"]["CorsConfiguration"]

    assert (cors["AllowOrigins"], cors["AllowMethods"]) == (["*"], ["GET"])
    assert "authorization" in cors["AllowHeaders"]
    assert not cors.get("AllowCredentials")


def test_stage_throttles_and_logs_who_asked_without_what_was_sent(target: Synthesis) -> None:
    stage = target.one("AWS::ApiGatewayV2::Stage")["Properties"]

    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == int(PROFILES[DEFAULT]["requestsPerSecond"])
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] <= MOST_AT_ONCE
    assert "$context.authorizer.namespace" in stage["AccessLogSettings"]["Format"]
    assert "authorization" not in stage["AccessLogSettings"]["Format"].lower()


def test_a_request_ends_before_the_gateway_gives_up(target: Synthesis) -> None:
    answering = {spec.name for spec in FUNCTIONS if spec.routes}

    assert max(target.functions()[name]["Timeout"] for name in answering) < 30


def test_custom_domain_is_made_with_its_alias(aws_with_every_option: Synthesis) -> None:
    domain = aws_with_every_option.one("AWS::ApiGatewayV2::DomainName")["Properties"]

    assert domain["DomainName"] == "usage.example.com"
    assert aws_with_every_option.one("AWS::Route53::RecordSet")["Properties"]["Name"] == "usage.example.com."


def test_the_description_tells_of_every_route_and_of_no_other() -> None:
    paths = json.loads(openapi())["paths"]
    told = {f"{method.upper()} {without_names(path)}" for path, methods in paths.items() for method in methods}
    served = {without_names(route) for spec in FUNCTIONS for route in spec.routes}

    assert told == served - OPEN


def without_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)
