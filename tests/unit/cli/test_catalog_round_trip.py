"""A document is the same behind its file, and behind what the endpoint is sent and tells."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.catalog.difference import differences
from meterhouse.cli.catalog.kinds import Document, Family
from meterhouse.cli.catalog.node import read_yaml
from meterhouse.cli.catalog.plain import from_answer, settled, to_request
from meterhouse.cli.catalog.reading import Reading
from meterhouse.cli.catalog.remote import spec_of
from meterhouse.cli.catalog.schema import FAMILIES, FEATURES, METERS, PLANS
from meterhouse.cli.catalog.yaml_text import yaml_text
from meterhouse.cli.errors import Failed
from meterhouse.client.json_text import read_json, write_json
from tests.unit.cli.catalog_documents import documents

PAIRS = st.sampled_from(FAMILIES).flatmap(
    lambda family: st.tuples(st.just(family), documents(family), documents(family))
)
UNIT = {"type": "unit", "amount": Decimal("0.10")}


def read(family: Family, text: str, key: str = "own") -> Document:
    reading = Reading("own.yaml")
    document = reading.read(family.record, read_yaml(text), key)
    assert reading.faults == []
    return document


@given(PAIRS)
def test_what_is_written_is_read_and_written_again_the_same(drawn: tuple[Family, Document, Document]) -> None:
    family, document, _ = drawn
    text = yaml_text(document)

    assert read(family, text) == document
    assert yaml_text(read(family, text)) == text


@given(PAIRS)
def test_what_is_sent_and_told_again_is_the_same(drawn: tuple[Family, Document, Document]) -> None:
    family, document, _ = drawn
    told = read_json(write_json({family.key: "own", "id": "01", **to_request(family.record, document, "own")}))

    assert from_answer(family, told) == (spec_of(document) if family.has_versions else document)


@given(PAIRS)
def test_only_equal_documents_do_not_differ_and_what_is_new_one_way_is_old_the_other(
    drawn: tuple[Family, Document, Document],
) -> None:
    _, one, other = drawn
    there, back = differences(one, other), differences(other, one)

    assert (there == []) is (one == other)
    assert differences(one, one) == []
    assert {(change.field, str(change.old), str(change.new)) for change in there} == {
        (change.field, str(change.new), str(change.old)) for change in back
    }


def test_decimals_keep_their_digits_and_compare_by_their_value() -> None:
    document = read(FEATURES, "name: A\nunitCost: {type: manual, amount: 0.10}\n")

    assert "amount: '0.10'" in yaml_text(document)
    assert to_request(FEATURES.record, document, "own")["unitCost"]["amount"] == "0.10"
    assert document == read(FEATURES, "name: A\nunitCost: {type: manual, amount: '0.1'}\n")
    exact = "123456789012345678901234567890.123456789012345678901234567890"
    assert exact in yaml_text(read(FEATURES, f"name: A\nunitCost: {{type: manual, amount: {exact}}}\n"))


@pytest.mark.parametrize(
    ("family", "said", "unsaid"),
    [
        (METERS, {"name": "own", "groupBy": {}, "metadata": {}, "description": ""}, {}),
        (PLANS, {"proRatingConfig": {"enabled": True, "mode": "prorate_prices"}, "draft": False}, {}),
        (PLANS, {"settlementMode": "credit_then_invoice"}, {}),
        (FEATURES, {"advancedMeterGroupByFilters": {"a": {"$eq": "b"}}}, {"meterGroupByFilters": {"a": "b"}}),
        (
            FEATURES,
            {"advancedMeterGroupByFilters": {"a": {"$eq": "b"}}, "meterGroupByFilters": {"a": "b"}},
            {"meterGroupByFilters": {"a": "b"}},
        ),
        (
            FEATURES,
            {"advancedMeterGroupByFilters": {"a": {"$in": ["b"]}}},
            {"advancedMeterGroupByFilters": {"a": {"$in": ["b"]}}},
        ),
    ],
)
def test_what_goes_without_saying_is_left_out(family: Family, said: Document, unsaid: Document) -> None:
    assert settled(family.record, said, "own") == unsaid


def test_defaults_and_nulls_are_sent() -> None:
    card = {"type": "flat_fee", "key": "a", "name": "A", "price": {"type": "flat", "amount": Decimal(1)}}
    usage = {"type": "usage_based", "key": "b", "name": "B", "billingCadence": "P1M"}
    plan: dict[str, Any] = {
        "draft": True,
        "name": "Plan",
        "currency": "USD",
        "billingCadence": "P1M",
        "proRatingConfig": {"enabled": False},
        "phases": [{"key": "p", "name": "P", "rateCards": [card, usage]}],
    }

    sent = to_request(PLANS.record, plan, "own")

    [phase] = sent.pop("phases")
    assert sent == {
        "name": "Plan",
        "currency": "USD",
        "billingCadence": "P1M",
        "proRatingConfig": {"enabled": False, "mode": "prorate_prices"},
        "settlementMode": "credit_then_invoice",
    }
    assert phase["duration"] is None
    assert phase["rateCards"][0]["billingCadence"] is None
    assert phase["rateCards"][0]["price"] == {"type": "flat", "amount": "1", "paymentTerm": "in_advance"}
    assert phase["rateCards"][1]["price"] is None


@pytest.mark.parametrize(
    "answer",
    [
        {"name": "A", "key": "a", "surplus": 1},
        {"name": "A", "key": "a", "unitCost": {"type": "barter"}},
        {"name": "A", "key": "a", "unitCost": {"amount": "1"}},
        {"name": "A", "key": "a", "unitCost": "1"},
        {"name": "A"},
    ],
)
def test_what_an_answer_says_and_is_not_known_here_is_never_lost(answer: dict[str, Any]) -> None:
    with pytest.raises(Failed, match="cannot read"):
        from_answer(FEATURES, answer)


def card(key: str, **more: object) -> dict[str, object]:
    return {"type": "flat_fee", "key": key, "name": key, **more}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": "1"}, {"a": "2", "b": "3"}, [("a", "1", "2"), ("b", None, "3")]),
        ({"c": [card("x"), card("y")]}, {"c": [card("y"), card("x")]}, [("c (order)", "x, y", "y, x")]),
        ({"c": [card("x")]}, {"c": [card("y"), card("x")]}, [("c.y", None, card("y"))]),
        ({"c": [card("x", price=UNIT)]}, {"c": [card("x")]}, [("c.x.price", UNIT, None)]),
        ({"p": UNIT}, {"p": {**UNIT, "amount": Decimal(2)}}, [("p.amount", Decimal("0.10"), Decimal(2))]),
        (
            {"p": UNIT},
            {"p": {"type": "flat", "amount": Decimal(2)}},
            [("p", UNIT, {"type": "flat", "amount": Decimal(2)})],
        ),
        ({"t": [{"n": "1"}, {"n": "2"}]}, {"t": [{"n": "1"}]}, [("t.1", {"n": "2"}, None)]),
    ],
)
def test_a_difference_names_the_field_as_a_reader_would(old: Document, new: Document, told: list[object]) -> None:
    assert [(change.field, change.old, change.new) for change in differences(old, new)] == told
