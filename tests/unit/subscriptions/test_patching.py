from collections.abc import Callable
from dataclasses import replace

import pytest

from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.patch import (
    AddItem,
    AddPhase,
    Moment,
    Patch,
    RemoveItem,
    RemovePhase,
    Shift,
    StretchPhase,
    UnscheduleEdit,
)
from meterhouse.subscriptions.patching import patched
from tests.unit.subscriptions.samples import at, card, fee, phase, subscription, usage

START = "2021-01-31"
NOW = at("2021-02-10")
NEXT_CYCLE = at("2021-02-28")
Spans = dict[str, list[tuple[str, str | None]]]


def one_phase() -> Subscription:
    return subscription(START, [fee(), card("free", None)])


def three_phases() -> Subscription:
    phases = [phase("p1", "P1M"), phase("p2", "P1M"), phase("p3", None)]
    return subscription(START, phases=phases)


def edited(before: Subscription, *patches: Patch, when: str | None = None) -> Subscription:
    return patched(before, patches, Moment(NOW if when is None else at(when), NOW, KnownFeatures()))


def refusal(kind: type[Conflict] | type[InvalidInput], change: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(kind) as refused:
        change()
    assert type(refused.value) is kind
    return [(problem.field, problem.code) for problem in refused.value.problems]


def starts(of: Subscription) -> list[tuple[str, str, str | None]]:
    """Key, start and end of each phase, as dates."""
    return [
        (one.key, f"{one.active_from:%F}", None if one.active_to is None else f"{one.active_to:%F}")
        for one in of.phases
    ]


def spans(of: Subscription, phase_key: str = "default") -> Spans:
    """Start and end of the items of a phase, by key."""
    found: Spans = {}
    for item in next(one for one in of.phases if one.key == phase_key).items:
        end = None if item.active_to is None else f"{item.active_to:%F}"
        found.setdefault(item.key, []).append((f"{item.active_from:%F}", end))
    return found


def test_an_item_added_to_the_current_phase_is_in_force_from_the_edit_on() -> None:
    after = edited(one_phase(), AddItem("default", fee("more", "5")))
    assert spans(after)["more"] == [("2021-02-10", None)]
    assert after.updated_at == NOW


def test_an_item_in_force_is_ended_and_followed_by_its_next_version() -> None:
    after = edited(one_phase(), AddItem("default", fee(amount="30")))
    assert spans(after)["fee"] == [(START, "2021-02-10"), ("2021-02-10", None)]
    fees = [item for item in after.items if item.key == "fee"]
    assert [item.version for item in fees] == [0, 1]
    assert len({item.id for item in after.items}) == 3


def test_a_free_item_may_take_the_place_of_a_priced_one() -> None:
    after = edited(one_phase(), AddItem("default", card("fee", None)))
    assert [item.rate_card.price is None for item in after.items if item.key == "fee"] == [False, True]


def test_the_item_that_is_in_force_already_changes_nothing() -> None:
    before = one_phase()
    assert edited(before, AddItem("default", fee())) is before
    once = edited(before, AddItem("default", fee(amount="30")))
    assert edited(once, AddItem("default", fee(amount="30"))) is once


def test_an_item_that_began_this_very_instant_is_ended_as_nothing_is_forgotten() -> None:
    twice = edited(one_phase(), AddItem("default", fee(amount="30")), AddItem("default", fee(amount="40")))
    assert spans(twice)["fee"] == [(START, "2021-02-10"), ("2021-02-10", "2021-02-10"), ("2021-02-10", None)]
    assert [item.version for item in twice.items if item.key == "fee"] == [0, 1, 2]


def test_an_edit_scheduled_for_the_same_instant_again_replaces_the_first() -> None:
    first = edited(one_phase(), AddItem("default", fee(amount="30")), when="2021-02-28")
    assert spans(first)["fee"] == [(START, "2021-02-28"), ("2021-02-28", None)]
    second = edited(first, AddItem("default", fee(amount="40")), when="2021-02-28")
    assert spans(second) == spans(first)
    assert [item.version for item in second.items if item.key == "fee"] == [0, 1]
    assert edited(second, AddItem("default", fee(amount="40")), when="2021-02-28") is second


def test_what_is_scheduled_is_unscheduled_before_it_is_edited_otherwise() -> None:
    scheduled = edited(one_phase(), AddItem("default", fee(amount="30")), when="2021-02-28")
    ending = edited(one_phase(), RemoveItem("default", "fee"), when="2021-02-28")
    add, remove = AddItem("default", fee(amount="40")), RemoveItem("default", "fee")
    at_card = [("/customizations/0/rateCard/key", "edit_scheduled")]
    assert refusal(Conflict, lambda: edited(scheduled, add)) == at_card
    assert refusal(Conflict, lambda: edited(ending, add)) == at_card
    assert refusal(Conflict, lambda: edited(scheduled, remove)) == [("/customizations/0/itemKey", "edit_scheduled")]
    now = edited(scheduled, UnscheduleEdit(), add)
    assert spans(now)["fee"] == [(START, "2021-02-10"), ("2021-02-10", None)]


def test_unscheduling_leaves_everything_as_it_was_before_the_edit() -> None:
    before = one_phase()
    patches = AddItem("default", fee(amount="30")), AddItem("default", fee("new")), RemoveItem("default", "free")
    scheduled = edited(before, *patches, when="2021-02-28")
    assert edited(scheduled, UnscheduleEdit()) == replace(before, updated_at=NOW)
    assert edited(before, UnscheduleEdit()) is before


def test_unscheduling_does_not_bring_back_what_has_ended() -> None:
    removed = edited(one_phase(), RemoveItem("default", "free"))
    assert edited(removed, UnscheduleEdit()) is removed


def test_a_removed_item_ends_and_removing_it_again_changes_nothing() -> None:
    removed = edited(one_phase(), RemoveItem("default", "fee"))
    assert spans(removed)["fee"] == [(START, "2021-02-10")]
    assert edited(removed, RemoveItem("default", "fee")) is removed
    back = edited(removed, AddItem("default", fee()))
    assert spans(back)["fee"] == [(START, "2021-02-10"), ("2021-02-10", None)]


def test_items_of_a_phase_to_come_are_replaced_and_removed_outright() -> None:
    changed = edited(three_phases(), AddItem("p2", fee(amount="30")), AddItem("p2", fee("more")))
    assert spans(changed, "p2") == {"fee": [("2021-02-28", "2021-03-31")], "more": [("2021-02-28", "2021-03-31")]}
    assert spans(edited(changed, RemoveItem("p2", "fee")), "p2") == {"more": [("2021-02-28", "2021-03-31")]}


def test_a_phase_keeps_at_least_one_item() -> None:
    alone = RemoveItem("p2", "fee")
    faults = refusal(InvalidInput, lambda: edited(three_phases(), UnscheduleEdit(), alone, UnscheduleEdit()))
    assert faults == [("/customizations/1", "phase_without_items")]
    empty = AddPhase("p4", "Four", Offset(5))
    faults = refusal(InvalidInput, lambda: edited(three_phases(), empty))
    assert faults == [("/customizations/0", "phase_without_items")]


def test_a_phase_that_is_over_is_not_edited() -> None:
    before = subscription("2021-01-01", phases=[phase("p1", "P1M"), phase("p2", "P1M"), phase("p3", None)])
    patches: list[Patch] = [AddItem("p1", fee("more")), RemoveItem("p1", "fee"), StretchPhase("p1", Offset(1))]
    faults = refusal(Conflict, lambda: edited(before, *patches))
    assert faults == [(f"/customizations/{number}/phaseKey", "phase_is_over") for number in range(3)]


def test_sp_01_stretching_a_phase_moves_all_behind_it_and_loses_no_day_of_a_month() -> None:
    assert starts(three_phases()) == [
        ("p1", "2021-01-31", "2021-02-28"), ("p2", "2021-02-28", "2021-03-31"), ("p3", "2021-03-31", None)
    ]  # fmt: skip
    after = edited(three_phases(), StretchPhase("p1", Offset.parse("P1M")))
    assert starts(after) == [
        ("p1", "2021-01-31", "2021-03-31"), ("p2", "2021-03-31", "2021-04-30"), ("p3", "2021-04-30", None)
    ]  # fmt: skip
    for one in after.phases:
        assert spans(after, one.key) == {"fee": [(f"{one.active_from:%F}", one.active_to and f"{one.active_to:%F}")]}
    assert edited(after, StretchPhase("p1", Offset.parse("P-1M"))) == replace(three_phases(), updated_at=NOW)


def test_sp_03_a_phase_does_not_disappear_by_being_stretched() -> None:
    with pytest.raises(Conflict, match="phase p1 would disappear due to stretching") as refused:
        edited(three_phases(), StretchPhase("p1", Offset.parse("-P1M")))
    assert [problem.field for problem in refused.value.problems] == ["/customizations/0/extendBy"]
    gone = [("/customizations/0/extendBy", "phase_would_disappear")]
    assert refusal(Conflict, lambda: edited(three_phases(), StretchPhase("p2", Offset(-1)))) == gone
    # 8 February: before the edit
    assert refusal(Conflict, lambda: edited(three_phases(), StretchPhase("p1", Offset.parse("-P20D")))) == gone


def test_the_last_phase_cannot_be_stretched() -> None:
    faults = refusal(Conflict, lambda: edited(three_phases(), StretchPhase("p3", Offset(1))))
    assert faults == [("/customizations/0/phaseKey", "phase_has_no_end")]


def test_a_shortened_phase_loses_what_was_scheduled_after_its_end() -> None:
    before = three_phases()
    scheduled = edited(before, AddItem("p1", fee(amount="30")), when="2021-02-27")
    after = edited(scheduled, StretchPhase("p1", Offset.parse("-P2D")))
    assert spans(after, "p1") == {"fee": [(START, "2021-02-26")]}


def test_a_phase_is_added_between_others_and_those_behind_follow_it() -> None:
    new = AddPhase("mid", "Mid", Offset(2), Offset.parse("P2W"))
    after = edited(three_phases(), new, AddItem("mid", fee("extra")))
    assert starts(after) == [
        ("p1", "2021-01-31", "2021-02-28"),
        ("p2", "2021-02-28", "2021-03-31"),
        ("mid", "2021-03-31", "2021-04-14"),
        ("p3", "2021-04-14", None),
    ]
    assert spans(after, "mid") == {"extra": [("2021-03-31", "2021-04-14")]}
    cut = edited(three_phases(), AddPhase("mid", "Mid", Offset.parse("P40D"), Offset(1)), AddItem("mid", fee("extra")))
    assert starts(cut)[1:] == [
        ("p2", "2021-02-28", "2021-03-12"), ("mid", "2021-03-12", "2021-04-09"), ("p3", "2021-04-09", None)
    ]  # fmt: skip


def test_a_phase_added_last_has_no_end() -> None:
    after = edited(three_phases(), AddPhase("p4", "Four", Offset(6)), AddItem("p4", fee()))
    assert starts(after)[2:] == [("p3", "2021-03-31", "2021-07-31"), ("p4", "2021-07-31", None)]
    assert spans(after, "p3") == {"fee": [("2021-03-31", "2021-07-31")]}


@pytest.mark.parametrize(
    ("new", "kind", "fault"),
    [
        (AddPhase("p4", "Four", Offset(1)), InvalidInput, ("/phase/duration", "phase_duration_missing")),
        (AddPhase("p4", "Four", Offset(6), Offset(1)), InvalidInput, ("/phase/duration", "phase_duration_not_allowed")),
        (AddPhase("p4", "Four", Offset(1), Offset()), InvalidInput, ("/phase/duration", "phase_duration_not_positive")),
        (AddPhase("p4", "Four", Offset(), Offset(1)), Conflict, ("/phase/startAfter", "phase_starts_too_early")),
        (AddPhase("p2", "Two", Offset(1), Offset(1)), Conflict, ("/phase/key", "phase_key_taken")),
        (AddPhase("p4", "Four", Offset(999_999)), InvalidInput, ("", "out_of_range")),
    ],
)
def test_a_phase_that_does_not_fit_is_refused_at_its_place(
    new: AddPhase, kind: type[Conflict] | type[InvalidInput], fault: tuple[str, str]
) -> None:
    faults = refusal(kind, lambda: edited(three_phases(), new, AddItem(new.key, fee())))
    assert faults[0] == (f"/customizations/0{fault[0]}", fault[1])


def test_the_time_of_a_removed_phase_goes_to_the_one_before_or_those_behind_start_sooner() -> None:
    longer = edited(three_phases(), RemovePhase("p2", Shift.PREV))
    assert starts(longer) == [("p1", "2021-01-31", "2021-03-31"), ("p3", "2021-03-31", None)]
    assert spans(longer, "p1") == {"fee": [("2021-01-31", "2021-03-31")]}
    sooner = edited(three_phases(), RemovePhase("p2", Shift.NEXT))
    assert starts(sooner) == [("p1", "2021-01-31", "2021-02-28"), ("p3", "2021-02-28", None)]
    for shift in Shift:
        assert starts(edited(three_phases(), RemovePhase("p3", shift)))[1:] == [("p2", "2021-02-28", None)]


def test_a_phase_that_has_begun_is_not_removed() -> None:
    faults = refusal(Conflict, lambda: edited(three_phases(), RemovePhase("p1", Shift.NEXT)))
    assert faults == [("/customizations/0/phaseKey", "phase_has_begun")]


def test_every_fault_is_told_at_its_patch_and_nothing_is_changed() -> None:
    unsold = AddItem("p1", usage("metered"))
    patches: list[Patch] = [
        unsold,
        RemoveItem("p1", "none"),
        RemovePhase("p9", Shift.NEXT),
        StretchPhase("p3", Offset(1)),
    ]
    assert refusal(InvalidInput, lambda: edited(three_phases(), *patches)) == [
        ("/customizations/0/rateCard/featureKey", "rate_card_feature_required"),
        ("/customizations/1/itemKey", "item_not_found"),
        ("/customizations/2/phaseKey", "phase_not_found"),
        ("/customizations/3/phaseKey", "phase_has_no_end"),
    ]


def test_a_rate_card_must_align_with_the_billing_cadence() -> None:
    faults = refusal(InvalidInput, lambda: edited(one_phase(), AddItem("default", fee("weekly", cadence="P1W"))))
    assert faults == [("/customizations/0/rateCard/billingCadence", "rate_card_billing_cadence_unaligned")]
