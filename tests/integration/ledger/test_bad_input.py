from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ledger.conftest import Till
from tests.integration.ledger.test_api import ADJUSTMENT, BOUGHT, NOBODY

ODD: list[Any] = [None, True, -1, 1.5, 10**400, "", "x" * 2000, "\ud800", "1e999", "P0D", "P9999999Y", "NaN", "0" * 70]
ODD += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", [], [None], {}, {"a": {}}, "9" * 19]
WANTED = BOUGHT | {
    "description": "d",
    "labels": {"a": "b"},
    "tax_config": {"behavior": "inclusive", "tax_code": {"id": NOBODY}},
    "filters": {"features": ["api"]},
    "priority": 3,
    "effective_at": "2026-01-01T00:00:00Z",
    "expires_after": "P1M",
}


def odd_ones(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each of its parts odd in each way."""
    for name, part in body.items():
        for odd in ODD:
            yield body | {name: odd}
            yield from (body | {name: part | {inner: odd}} for inner in (part if isinstance(part, dict) else ()))


@pytest.mark.parametrize(("path", "body"), [("grants", WANTED), ("adjustments", ADJUSTMENT | {"labels": {"a": "b"}})])
def test_no_body_is_odd_enough_to_break_the_server(till: Till, path: str, body: dict[str, Any]) -> None:
    till.add_tax_code(NOBODY)
    for odd in odd_ones(body):
        status, answer = till.call("POST", path, odd)
        assert status in {201, 400, 409}, (odd, answer)
        assert status != 400 or answer["extensions"]["validationErrors"], (odd, answer)
    # whatever was accepted can be told
    for what in ("grants", "balance", "transactions"):
        till.ok("GET", what)
        till.ok("GET", what, query="timestamp=9999-12-31T23:59:59Z" if what == "balance" else "")
