"""W3C's trace context: what is taken for one, and from where."""

import pytest

from meterhouse.platform.trace_context import current, of_request, of_xray, trace_id, traced

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
OTHER = "00-11111111111111111111111111111111-b7ad6b7169203331-00"
XRAY = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (PARENT, TRACE),
        (f"cc{PARENT[2:]}-what-the-future-is", TRACE),
        (f"ff{PARENT[2:]}", None),
        (PARENT.upper(), None),
        (PARENT.replace(TRACE, "0" * 32), None),
        (PARENT.replace("b7ad6b7169203331", "0" * 16), None),
        (PARENT[:-1], None),
        ("'; DROP TABLE events", None),
        (None, None),
    ],
)
def test_only_what_the_recommendation_allows_is_a_trace(given: str | None, found: str | None) -> None:
    assert trace_id(given) == found


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        ({"traceparent": PARENT}, b'{"traceparent":"%s"}' % OTHER.encode(), PARENT),
        ({"ce-traceparent": PARENT}, b"", PARENT),
        ({"traceparent": "nonsense"}, b'[{"id":"1"},{"traceparent" : "%s"}]' % PARENT.encode(), PARENT),
        ({}, b" " * 70_000 + b'{"traceparent":"%s"}' % PARENT.encode(), of_xray(XRAY)),
        ({}, b"{}", of_xray(XRAY)),
    ],
)
def test_a_request_is_traced_by_its_header_an_event_or_lambda_in_this_order(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], body: bytes, found: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", XRAY)

    assert of_request(headers, body) == found


def test_xrays_ids_are_the_same_as_the_recommendations() -> None:
    assert of_xray(XRAY) == PARENT
    assert of_xray("Self=1") is None


def test_a_trace_ends_with_its_block() -> None:
    with traced(PARENT):
        assert current() == PARENT
    assert current() is None
