from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.entitlements.entitlement import Entitlement, EntitlementType, Issue
from meterhouse.entitlements.entitlement_rules import new_entitlement
from meterhouse.entitlements.managed import settlement
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec
from meterhouse.kernel.errors import Problems
from tests.unit.entitlements.samples import MONTHLY, entitled
from tests.unit.subscriptions.samples import at

JANUARY, FEBRUARY, MARCH, APRIL = (at(f"2024-0{month}-01") for month in (1, 2, 3, 4))


def wanted(
    item: str = "item", starts: datetime = FEBRUARY, ends: datetime | None = None, issue: int = 10
) -> EntitlementSpec:
    return EntitlementSpec(
        EntitlementType.METERED,
        feature_id="feature",
        feature_key="tokens",
        usage_period=MONTHLY,
        allowance=AllowanceSpec(issue=Issue(Decimal(issue))),
        active_from=starts,
        active_to=ends,
        managed_by="subscription",
        managed_item=item,
    )


def made(spec: EntitlementSpec, when: datetime = JANUARY, entitlement_id: str = "entitlement") -> Entitlement:
    return new_entitlement(entitlement_id, entitled(), spec, when, Problems())


def settled(have: Sequence[Entitlement], wishes: Sequence[EntitlementSpec], when: datetime) -> list[Entitlement]:
    """All entitlements there are once the settlement is done."""
    due = settlement(have, wishes, when)
    changed = {one.id: one for one in (*(one.ended(when) for one in due.removed), *due.moved)}
    ids = (f"{len(have)}-{n}" for n in count())
    return [*(changed.get(one.id, one) for one in have), *(made(spec, when, next(ids)) for spec in due.made)]


def test_what_is_wanted_and_not_there_is_made() -> None:
    assert settlement([], [wanted()], JANUARY).made == (wanted(),)


def test_what_is_there_as_it_is_wanted_stays_untouched() -> None:
    due = settlement([made(wanted())], [wanted()], MARCH)

    assert (due.removed, due.moved, due.made) == ((), (), ())


def test_an_end_is_moved_forward_and_back() -> None:
    one = made(wanted())

    [shorter] = settlement([one], [wanted(ends=APRIL)], MARCH).moved
    [longer] = settlement([shorter], [wanted()], MARCH).moved

    assert (shorter.active_to, longer.active_to, longer.changes) == (APRIL, None, 2)
    assert shorter.deleted_at is None


def test_what_never_began_is_removed_and_what_began_ends_now() -> None:
    one = made(wanted())

    assert settlement([one], [], JANUARY).removed == (one,)
    [stopped] = settlement([one], [], MARCH).moved
    assert (stopped.active_to, stopped.deleted_at) == (MARCH, None)


def test_one_to_come_with_other_terms_or_another_start_is_removed_and_made_anew() -> None:
    one = made(wanted())

    for other in (wanted(issue=20), wanted(starts=MARCH)):
        due = settlement([one], [other], JANUARY)
        assert (due.removed, due.moved, due.made) == ((one,), (), (other,))


def test_one_in_force_with_other_terms_ends_where_the_other_begins() -> None:
    due = settlement([made(wanted())], [wanted(issue=20)], MARCH)

    assert [one.active_to for one in due.moved] == [MARCH]
    assert due.made == (wanted(issue=20, starts=MARCH),)


def test_what_is_over_stays_over_and_its_item_begins_again_where_it_is_wanted_again() -> None:
    over = made(wanted(ends=MARCH))

    due = settlement([over], [wanted()], APRIL)

    assert (due.removed, due.moved, due.made) == ((), (), (wanted(starts=APRIL),))
    again = settled([over], [wanted()], APRIL)
    assert settled(again, [wanted()], APRIL) == again


def test_what_was_removed_before_it_began_begins_where_it_was_to_begin_when_it_is_wanted_again() -> None:
    removed = made(wanted()).ended(JANUARY)

    assert settlement([removed], [wanted()], at("2024-01-10")).made == (wanted(),)


def test_what_is_over_before_it_was_ever_written_is_never_made() -> None:
    assert settlement([], [wanted(ends=MARCH)], MARCH).made == ()


def test_what_begins_in_the_past_begins_then_when_it_is_written_first() -> None:
    assert settlement([], [wanted()], APRIL).made == (wanted(),)


DAYS = [at(f"2024-01-{day:02}") for day in range(1, 31)]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[datetime, list[EntitlementSpec]]]:
    """What a subscription wants at instants one after the other: items that follow each other, their past fixed."""
    changes: list[tuple[datetime, list[EntitlementSpec]]] = []
    past: list[EntitlementSpec] = []
    numbers = count()
    for now in sorted(draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=6, unique=True))):
        begun = [one for one in past if one.active_from is not None and one.active_from < now]
        wishes = [replace(one, active_to=min(one.active_to or now, now)) for one in begun]
        goes_on: bool = draw(st.booleans())
        if wishes and goes_on:
            wishes[-1] = replace(wishes[-1], active_to=None)
        else:
            edges = sorted(draw(st.sets(st.sampled_from([day for day in DAYS if day >= now]), max_size=3)))
            ends = [*edges[1:], draw(st.sampled_from([None, at("2024-02-01")]))]
            wishes += [
                wanted(f"item{next(numbers)}", start, end, draw(st.integers(1, 3)))
                for start, end in zip(edges, ends, strict=False)
            ]
        changes.append((now, wishes))
        past = wishes
    return changes


@given(histories())
def test_after_every_change_access_from_then_on_is_as_wanted_and_access_before_as_it_was(
    history: list[tuple[datetime, list[EntitlementSpec]]],
) -> None:
    have: list[Entitlement] = []
    for now, wishes in history:
        before = have
        have = settled(have, wishes, now)

        assert settled(have, wishes, now) == have
        for day in DAYS:
            active = [one for one in have if one.is_active(day)]
            assert len(active) <= 1
            if day < now and before:
                assert [one.id for one in active] == [one.id for one in before if one.is_active(day)]
            elif day >= now:
                due = [
                    one
                    for one in wishes
                    if one.active_from and one.active_from <= day < (one.active_to or DAYS[-1].replace(year=2025))
                ]
                assert [one.managed_item for one in active] == [one.managed_item for one in due]
