"""What holds for all grants, resets and usage: the burn-down beside a naive one, cut anywhere, in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.entitlements.burn_down import Balance, BurnDown, Stretch, Tally, Usage, burn_down, opening, stretches
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import Reset
from tests.unit.entitlements.burn_down_samples import T, at, grant, last_of, present, reset, used
from tests.unit.entitlements.naive_burn_down import naive_burn_down

HORIZON = 40
MANY = settings(max_examples=120)

hours = st.integers(0, HORIZON)
amounts = st.decimals(0, 30, places=1)
negative_too = st.decimals(-30, 30, places=1)
either, never, always = st.booleans(), st.sampled_from([False]), st.sampled_from([True])


@st.composite
def some_grants(draw: st.DrawFn) -> list[Grant]:
    return [_some_grant(draw, f"g{number}") for number in range(draw(st.integers(0, 6)))]


def _some_grant(draw: st.DrawFn, id_: str) -> Grant:
    begins = draw(hours)
    return grant(
        id_,
        draw(st.decimals("0.5", 30, places=1)),
        begins,
        draw(st.none() | st.integers(begins, HORIZON + 5)),
        priority=draw(st.integers(1, 2)),
        created=draw(st.integers(0, 1)),
        voided=draw(st.none() | hours),
        every=draw(st.none() | st.integers(1, 12)),
        anchor=draw(st.integers(-10, HORIZON)),
        rollover=draw(st.just((0, 0)) | st.tuples(amounts, amounts)),
    )


@dataclass(frozen=True)
class Case:
    grants: Sequence[Grant]
    resets: Sequence[Reset]
    until: int
    usage: Usage
    is_gauge: bool

    def run(self, start: Balance | None = None, until: int | None = None, marks: Sequence[int] = ()) -> BurnDown:
        start = start or opening(self.grants, T)
        resets = [reset for reset in self.resets if reset.at > start.at]
        end = at(self.until if until is None else until)
        cuts = [at(mark) for mark in marks]
        return burn_down(start, self.grants, resets, end, self.usage, is_gauge=self.is_gauge, marks=cuts)


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    values: st.SearchStrategy[Decimal] = negative_too,
    gauge: st.SearchStrategy[bool] = either,
    preserving: st.SearchStrategy[bool] = either,
) -> Case:
    is_gauge = draw(gauge)
    # dense, for a share that is given back shows only where much has been burnt before
    used_by_hour = draw(st.lists(st.none() | values, min_size=HORIZON // 2, max_size=HORIZON))
    events = {hour: value for hour, value in enumerate(used_by_hour) if value is not None}
    resets = draw(st.dictionaries(st.integers(1, HORIZON), preserving, max_size=4))
    return Case(
        draw(some_grants()),
        [reset(hour, preserving=is_owed) for hour, is_owed in sorted(resets.items())],
        draw(hours),
        last_of(events) if is_gauge else used(events),
        is_gauge,
    )


def not_negative(**more: st.SearchStrategy[bool]) -> st.SearchStrategy[Case]:
    return cases(values=amounts, gauge=never, **more)


@MANY
@given(cases())
def test_the_burn_down_equals_one_that_looks_at_every_grant_every_hour(case: Case) -> None:
    balance = case.run().balance

    naive = naive_burn_down(case.grants, case.resets, T, at(case.until), case.usage, is_gauge=case.is_gauge)
    assert present(balance.balances) == present(naive.left)
    assert set(balance.balances) == set(naive.left)
    assert (balance.usage, balance.granted_usage) == (naive.usage, naive.granted)
    assert balance.overage - balance.credit == naive.owed


@MANY
@given(cases(), st.sets(hours, max_size=5))
def test_one_run_gives_what_any_split_into_runs_gives(case: Case, splits: set[int]) -> None:
    whole = case.run()

    runs: list[BurnDown] = []
    for hour in sorted({hour for hour in splits if hour <= case.until} | {case.until}):
        runs.append(case.run(runs[-1].balance if runs else None, hour))

    assert runs[-1].balance == whole.balance
    assert _joined([run.tallies for run in runs]) == whole.tallies


def _joined(tallies: Sequence[Mapping[str, Tally]]) -> Mapping[str, Tally]:
    return reduce(lambda one, next_: {id_: one[id_].then(next_[id_]) for id_ in one}, tallies)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_grants_and_resets_are_given_changes_nothing(case: Case, chance: Random) -> None:
    grants, resets = list(case.grants), list(case.resets)
    chance.shuffle(grants)
    chance.shuffle(resets)
    shuffled = Case(grants, resets, case.until, case.usage, case.is_gauge).run()

    run = case.run()
    assert shuffled.balance == run.balance
    assert shuffled.segments == run.segments
    assert shuffled.tallies == run.tallies


@given(cases())
def test_the_same_run_gives_the_same(case: Case) -> None:
    one, another = case.run(), case.run()

    assert one.balance == another.balance
    assert one.segments == another.segments


@MANY
@given(cases())
def test_nothing_of_a_grant_is_lost_or_made_up(case: Case) -> None:
    run = case.run()

    for id_, tally in run.tallies.items():
        assert tally.brought + tally.granted + tally.gained == (
            tally.remaining + tally.burnt + tally.expired + tally.voided + tally.lost
        )
        assert tally.remaining == run.balance.balances.get(id_, 0)


@given(cases())
def test_no_balance_is_ever_negative(case: Case) -> None:
    run = case.run()

    assert min([run.balance.overage, run.balance.credit, *run.balance.balances.values()]) >= 0
    for segment in run.segments:
        balances = [*segment.balances_at_start.values(), *segment.balances_at_end.values()]
        assert all(balance >= 0 for balance in balances)
    for tally in run.tallies.values():
        parts = (tally.brought, tally.granted, tally.gained, tally.expired, tally.voided, tally.lost)
        assert all(part >= 0 for part in parts)


@given(not_negative())
def test_overage_is_left_only_where_nothing_else_is(case: Case) -> None:
    balance = case.run().balance

    assert not (balance.overage and balance.remaining)


@given(not_negative(preserving=never))
def test_granted_usage_and_overage_are_all_the_usage_where_no_overage_is_preserved(case: Case) -> None:
    balance = case.run().balance

    assert balance.granted_usage + balance.overage == balance.usage
    assert balance.total_available == balance.remaining + balance.usage - balance.overage


@given(cases(gauge=never, preserving=never))
def test_with_negative_usage_too_what_grants_bore_is_the_usage_and_the_credit(case: Case) -> None:
    balance = case.run().balance

    assert balance.granted_usage + balance.overage == balance.usage + balance.credit


@given(cases(), st.sets(hours, max_size=8))
def test_marks_tell_the_balance_and_change_nothing(case: Case, marks: set[int]) -> None:
    marked = case.run(marks=sorted(marks))

    run = case.run()
    assert (marked.balance, marked.segments, marked.tallies) == (run.balance, run.segments, run.tallies)
    assert marked.remaining_at == {
        at(mark): case.run(until=mark).balance.remaining for mark in marks if 0 < mark <= case.until
    }


@given(cases(), st.sets(hours, max_size=3))
def test_usage_is_asked_for_the_stretches_told_beforehand_and_they_tile_the_run(case: Case, marks: set[int]) -> None:
    asked: list[Stretch] = []
    cuts = [at(mark) for mark in marks]
    start, until = opening(case.grants, T), at(case.until)

    def usage(stretch: Stretch) -> Decimal:
        asked.append(stretch)
        return Decimal(0)

    burn_down(start, case.grants, case.resets, until, usage, marks=cuts)

    assert asked == stretches(start, case.grants, case.resets, until, cuts)
    assert all(one.end == following.start for one, following in pairwise(asked))
    assert [T, until] == ([asked[0].start, asked[-1].end] if asked else [T, T])
    for stretch in asked:
        resets = [T, *(reset.at for reset in case.resets if reset.at <= stretch.start)]
        assert stretch.period_start == max(resets)


@given(cases())
def test_segments_go_on_from_one_another(case: Case) -> None:
    run = case.run()

    for segment in run.segments:
        burnt = dict(segment.grant_usages)
        assert burnt.keys() <= segment.balances_at_start.keys() == segment.balances_at_end.keys()
        for id_, left in segment.balances_at_start.items():
            assert left - burnt.get(id_, 0) == segment.balances_at_end[id_]
    ends = [(segment.start, segment.end) for segment in run.segments]
    assert all(end == start for (_, end), (start, _) in pairwise(ends))


@given(not_negative(preserving=always))
def test_the_overage_and_usage_of_a_segment_are_burnt_or_overage_again(case: Case) -> None:
    owed = Decimal(0)
    for segment in case.run().segments:
        assert owed + segment.usage == sum(amount for _, amount in segment.grant_usages) + segment.overage
        owed = segment.overage
