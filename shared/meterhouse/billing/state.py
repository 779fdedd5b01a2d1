"""The life of an invoice as data: states, triggers, and which trigger leads where under which guards.

After the state machine of the contract's invoices.
"""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class InvoiceState(StrEnum):
    """The contract's `extendedStatus`."""

    # an enum's own is written in Python, and a run asks for it a hundred times an invoice
    __hash__ = str.__hash__

    GATHERING = "gathering"
    DRAFT_CREATED = "draft.created"
    DRAFT_WAITING_FOR_COLLECTION = "draft.waiting_for_collection"
    DRAFT_COLLECTING = "draft.collecting"
    DRAFT_UPDATING = "draft.updating"
    DRAFT_VALIDATING = "draft.validating"
    DRAFT_INVALID = "draft.invalid"
    DRAFT_SYNCING = "draft.syncing"
    DRAFT_SYNC_FAILED = "draft.sync_failed"
    DRAFT_WAITING_AUTO_APPROVAL = "draft.waiting_auto_approval"
    DRAFT_MANUAL_APPROVAL_NEEDED = "draft.manual_approval_needed"
    DRAFT_READY_TO_ISSUE = "draft.ready_to_issue"
    DELETE_IN_PROGRESS = "delete.in_progress"
    DELETE_SYNCING = "delete.syncing"
    DELETE_FAILED = "delete.failed"
    DELETED = "deleted"
    ISSUING_LINE_FINALIZATION = "issuing.line_finalization"
    ISSUING_LINE_FINALIZATION_FAILED = "issuing.line_finalization_failed"
    ISSUING_SYNCING = "issuing.syncing"
    ISSUING_FAILED = "issuing.failed"
    ISSUING_CHARGE_BOOKING = "issuing.charge_booking"
    ISSUING_CHARGE_BOOKING_FAILED = "issuing.charge_booking_failed"
    ISSUED = "issued"
    PAYMENT_PENDING = "payment_processing.pending"
    BOOKING_AUTHORIZED = "payment_processing.booking_authorized"
    BOOKING_AUTHORIZED_FAILED = "payment_processing.booking_authorized_failed"
    BOOKING_AUTHORIZED_AND_SETTLED = "payment_processing.booking_authorized_and_settled"
    BOOKING_AUTHORIZED_AND_SETTLED_FAILED = "payment_processing.booking_authorized_and_settled_failed"
    PAYMENT_AUTHORIZED = "payment_processing.authorized"
    BOOKING_SETTLED = "payment_processing.booking_settled"
    BOOKING_SETTLED_FAILED = "payment_processing.booking_settled_failed"
    PAYMENT_FAILED = "payment_processing.failed"
    PAYMENT_ACTION_REQUIRED = "payment_processing.action_required"
    OVERDUE = "overdue"
    UNCOLLECTIBLE = "uncollectible"
    PAID = "paid"
    VOIDED = "voided"

    @property
    def status(self) -> str:
        """The contract's short `status`; it has no word for deletion, which only a draft meets."""
        head = self.value.partition(".")[0]
        return "draft" if head in {"delete", "deleted"} else head

    @property
    def has_failed(self) -> bool:
        """Whether somebody, or the next run, has to act before the invoice can go on."""
        return self in _FAILED


class Trigger(StrEnum):
    __hash__ = str.__hash__

    NEXT = "next"
    UPDATED = "updated"
    RETRY = "retry"
    APPROVE = "approve"
    FAILED = "failed"
    FORCE_COLLECT = "force_collect"
    DELETE = "delete"
    PAID = "paid"
    AUTHORIZED = "authorized"
    ACTION_REQUIRED = "action_required"
    PAYMENT_UNCOLLECTIBLE = "payment_uncollectible"
    PAYMENT_OVERDUE = "payment_overdue"
    VOID = "void"


class Guard(StrEnum):
    __hash__ = str.__hash__

    COLLECTION_DUE = "collection_at passed"
    NO_CRITICAL_ISSUE = "no critical issue"
    AUTO_ADVANCE = "auto_advance on"
    MANUAL_ADVANCE = "auto_advance off"
    DRAFT_SYNCED = "the app has the draft"
    ISSUING_SYNCED = "the app has the final invoice"
    DRAFT_PERIOD_OVER = "draft_until passed"
    HAS_LINES = "at least one live line"
    NO_LINES = "no live line"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a trigger leads when all `guards` hold."""

    to: InvoiceState
    guards: frozenset[Guard] = frozenset()


def _way(to: InvoiceState, *guards: Guard) -> Way:
    return Way(to, frozenset(guards))


_S, _T, _G = InvoiceState, Trigger, Guard
_Ways = Mapping[Trigger, tuple[Way, ...]]


def _ways(*pairs: tuple[Trigger, Way]) -> _Ways:
    grouped: dict[Trigger, tuple[Way, ...]] = {}
    for trigger, way in pairs:
        grouped[trigger] = (*grouped.get(trigger, ()), way)
    return grouped


_DELETE = (_T.DELETE, _way(_S.DELETE_IN_PROGRESS))
_UPDATED = (_T.UPDATED, _way(_S.DRAFT_UPDATING))
_INVALID = (_T.FAILED, _way(_S.DRAFT_INVALID))
_VOID = (_T.VOID, _way(_S.VOIDED))
_TO_VALIDATING = (_T.RETRY, _way(_S.DRAFT_VALIDATING))
_TO_PAID = (_T.PAID, _way(_S.BOOKING_AUTHORIZED_AND_SETTLED))
_TO_AUTHORIZED = (_T.AUTHORIZED, _way(_S.BOOKING_AUTHORIZED))
_TO_FAILED = (_T.FAILED, _way(_S.PAYMENT_FAILED))
_TO_ACTION = (_T.ACTION_REQUIRED, _way(_S.PAYMENT_ACTION_REQUIRED))
_TO_OVERDUE = (_T.PAYMENT_OVERDUE, _way(_S.OVERDUE))
_TO_UNCOLLECTIBLE = (_T.PAYMENT_UNCOLLECTIBLE, _way(_S.UNCOLLECTIBLE))
_PAY_AGAIN = (_T.RETRY, _way(_S.PAYMENT_PENDING))


def _booking(booked: InvoiceState, failed: InvoiceState) -> _Ways:
    return _ways((Trigger.NEXT, _way(booked)), (Trigger.FAILED, _way(failed)), _VOID)


TRANSITIONS: Mapping[InvoiceState, _Ways] = {
    _S.GATHERING: {},
    _S.DRAFT_CREATED: _ways((_T.NEXT, _way(_S.DRAFT_WAITING_FOR_COLLECTION)), _INVALID, _DELETE, _UPDATED),
    _S.DRAFT_WAITING_FOR_COLLECTION: _ways(
        (_T.NEXT, _way(_S.DRAFT_COLLECTING, _G.COLLECTION_DUE)),
        (_T.FORCE_COLLECT, _way(_S.DRAFT_COLLECTING)),
        _DELETE,
        _UPDATED,
    ),
    _S.DRAFT_COLLECTING: _ways((_T.NEXT, _way(_S.DRAFT_VALIDATING)), _DELETE, _INVALID, _UPDATED),
    _S.DRAFT_UPDATING: _ways((_T.NEXT, _way(_S.DRAFT_WAITING_FOR_COLLECTION)), _DELETE, _INVALID),
    _S.DRAFT_VALIDATING: _ways((_T.NEXT, _way(_S.DRAFT_SYNCING, _G.NO_CRITICAL_ISSUE)), _INVALID, _DELETE, _UPDATED),
    _S.DRAFT_INVALID: _ways(_TO_VALIDATING, _DELETE, _UPDATED),
    _S.DRAFT_SYNCING: _ways(
        (_T.NEXT, _way(_S.DRAFT_MANUAL_APPROVAL_NEEDED, _G.MANUAL_ADVANCE, _G.NO_CRITICAL_ISSUE, _G.DRAFT_SYNCED)),
        (_T.NEXT, _way(_S.DRAFT_WAITING_AUTO_APPROVAL, _G.AUTO_ADVANCE, _G.NO_CRITICAL_ISSUE, _G.DRAFT_SYNCED)),
        _DELETE,
        (_T.FAILED, _way(_S.DRAFT_SYNC_FAILED)),
    ),
    _S.DRAFT_SYNC_FAILED: _ways(_TO_VALIDATING, _DELETE, _UPDATED),
    _S.DRAFT_READY_TO_ISSUE: _ways(
        (_T.NEXT, _way(_S.ISSUING_LINE_FINALIZATION, _G.HAS_LINES)),
        (_T.NEXT, _way(_S.DELETE_SYNCING, _G.NO_LINES)),
        _DELETE,
        _UPDATED,
    ),
    _S.DRAFT_WAITING_AUTO_APPROVAL: _ways(
        (_T.APPROVE, _way(_S.DRAFT_READY_TO_ISSUE)),
        (_T.NEXT, _way(_S.DRAFT_READY_TO_ISSUE, _G.DRAFT_PERIOD_OVER, _G.NO_CRITICAL_ISSUE)),
        _DELETE,
        _UPDATED,
    ),
    _S.DRAFT_MANUAL_APPROVAL_NEEDED: _ways(
        (_T.APPROVE, _way(_S.DRAFT_READY_TO_ISSUE, _G.NO_CRITICAL_ISSUE)), _DELETE, _UPDATED
    ),
    _S.DELETE_IN_PROGRESS: _ways((_T.NEXT, _way(_S.DELETE_SYNCING)), (_T.FAILED, _way(_S.DELETE_FAILED))),
    _S.DELETE_SYNCING: _ways((_T.NEXT, _way(_S.DELETED)), (_T.FAILED, _way(_S.DELETE_FAILED))),
    # ours: what the app has collected cannot be deleted, and comes back to life
    _S.DELETE_FAILED: _ways(_DELETE, _TO_VALIDATING),
    _S.DELETED: {},
    _S.ISSUING_LINE_FINALIZATION: _ways(
        (_T.NEXT, _way(_S.ISSUING_SYNCING)), (_T.FAILED, _way(_S.ISSUING_LINE_FINALIZATION_FAILED)), _DELETE
    ),
    _S.ISSUING_LINE_FINALIZATION_FAILED: _ways(_DELETE, (_T.RETRY, _way(_S.ISSUING_LINE_FINALIZATION))),
    _S.ISSUING_SYNCING: _ways(
        (_T.NEXT, _way(_S.ISSUING_CHARGE_BOOKING, _G.ISSUING_SYNCED)), (_T.FAILED, _way(_S.ISSUING_FAILED)), _DELETE
    ),
    _S.ISSUING_FAILED: _ways(_DELETE, (_T.RETRY, _way(_S.ISSUING_SYNCING))),
    _S.ISSUING_CHARGE_BOOKING: _ways(
        (_T.NEXT, _way(_S.ISSUED)), (_T.FAILED, _way(_S.ISSUING_CHARGE_BOOKING_FAILED)), _DELETE
    ),
    _S.ISSUING_CHARGE_BOOKING_FAILED: _ways(_DELETE, (_T.RETRY, _way(_S.ISSUING_CHARGE_BOOKING))),
    _S.ISSUED: _ways((_T.NEXT, _way(_S.PAYMENT_PENDING)), _VOID),
    _S.PAYMENT_PENDING: _ways(_TO_AUTHORIZED, _TO_PAID, _TO_FAILED, _TO_UNCOLLECTIBLE, _TO_OVERDUE, _TO_ACTION, _VOID),
    _S.BOOKING_AUTHORIZED: _booking(_S.PAYMENT_AUTHORIZED, _S.BOOKING_AUTHORIZED_FAILED),
    _S.BOOKING_AUTHORIZED_FAILED: _ways((_T.RETRY, _way(_S.BOOKING_AUTHORIZED)), _VOID),
    _S.BOOKING_AUTHORIZED_AND_SETTLED: _booking(_S.PAID, _S.BOOKING_AUTHORIZED_AND_SETTLED_FAILED),
    _S.BOOKING_AUTHORIZED_AND_SETTLED_FAILED: _ways((_T.RETRY, _way(_S.BOOKING_AUTHORIZED_AND_SETTLED)), _VOID),
    _S.PAYMENT_AUTHORIZED: _ways(
        (_T.PAID, _way(_S.BOOKING_SETTLED)), _TO_FAILED, _TO_UNCOLLECTIBLE, _TO_OVERDUE, _TO_ACTION, _VOID
    ),
    _S.BOOKING_SETTLED: _booking(_S.PAID, _S.BOOKING_SETTLED_FAILED),
    _S.BOOKING_SETTLED_FAILED: _ways((_T.RETRY, _way(_S.BOOKING_SETTLED)), _VOID),
    _S.PAYMENT_FAILED: _ways(_TO_AUTHORIZED, _TO_PAID, _PAY_AGAIN, _TO_OVERDUE, _TO_UNCOLLECTIBLE, _TO_ACTION, _VOID),
    _S.PAYMENT_ACTION_REQUIRED: _ways(
        _TO_AUTHORIZED, _TO_PAID, _TO_FAILED, _PAY_AGAIN, _TO_OVERDUE, _TO_UNCOLLECTIBLE, _VOID
    ),
    _S.OVERDUE: _ways(_TO_AUTHORIZED, _TO_PAID, _TO_FAILED, _PAY_AGAIN, _TO_UNCOLLECTIBLE, _TO_ACTION),
    _S.UNCOLLECTIBLE: _ways(_VOID, _TO_AUTHORIZED, _TO_PAID),
    _S.PAID: {},
    _S.VOIDED: {},
}

NOT_UNDER_WAY = frozenset({_S.GATHERING, _S.PAID, _S.VOIDED, _S.DELETED, _S.UNCOLLECTIBLE})
"""What an invoice run leaves alone."""

RETRIED_BY_RUNS: Mapping[InvoiceState, Trigger] = {
    _S.DRAFT_INVALID: _T.RETRY,
    _S.DRAFT_SYNC_FAILED: _T.RETRY,
    _S.ISSUING_LINE_FINALIZATION_FAILED: _T.RETRY,
    _S.ISSUING_FAILED: _T.RETRY,
    _S.ISSUING_CHARGE_BOOKING_FAILED: _T.RETRY,
    _S.BOOKING_AUTHORIZED_FAILED: _T.RETRY,
    _S.BOOKING_AUTHORIZED_AND_SETTLED_FAILED: _T.RETRY,
    _S.BOOKING_SETTLED_FAILED: _T.RETRY,
    _S.DELETE_FAILED: _T.DELETE,
}
"""How a run, or a retry, resumes a failed invoice. A failed payment is the customer's: no run charges again unasked."""

_FAILED = {*RETRIED_BY_RUNS, _S.PAYMENT_FAILED}

_AT_REST = {
    _S.GATHERING,
    _S.DRAFT_WAITING_FOR_COLLECTION,
    _S.DRAFT_WAITING_AUTO_APPROVAL,
    _S.DRAFT_MANUAL_APPROVAL_NEEDED,
    _S.DELETED,
    _S.ISSUED,
    _S.PAYMENT_PENDING,
    _S.PAYMENT_AUTHORIZED,
    _S.PAYMENT_FAILED,
    _S.PAYMENT_ACTION_REQUIRED,
    _S.OVERDUE,
    _S.UNCOLLECTIBLE,
    _S.PAID,
    _S.VOIDED,
}
IN_PASSING = frozenset(InvoiceState) - _AT_REST
"""Where no invoice stays for long, unless something is broken: steps of ours and of apps, done or failed."""


def target_of(state: InvoiceState, trigger: Trigger, holding: AbstractSet[Guard]) -> InvoiceState | None:
    """Where `trigger` leads from `state` when the guards `holding` hold; None where it is not permitted."""
    ways = TRANSITIONS[state].get(trigger, ())
    return next((way.to for way in ways if way.guards <= holding), None)


def states_of(statuses: Collection[str]) -> list[str]:
    """The extended states that show as one of the short `statuses`."""
    return [state.value for state in InvoiceState if state.status in statuses]


def is_immutable(state: InvoiceState) -> bool:
    """Whether the invoice can no longer be edited."""
    return state is not InvoiceState.GATHERING and Trigger.UPDATED not in TRANSITIONS[state]


_ACTIONS = {
    "advance": Trigger.NEXT,
    "approve": Trigger.APPROVE,
    "delete": Trigger.DELETE,
    "retry": Trigger.RETRY,
    "snapshot_quantities": Trigger.FORCE_COLLECT,
    "void": Trigger.VOID,
}


_GIVEN_BY_THE_APP = {_S.DRAFT_SYNCING: _G.DRAFT_SYNCED, _S.ISSUING_SYNCING: _G.ISSUING_SYNCED}


def available_actions(
    state: InvoiceState, holding: AbstractSet[Guard], awaits: AbstractSet[InvoiceState] = frozenset()
) -> dict[str, InvoiceState]:
    """What a caller may ask for now, with the state each would end in if all work on the way succeeds.

    `awaits`: where the app has to be waited for.
    """
    given = {
        guard
        for syncing, guard in _GIVEN_BY_THE_APP.items()
        if (guard in holding if syncing is state else syncing not in awaits)
    }
    holding = holding - set(_GIVEN_BY_THE_APP.values()) | given
    # a retry looks for issues anew: those there are hold nothing on its way
    unheld = {Trigger.RETRY: holding | {Guard.NO_CRITICAL_ISSUE}}
    asked = {**_ACTIONS, "retry": RETRIED_BY_RUNS.get(state, Trigger.RETRY)}
    results = {
        name: _rest(target_of(state, trigger, holding), unheld.get(trigger, holding)) for name, trigger in asked.items()
    }
    return {name: result for name, result in results.items() if result is not None}


def _rest(state: InvoiceState | None, holding: AbstractSet[Guard]) -> InvoiceState | None:
    following = None if state is None else target_of(state, Trigger.NEXT, holding)
    return state if following is None else _rest(following, holding)
