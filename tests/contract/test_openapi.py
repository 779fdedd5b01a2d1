import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from functions.describe_api.handler import handler
from meterhouse.metering.binary_event import ATTRIBUTES
from meterhouse.platform.wire import Wire
from tests.unit.platform.requests import CONTEXT, request

PROBLEM = "#/components/schemas/Problem"


@cache
def described() -> dict[str, Any]:
    answer = handler(request("GET", "/api/v1/openapi.json"), CONTEXT)
    assert answer["statusCode"] == 200
    document: dict[str, Any] = json.loads(answer["body"])
    return document


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names) > 0
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations())


def test_every_operation_may_answer_with_a_problem_and_none_with_powertools_own() -> None:
    kept = described()["components"]["responses"]
    for _, method, operation in operations():
        refused = [response for code, response in operation["responses"].items() if code[0] in "45d"]
        content = [kept[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in refused]
        assert {one["content"]["application/problem+json"]["schema"]["$ref"] for one in content} == {PROBLEM}
        assert {"400", "401", "403", "404", "429", "500", "503"} <= operation["responses"].keys()
        assert ("409" in operation["responses"]) == (method != "get")
        assert ("415" in operation["responses"]) == ("requestBody" in operation)
    assert "HTTPValidationError" not in json.dumps(described())


def test_status_codes_are_those_of_the_routes() -> None:
    customers, customer = "/api/v1/customers", "/api/v1/customers/{customerIdOrKey}"
    paths = described()["paths"]
    assert next(iter(paths[customers]["post"]["responses"])) == "201"
    assert next(iter(paths[customers]["get"]["responses"])) == "200"
    assert paths[customer]["delete"]["responses"]["204"] == {"description": "No content"}
    resent = paths["/api/v1/notification/events/{eventId}/resend"]["post"]["responses"]
    assert next(iter(resent.items())) == ("202", {"description": "No content"})


def test_path_parameters_are_named_as_in_the_contract() -> None:
    for path, _, operation in operations():
        named = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"]
        assert all(f"{{{name}}}" in path for name in named)
        assert len(named) == path.count("{")
        assert "_" not in path


def test_no_parameter_may_be_null() -> None:
    schemas = [one.get("schema", {}) for _, _, operation in operations() for one in operation.get("parameters", ())]
    assert len(schemas) > 100
    assert not any(
        {"type": "null"} in schema.get("anyOf", ()) or ("default" in schema and schema["default"] is None)
        for schema in schemas
    )


def test_every_reference_leads_somewhere() -> None:
    document = described()
    text = json.dumps(document)
    for kind in ("schemas", "responses"):
        for name in {part.partition('"')[0] for part in text.split(f"#/components/{kind}/")[1:]}:
            assert name in document["components"][kind]


def test_the_bearer_key_is_asked_for() -> None:
    assert described()["security"] == [{"apiKey": []}]
    assert described()["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_ingest_is_described_beside_the_routes_of_routers() -> None:
    operation = described()["paths"]["/api/v1/events"]["post"]
    assert next(iter(operation["responses"])) == "204"
    assert set(operation["requestBody"]["content"]) == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    }


def test_ingest_tells_of_binary_mode_and_of_compressed_bodies() -> None:
    operation = described()["paths"]["/api/v1/events"]["post"]
    headers = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
    assert headers == {f"ce-{name}" for name in ATTRIBUTES} | {"content-encoding"}
    assert "binary mode" in operation["description"]
    assert not any(parameter["required"] for parameter in operation["parameters"])


def test_queries_by_key_in_json_and_for_csv_are_described_as_the_contract_has_them() -> None:
    paths = described()["paths"]
    query = paths["/api/v1/meters/{meterIdOrSlug}/query"]["get"]
    said = {one["name"]: one for one in query["parameters"]}
    assert len(said) == len(query["parameters"])
    assert (said["filterGroupBy"]["style"], said["filterGroupBy"]["schema"]["type"]) == ("deepObject", "object")
    assert list(said["advancedMeterGroupByFilters"]["content"]) == ["application/json"]
    assert set(query["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    for path in ("/api/v1/plans", "/api/v1/addons", "/api/v1/plans/{planId}/addons"):
        assert "keyVersion" in {one["name"] for one in paths[path]["get"]["parameters"]}
    assert "/api/v1/billing/profiles/{id}" in paths
    assert "x-query-parameters" not in json.dumps(paths)


def asked() -> dict[str, Any]:
    """The schemas that documents of requests are made of, by name."""
    known = described()["components"]["schemas"]
    found: dict[str, Any] = {}
    left = [operation["requestBody"] for _, _, operation in operations() if "requestBody" in operation]
    while left:
        part = left.pop()
        name = part.get("$ref", "").rpartition("/")[2] if isinstance(part, dict) else ""
        if name in known and name not in found:
            found[name] = known[name]
            left.append(known[name])
        left += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return {name.removesuffix("-Input"): schema for name, schema in found.items()}


def models(of: type[Wire] = Wire) -> Iterator[type[Wire]]:
    for model in of.__subclasses__():
        yield model
        yield from models(model)


def types_of(field: dict[str, Any]) -> set[str]:
    return {str(one.get("type")) for one in (field, *field.get("anyOf", ()))}


def takes(model: type[Wire], name: str, value: object) -> bool:
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return not any(fault["loc"][:1] == (name,) for fault in error.errors())
    return True


def test_a_boolean_of_a_request_is_no_text_and_no_number_and_a_number_is_no_text() -> None:
    documents = asked()
    others = {"boolean": ("off", "true", 0, 1), "number": ("10",), "integer": ("2", True)}
    wrong = {
        (model, name): [value for kind in others.keys() & types if "string" not in types for value in others[kind]]
        for model in models()
        for name, field in documents.get(model.__name__, {}).get("properties", {}).items()
        for types in [types_of(field)]
    }
    checked = {f"{model.__name__}.{name}" for (model, name), values in wrong.items() if values}
    assert {"ProfileCreate.default", "InvoicingSettings.autoAdvance", "VoidAction.percentage"} <= checked
    assert {"PlanReferenceInput.version", "RateLimitWire.burst", "CheckoutOptions.expiresAt"} <= checked
    assert [(*one, value) for one, values in wrong.items() for value in values if takes(*one, value)] == []


def test_every_list_of_a_request_has_a_bound_for_a_refusal_tells_of_each_wrong_entry() -> None:
    lists = {
        f"{name}.{field}": "maxItems" in part
        for name, schema in asked().items()
        for field, described_as in schema.get("properties", {}).items()
        for part in (described_as, *described_as.get("anyOf", ()))
        if part.get("type") == "array"
    }
    assert {"VoidInvoice.overrides", "PendingLinesCreate.lines", "FilterString.$in"} <= lists.keys()
    assert [name for name, is_bounded in lists.items() if not is_bounded] == []
