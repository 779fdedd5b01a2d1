"""What is told of grants when it comes to pass by itself: that one has expired, that one is issued anew. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.timeline import Happening, timeline
from meterhouse.entitlements.usage_period import Reset


class Told(StrEnum):
    EXPIRED = "expired"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class Announcement:
    """That something happened to a grant at `at`, a whole minute."""

    told: Told
    grant: Grant
    entitlement: Entitlement
    at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """What lies in `(after, until]` is told."""

    after: datetime
    until: datetime


def announcements(
    grant: Grant, entitlement: Entitlement, window: Window, reset_by_hand: Sequence[datetime] = ()
) -> Iterator[Announcement]:
    """Yield what the window holds, each once.

    Args:
        grant: of the entitlement.
        entitlement: of a grant it gives nothing of, because it is over or has not begun, nothing is told.
        window: in time.
        reset_by_hand: the resets that somebody asked for within the window, whenever they took effect.
    """
    issued = {at for at in reset_by_hand if grant.is_refilled and grant.is_active(at)}
    expired = set()
    for at, happenings in timeline([grant], _of_calendar(grant, entitlement, window), (), window.after, window.until):
        kinds = {kind for kind, _ in happenings}
        if Happening.END in kinds and not grant.is_voided:
            expired.add(at)
        elif (Happening.RECUR in kinds or Happening.RESET in kinds) and grant.is_active(at):
            issued.add(at)
    for told, instants in ((Told.EXPIRED, expired), (Told.ISSUED, issued)):
        for at in sorted(instants):
            if entitlement.is_active(at):
                yield Announcement(told, grant, entitlement, at)


def _of_calendar(grant: Grant, entitlement: Entitlement, window: Window) -> Sequence[Reset]:
    """The resets at which the grant is issued anew, but for those that somebody asked for."""
    if entitlement.allowance is None or not grant.is_refilled:
        return ()
    periods = entitlement.allowance.periods
    by_hand = {reset.at for reset in periods.manual}
    return [reset for reset in periods.resets(window.after, window.until) if reset.at not in by_hand]
