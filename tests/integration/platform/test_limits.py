"""Limits counted in DynamoDB, by the emulator, and what a caller sees of them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.open_namespace import handler as opener
from meterhouse.kernel.errors import InvalidInput, TooMany
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.gate import Gate
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.quotas import REPEATED_FOR, Addition, Tally, month_of
from meterhouse.portal.caller import context_of
from meterhouse.portal.model import TokenSpec
from meterhouse.portal.postgres import portal_store
from meterhouse.portal.presented import USUAL_RATE, PresentedTokens
from meterhouse.portal.tokens import PortalTokens
from tests.integration.limits_table import Item, counts, item, table
from tests.integration.platform.key_house import KeyHouse
from tests.peppers import one_pepper
from tests.unit.platform.requests import CONTEXT, request

__all__ = ["counts", "item", "table"]

AT = datetime(2026, 3, 1, tzinfo=UTC)
COST = timedelta(milliseconds=10)
BATCH = "application/cloudevents-batch+json"
TWO_EVENTS = [
    {"specversion": "1.0", "id": id_, "source": "test", "type": "call", "subject": "ann"} for id_ in ("one", "two")
]


@pytest.mark.parametrize("known", [AT - COST, AT + COST])
def test_what_is_used_up_grows_from_now_or_from_where_it_was_whatever_is_known(
    counts: DynamoCounts, known: datetime
) -> None:
    name = new_id()
    assert counts.add(name, 2 * COST, AT, known) == AT + 2 * COST
    assert counts.add(name, COST, AT + COST, known) == AT + 3 * COST
    assert counts.add(name, COST, AT + 9 * COST, known) == AT + 10 * COST


def test_nothing_of_what_many_use_at_once_is_lost(counts: DynamoCounts) -> None:
    name = new_id()
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: counts.add(name, COST, AT, AT), range(32)))
    assert sorted(used) == [AT + n * COST for n in range(1, 33)]


def test_an_addition_to_a_months_sum_that_comes_again_is_counted_once(counts: DynamoCounts) -> None:
    name, until = new_id(), AT + timedelta(days=31)
    first, later = Addition(Tally(1, 20), "one", AT), Addition(Tally(2, 5), "one", AT + COST)
    other = Addition(Tally(10, 0), "other", AT)
    sums = [counts.add_up(name, each, until) for each in (first, first, other, later, other, later, first)]
    once, both, all_three = Tally(1, 20), Tally(11, 20), Tally(13, 25)
    assert sums == [once, once, both, all_three, all_three, all_three, all_three]
    assert counts.tally(name) == all_three
    with ThreadPoolExecutor(8) as pool:
        many = [Addition(Tally(1, 1), f"env-{number % 16}", AT + COST) for number in range(64)]
        list(pool.map(lambda each: counts.add_up(name, each, until), many))
    assert counts.tally(name) == Tally(29, 41)


def test_marks_of_environments_that_are_gone_go_too(counts: DynamoCounts, item: Item) -> None:
    name, until = new_id(), AT + timedelta(days=31)
    for number in range(6):
        counts.add_up(name, Addition(Tally(1), f"gone-{number}", AT), until)
    lasting = Addition(Tally(1), "lasting", AT + REPEATED_FOR)
    assert counts.add_up(name, lasting, until) == Tally(7)
    fresh = DynamoCounts()
    for hour in range(1, 9):
        # what another took away meanwhile is no reason to count nothing, or twice
        for each in (counts, fresh):
            each.add_up(name, Addition(Tally(1), f"here-{each is fresh}", AT + timedelta(hours=hour)), until)
    assert counts.tally(name) == Tally(23)
    assert {key for key in item(name) if key.startswith("by_")} == {"by_here-True", "by_here-False"}


def test_what_a_limit_or_a_quota_is_counted_by_goes_by_itself_and_is_said_to(counts: DynamoCounts, item: Item) -> None:
    """As docs/runbooks/tenant-leaves.md tells; the table's TTL is held by tests/infra."""
    rate, month = new_id(), new_id()
    _, until = month_of(AT)
    counts.add(rate, COST, AT, AT)
    counts.add_up(month, Addition(Tally(1), "one", AT), until)
    kept = {name: datetime.fromtimestamp(int(item(name)["expires_at"]["N"]), UTC) for name in (rate, month)}
    assert kept == {rate: AT + timedelta(days=1), month: until + timedelta(days=31)}


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    counts: DynamoCounts, database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyHouse(database, namespace)
    made = keys.make(role="owner", rateLimit={"requestsPerSecond": 1, "burst": 3})
    assert keys.ask("GET", f"/{made['id']}")[1]["rateLimit"] == {"requestsPerSecond": 1, "burst": 3}
    credential = keys.door(made["key"])
    assert credential is not None
    monkeypatch.setattr("meterhouse.platform.clock.now", lambda: AT)
    event = request("POST", "/api/v1/events", "nothing")
    event["requestContext"]["authorizer"]["lambda"] = credential.context()
    # a second environment: it learns what the first admitted
    first, second = (ingest_handler(IngestEvents(NoLog(), lambda: AT), counts) for _ in range(2))
    assert [handler(event, None)["statusCode"] for handler in (first, second, first)] == [400] * 3
    answers = [handler(event, None) for handler in (first, second, second)]
    assert [answer["statusCode"] for answer in answers] == [429, 400, 429]
    assert answers[0]["headers"]["retry-after"] == "1"
    assert json.loads(answers[0]["body"])["detail"] == "more than 1 requests a second, 3 at once"


def test_an_operator_limits_all_keys_of_a_namespace_together_and_lets_them_go(
    database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opener, "database", database)
    keys, new = KeyHouse(database, namespace), f"{namespace}-new"
    made = keys.make()
    opener.handler({"namespace": namespace, "rateLimit": {"requestsPerSecond": 50}}, CONTEXT)
    credential = keys.door(made["key"])
    assert credential is not None
    assert credential.context()["namespaceRate"] == "50/100"
    orders = {"quota": {"eventsPerMonth": 9}, "portalRateLimit": {"requestsPerSecond": 3}}
    done = opener.handler({"namespace": namespace, **orders}, CONTEXT)
    assert done == {"namespace": namespace, "rateLimit": None, "quota": "/9", "portalRateLimit": "3/6"}
    credential = keys.door(made["key"])
    assert credential is not None
    assert "namespaceRate" not in credential.context()
    assert credential.context()["namespaceQuota"] == "/9"
    opener.handler({"namespace": namespace}, CONTEXT)
    credential = keys.door(made["key"])
    assert credential is not None
    assert "namespaceQuota" not in credential.context()
    nothing = {"namespace": new, "rateLimit": None, "quota": None, "portalRateLimit": None}
    assert opener.handler({"namespace": new}, CONTEXT) == nothing
    with pytest.raises(InvalidInput):
        opener.handler({"namespace": "Not Plain"}, CONTEXT)
    wrong = {"rateLimit": {"requestsPerSecond": 0}, "quota": {"eventsPerMonth": 0}}
    with pytest.raises(InvalidInput) as refused:
        opener.handler({"namespace": new, **wrong}, CONTEXT)
    fields = [fault.field for fault in refused.value.problems]
    assert fields == ["/rateLimit/requestsPerSecond", "/quota/eventsPerMonth"]


def test_a_key_that_used_up_its_month_is_told_which_quota_and_reads_what_is_left(
    counts: DynamoCounts, database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meterhouse.platform.clock.now", lambda: AT)
    monkeypatch.setattr(opener, "database", database)
    keys = KeyHouse(database, namespace)
    made = keys.make(role="owner", quota={"eventsPerMonth": 3, "requestsPerMonth": 100})
    opener.handler({"namespace": namespace, "quota": {"requestsPerMonth": 1000}}, CONTEXT)
    assert keys.ask("GET", f"/{made['id']}")[1]["quota"] == {"eventsPerMonth": 3, "requestsPerMonth": 100}
    credential = keys.door(made["key"])
    assert credential is not None
    event = request("POST", "/api/v1/events", TWO_EVENTS, headers={"content-type": BATCH})
    event["requestContext"]["authorizer"]["lambda"] = credential.context()
    answers = [ingest_handler(IngestEvents(Log(), lambda: AT), counts)(event, None) for _ in range(3)]

    assert [answer["statusCode"] for answer in answers] == [204, 204, 429]
    assert answers[-1]["headers"]["retry-after"] == str(31 * 86_400)
    problem = json.loads(answers[-1]["body"])
    until = "2026-04-01T00:00:00Z"
    assert (problem["code"], problem["status"]) == ("quota_used_up", 429)
    assert problem["quota"] == {"holder": "key", "counts": "events", "limit": 3, "until": until}
    assert keys.ask("GET", f"/{made['id']}/quota")[1] == {
        "from": "2026-03-01T00:00:00Z",
        "to": until,
        "quotas": [
            {"holder": "key", "counts": "requests", "limit": 100, "used": 2, "left": 98},
            {"holder": "key", "counts": "events", "limit": 3, "used": 4, "left": 0},
            {"holder": "namespace", "counts": "requests", "limit": 1000, "used": 2, "left": 998},
        ],
    }
    assert keys.ask("GET", "/unknown/quota")[0] == 404


def test_a_portal_token_that_asks_too_often_waits_and_another_of_its_namespace_does_not(
    counts: DynamoCounts, database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opener, "database", database)
    add_namespace(database, namespace)
    tokens = PortalTokens(begins(database, portal_store), one_pepper, lambda: AT)
    ann, bob = (tokens.create(namespace, TokenSpec(name)).text for name in ("ann", "bob"))

    def asked(token: str) -> dict[str, Any]:
        event = request("GET", "/api/v1/portal/session")
        told = context_of(PresentedTokens(database, one_pepper, lambda: AT).find(token))
        event["requestContext"]["authorizer"]["lambda"] = told
        return event

    def is_let_in(gate: Gate, event: dict[str, Any]) -> bool:
        try:
            with gate.passed(event, AT):
                return True
        except TooMany:
            return False

    told = asked(ann)["requestContext"]["authorizer"]["lambda"]
    assert told["portalRate"] == str(USUAL_RATE)
    opener.handler({"namespace": namespace, "portalRateLimit": {"requestsPerSecond": 1, "burst": 2}}, CONTEXT)
    gates = [Gate(counts), Gate(counts)]
    assert [is_let_in(gate, asked(ann)) for gate in gates * 2] == [True, True, True, False]
    assert is_let_in(gates[1], asked(bob))


class Log:
    def append(self, *_: object) -> None:
        """Taken."""


class NoLog:
    def append(self, *_: object) -> None:
        raise AssertionError("nothing is to be written")
