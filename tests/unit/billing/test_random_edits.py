"""Random edits, changes, stretches and cancelations, with an invoice run after each, against a small oracle."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meterhouse.billing.invoice import Line
from meterhouse.billing.reconcile import Changes
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.cadence import periods_between
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.kernel.period import Period, share
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
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.target import target_lines
from meterhouse.subscriptions.timing import Soon, edits_at
from meterhouse.subscriptions.transitions import canceled, continued
from tests.unit.billing.oracle import START, OraclePhase, priced
from tests.unit.billing.stored import Stored
from tests.unit.subscriptions.samples import fee, phase, subscription

ALWAYS = "always"
KEYS = st.sampled_from(["a", "b"])
AMOUNTS = st.sampled_from(["10", "20", "30"])
TIMINGS = st.sampled_from(list(Soon))
PHASES = st.none() | st.integers(0, 4)
"""None: the current one."""


class RandomEdits(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.billing = Stored()
        self.oracle: list[OraclePhase] = []
        self.ends: datetime | None = None
        self.added = 0

    @initialize(lengths=st.lists(st.integers(1, 3), max_size=2), amount=AMOUNTS)
    def subscribe(self, lengths: list[int], amount: str) -> None:
        phases = [
            phase(f"p{number}", f"P{length}M", fee(ALWAYS), priced("a", amount))
            for number, length in enumerate(lengths)
        ]
        self.subscription = subscription(
            f"{START:%F}", phases=[*phases, phase("last", None, fee(ALWAYS), priced("a", amount))]
        )
        months = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
        for planned, month in zip(self.subscription.phases, months, strict=True):
            first: list[tuple[datetime | None, str, Decimal | None]] = [
                (None, ALWAYS, Decimal(20)),
                (None, "a", Decimal(amount)),
            ]
            self.oracle.append(OraclePhase(planned.key, month, first))

    @rule(days=st.integers(0, 45), hours=st.integers(0, 23))
    def time_passes(self, days: int, hours: int) -> None:
        self.now += timedelta(days=days, hours=hours)
        self.invoice()

    @precondition(lambda self: self.ends is None)
    @rule(number=PHASES, key=KEYS, amount=AMOUNTS, timing=TIMINGS)
    def add_item(self, number: int | None, key: str, amount: str, timing: Soon) -> None:
        self.set_price(number, key, Decimal(amount), timing)

    @precondition(lambda self: self.ends is None)
    @rule(number=PHASES, key=KEYS, timing=TIMINGS)
    def remove_item(self, number: int | None, key: str, timing: Soon) -> None:
        self.set_price(number, key, None, timing)

    def set_price(self, number: int | None, key: str, amount: Decimal | None, timing: Soon) -> None:
        one = self.phase_at(self.now) if number is None else self.oracle[number % len(self.oracle)]
        try:
            when = edits_at(self.subscription, timing, self.now)
        except InvalidInput:
            return
        patch: Patch = RemoveItem(one.key, key) if amount is None else AddItem(one.key, priced(key, str(amount)))
        is_over = self.oracle.index(one) < self.oracle.index(self.phase_at(when))
        is_unknown = amount is None and not one.knows(key)
        is_refused = is_over or is_unknown or one.is_scheduled(key, max(when, one.start), for_=amount)
        if self.edit(patch, when=when, is_refused=is_refused):
            one.change(key, amount, when, self.now)

    @precondition(lambda self: self.ends is None)
    @rule()
    def unschedule(self) -> None:
        assert self.edit(UnscheduleEdit(), when=self.now, is_refused=False)
        self.phase_at(self.now).unschedule(self.now)

    @precondition(lambda self: self.ends is None)
    @rule(number=st.integers(0, 4), months=st.integers(-2, 2))
    def stretch(self, number: int, months: int) -> None:
        index = number % len(self.oracle)
        behind = self.oracle[index + 1 :]
        end = Offset(behind[0].months + months).after(START) if behind else None
        over = bool(behind) and behind[0].start <= self.now
        refused = end is None or over or end <= max(self.oracle[index].start, self.now)
        if self.edit(StretchPhase(self.oracle[index].key, Offset(months)), when=self.now, is_refused=refused):
            assert end is not None
            for one in behind:
                one.months += months
            self.forget(self.oracle[index], end)

    @precondition(lambda self: self.ends is None)
    @rule(months=st.integers(0, 12), length=st.integers(1, 2), amount=AMOUNTS)
    def add_phase(self, months: int, length: int, amount: str) -> None:
        start = Offset(months).after(START)
        behind = [one for one in self.oracle if one.start >= start]
        key, self.added = f"n{self.added}", self.added + 1
        new = AddPhase(key, "New", Offset(months), Offset(length) if behind else None)
        if self.edit(
            new,
            AddItem(key, fee(ALWAYS)),
            AddItem(key, priced("a", amount)),
            when=self.now,
            is_refused=start <= self.now,
        ):
            before = self.oracle[: len(self.oracle) - len(behind)]
            shift = months + length - behind[0].months if behind else 0
            for one in behind:
                one.months += shift
            made = OraclePhase(key, months, [(None, ALWAYS, Decimal(20)), (None, "a", Decimal(amount))])
            self.oracle = [*before, made, *behind]
            self.forget(before[-1], start)

    @precondition(lambda self: self.ends is None)
    @rule(number=st.integers(0, 4), shift=st.sampled_from(list(Shift)))
    def remove_phase(self, number: int, shift: Shift) -> None:
        index = number % len(self.oracle)
        gone, behind = self.oracle[index], self.oracle[index + 1 :]
        if self.edit(RemovePhase(gone.key, shift), when=self.now, is_refused=gone.start <= self.now):
            sooner = behind[0].months - gone.months if behind and shift is Shift.NEXT else 0
            for one in behind:
                one.months -= sooner
            self.oracle.remove(gone)

    @precondition(lambda self: self.ends is None and self.now > START + timedelta(days=120))
    @rule(timing=TIMINGS)
    def cancel(self, timing: Soon) -> None:
        self.subscription = canceled(self.subscription, timing, self.now)
        self.ends = self.subscription.active_to
        self.invoice()

    @precondition(lambda self: self.ends is None)
    @rule(days=st.integers(0, 31), amount=AMOUNTS)
    def cancel_and_run_on_at_another_price(self, days: int, amount: str) -> None:
        """What was invoiced up to the end that was meant covers a part of what follows at the new price."""
        self.cancel(Soon.NEXT_BILLING_CYCLE)
        if self.ends is not None and self.now + timedelta(days=days) < self.ends:
            self.time_passes(days, 0)
            self.run_on()
            self.set_price(None, "a", Decimal(amount), Soon.IMMEDIATE)

    @precondition(lambda self: self.ends is not None and self.now < self.ends)
    @rule()
    def run_on(self) -> None:
        self.subscription, self.ends = continued(self.subscription, self.now), None
        self.invoice()

    def edit(self, *patches: Patch, when: datetime, is_refused: bool) -> bool:
        """Apply the patches; whether they were, which must be what the oracle says."""
        before = {item.id: item for item in self.subscription.items}
        try:
            after = patched(self.subscription, patches, Moment(when, self.now, KnownFeatures()))
        except (Conflict, InvalidInput):
            assert is_refused, (patches, when, self.now)
            return False
        assert not is_refused, (patches, when, self.now)
        self.subscription = after
        self.nothing_past_has_changed(before)
        self.invoice()
        # no two edits are at one instant
        self.now += timedelta(microseconds=1)
        return True

    def nothing_past_has_changed(self, before: dict[str, SubscriptionItem]) -> None:
        kept = {item.id: item for item in self.subscription.items}
        for item in before.values():
            if item.active_from <= self.now:
                assert replace(kept[item.id], active_to=item.active_to) == item
                if item.active_to is not None and item.active_to <= self.now:
                    assert kept[item.id].active_to == item.active_to

    def invoice(self) -> None:
        """One run, then another that changes nothing; what was invoiced stays."""
        history = dict(self.billing.invoiced)
        self.billing.run([self.subscription], self.now)
        assert self.billing.run([self.subscription], self.now) == Changes()
        self.billing.collect(self.now)
        assert self.billing.run([self.subscription], self.now) == Changes()
        assert {line_id: self.billing.invoiced[line_id] for line_id in history} == history

    def forget(self, last: OraclePhase, end: datetime) -> None:
        """What was to change after the phase's end does not."""
        last.changes = [change for change in last.changes if change[0] is None or change[0] < end]

    def phase_at(self, when: datetime) -> OraclePhase:
        return [one for one in self.oracle if one.start <= when][-1]

    @invariant()
    def phases_are_as_agreed_and_tile_the_subscription(self) -> None:
        phases = self.subscription.phases
        assert [(one.key, one.active_from) for one in phases] == [(one.key, one.start) for one in self.oracle]
        assert all(one.active_to == following.active_from for one, following in pairwise(phases))
        assert phases[-1].active_to is None

    @invariant()
    def items_are_in_force_as_agreed(self) -> None:
        edges = {edge for item in self.subscription.items for edge in (item.active_from, item.active_to) if edge}
        for planned, one in zip(self.subscription.phases, self.oracle, strict=True):
            for when in sorted(edge for edge in edges | {self.now} if planned.span.contains(edge)):
                for key in (ALWAYS, "a", "b"):
                    assert prices(planned, key, when) == [
                        price for price in [one.price(key, when)] if price is not None
                    ]

    @invariant()
    def versions_count_and_ids_tell_apart(self) -> None:
        items = self.subscription.items
        assert len({item.id for item in items}) == len(items)
        for planned in self.subscription.phases:
            versions = [(item.key, item.version) for item in planned.items]
            assert len(set(versions)) == len(versions)

    @invariant()
    def periods_tile_the_life_of_their_items(self) -> None:
        """Of each key and phase: items alike that follow each other are charged as one."""
        far = self.now + timedelta(days=365)
        targets = target_lines(self.subscription, far + timedelta(days=35))
        for planned in self.subscription.effective_phases():
            for key in (ALWAYS, "a", "b"):
                lines = [one.service_period for one in targets if (one.phase_id, one.item_key) == (planned.id, key)]
                periods = sorted((one.start, one.end) for one in lines)
                assert all(one[1] <= following[0] for one, following in pairwise(periods))
                assert joined(periods, far) == joined(self.charged(planned, key, far), far)

    @invariant()
    def nobody_pays_twice_and_nothing_is_forgotten(self) -> None:
        """Of each item and instant that is past its price is charged, less what was given back, and nothing else."""
        self.billing.run([self.subscription], self.now)
        lines = self.billing.lines()
        starts = {line.service_period.start for line in lines if line.service_period.start <= self.now}
        starts |= {one.period.start for given in self.billing.given.values() for one in given}
        for when in (start for start in starts if self.ends is None or start < self.ends):
            for key in (ALWAYS, "a", "b"):
                here = [line for line in lines if item_of(line.key) == key and line.service_period.contains(when)]
                back = [
                    one.amount
                    for line_key, given in self.billing.given.items()
                    for one in given
                    if item_of(line_key) == key and one.period.contains(when)
                ]
                is_charged = any(
                    start <= when < end
                    for planned in self.subscription.effective_phases()
                    for start, end in self.charged(planned, key, self.now + timedelta(days=1))
                )
                agreed = self.phase_at(when).price(key, when) if is_charged else None
                assert sum(map(amount_of, here)) - sum(back) == (agreed or Decimal(0)), (key, when, here)

    def charged(self, planned: SubscriptionPhase, key: str, far: datetime) -> list[tuple[datetime, datetime]]:
        """The life of the phase's items of a key, up to `far`, but for what is cut so short that it comes to nothing.

        Only what its subscription's own end cuts is charged for however little: in full, maybe.
        """
        spans: list[tuple[datetime, datetime]] = []
        for item in runs_of(planned, key):
            price, cadence = item.rate_card.price, item.rate_card.billing_cadence
            assert isinstance(price, FlatPrice)
            assert cadence is not None
            end = item.active_to or far
            for full in periods_between(self.subscription.billing_anchor, cadence, item.active_from, end):
                served = Period(max(full.start, item.active_from), min(full.end, item.active_to or full.end))
                is_terminal = served.end == self.ends and served.end < full.end
                hundredths = 100 * Fraction(price.amount) * share(served, full)
                if served == full or is_terminal or hundredths >= Fraction(1, 2):
                    spans.append((served.start, served.end))
        return sorted(spans)


def runs_of(planned: SubscriptionPhase, key: str) -> list[SubscriptionItem]:
    """The items of a key in order of time; those of one price that follow each other as one."""
    found: list[SubscriptionItem] = []
    for item in sorted((one for one in planned.items if one.key == key), key=lambda one: one.active_from):
        last = found[-1] if found else None
        if last and last.active_to == item.active_from and last.rate_card.price == item.rate_card.price:
            found[-1] = replace(last, active_to=item.active_to)
        else:
            found.append(item)
    return found


def joined(spans: list[tuple[datetime, datetime]], far: datetime) -> list[tuple[datetime, datetime]]:
    """Spans in order of time, up to `far`; those that touch as one."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in ((start, min(end, far)) for start, end in spans if start < min(end, far)):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def prices(planned: SubscriptionPhase, key: str, when: datetime) -> list[Decimal]:
    """Of the items of a key in force; there is one at most."""
    here = [item for item in planned.items if item.key == key and item.active_from <= when]
    in_force = [item.rate_card.price for item in here if item.active_to is None or when < item.active_to]
    return [price.amount for price in in_force if isinstance(price, FlatPrice)]


def amount_of(line: Line) -> Decimal:
    assert isinstance(line.rate_card.price, FlatPrice)
    return line.rate_card.price.amount


def item_of(line_key: str) -> str:
    return line_key.split("/")[2]


TestRandomEdits = RandomEdits.TestCase
TestRandomEdits.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
