"""What a run tells of its way: segments, and why each ended."""

from decimal import Decimal

from meterhouse.entitlements.burn_down import Balance, EndedBy, burn_down
from tests.unit.entitlements.burn_down_samples import NOTHING, T, at, grant, reset, run, told, used


def test_segments_tell_why_they_ended() -> None:
    grants = [
        grant("g1", 10, ends=2),
        grant("g2", 10, voided=4),
        grant("g3", 10, begins=6),
        grant("g4", 10, every=8),
    ]

    ended_by = [segment.ended_by for segment in run(grants, NOTHING, 12, reset(10)).segments]

    assert ended_by == [
        {EndedBy.GRANT_EXPIRED},
        {EndedBy.GRANT_VOIDED},
        {EndedBy.GRANT_BEGAN},
        {EndedBy.GRANT_RECURRED},
        {EndedBy.USAGE_RESET},
        set(),
        {EndedBy.RUN_ENDED},
    ]


def test_overage_that_a_grant_pays_as_it_begins_is_told_in_its_first_segment() -> None:
    grants = [grant("g1", 100), grant("g2", 50, begins=5)]

    first, second = run(grants, used({1: 120, 6: 10})).segments

    assert told(first.grant_usages, first.overage) == ((("g1", 100),), 20)
    assert told(second.balance_at_start, second.usage, second.grant_usages) == (50, 10, (("g2", 30),))
    assert told(second.balance_at_end, second.overage) == (20, 0)


def test_preserved_overage_is_told_in_the_segment_of_the_rollover() -> None:
    grants = [grant("g1", 100, rollover=(30, 30))]

    _, rollover, following = run(grants, used({1: 110}), 10, reset(5, preserving=True)).segments

    assert rollover.is_rollover
    assert told(rollover.balance_at_start, rollover.grant_usages, rollover.balance_at_end) == (30, (("g1", 10),), 20)
    assert told(following.balance_at_start, following.grant_usages) == (20, ())


def test_a_run_tells_only_its_own_part_of_a_segment() -> None:
    grants = [grant("g1", 100)]
    usage = used({1: 30, 5: 20})
    start = run(grants, usage, 3).balance

    (segment,) = burn_down(start, grants, [], at(6), usage).segments

    assert told(segment.balance_at_start, segment.usage, segment.grant_usages) == (70, 20, (("g1", 20),))


def test_what_a_start_says_of_a_grant_that_is_not_active_is_of_no_account() -> None:
    said = {"g1": Decimal(20)}
    start = Balance(T, T, said, settled=said)

    balance = burn_down(start, [grant("g1", 100, begins=5)], [], at(2), used({1: -10})).balance

    assert told(dict(balance.balances), balance.credit) == ({}, 10)
