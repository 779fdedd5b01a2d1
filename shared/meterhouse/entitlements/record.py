"""What a run of the burn-down notes down, grants by number: enough to tell its segments and tallies later. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from meterhouse.entitlements.bearing import NOTHING, ZERO
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.timeline import Happening, Happenings


class Change(NamedTuple):
    """What was left of a grant before and after something happened to it."""

    kind: Happening
    number: int
    before: Decimal
    after: Decimal


class Step(NamedTuple):
    """A segment, and what happened as it ended.

    Attributes:
        borne: what each bears of the open usage at its end, that from before the run included.
        paid: overage paid after the changes; of a gauge, what each bears of its value then.
        overage_left: after that.
    """

    start: datetime
    end: datetime
    usage: Decimal
    borne: Mapping[int, Decimal]
    overage: Decimal
    happenings: Happenings
    changes: Sequence[Change] = ()
    paid: Mapping[int, Decimal] = NOTHING
    overage_left: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Record:
    """All that happened in a run.

    Attributes:
        grants: in burn order.
        left: of each active grant at the start.
        borne: what each bore of the open usage at the start.
    """

    grants: Sequence[Grant]
    is_gauge: bool
    left: Mapping[int, Decimal]
    borne: Mapping[int, Decimal]
    steps: list[Step] = field(default_factory=list)

    def by_id(self, amounts: Mapping[int, Decimal]) -> dict[str, Decimal]:
        """The same by grant id, in burn order."""
        return {self.grants[number].id: amounts[number] for number in sorted(amounts)}
