import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import is_priced, subscribe
from tests.unit.subscriptions.samples import at, card, fee, phase, spec, terms, usage


def edges(made: Subscription) -> list[tuple[str, object, object]]:
    return [(part.key, part.active_from, part.active_to) for part in made.phases]


def test_phases_follow_each_other_and_the_last_stays_open() -> None:
    made = subscribe(spec(phase("trial", "P2W"), phase("intro", "P1M"), phase("paid", None)), terms("2021-01-10"))
    assert edges(made) == [
        ("trial", at("2021-01-10"), at("2021-01-24")),
        ("intro", at("2021-01-24"), at("2021-02-24")),
        ("paid", at("2021-02-24"), None),
    ]


def test_months_of_several_phases_are_one_sum_so_that_the_31st_does_not_drift() -> None:
    made = subscribe(spec(phase("a", "P1M"), phase("b", "P1M"), phase("c", None)), terms("2021-01-31"))
    assert [start for _, start, _ in edges(made)] == [at("2021-01-31"), at("2021-02-28"), at("2021-03-31")]


def test_phases_before_the_starting_one_are_left_out_and_it_starts_at_once() -> None:
    plan = spec(phase("trial", "P2W"), phase("intro", "P1M"), phase("paid", None))
    made = subscribe(plan, terms("2021-01-10", starting_phase="intro"))
    assert edges(made) == [("intro", at("2021-01-10"), at("2021-02-10")), ("paid", at("2021-02-10"), None)]


def test_an_unknown_starting_phase_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        subscribe(spec(), terms("2021-01-10", starting_phase="nope"))
    assert refused.value.problems == (Problem("/startingPhase", "unknown_phase", "the plan has no phase 'nope'"),)


def test_rate_cards_are_copied_into_items_that_live_as_long_as_their_phase() -> None:
    trial = subscribe(spec(phase("trial", "P2W", fee(), usage()), phase("paid", None)), terms("2021-01-10")).phases[0]
    assert [item.rate_card for item in trial.items] == [fee(), usage()]
    assert {(item.active_from, item.active_to) for item in trial.items} == {(trial.active_from, trial.active_to)}


def test_the_billing_anchor_is_the_start_unless_given() -> None:
    assert subscribe(spec(), terms("2021-01-10")).billing_anchor == at("2021-01-10")
    assert subscribe(spec(), terms("2021-01-10", anchor="2020-12-01")).billing_anchor == at("2020-12-01")


def test_ids_of_phases_and_items_are_the_same_in_every_run_and_never_shared() -> None:
    plan = spec(phase("a", "P1M", fee(), usage()), phase("b", None, fee(), usage()))
    made = subscribe(plan, terms("2021-01-10"))
    assert made == subscribe(plan, terms("2021-01-10"))
    ids = [part.id for part in made.phases] + [item.id for part in made.phases for item in part.items]
    assert len(set(ids)) == 6


def test_a_subscription_is_priced_when_anything_in_it_has_a_price() -> None:
    plan = spec(phase("a", None, card("free", None)))
    assert is_priced(
        subscribe(spec(phase("a", "P1M", card("free", None)), phase("b", None, fee())), terms("2021-01-01"))
    )
    assert not is_priced(subscribe(plan, terms("2021-01-01")))


@given(st.lists(st.builds(Cadence, st.integers(1, 40), st.sampled_from(CadenceUnit)), max_size=5), st.integers(1, 31))
def test_phases_tile_the_life_of_the_subscription(durations: list[Cadence], day: int) -> None:
    phases = [phase(f"p{index}", duration.iso()) for index, duration in enumerate(durations)]
    made = subscribe(spec(*phases, phase("last", None)), terms(f"2024-01-{day:02}"))
    starts = [part.active_from for part in made.phases]
    assert starts[0] == made.active_from
    assert [part.active_to for part in made.phases] == [*starts[1:], None]
    assert starts == sorted(set(starts))
