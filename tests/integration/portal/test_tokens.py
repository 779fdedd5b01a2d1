"""Portal tokens: made, listed and closed by who has an API key; presented by who has none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.authorize_request import handler as authorizing
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.postgres import Database
from meterhouse.portal.presented import PresentedTokens
from tests.integration.billing.conftest import Run
from tests.integration.metering.house import House
from tests.integration.portal.conftest import PORTAL, TOKENS, Portal
from tests.peppers import one_pepper
from tests.problems import faults_of
from tests.unit.billing.samples import NOW
from tests.unit.platform.requests import CONTEXT, request

HOUR = timedelta(hours=1)


def test_a_token_is_told_once_lives_an_hour_and_is_kept_as_a_hash_alone(portal: Portal, database: Database) -> None:
    status, made = portal.manage("POST", TOKENS, {"subject": "ann"})
    text = made.pop("token")
    assert (status, made["subject"], made["expired"]) == (200, "ann", False)
    assert (made["createdAt"], made["expiresAt"]) == (format_rfc3339(NOW), format_rfc3339(NOW + HOUR))
    assert portal.manage("GET", TOKENS) == (200, [made])
    with database.transaction(portal.namespace) as transaction:
        rows = transaction.fetch_all("SELECT * FROM portal_tokens WHERE namespace = %(namespace)s")
    assert text not in str(rows)
    portal.now = NOW + HOUR
    assert portal.manage("GET", TOKENS)[1][0]["expired"] is True


def test_all_that_is_wrong_with_a_wish_is_told_at_once(portal: Portal, house: House) -> None:
    wish = {"subject": "ann", "allowedMeterSlugs": ["m0", "none"], "expiresAt": format_rfc3339(NOW)}
    status, refused = portal.manage("POST", TOKENS, wish)
    assert (status, faults_of(refused)) == (
        400,
        [("/allowedMeterSlugs/1", "meter_not_found"), ("/expiresAt", "expired")],
    )
    late = {"subject": "ann", "expiresAt": format_rfc3339(NOW + timedelta(days=31))}
    assert faults_of(portal.manage("POST", TOKENS, late)[1]) == [("/expiresAt", "too_long")]
    fields = [field for field, _ in faults_of(portal.manage("POST", TOKENS, {"allowedMeterSlugs": [], "x": 1})[1])]
    assert fields == ["/subject", "/allowedMeterSlugs", "/x"]
    assert faults_of(portal.manage("POST", f"{TOKENS}/invalidate", {})[1]) == [("", "id_or_subject")]
    assert house.meters


def test_the_newest_come_first_and_as_many_as_are_asked_for(portal: Portal) -> None:
    for subject in ("a", "b", "c"):
        portal.token(subject)
        portal.now += timedelta(seconds=1)
    assert [one["subject"] for one in portal.manage("GET", TOKENS, query="limit=2")[1]] == ["c", "b"]
    assert portal.manage("GET", TOKENS, query="limit=101")[0] == 400


@pytest.mark.parametrize("by", ["id", "subject"])
def test_what_is_invalidated_opens_nothing_at_once_and_may_be_invalidated_again(portal: Portal, by: str) -> None:
    made = portal.manage("POST", TOKENS, {"subject": "ann"})[1]
    kept = portal.token("bob")
    for _ in range(2):
        assert portal.manage("POST", f"{TOKENS}/invalidate", {by: made[by]}) == (204, None)
    assert portal.get(made["token"], "/session")[0] == 401
    assert portal.get(kept, "/session")[0] == 200
    assert [one["subject"] for one in portal.manage("GET", TOKENS)[1]] == ["bob"]


def test_a_token_opens_its_namespace_alone_until_it_expires_and_no_other_can_close_it(
    portal: Portal, other_namespace: str
) -> None:
    other = Portal(portal.database, other_namespace)
    made = portal.manage("POST", TOKENS, {"subject": "ann"})[1]
    other.manage("POST", f"{TOKENS}/invalidate", {"id": made["id"], "subject": "ann"})
    assert other.manage("GET", TOKENS) == (200, [])
    assert portal.get(made["token"], "/session")[0] == 200
    portal.now = NOW + HOUR - timedelta(microseconds=1)
    assert portal.get(made["token"], "/session")[0] == 200
    portal.now = NOW + HOUR
    answer = portal.ask(made["token"], "/session")
    assert (answer["statusCode"], answer["headers"]["www-authenticate"]) == (401, "Bearer")


def test_a_token_of_a_deleted_customer_opens_nothing_at_once(portal: Portal, run: Run) -> None:
    run.customer("ann")
    token, of_another = portal.token("ann"), portal.token("bob")
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = created_at WHERE namespace = %(namespace)s")
        transaction.commit()
    assert {portal.get(token, path)[0] for path in ("/session", "/invoices")} == {401}
    assert portal.get(of_another, "/session")[0] == 200


def test_a_token_opens_at_a_server_whose_clock_is_behind_and_is_deleted_a_month_after_it_expired(
    portal: Portal, run: Run
) -> None:
    token = portal.token("ann")
    portal.now = NOW - HOUR
    assert portal.get(token, "/session")[0] == 200
    portal.now = NOW + HOUR + timedelta(days=30)
    portal.token("bob")
    assert [row["subject"] for row in run.rows("SELECT subject FROM portal_tokens ORDER BY subject")] == ["ann", "bob"]
    portal.now += timedelta(seconds=1)
    portal.token("cid")
    assert [row["subject"] for row in run.rows("SELECT subject FROM portal_tokens ORDER BY subject")] == ["bob", "cid"]


@pytest.mark.parametrize("token", ["", "mhp_unknown", "a\0b", "\ud800", "ä" * 1000])
def test_what_is_no_token_opens_nothing(portal: Portal, token: str) -> None:
    assert portal.get(token, "/session")[0] == 401


def test_the_authorizer_lets_tokens_reach_the_portal_and_keys_all_else(
    portal: Portal, run: Run, composed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = authorizing.database
    composed(authorizing)
    monkeypatch.setattr(authorizing, "credentials", Credentials(database, one_pepper))
    monkeypatch.setattr(authorizing, "tokens", PresentedTokens(database, one_pepper, lambda: portal.now))
    token, key = portal.token("ann"), "mh_key"
    Credentials(portal.database, one_pepper).register(run.namespace, "key", key)

    def ask(credential: str, route: str) -> dict[str, Any]:
        method, path = route.split()
        return authorizing.handler(request(method, path, headers={"authorization": f"Bearer {credential}"}), CONTEXT)

    nobody = {"isAuthorized": False, "context": {}}
    for route in ("GET /api/v1/meters", "POST /api/v1/portal/tokens", "GET /api/v1/portal/tokens"):
        assert ask(token, route) == nobody
        assert ask(key, route)["context"]["namespace"] == run.namespace
    told = ask(token, f"GET {PORTAL}/session")
    assert (told["isAuthorized"], told["context"]["namespace"]) == (True, run.namespace)
    # the route itself answers 401: it learns of no namespace
    assert ask(key, f"GET {PORTAL}/session") == {"isAuthorized": True, "context": {}}
