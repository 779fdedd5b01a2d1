"""Every route x every role, as the edge of each function decides."""

import json
from collections.abc import Callable
from importlib import import_module

import pytest

from infra.function_spec import FunctionSpec
from infra.functions import FUNCTIONS
from meterhouse.kernel.errors import Forbidden
from meterhouse.platform import clock
from meterhouse.platform.access import EVERYTHING, OPEN, PORTAL, check_access, roles, route_scopes, scopes, scopes_of
from meterhouse.platform.claims import Trust
from meterhouse.platform.credentials import Credential
from meterhouse.platform.key_schema import Role
from meterhouse.portal.caller import is_portal_route
from tests.contract.access_page import PAGE, YES, page
from tests.unit.platform.requests import CONTEXT, request

SERVED = {route: spec for spec in FUNCTIONS for route in spec.routes}
GUARDED = [spec for spec in FUNCTIONS if any(route_scopes()[route] not in {OPEN, PORTAL} for route in spec.routes)]


def asked(route: str, granted: str) -> dict[str, object]:
    event = request(*route.split(maxsplit=1))
    event["requestContext"]["authorizer"]["lambda"]["scopes"] = granted
    return event


def is_allowed(route: str, granted: str) -> bool:
    try:
        check_access(asked(route, granted), clock.now())
    except Forbidden:
        return False
    return True


def test_every_route_of_the_gateway_has_its_scope_and_no_other_has() -> None:
    """A new route needs a line in shared/meterhouse/platform/route_scopes.txt."""
    assert set(route_scopes()) == set(SERVED)


def test_open_routes_and_those_of_portal_tokens_are_the_gateways() -> None:
    table = route_scopes()
    assert {route for route in table if table[route] == OPEN} == {
        route for route, spec in SERVED.items() if spec.open_because
    }
    assert {route for route in table if table[route] == PORTAL} == {
        route for route in table if is_portal_route({"routeKey": route})
    }


def test_the_page_is_made_of_the_table() -> None:
    """`python -m tests.contract.access_page` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def scopes_of_key(role: str) -> str:
    return Credential("default", "key-1", scopes_of(role, ())).context()["scopes"]


def scopes_of_person(role: str) -> str:
    claims = {"groups": ["of-another-system", role]}
    granted = Trust("https://login.example.com", ("meterhouse",), "groups", "default").scopes_in(claims)
    return Credential("default", "", granted, subject="ada").context()["scopes"]


@pytest.mark.parametrize("told", [scopes_of_key, scopes_of_person])
@pytest.mark.parametrize("role", roles())
def test_a_role_opens_the_routes_that_the_page_says_and_no_other(role: str, told: Callable[[str], str]) -> None:
    lines = [line.strip("| ").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    column = 2 + list(roles()).index(role)
    page = {line[0].strip(" `"): len(line) > column and line[column].strip() == YES for line in lines}

    assert {route: is_allowed(route, told(role)) for route in page} == page
    assert len(page) > 200


def test_only_reads_are_open_to_who_may_only_read() -> None:
    writes = {
        route for route in SERVED if not route.startswith("GET ") and is_allowed(route, " ".join(roles()["read-only"]))
    }

    assert {route.rpartition("/")[2] for route in writes if route_scopes()[route] != OPEN} == {
        *("query", "preview", "rehearsal", "simulate")
    }


def test_roles_are_those_the_api_takes_and_made_of_scopes_there_are() -> None:
    assert list(roles()) == list(Role.__args__)  # type: ignore[attr-defined]
    assert all(granted <= scopes() | {EVERYTHING} for granted in roles().values())


@pytest.mark.parametrize("spec", GUARDED, ids=lambda spec: spec.name)
def test_no_function_forgets_to_ask(spec: FunctionSpec) -> None:
    handler = import_module(f"functions.{spec.name}.handler").handler
    for route in spec.routes:
        if route_scopes()[route] == PORTAL:
            continue
        answer = handler(asked(route, "nothing:read"), CONTEXT)
        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["code"], problem["scope"]) == (
            403,
            "missing_scope",
            route_scopes()[route],
        )


def test_a_caller_of_whom_no_scope_is_told_may_do_nothing() -> None:
    event = request("GET", "/api/v1/meters")
    del event["requestContext"]["authorizer"]["lambda"]["scopes"]
    with pytest.raises(Forbidden):
        check_access(event, clock.now())


def test_a_route_of_no_table_is_shut_to_all_but_owners() -> None:
    assert not is_allowed("GET /api/v1/later", " ".join(scopes()))
    assert is_allowed("GET /api/v1/later", EVERYTHING)


def test_a_portal_token_opens_no_route_of_keys_and_no_scope_of_a_key_opens_the_portal() -> None:
    assert not is_allowed("GET /api/v1/meters", PORTAL)
    assert is_allowed("GET /api/v1/portal/session", PORTAL)
    assert not is_allowed("GET /api/v1/portal/session", " ".join(scopes()))
