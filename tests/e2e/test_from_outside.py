"""What the gateway says by itself, on the deployed house, of every operation of the OpenAPI document."""

import requests

from meterhouse.platform.access import OPEN, route_scopes
from tests.integration.outside.operations import Operation, operations
from tests.integration.tenancy.matrix import NOBODY

_UNAUTHORIZED, _NO_ROUTE = 401, 404
_PATIENCE = 60


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
