"""Reserve, settle, and what the balance worker makes of it, through the deployed house: queue, worker, log, sink."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from meterhouse.platform.ids import new_id
from tests.e2e.drive_entitlements import MONTHLY

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
ALL = "/api/v1/customers/lab/entitlements/lab_tokens/reservations"
TOLD = ("entitlement.threshold_crossed", "entitlement.balance_snapshot")
METER = {
    "slug": "lab_tokens",
    "eventType": "lab.completion",
    "aggregation": "SUM",
    "valueProperty": "$.tokens",
    "groupBy": {"model": "$.model"},
}


class Lab:
    """A customer with 1000 tokens a month, and a queue that takes what the bus tells of its entitlement."""

    def __init__(self, stack: dict[str, str], cloud: Callable[[str], Any], sdk: Sdk) -> None:
        self._stack, self._cloud = stack, cloud
        self._heard: list[dict[str, Any]] = []
        self._queue = self._listen()
        sdk.meters.create(METER)
        sdk.features.create({"key": "lab_tokens", "name": "Tokens", "meterSlug": "lab_tokens"})
        sdk.customers.create({"key": "lab", "name": "Lab", "usageAttribution": {"subjectKeys": ["lab-app"]}})
        terms = {"type": "metered", "featureKey": "lab_tokens", "usagePeriod": MONTHLY, "issue": {"amount": 1000}}
        self.entitlement = sdk.customer_entitlements_v2.post("lab", terms)["id"]

    def _listen(self) -> str:
        queues, bus = self._cloud("sqs"), self._cloud("events")
        url: str = queues.create_queue(QueueName="lab-hears")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": ["meterhouse"], "detail-type": list(TOLD)})
        name = self._stack["EVENT_BUS_NAME"]
        bus.put_rule(Name="lab-hears", EventBusName=name, EventPattern=pattern)
        bus.put_targets(Rule="lab-hears", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
        return url

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """The data of each domain event of this kind, each once. The relay, which runs by the minute, is helped."""
        self._cloud("lambda").invoke(FunctionName="meterhouse-relay_outbox", Payload=b"{}")
        queues = self._cloud("sqs")
        while got := queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in got:
                queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                self._heard.append(json.loads(message["Body"]))
        mine = [event for event in self._heard if event["detail"]["data"]["entitlementId"] == self.entitlement]
        ids = {event["detail"]["id"]: event["detail"]["data"] for event in mine if event["detail-type"] == kind}
        return list(ids.values())

    def call(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._stack['METERHOUSE_API_KEY']}", "Content-Type": "application/json"}
        headers |= {} if key is None else {"Idempotency-Key": key}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._stack["METERHOUSE_URL"] + path, data, headers, method=method)  # noqa: S310 - of the stack
        try:
            with urlopen(request) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def reserve(self, amount: str, key: str | None = "") -> tuple[int, Any]:
        return self.call("POST", ALL, {"amount": amount}, new_id() if key == "" else key)


@pytest.fixture(scope="module")
def lab(stack: dict[str, str], cloud: Callable[[str], Any], sdk: Sdk) -> Lab:
    return Lab(stack, cloud, sdk)


def test_usage_is_reserved_settled_counted_and_told_of(lab: Lab, sdk: Sdk, eventually: Eventually) -> None:
    assert lab.reserve("400", key=None)[0] == 400
    status, held = lab.reserve("400", key="first")
    assert (status, held["state"]) == (201, "open")
    assert lab.reserve("400", key="first") == (201, held)
    status, problem = lab.reserve("601")
    assert (status, problem["code"], problem["available"]) == (409, "insufficient_balance", "600")
    status, other = lab.reserve("600")
    assert status == 201

    one = f"{ALL}/{held['id']}"
    status, settled = lab.call("POST", f"{one}/settle", {"amount": "520", "data": {"model": "a"}}, "second")
    assert (status, settled["state"], settled["settledAmount"]) == (200, "settled", "520")
    assert lab.call("POST", f"{one}/release", {}, "third")[1]["code"] == "reservation_settled"
    assert lab.call("POST", f"{ALL}/{other['id']}/release", {}, "fourth")[1]["state"] == "released"
    assert lab.call("GET", f"{ALL}?state=settled")[1]["items"] == [settled]

    # the settled usage becomes an event, is stored, and is counted like any other
    def counted() -> list[tuple[float, str]]:
        lab.heard(TOLD[0])
        rows = sdk.meters.query_json("lab_tokens", group_by=["model"]).data
        return [(row.value, row.group_by["model"]) for row in rows]

    eventually(counted, [(520, "a")])
    eventually(lambda: [one["threshold"]["value"] for one in lab.heard(TOLD[0])], ["50"])
    eventually(lambda: (latest(lab)["balance"], latest(lab)["usage"], latest(lab)["reserved"]), ("480", "520", "0"))

    usage = {"specversion": "1.0", "id": "lab-1", "source": "e2e", "type": "lab.completion", "subject": "lab-app"}
    sdk.events.ingest_event({**usage, "data": {"tokens": 480, "model": "b"}})
    eventually(lambda: [one["threshold"]["value"] for one in lab.heard(TOLD[0])], ["50", "75", "90", "100"])
    eventually(lambda: (latest(lab)["balance"], latest(lab)["hasAccess"]), ("0", False))
    assert lab.reserve("1")[1]["available"] == "0"


def latest(lab: Lab) -> dict[str, Any]:
    told = lab.heard("entitlement.balance_snapshot")
    return max(told, key=lambda one: str(one["at"])) if told else {"balance": "", "usage": "", "reserved": ""}
