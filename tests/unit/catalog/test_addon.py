from dataclasses import replace
from datetime import timedelta

from meterhouse.catalog.version import Status
from tests.unit.catalog.samples import START, addon

LATER = START + timedelta(days=1)


def test_a_status_follows_from_when_it_is_on_sale() -> None:
    assert addon(sold_from=None).status(LATER) is Status.DRAFT
    assert addon().status(START) is Status.ACTIVE
    assert addon(until=LATER).status(START) is Status.ACTIVE
    assert addon(until=LATER).status(LATER) is Status.ARCHIVED


def test_what_has_an_end_is_no_longer_sold() -> None:
    assert addon().is_sold(START)
    assert not addon(sold_from=None).is_sold(START)
    assert not addon(until=LATER).is_sold(START)
    assert not replace(addon(), deleted_at=LATER).is_sold(LATER)
