import pytest

from meterhouse.entitlements.paging import Paging
from meterhouse.entitlements.ports import GrantOrder, Slice
from meterhouse.platform.wire import SortOrder


@pytest.mark.parametrize(
    ("paging", "offset", "limit", "number"),
    [
        (Paging(), 0, 100, 1),
        (Paging(page=3), 200, 100, 3),
        (Paging(page=3, page_size=5), 10, 5, 3),
        (Paging(offset=7), 7, 100, 1),
        (Paging(offset=7, limit=5), 7, 5, 2),
        (Paging(limit=5), 0, 5, 1),
        (Paging(page=2, limit=5, offset=1), 100, 100, 2),
    ],
)
def test_pages_go_before_rows_counted_off(paging: Paging, offset: int, limit: int, number: int) -> None:
    assert paging.rows(GrantOrder.ID) == Slice(GrantOrder.ID, limit, offset)
    assert (paging.number, paging.size) == (number, limit)


def test_an_order_may_be_turned_round() -> None:
    assert Paging(order=SortOrder.DESC).rows(GrantOrder.ID).descending
