import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.state import (
    RETRIED_BY_RUNS,
    TRANSITIONS,
    Guard,
    InvoiceState,
    Trigger,
    available_actions,
    is_immutable,
    target_of,
)
from tests.unit.billing.worked_states import TABLE

S, T = InvoiceState, Trigger
ALL = frozenset(Guard) - {Guard.MANUAL_ADVANCE, Guard.NO_LINES}
guards = st.frozensets(st.sampled_from(list(Guard)))


def ways(state: InvoiceState) -> set[tuple[str, str, frozenset[str]]]:
    found = TRANSITIONS[state].items()
    return {(trigger.value, way.to.value, frozenset(way.guards)) for trigger, each in found for way in each}


GUARDS = {
    "collection_at passed": Guard.COLLECTION_DUE,
    "no critical issue": Guard.NO_CRITICAL_ISSUE,
    "auto_advance on": Guard.AUTO_ADVANCE,
    "auto_advance off": Guard.MANUAL_ADVANCE,
    "draft_until passed": Guard.DRAFT_PERIOD_OVER,
    "app CanDraftSyncAdvance": Guard.DRAFT_SYNCED,
    "app CanIssuingSyncAdvance": Guard.ISSUING_SYNCED,
    "at least one live line": Guard.HAS_LINES,
    "lines loaded and no live line": Guard.NO_LINES,
}
"""The worked cases' words. Quantities that are not ready fail the collecting, so no guard waits for them."""


@pytest.mark.parametrize("state", sorted(TABLE))
def test_every_state_has_the_transitions_of_its_worked_case(state: str) -> None:
    expected = {
        (trigger, way["to"], frozenset(GUARDS[guard.removesuffix(" and quantities ready")] for guard in way["guards"]))
        for trigger, each in TABLE[state].items()
        for way in each
    }
    assert ways(InvoiceState(state)) == expected


def test_the_table_is_that_of_the_worked_cases() -> None:
    assert {*TABLE, "gathering"} == set(S)
    assert len(TABLE) == 36


def test_a_payment_may_end_in_every_way_the_contract_knows_and_be_voided() -> None:
    assert {(trigger, to) for trigger, to, _ in ways(S.PAYMENT_PENDING)} == {
        ("authorized", "payment_processing.booking_authorized"),
        ("paid", "payment_processing.booking_authorized_and_settled"),
        ("failed", "payment_processing.failed"),
        ("payment_uncollectible", "uncollectible"),
        ("payment_overdue", "overdue"),
        ("action_required", "payment_processing.action_required"),
        ("void", "voided"),
    }


def test_every_state_has_a_row_and_every_state_but_gathering_and_created_is_reached() -> None:
    assert set(TRANSITIONS) == set(S)
    reached = {way.to for row in TRANSITIONS.values() for each in row.values() for way in each}
    assert set(S) - reached == {S.GATHERING, S.DRAFT_CREATED}


@given(st.sampled_from(list(S)), st.sampled_from(list(T)), guards)
def test_a_trigger_never_leads_where_a_guard_forbids(
    state: InvoiceState, trigger: Trigger, holding: frozenset[Guard]
) -> None:
    target = target_of(state, trigger, holding)
    permitted = {way.to for way in TRANSITIONS[state].get(trigger, ()) if way.guards <= holding}
    assert (target in permitted) if permitted else target is None


@pytest.mark.parametrize("state", S)
def test_only_paid_voided_and_deleted_invoices_are_left_by_nothing(state: InvoiceState) -> None:
    ways = [target_of(state, trigger, ALL) for trigger in T]
    assert (set(ways) == {None}) == (state in {S.PAID, S.VOIDED, S.DELETED, S.GATHERING})


@given(st.sampled_from(list(S)), guards)
def test_following_next_always_comes_to_rest(state: InvoiceState, holding: frozenset[Guard]) -> None:
    for result in available_actions(state, holding).values():
        assert target_of(result, T.NEXT, holding) is None


def test_approving_shows_the_state_at_the_end_of_the_way() -> None:
    actions = available_actions(S.DRAFT_MANUAL_APPROVAL_NEEDED, ALL)
    assert actions == {"approve": S.PAYMENT_PENDING, "delete": S.DELETED}


def test_usage_can_be_read_before_its_time_while_it_is_waited_for() -> None:
    waiting = available_actions(S.DRAFT_WAITING_FOR_COLLECTION, ALL - {Guard.COLLECTION_DUE})
    assert waiting == {"snapshot_quantities": S.PAYMENT_PENDING, "delete": S.DELETED}
    assert "snapshot_quantities" not in available_actions(S.DRAFT_MANUAL_APPROVAL_NEEDED, ALL)


def test_an_issue_takes_the_approval_away() -> None:
    holding = ALL - {Guard.NO_CRITICAL_ISSUE}
    assert available_actions(S.DRAFT_MANUAL_APPROVAL_NEEDED, holding) == {"delete": S.DELETED}


def test_a_retry_is_no_longer_held_by_what_it_looks_for_again() -> None:
    holding = ALL - {Guard.NO_CRITICAL_ISSUE}
    for failed in (S.DRAFT_INVALID, S.DRAFT_SYNC_FAILED):
        assert available_actions(failed, holding)["retry"] is S.PAYMENT_PENDING
    assert available_actions(S.PAYMENT_FAILED, holding)["retry"] is S.PAYMENT_PENDING


def test_a_retry_of_a_deletion_that_failed_is_a_deletion() -> None:
    assert available_actions(S.DELETE_FAILED, ALL) == {"retry": S.DELETED, "delete": S.DELETED}


def test_an_app_that_is_waited_for_leaves_nothing_to_be_advanced() -> None:
    holding = ALL - {Guard.DRAFT_SYNCED, Guard.ISSUING_SYNCED}
    assert available_actions(S.DRAFT_SYNCING, holding) == {"delete": S.DELETED}
    assert available_actions(S.ISSUING_SYNCING, holding) == {"delete": S.DELETED}
    assert available_actions(S.DRAFT_SYNC_FAILED, holding)["retry"] is S.PAYMENT_PENDING


def test_an_action_ends_where_the_app_will_be_waited_for() -> None:
    issuing, drafting = {S.ISSUING_SYNCING}, {S.DRAFT_SYNCING}
    assert available_actions(S.DRAFT_MANUAL_APPROVAL_NEEDED, ALL, issuing)["approve"] is S.ISSUING_SYNCING
    assert available_actions(S.DRAFT_MANUAL_APPROVAL_NEEDED, ALL, drafting)["approve"] is S.PAYMENT_PENDING
    assert available_actions(S.DRAFT_INVALID, ALL, drafting)["retry"] is S.DRAFT_SYNCING
    confirmed = available_actions(S.DRAFT_SYNCING, ALL, drafting)
    assert confirmed["advance"] is S.PAYMENT_PENDING


def test_a_draft_waits_for_its_collection() -> None:
    waiting = S.DRAFT_WAITING_FOR_COLLECTION
    assert "advance" not in available_actions(waiting, ALL - {Guard.COLLECTION_DUE})
    assert available_actions(waiting, ALL)["advance"] is S.PAYMENT_PENDING


def test_an_issued_invoice_can_be_voided_and_a_paid_one_cannot() -> None:
    assert available_actions(S.PAYMENT_PENDING, ALL) == {"void": S.VOIDED}
    assert available_actions(S.PAID, ALL) == {}


def test_only_drafts_can_be_edited() -> None:
    editable = {state for state in S if not is_immutable(state)}
    assert {state.status for state in editable} == {"draft", "gathering"}
    assert S.DRAFT_SYNCING not in editable


def test_runs_try_again_what_failed_but_charge_nobody_again() -> None:
    failed = {state for state in S if state.has_failed}
    assert set(RETRIED_BY_RUNS) == failed - {S.PAYMENT_FAILED}
    for state, trigger in RETRIED_BY_RUNS.items():
        assert target_of(state, trigger, ALL) is not None


def test_a_deleted_invoice_shows_as_the_draft_it_was() -> None:
    assert S.DELETED.status == "draft"
    assert S.PAYMENT_PENDING.status == "payment_processing"
