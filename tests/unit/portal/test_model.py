"""What a token shows and until when, and what of it an authorizer can carry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.kernel.errors import Forbidden, InvalidInput, Unauthenticated
from meterhouse.portal.caller import Caller, caller_of, context_of, is_portal_route
from meterhouse.portal.model import DEFAULT_LIFE, LONGEST_LIFE, PortalToken, Scope, TokenSpec, expiry_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TOKEN = PortalToken("token", Scope("ann"), AT, AT + DEFAULT_LIFE)


def test_a_token_lives_an_hour_unless_asked_and_a_month_at_the_most() -> None:
    assert expiry_of(TokenSpec("ann"), AT, ()) == AT + timedelta(hours=1)
    assert expiry_of(TokenSpec("ann", expires_at=AT + LONGEST_LIFE), AT, ()) == AT + LONGEST_LIFE
    for wrong in (AT, AT + LONGEST_LIFE + TICK):
        with pytest.raises(InvalidInput):
            expiry_of(TokenSpec("ann", expires_at=wrong), AT, ())
    assert [TOKEN.has_expired(at) for at in (TOKEN.expires_at - TICK, TOKEN.expires_at)] == [False, True]


@pytest.mark.parametrize(
    "scope",
    [Scope("ann"), Scope('Ünïcode, "quoted"', "customer"), Scope("ann", None, ("a", "b")), Scope("ann", "c", ())],
)
def test_the_authorizer_carries_the_whole_caller(scope: Scope) -> None:
    caller = Caller("house", replace(TOKEN, scope=scope))
    told = context_of(caller)
    assert caller_of({"requestContext": {"authorizer": {"lambda": told}}}) == caller
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.parametrize("told", [{}, None, {"namespace": "house", "keyId": "key"}, {"portalToken": ""}])
def test_who_came_in_without_a_token_is_nobody(told: dict[str, str] | None) -> None:
    with pytest.raises(Unauthenticated):
        caller_of({"requestContext": {"authorizer": {"lambda": told}}})


def test_a_subject_is_shown_no_bills() -> None:
    with pytest.raises(Forbidden):
        Caller("house", TOKEN).customer()
    assert Caller("house", replace(TOKEN, scope=Scope("ann", "id"))).customer() == "id"


@pytest.mark.parametrize(
    ("route", "opens"),
    [
        ("GET /api/v1/portal/session", True),
        ("GET /api/v1/portal/meters/{meterSlug}/query", True),
        ("GET /api/v1/portal/tokens", False),
        ("POST /api/v1/portal/tokens/invalidate", False),
        ("GET /api/v1/meters", False),
        ("GET /api/v1/customers/{customerIdOrKey}/stripe/portal", False),
        ("", False),
    ],
)
def test_portal_tokens_open_what_they_show_and_not_their_own_making(route: str, opens: bool) -> None:
    assert is_portal_route({"routeKey": route}) is opens
