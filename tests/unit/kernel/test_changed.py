"""A copy with changes is what `dataclasses.replace` makes of it, checks and refusals included."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.changed import replace
from tests.unit.billing.samples import metered, rated_draft

MONTHLY = Cadence(1, CadenceUnit.MONTH)


def test_a_copy_is_what_the_standard_library_makes_of_it() -> None:
    invoice = rated_draft(metered()).invoice
    for one, changes in ((invoice, {"step": 7}), (invoice.lines[0], {"name": "x", "revision": 2}), (MONTHLY, {})):
        copied = replace(one, **changes)
        assert copied == dataclasses.replace(one, **changes)
        assert copied is not one


def test_the_constructor_checks_a_copy() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        replace(MONTHLY, count=0)


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
