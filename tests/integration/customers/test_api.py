"""Customers and subjects through the HTTP edge, as an SDK of the contract sees them."""

import json
from typing import Any

import pytest

from meterhouse.customers.api import routes
from meterhouse.customers.postgres import PostgresSubjects
from meterhouse.customers.service import CustomerService
from meterhouse.customers.subjects import SubjectService
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import Database, begins
from tests.unit.platform.requests import CONTEXT, request

CUSTOMERS, SUBJECTS = "/api/v1/customers", "/api/v1/subjects"
ACME = {
    "name": "Acme",
    "key": "acme",
    "usageAttribution": {"subjectKeys": ["device-1"]},
    "primaryEmail": "billing@acme.test",
    "currency": "USD",
    "metadata": {"tier": "gold"},
    "billingAddress": {"country": "DE", "city": "Köln", "postalCode": "50667"},
}


class Client:
    """Sends requests of one namespace to the handler under test."""

    def __init__(self, handler: HttpHandler, namespace: str) -> None:
        self._handler = handler
        self.namespace = namespace

    def __call__(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = self._handler(request(method, path, body, **{"namespace": self.namespace, **more}), CONTEXT)
        text = answer.get("body")
        return answer["statusCode"], json.loads(text) if text else None


@pytest.fixture
def call(customers: CustomerService, database: Database, namespace: str) -> Client:
    subjects = SubjectService(begins(database, PostgresSubjects))
    return Client(http_handler(*routes(customers, subjects), database=database), namespace)


def test_a_customer_is_created_shown_listed_replaced_and_deleted(call: Client) -> None:
    status, created = call("POST", CUSTOMERS, ACME)
    assert status == 201
    assert created == ACME | {name: created[name] for name in ("id", "createdAt", "updatedAt")}
    assert call("GET", f"{CUSTOMERS}/acme") == (200, created)
    assert call("GET", CUSTOMERS, query="pageSize=1&key=acm") == (
        200,
        {"totalCount": 1, "page": 1, "pageSize": 1, "items": [created]},
    )
    status, replaced = call("PUT", f"{CUSTOMERS}/{created['id']}", {"name": "Acme 2", "key": "acme"})
    assert (status, replaced["name"], replaced["usageAttribution"]) == (200, "Acme 2", {"subjectKeys": []})
    assert (replaced["currency"], "metadata" in replaced) == ("USD", False)
    assert call("DELETE", f"{CUSTOMERS}/acme") == (204, None)
    assert call("GET", f"{CUSTOMERS}/acme")[0] == 404
    assert call("GET", CUSTOMERS, query="includeDeleted=true")[1]["items"][0]["deletedAt"]


def test_expanding_subscriptions_shows_that_there_are_none(call: Client) -> None:
    call("POST", CUSTOMERS, ACME)
    assert call("GET", f"{CUSTOMERS}/acme", query="expand=subscriptions")[1]["subscriptions"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 257}, "/name"),
        ({"name": None}, "/name"),
        ({"key": ""}, "/key"),
        ({"currency": "usd"}, "/currency"),
        ({"currency": "ZZZ"}, "/currency"),
        ({"usageAttribution": {}}, "/usageAttribution/subjectKeys"),
        ({"usageAttribution": {"subjectKeys": ["ok", ""]}}, "/usageAttribution/subjectKeys/1"),
        ({"usageAttribution": {"subjectKeys": ["x" * 5000]}}, "/usageAttribution/subjectKeys/0"),
        ({"billingAddress": {"country": "Germany"}}, "/billingAddress/country"),
        ({"metadata": {"tier": 1}}, "/metadata/tier"),
        ({"id": "01J00000000000000000000000"}, "/id"),
    ],
)
def test_what_breaks_the_contract_is_refused_with_its_pointer(call: Client, change: dict[str, Any], field: str) -> None:
    status, problem = call("POST", CUSTOMERS, ACME | change)
    assert status == 400
    assert [fault["field"] for fault in problem["extensions"]["validationErrors"]] == [field]


@pytest.mark.parametrize(
    "query", ["page=0", "pageSize=1001", "pageSize=x", "page=99999999999999", "order=UP", "orderBy=key", "expand=all"]
)
def test_query_parameters_outside_the_contract_are_refused(call: Client, query: str) -> None:
    status, problem = call("GET", CUSTOMERS, query=query)
    assert status == 400
    assert problem["extensions"]["validationErrors"][0]["field"].startswith(f"query:{query.partition('=')[0]}")


def test_the_last_page_number_is_an_empty_page(call: Client) -> None:
    assert call("GET", CUSTOMERS, query="page=2147483647&pageSize=1000")[0] == 200


def test_what_another_namespace_owns_is_not_found(call: Client) -> None:
    created = call("POST", CUSTOMERS, ACME)[1]
    for method, body in (("GET", None), ("PUT", ACME), ("DELETE", None)):
        other = f"{call.namespace}-other"
        assert call(method, f"{CUSTOMERS}/{created['id']}", body, namespace=other)[0] == 404
    assert call("GET", f"{CUSTOMERS}/{created['id']}") == (200, created)


def test_a_taken_key_is_409_with_its_code(call: Client) -> None:
    call("POST", CUSTOMERS, ACME)
    status, problem = call("POST", CUSTOMERS, ACME | {"usageAttribution": {"subjectKeys": ["device-2"]}})
    assert (status, problem["code"]) == (409, "key_conflict")


def test_a_repeated_creation_with_an_idempotency_key_is_the_first_answer_again(call: Client) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "once"}
    first = call("POST", CUSTOMERS, ACME, headers=headers)
    assert first[0] == 201
    assert call("POST", CUSTOMERS, ACME, headers=headers) == first
    assert call("GET", CUSTOMERS)[1]["totalCount"] == 1


def test_subjects_are_upserted_by_key_listed_and_deleted(call: Client) -> None:
    sent: list[dict[str, Any]] = [
        {"key": "b", "displayName": "B", "metadata": {"n": 1.5, "deep": [{"x": None}]}},
        {"key": "a"},
    ]
    status, created = call("POST", SUBJECTS, sent)
    assert status == 200
    assert [subject["key"] for subject in created] == ["b", "a"]
    assert created[0]["metadata"] == sent[0]["metadata"]
    assert [subject["key"] for subject in call("GET", SUBJECTS)[1]] == ["a", "b"]
    changed = call("POST", SUBJECTS, [{"key": "b", "metadata": None}])[1][0]
    assert (changed["id"], changed["displayName"], changed.get("metadata")) == (created[0]["id"], "B", None)
    assert call("GET", f"{SUBJECTS}/{changed['id']}") == (200, changed)
    assert call("DELETE", f"{SUBJECTS}/b") == (204, None)
    assert call("DELETE", f"{SUBJECTS}/b") == (204, None)
    assert call("GET", f"{SUBJECTS}/b")[0] == 404


def test_one_bad_subject_refuses_the_whole_batch(call: Client) -> None:
    status, problem = call("POST", SUBJECTS, [{"key": "a"}, {"key": "", "metadata": {"huge": "x", "n": 1}}])
    assert status == 400
    assert problem["extensions"]["validationErrors"][0]["field"] == "/1/key"
    assert call("GET", SUBJECTS) == (200, [])


def test_more_subjects_than_one_request_can_change_are_refused(call: Client) -> None:
    status, problem = call("POST", SUBJECTS, [{"key": f"subject-{number}"} for number in range(1001)])
    assert (status, problem["extensions"]["validationErrors"][0]["code"]) == (400, "too_long")
    assert call("GET", SUBJECTS) == (200, [])


@pytest.mark.parametrize("depth", [63, 64, 300, 800])
def test_metadata_is_either_refused_or_can_be_shown_again(call: Client, depth: int) -> None:
    # the list, the subject and the metadata are levels, too
    metadata = '{"a":' * (depth - 2) + "{}" + "}" * (depth - 2)
    status = call("POST", SUBJECTS, f'[{{"key": "a", "metadata": {metadata}}}]')[0]
    assert status == (200 if depth <= 63 else 400)
    assert call("GET", SUBJECTS)[0] == 200


def test_a_number_no_store_can_hold_is_refused(call: Client) -> None:
    assert call("POST", SUBJECTS, '[{"key": "a", "metadata": {"n": 1e999}}]')[0] == 400
