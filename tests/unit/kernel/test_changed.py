"""A copy with changes is what `dataclasses.replace` makes of it, checks and refusals included."""

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.changed import made, replace, unchecked
from tests.unit.billing.samples import metered, rated_draft

MONTHLY = Cadence(1, CadenceUnit.MONTH)


def test_a_copy_is_what_the_standard_library_makes_of_it() -> None:
    invoice = rated_draft(metered()).invoice
    for one, changes in ((invoice, {"step": 7}), (invoice.lines[0], {"name": "x", "revision": 2}), (MONTHLY, {})):
        copied = replace(one, **changes)
        assert copied == dataclasses.replace(one, **changes)
        assert copied is not one


def test_what_is_made_is_what_the_constructor_makes() -> None:
    invoice = rated_draft(metered()).invoice
    for one in (invoice, invoice.lines[0], MONTHLY):
        values = {each.name: getattr(one, each.name) for each in dataclasses.fields(one)}
        assert made(type(one), **values) == one
    assert made(Remembering, second=5) == Remembering(second=5)


@pytest.mark.parametrize("values", [{}, {"first": 1, "secnd": 2}, {"first": 1, "second": 2, "third": 3}])
def test_what_lacks_a_value_or_has_one_too_many_is_not_made(values: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Pair"):
        made(Pair, **values)


def test_the_constructor_checks_a_copy_and_what_is_made() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        replace(MONTHLY, count=0)
    with pytest.raises(ValueError, match="at least one unit"):
        made(Cadence, count=0, unit=CadenceUnit.MONTH)


def test_what_is_copied_stays_as_it_was_and_so_does_its_copy() -> None:
    invoice = rated_draft(metered()).invoice
    before = dataclasses.replace(invoice)
    copied = replace(invoice, step=7)
    assert invoice == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        copied.step = 8  # type: ignore[misc]


def test_a_field_that_there_is_not_is_refused() -> None:
    invoice = rated_draft(metered()).invoice
    for copy in (replace, unchecked):
        with pytest.raises(TypeError):
            copy(invoice, stepp=7)


@dataclass(frozen=True)
class Pair:
    first: int
    second: int


@dataclass(frozen=True)
class Remembering:
    first: int = 1
    second: int = 2

    @cached_property
    def sum(self) -> int:
        return self.first + self.second


def test_what_was_worked_out_of_the_old_is_no_part_of_a_copy() -> None:
    one = Remembering()
    assert one.sum == 3
    with pytest.raises(TypeError, match="Remembering"):
        replace(one, first=5)


@dataclass(frozen=True)
class Even:
    number: int
    name: str = ""

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


def test_a_copy_is_checked_unless_it_is_said_that_it_need_not_be() -> None:
    with pytest.raises(ValueError, match="3 is odd"):
        replace(Even(2), number=3)
    assert unchecked(Even(2), name="two") == Even(2, "two")


@dataclass(frozen=True, kw_only=True)
class ByName:
    first: int = 1
    second: int = 2


@dataclass(frozen=True)
class Derived:
    first: int = 1
    second: int = field(default=2, init=False)


@dataclass(frozen=True)
class Single:
    first: int = 1


@pytest.mark.parametrize("one", [ByName(), Derived(), Single()])
def test_what_its_constructor_does_not_take_by_place_is_refused(one: ByName | Derived | Single) -> None:
    with pytest.raises(TypeError, match="two or more fields in their order"):
        replace(one, first=3)
