import json

import pytest

from meterhouse.kernel import errors
from meterhouse.platform.http import LARGEST_ANSWER
from meterhouse.platform.problem import problem_response

FAULT = errors.Problem("/key", "taken", "is taken")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("bad", [FAULT]), 400),
        (errors.Forbidden("no"), 403),
        (errors.NotFound("meter", "m"), 404),
        (errors.Conflict("taken", "key_conflict"), 409),
        (errors.TooLarge("more than 4 MiB"), 413),
        (errors.UnsupportedMedia("json only"), 415),
        (errors.Unprocessable("another body"), 422),
        (errors.TooMany("slower", 1), 429),
        (errors.Unavailable("later"), 503),
        (errors.InvariantBroken("unbalanced"), 500),
        (ValueError("secret"), 500),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    problem = problem_response(error, request_id="r-1")
    document = json.loads(problem.body)
    assert (problem.status, document["status"]) == (status, status)
    assert problem.headers["content-type"] == "application/problem+json"
    assert (document["type"], document["instance"], document["requestId"]) == ("about:blank", "urn:request:r-1", "r-1")


@pytest.mark.parametrize("error", [errors.InvariantBroken("unbalanced"), ValueError("secret")])
def test_our_own_faults_tell_nothing_but_the_request(error: Exception) -> None:
    document = json.loads(problem_response(error, request_id="r-1").body)
    assert document["detail"] == "internal error; quote request r-1"


def test_every_problem_is_listed() -> None:
    other = errors.Problem("/name", "missing", "is required")
    problem = problem_response(errors.InvalidInput("bad", [FAULT, other]), request_id="")
    assert json.loads(problem.body)["extensions"]["validationErrors"] == [
        {"field": "/key", "code": "taken", "message": "is taken"},
        {"field": "/name", "code": "missing", "message": "is required"},
    ]


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("/purchase/per_unit_cost_basis", {"field": "purchase.per_unit_cost_basis", "source": "body"}),
        ("/labels/a~1b~0c", {"field": "labels.a/b~c", "source": "body"}),
        ("", {"field": "", "source": "body"}),
        ("query:filter[key][gt]", {"field": "filter[key][gt]", "source": "query"}),
        ("path:customer_id", {"field": "customerId", "source": "path"}),
        ("rawPath:", {"field": "", "source": "path"}),
        ("rawQueryString:", {"field": "", "source": "query"}),
    ],
)
def test_version_3_names_what_is_invalid_as_its_contract_does(field: str, named: dict[str, str]) -> None:
    fault = errors.Problem(field, "c", "is wrong")
    problem = problem_response(errors.InvalidInput("bad", [fault, fault]), request_id="", path="/api/v3/openmeter/x")
    document = json.loads(problem.body)
    assert document["invalid_parameters"] == [named | {"reason": "is wrong"}]
    assert document["extensions"]["validationErrors"][0]["field"] == field


def test_version_3_names_something_even_where_all_is_wrong_and_other_versions_nothing() -> None:
    told = json.loads(problem_response(errors.InvalidInput("bad"), request_id="", path="/api/v3/openmeter/x").body)
    assert told["invalid_parameters"] == [{"field": "", "reason": "bad", "source": "body"}]
    for error, path in (
        (errors.InvalidInput("bad", [FAULT]), "/api/v1/plans"),
        (errors.Conflict("taken", "c", [FAULT]), "/api/v3/openmeter/x"),
    ):
        assert "invalid_parameters" not in json.loads(problem_response(error, request_id="", path=path).body)


def test_what_may_pass_says_when_to_come_back() -> None:
    for error in (errors.Unavailable("later", retry_after_seconds=7), errors.TooMany("slower", 7)):
        problem = problem_response(error, request_id="")
        assert problem.headers["retry-after"] == "7"


def test_a_conflict_tells_its_facts_beside_the_members_every_problem_has() -> None:
    error = errors.Conflict("too much", "insufficient_balance", facts={"available": "2.5", "status": "999"})
    document = json.loads(problem_response(error, request_id="").body)
    assert (document["code"], document["available"], document["status"]) == ("insufficient_balance", "2.5", 409)


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v3/things"])
@pytest.mark.parametrize("name", ["/lists/{}", "/" + "n" * 300 + '"é{}'])
def test_however_many_faults_there_are_the_answer_fits_and_says_how_many_are_listed(path: str, name: str) -> None:
    faults = [errors.Problem(name.format(number), "unknown_field", "is not known") for number in range(60_000)]
    response = problem_response(errors.InvalidInput("bad", faults), request_id="r-1", path=path)
    document = json.loads(response.body)
    listed = document["extensions"]["validationErrors"]
    assert listed == [{"field": p.field, "code": p.code, "message": p.message} for p in faults[: len(listed)]]
    assert len(listed) > 1_000
    assert document["detail"] == f"bad; {len(listed)} of 60000 faults are listed"
    assert len(json.dumps(response.body)) < LARGEST_ANSWER


def test_a_fault_too_large_to_be_told_is_counted() -> None:
    fault = errors.Problem("/" + "n" * 4_000_000, "unknown_field", "is not known")
    document = json.loads(problem_response(errors.InvalidInput("bad", [fault]), request_id="r-1").body)
    assert (document["detail"], document["extensions"]) == ("bad; 0 of 1 faults are listed", {"validationErrors": []})
