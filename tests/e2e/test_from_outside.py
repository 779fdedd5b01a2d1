"""Schemathesis on the deployed house: an example of every operation, and what the gateway says by itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation.case import Case

from meterhouse.platform.access import OPEN, route_scopes
from meterhouse.platform.ids import new_id
from tests.integration.outside.judge import faults_of
from tests.integration.outside.operations import Operation, operations
from tests.integration.tenancy.matrix import NOBODY

_ONE = settings(
    max_examples=1, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
_UNAUTHORIZED, _NO_ROUTE = 401, 404
_PATIENCE = 60


@pytest.fixture
def session(new_key: Callable[[str], str]) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.headers["authorization"] = f"Bearer {new_key(f'outside-{new_id().lower()}')}"
        yield opened


def test_an_example_of_every_operation_is_answered_as_documented(
    stack: dict[str, str], session: requests.Session
) -> None:
    found: list[str] = []

    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=stack["METERHOUSE_URL"], session=session, timeout=_PATIENCE)
        found.extend(
            f"{case.operation.label} {case!r}: {fault} {answer.text[:300]}" for fault in faults_of(case, answer)
        )

    for operation in operations():
        _ONE(given(operation.as_strategy())(ask))()
    assert found == []


def test_no_operation_answers_who_has_no_credential_and_no_route_is_there_that_is_not_documented(
    stack: dict[str, str],
) -> None:
    open_routes = {route for route, scope in route_scopes().items() if scope == OPEN}
    asked = {
        one.label: requests.request(one.method.upper(), _address(stack, one), timeout=_PATIENCE) for one in operations()
    }
    strangers = {label: answer.status_code for label, answer in asked.items() if label not in open_routes}
    assert {label: status for label, status in strangers.items() if status != _UNAUTHORIZED} == {}
    answer = requests.patch(f"{stack['METERHOUSE_URL']}/api/v1/meters", timeout=_PATIENCE)
    assert answer.status_code == _NO_ROUTE


def _address(stack: dict[str, str], operation: Operation) -> str:
    parameters = {parameter.name: NOBODY for parameter in operation.path_parameters}
    return stack["METERHOUSE_URL"] + operation.path.format(**parameters)
