from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from meterhouse.platform.faults import invalid_input
from meterhouse.platform.wire import Wire


class Flat(Wire):
    type: Literal["flat"]
    amount: int


class Unit(Wire):
    type: Literal["unit"]
    per_unit: int


class Tagged(Wire):
    price: Annotated[Flat | Unit, Field(discriminator="type")]


class Untagged(Wire):
    prices: list[Flat | Unit] = Field(default_factory=list)
    metadata: dict[str, str] = Field(default_factory=dict)


def pointers(schema: Any, body: object) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(schema).validate_python(body)
    faults = [fault | {"loc": ("body", *fault["loc"])} for fault in refused.value.errors()]
    return [problem.field for problem in invalid_input(faults, body).problems]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"price": {"type": "flat"}}, ["/price/amount"]),
        ({"price": {"type": "unit", "perUnit": "x"}}, ["/price/perUnit"]),
        ({"price": {"type": "none"}}, ["/price"]),
        ({"price": 1}, ["/price"]),
        ({}, ["/price"]),
        ([], [""]),
    ],
)
def test_the_branch_of_a_union_stands_in_no_pointer(body: object, expected: list[str]) -> None:
    assert pointers(Tagged, body) == expected


def test_every_branch_tried_points_into_the_document() -> None:
    body = {"prices": [{"type": "flat", "amount": 1}, {"type": "unit", "perUnit": "x"}]}
    assert set(pointers(Untagged, body)) <= {"/prices/1/type", "/prices/1/perUnit", "/prices/1/amount"}


@given(key=st.text(min_size=1))
def test_names_are_escaped_as_in_rfc_6901(key: str) -> None:
    (pointer,) = pointers(Untagged, {"metadata": {key: 1}})
    assert pointer.removeprefix("/metadata/").replace("~1", "/").replace("~0", "~") == key


def test_faults_outside_the_body_name_their_place() -> None:
    fault = {"loc": ("query", "page"), "type": "int_parsing", "msg": "no integer"}
    (problem,) = invalid_input([fault], None).problems
    assert (problem.field, problem.code, problem.message) == ("query:page", "int_parsing", "no integer")
