"""The batches of an invoice run, page by page: no answer grows with the number of customers or of namespaces."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from meterhouse.billing.list_customer_batches import Edges, ListCustomerBatches, Place, place_of
from meterhouse.billing.run_sizes import (
    BATCH_SIZE,
    LARGEST,
    LINES,
    MOST_LINES,
    PAGE_SIZE,
    Sizes,
    most_lines_from_environment,
    sizes_from_environment,
    sizes_of,
)
from meterhouse.kernel.errors import InvalidInput, InvariantBroken

LARGEST_STATE = 256 * 1024
LONGEST_NAME = "n" * 64


def listing(
    customers: Mapping[str, Sequence[str]], deleted: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> ListCustomerBatches:
    """Batches of these customers, and of deleted ones to tell of, by namespace and in order."""

    @contextmanager
    def begin(namespace: str) -> Iterator[Any]:
        live = SimpleNamespace(ids_after=partial(ids_after, customers[namespace]))
        notes = SimpleNamespace(deleted_to_tell=partial(ids_after, deleted.get(namespace, ())))
        yield SimpleNamespace(store=SimpleNamespace(customers=live, credit_notes=notes))

    return ListCustomerBatches(begin, lambda: list(customers))


def ids_after(ids: Sequence[str], after: str, limit: int) -> Sequence[str]:
    first = bisect_right(ids, after)
    return ids[first : first + limit]


def pages_of(listing: ListCustomerBatches, sizes: Sizes = LARGEST) -> Iterator[list[Edges]]:
    page = listing(None, sizes)
    yield list(page.batches)
    while page.after is not None:
        page = listing(place_of(page.document()["after"]), sizes)
        yield list(page.batches)


def held(customers: Mapping[str, Sequence[str]], batches: Sequence[Edges]) -> list[tuple[str, str]]:
    return [
        (edges.namespace, one)
        for edges in batches
        for one in customers[edges.namespace][
            bisect_right(customers[edges.namespace], edges.after) : bisect_right(
                customers[edges.namespace], edges.up_to
            )
        ]
    ]


@pytest.mark.parametrize(
    "customers",
    [
        {LONGEST_NAME: [f"{number:026}" for number in range(600_000)]},
        {f"{number:04}{'n' * 60}": [f"{number:026}"] for number in range(3_000)},
    ],
    ids=["600,000 customers", "3,000 namespaces"],
)
def test_every_page_fits_a_state_of_a_workflow_and_together_they_hold_everybody_once(
    customers: dict[str, list[str]],
) -> None:
    pages = list(pages_of(listing(customers)))

    outcome = {"synced": 500, "collected": 500, "advanced": 500, "failed": 1500, "complete": False}
    for page in pages:
        told = [edges.document() for edges in page]
        became = [{"batch": one, **outcome} for one in told]
        assert len(json.dumps([told, became])) < LARGEST_STATE
        assert len(page) <= LARGEST.batches
    assert len(pages) > 2
    everybody = [(namespace, one) for namespace, ids in customers.items() for one in ids]
    assert held(customers, [edges for page in pages for edges in page]) == everybody


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 7])
def test_pages_end_within_namespaces_or_between_them(page_size: int) -> None:
    customers: dict[str, list[str]] = {"b": ["1", "2", "3", "4", "5"], "empty": [], "a": ["1"], "c": ["1", "2"]}

    pages = list(pages_of(listing(customers), Sizes(2, page_size)))

    assert [(one.namespace, one.after, one.up_to) for page in pages for one in page] == [
        ("b", "", "2"),
        ("b", "2", "4"),
        ("b", "4", "5"),
        ("a", "", "1"),
        ("c", "", "2"),
    ]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_deleted_customers_to_tell_of_are_between_the_live_ones_or_behind_them(page_size: int) -> None:
    customers: dict[str, list[str]] = {"a": ["1", "3"], "empty": [], "c": ["1"]}
    deleted = {"a": ["2", "4", "5", "6"], "empty": ["9"]}

    pages = list(pages_of(listing(customers, deleted), Sizes(2, page_size)))

    assert [(one.namespace, one.after, one.up_to) for page in pages for one in page] == [
        ("a", "", "3"),
        ("a", "3", "5"),
        ("a", "5", "6"),
        ("empty", "", "9"),
        ("c", "", "1"),
    ]


def test_a_place_that_is_none_is_refused() -> None:
    for nonsense in ({}, {"namespace": "a"}, "a"):
        with pytest.raises(InvalidInput):
            place_of(nonsense)  # type: ignore[arg-type]
    assert place_of(Place("a", "1").document()) == Place("a", "1")


def test_a_run_may_ask_for_smaller_pieces_than_the_deployment_s() -> None:
    deployed = Sizes(100, 50)

    assert sizes_of({"asOf": "2024-01-01T00:00:00Z"}, deployed) == deployed
    assert sizes_of({"batchSize": 1}, deployed) == Sizes(1, 50)
    assert sizes_of({"batchSize": 500, "pageSize": 400}, deployed) == LARGEST


@pytest.mark.parametrize("wrong", [0, -1, 501, "2", 2.0, True, None])
def test_sizes_that_a_run_cannot_have_are_refused_all_at_once(wrong: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        sizes_of({"batchSize": wrong, "pageSize": wrong}, LARGEST)

    assert [problem.field for problem in refused.value.problems] == ["/run/batchSize", "/run/pageSize"]


def test_the_deployment_s_sizes_are_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH_SIZE, "20")
    monkeypatch.setenv(PAGE_SIZE, "400")

    assert sizes_from_environment() == Sizes(20, 400)


@pytest.mark.parametrize("value", ["", "0", "401", "ten", "-3", "1.5"])
def test_a_deployment_whose_sizes_are_wrong_says_which(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(BATCH_SIZE, "500")
    monkeypatch.setenv(PAGE_SIZE, value)

    with pytest.raises(InvariantBroken, match=PAGE_SIZE):
        sizes_from_environment()


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_a_deployment_whose_invoices_may_have_no_line_says_so(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert most_lines_from_environment() == MOST_LINES
    monkeypatch.setenv(LINES, value)
    with pytest.raises(InvariantBroken, match=LINES):
        most_lines_from_environment()
    monkeypatch.setenv(LINES, "250")
    assert most_lines_from_environment() == 250
