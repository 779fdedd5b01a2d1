"""What no caller should send to customers and subjects: each row a case, each answer a 4xx that names the fault."""

import json
from typing import Any

import pytest

from meterhouse.customers.api import routes
from meterhouse.customers.postgres import PostgresSubjects
from meterhouse.customers.service import CustomerService
from meterhouse.customers.subjects import SubjectService
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import Database, begins
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request

CUSTOMERS, SUBJECTS = "/api/v1/customers", "/api/v1/subjects"
LONGEST_NAME, LONGEST_KEY = 256, 256
ROCKET = "\U0001f680"


@pytest.fixture
def handler(customers: CustomerService, database: Database) -> HttpHandler:
    return http_handler(*routes(customers, SubjectService(begins(database, PostgresSubjects))), database=database)


def answer(handler: HttpHandler, *sent: Any, **more: Any) -> tuple[int, set[str]]:
    """The status, and the fields at fault."""
    found = handler(request(*sent, **more), CONTEXT)
    problem = json.loads(found["body"]) if found.get("body") else {}
    faults = faults_of(problem) if isinstance(problem, dict) else []
    return found["statusCode"], {field for field, _ in faults}


def customer(**fields: object) -> dict[str, object]:
    return {"name": "Acme", "key": "acme"} | fields


def attributed(*subjects: object) -> dict[str, object]:
    return customer(usageAttribution={"subjectKeys": subjects})


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, ""), ("", ""), ("{", ""), ("nul", ""), ("null", ""), ("[]", ""), ('"acme"', ""), ("7", ""), ("1.5", ""),
        ('{"name": NaN}', ""), ('{"name": ' + "9" * 5000 + "}", ""), ("[" * 100_000, ""),
        ('{"name": "a\\u0000"}', ""), ('{"name": "\\ud800"}', ""), ('{"na\\u0000me": "a"}', ""),
        ({"key": "acme"}, "/name"), (customer(name=""), "/name"), (customer(name=7), "/name"),
        (customer(name=1.5), "/name"), (customer(name=True), "/name"), (customer(name=[]), "/name"),
        (customer(name={}), "/name"), (customer(name=None), "/name"), (customer(name="n" * 257), "/name"),
        ({"name": "Acme"}, "/usageAttribution/subjectKeys"),
        ({"name": "Acme", "usageAttribution": {"subjectKeys": []}}, "/usageAttribution/subjectKeys"),
        (customer(key=""), "/key"), (customer(key=7), "/key"), (customer(key="k" * 257), "/key"),
        (customer(description="d" * 1025), "/description"), (customer(description=7), "/description"),
        (customer(metadata=[]), "/metadata"), (customer(metadata={"a": 1}), "/metadata/a"),
        (customer(metadata={"a": None}), "/metadata/a"), (customer(metadata={"a/b~": {}}), "/metadata/a~1b~0"),
        (customer(usageAttribution=[]), "/usageAttribution"), (customer(usageAttribution="a"), "/usageAttribution"),
        (customer(usageAttribution={}), "/usageAttribution/subjectKeys"),
        (customer(usageAttribution={"subjectKeys": "a"}), "/usageAttribution/subjectKeys"),
        (customer(usageAttribution={"subjectKeys": None}), "/usageAttribution/subjectKeys"),
        (customer(usageAttribution={"subjectKeys": [], "type": "x"}), "/usageAttribution/type"),
        (attributed("a", ""), "/usageAttribution/subjectKeys/1"), (attributed(7), "/usageAttribution/subjectKeys/0"),
        (attributed(None), "/usageAttribution/subjectKeys/0"),
        (attributed("s" * 513), "/usageAttribution/subjectKeys/0"),
        (attributed(*map(str, range(1001))), "/usageAttribution/subjectKeys"),
        (customer(primaryEmail=7), "/primaryEmail"), (customer(currency="usd"), "/currency"),
        (customer(currency="US"), "/currency"), (customer(currency="USDX"), "/currency"),
        (customer(currency="ZZZ"), "/currency"), (customer(currency="XAU"), "/currency"),
        (customer(currency=840), "/currency"), (customer(billingAddress="Köln"), "/billingAddress"),
        (customer(billingAddress={"country": "de"}), "/billingAddress/country"),
        (customer(billingAddress={"country": "DEU"}), "/billingAddress/country"),
        (customer(billingAddress={"city": 1}), "/billingAddress/city"),
        (customer(billingAddress={"zip": "1"}), "/billingAddress/zip"),
        (customer(id="01J00000000000000000000000"), "/id"), (customer(createdAt="2026-01-01T00:00:00Z"), "/createdAt"),
        (customer(currentSubscriptionId="x"), "/currentSubscriptionId"), (customer(annotations={}), "/annotations"),
        (customer(primary_email="a@b"), "/primary_email"), (customer(Name="a"), "/Name"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_faulty_customer_is_refused_at_its_fault(
    handler: HttpHandler, namespace: str, method: str, body: Any, field: str
) -> None:
    assert answer(handler, "POST", CUSTOMERS, {"name": "There", "key": "there"}, namespace=namespace)[0] == 201
    path = CUSTOMERS if method == "POST" else f"{CUSTOMERS}/there"
    assert answer(handler, method, path, body, namespace=namespace) == (400, {field})


@pytest.mark.parametrize(
    "body",
    [
        customer(name="n" * LONGEST_NAME, key="k" * LONGEST_KEY), customer(name=ROCKET * LONGEST_NAME),
        attributed(*(f"{n:04}{ROCKET * 508}" for n in range(1000))), attributed("a", "a", "acme"),
        customer(metadata=None), customer(metadata={}), customer(metadata={"": ""}), customer(description=""),
        customer(billingAddress={}), customer(primaryEmail="no address at all"), attributed("a/b?c#d%", " ", "\n"),
        customer(metadata={"k" * 10_000: "v" * 100_000}), customer(key="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_the_contract_allows_is_kept_at_any_length(handler: HttpHandler, namespace: str, body: Any) -> None:
    assert answer(handler, "POST", CUSTOMERS, body, namespace=namespace) == (201, set())
    assert answer(handler, "PUT", f"{CUSTOMERS}/{body['key']}", body, namespace=namespace) == (200, set())
    assert answer(handler, "GET", CUSTOMERS, namespace=namespace) == (200, set())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "query:page"), ("page=-1", "query:page"), ("page=1.5", "query:page"), ("page=", "query:page"),
        ("page=99999999999999999999", "query:page"), ("pageSize=0", "query:pageSize"),
        ("pageSize=1001", "query:pageSize"), ("pageSize=ten", "query:pageSize"), ("order=asc", "query:order"),
        ("order=", "query:order"), ("orderBy=key", "query:orderBy"), ("orderBy=name;DROP", "query:orderBy"),
        ("includeDeleted=maybe", "query:includeDeleted"), ("includeDeleted=", "query:includeDeleted"),
        ("expand=all", "query:expand/0"), ("expand=subscriptions&expand=x", "query:expand/1"),
        ("key=%00", "rawQueryString:"),
    ],
)  # fmt: skip
def test_a_faulty_list_request_is_refused_at_its_fault(
    handler: HttpHandler, namespace: str, query: str, field: str
) -> None:
    assert answer(handler, "GET", CUSTOMERS, query=query, namespace=namespace) == (400, {field})


@pytest.mark.parametrize(
    "query",
    [
        "key=",
        "name=%25",
        "name=%27%3B--",
        "subject=%ED%A0%80",
        "primaryEmail=%5C",
        "planKey=none",
        f"name={'n' * 9000}",
    ],
    ids=lambda value: value[:30],
)
def test_any_text_may_be_looked_for(handler: HttpHandler, namespace: str, query: str) -> None:
    assert answer(handler, "GET", CUSTOMERS, query=query, namespace=namespace) == (200, set())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("key", ["none", "%25", "a%2Fb", "%27", "%ED%A0%80", "k" * 9000, "01arz3ndektsv4rrffq69g5fav"])
def test_what_is_not_there_is_not_found(handler: HttpHandler, namespace: str, method: str, key: str) -> None:
    body = customer() if method == "PUT" else None
    assert answer(handler, method, f"{CUSTOMERS}/{key}", body, namespace=namespace) == (404, set())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, ""), ("", ""), ("{", ""), ("null", ""), ("{}", ""), ('"a"', ""), ("7", ""),
        ('[{"key": "a\\u0000"}]', ""), ('[{"key": "\\udfff"}]', ""), ("[null]", "/0"), ('["a"]', "/0"), ("[1.5]", "/0"),
        ("[[]]", "/0"), ([{}], "/0/key"), ([{"key": ""}], "/0/key"), ([{"key": 7}], "/0/key"),
        ([{"key": None}], "/0/key"), ([{"key": "k" * 513}], "/0/key"),
        ([{"key": "a"}, {"key": "b", "name": "B"}], "/1/name"), ([{"key": "a", "id": "x"}], "/0/id"),
        ([{"key": "a", "display_name": "A"}], "/0/display_name"), ([{"key": "a", "displayName": 7}], "/0/displayName"),
        ([{"key": "a", "metadata": []}], "/0/metadata"), ([{"key": "a", "metadata": "x"}], "/0/metadata"),
        ('[{"key": "a", "metadata": {"n": 1e999}}]', "/0/metadata"),
        ([{"key": "a", "stripeCustomerId": 7}], "/0/stripeCustomerId"),
        ([{"key": "a", "currentPeriodStart": "2026-01-01"}], "/0/currentPeriodStart"),
        ([{"key": "a", "currentPeriodStart": "2026-01-01T00:00:00"}], "/0/currentPeriodStart"),
        ([{"key": "a", "currentPeriodEnd": 1772359200}], "/0/currentPeriodEnd"),
        ([{"key": str(n)} for n in range(1001)], ""),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_one_faulty_subject_refuses_the_batch_at_its_fault(
    handler: HttpHandler, namespace: str, body: Any, field: str
) -> None:
    assert answer(handler, "POST", SUBJECTS, body, namespace=namespace) == (400, {field})
    assert handler(request("GET", SUBJECTS, namespace=namespace), CONTEXT)["body"] == "[]"


@pytest.mark.parametrize("key", ["none", "%25", "a%2Fb", "%ED%A0%80", "k" * 9000])
def test_a_subject_that_is_not_there_is_not_found_and_stays_away(
    handler: HttpHandler, namespace: str, key: str
) -> None:
    assert answer(handler, "GET", f"{SUBJECTS}/{key}", namespace=namespace) == (404, set())
    assert answer(handler, "DELETE", f"{SUBJECTS}/{key}", namespace=namespace) == (204, set())


@pytest.mark.parametrize("path", [CUSTOMERS, SUBJECTS])
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", "json"])
def test_only_json_is_read(handler: HttpHandler, namespace: str, path: str, media_type: str) -> None:
    headers = {"content-type": media_type}
    assert answer(handler, "POST", path, "{}", headers=headers, namespace=namespace)[0] == 415


@pytest.mark.parametrize("path", [f"{CUSTOMERS}/%00", f"{CUSTOMERS}/a\0", f"{SUBJECTS}/a%00b"])
def test_an_address_with_a_nul_is_refused(handler: HttpHandler, namespace: str, path: str) -> None:
    assert answer(handler, "GET", path, namespace=namespace) == (400, {"rawPath:"})
