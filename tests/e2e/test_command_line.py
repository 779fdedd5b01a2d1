"""`meterhouse` against the deployed routes, as it is typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from meterhouse.platform import clock
from tests.issuer import running_issuer

Eventually = Callable[[Callable[[], object], object], None]
Meterhouse = Callable[..., Any]
PROGRAM = (sys.executable, "-c", "from meterhouse.cli.app import main; main()")
TRIPS = [
    {"type": "trip", "subject": f"s{n}", "time": f"2026-01-0{n}T12:00:00Z", "data": {"km": n, "on": "foot"}}
    for n in (1, 2)
]


@pytest.fixture(params=["terminal"])
def namespace(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def meterhouse(stack: dict[str, str], new_key: Callable[[str], str], namespace: str, tmp_path: Path) -> Meterhouse:
    """Types a command in an empty folder, by a token or the namespace's key; the document it prints, or why not."""
    environ = os.environ | {"METERHOUSE_URL": stack["METERHOUSE_URL"], "METERHOUSE_API_KEY": new_key(namespace)}

    def type_(*words: str, token: str | None = None, fails: bool = False) -> Any:
        command, own = [*PROGRAM, *words, "--json"], {} if token is None else {"METERHOUSE_API_KEY": token}
        done = subprocess.run(command, cwd=tmp_path, env=environ | own, capture_output=True, text=True, check=False)  # noqa: S603
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    return type_


def test_a_file_is_ingested_metered_queried_and_accounted_for(
    meterhouse: Meterhouse, eventually: Eventually, tmp_path: Path
) -> None:
    summing = ("--aggregation", "SUM", "--value-property", "$.km", "--group-by", "on=$.on")
    made = meterhouse("meters", "create", "km", "--event-type", "trip", *summing)
    (tmp_path / "trips.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in TRIPS))

    sent = [meterhouse("events", "ingest", "trips.jsonl") for _ in range(2)]

    assert (made["slug"], made["groupBy"]) == ("km", {"on": "$.on"})
    assert {(one["accepted"], one["derivedIds"], one["rejected"]) for one in sent} == {(2, 2, 0)}
    eventually(lambda: [row["value"] for row in meterhouse("query", "km")["data"]], [3])
    by_on = meterhouse("query", "km", "--group-by", "on")["data"]
    assert [(row["groupBy"]["on"], row["value"]) for row in by_on] == [("foot", 3)]
    where = {"accepted": 4, "counted": 2, "duplicate": 2}
    eventually(lambda: {name: n for name, n in meterhouse("conservation")["totals"].items() if n}, where)


@pytest.mark.parametrize("namespace", ["poisoned"], indirect=True)
def test_a_record_that_no_sink_can_read_is_listed_and_replayed(
    meterhouse: Meterhouse, eventually: Eventually, namespace: str, stack: dict[str, str], cloud: Callable[[str], Any]
) -> None:
    sink = cloud("lambda").get_function_configuration(FunctionName="meterhouse-sink_events")
    topic = sink["Environment"]["Variables"]["KAFKA_EVENTS_TOPIC"]
    producer = Producer({"bootstrap.servers": stack["KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce(topic, key=namespace.encode(), value=b"poison", headers={"events": b"1"})
    assert producer.flush(30) == 0

    eventually(lambda: len(meterhouse("dead-letters", "list")), 1)
    [letter] = meterhouse("dead-letters", "list")
    replayed = meterhouse("dead-letters", "replay", "--all")

    assert meterhouse("dead-letters", "show", letter["id"])["preview"] == "poison"
    assert ([one["id"] for one in replayed["replayed"]], replayed["refused"]) == ([letter["id"]], [])
    # it is no more readable than before: the replay is buried as a letter of its own
    eventually(lambda: [bool(one.get("replayedAt")) for one in meterhouse("dead-letters", "list")], [False, True])
    eventually(lambda: meterhouse("conservation")["totals"]["dead"], 2)


def test_a_person_does_what_the_role_of_the_token_opens_and_is_named_in_the_audit_log(
    meterhouse: Meterhouse, namespace: str, stack: dict[str, str]
) -> None:
    at, of_days = clock.now(), ("--event-type", "day", "--aggregation", "COUNT")
    with running_issuer(int(stack["ISSUER_PORT"])) as issuer:
        ada, bob = (
            issuer.sign(at, sub=name, role=None, meterhouse_role=role, meterhouse_namespace=namespace)
            for name, role in (("ada", "developer"), ("bob", "read-only"))
        )
        made = meterhouse("meters", "create", "days", *of_days, token=ada)
        assert "meters:write" in meterhouse("meters", "create", "nights", *of_days, token=bob, fails=True)
        assert "days" in {one["slug"] for one in meterhouse("meters", "list", token=bob)}
        over = issuer.sign(at - timedelta(hours=1), meterhouse_namespace=namespace)
        assert "the token has expired" in meterhouse("meters", "list", token=over, fails=True)
    logged = meterhouse("audit", "--actor", "person:ada")
    assert ("meters", made["id"]) in {(one["objectKind"], one["objectId"]) for one in logged}


CATALOG = {
    "meters/km.yaml": "eventType: trip\naggregation: SUM\nvalueProperty: $.km\n",
    "features/km.yaml": "name: Kilometres\nmeterSlug: km\n",
    "plans/walker.yaml": """\
name: Walker      # whoever goes on foot
currency: EUR
billingCadence: P1M
phases:
  - key: default
    name: Default
    rateCards:
      - type: usage_based
        key: km
        name: Kilometres
        featureKey: km
        billingCadence: P1M
        price: {type: unit, amount: 0.10}
""",
}


@pytest.mark.parametrize("namespace", ["plans_as_code"], indirect=True)
def test_a_catalog_in_files_is_sold_changed_and_told_whom_it_touches(
    meterhouse: Meterhouse, new_namespace: Callable[[str], Any], namespace: str, tmp_path: Path
) -> None:
    sdk = new_namespace(namespace)
    for name, text in CATALOG.items():
        (tmp_path / "catalog" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "catalog" / name).write_text(text)

    planned = meterhouse("catalog", "plan", "--out", "plan.json")
    applied = meterhouse("catalog", "apply", "--yes", "--plan", "plan.json")

    things = ["meters/km", "features/km", "plans/walker"]
    assert [(one["thing"], one["action"]) for one in planned["changes"]] == [(thing, "add") for thing in things]
    assert [one["thing"] for one in applied["done"]] == things
    assert meterhouse("catalog", "apply", "--yes")["done"] == []
    assert meterhouse("catalog", "pull") == {"written": [], "unchanged": 3, "onlyHere": []}

    customer = sdk.customers.create({"key": "ann", "name": "Ann"})
    subscription = sdk.subscriptions.create({"customerKey": "ann", "plan": {"key": "walker"}})
    plan = tmp_path / "catalog/plans/walker.yaml"
    plan.write_text(plan.read_text().replace("0.10", "0.12"))

    [change] = meterhouse("catalog", "plan")["changes"]
    done = meterhouse("catalog", "apply", "--yes")["done"]

    price = "phases.default.rateCards.km.price.amount"
    assert change["fields"] == [{"field": price, "old": "0.10", "new": "0.12"}]
    who = {"id": subscription.id, "customerId": customer.id, "version": 1, "status": "active"}
    assert change["subscriptions"] == [who]
    assert done == [{"thing": "plans/walker", "done": "published as version 2"}]
    assert [plan.version for plan in sdk.plans.list(key=["walker"], status=["active"])] == [2]
    assert meterhouse("catalog", "plan")["changes"] == []
