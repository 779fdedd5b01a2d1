from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.invoice import Line, ManagedBy
from meterhouse.billing.reconcile import Changes, line_id
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.subscriptions.model import Subscription
from tests.unit.billing.samples import NOW, metered
from tests.unit.billing.stored import Stored
from tests.unit.subscriptions.samples import SUBSCRIPTION_ID, at, fee, period, subscription

START = at("2024-01-01")

instants = st.integers(0, 150).map(lambda days: START + timedelta(days=days, hours=1))


def agreed(end: str | None = None) -> Subscription:
    return subscription("2024-01-01", (fee(), metered()), end=end)


@given(st.lists(instants, min_size=1, max_size=4))
def test_running_again_at_any_earlier_instant_changes_nothing(moments: list[datetime]) -> None:
    stored = Stored()
    for as_of in moments:
        stored.run([agreed()], as_of)
    assert stored.run([agreed()], max(moments)) == Changes()
    assert stored.run([agreed()], min(moments)) == Changes()


@given(st.lists(instants, min_size=1, max_size=4))
def test_the_order_of_runs_does_not_matter(moments: list[datetime]) -> None:
    in_order, as_given = Stored(), Stored()
    for as_of in sorted(moments):
        in_order.run([agreed()], as_of)
    for as_of in moments:
        as_given.run([agreed()], as_of)
        as_given.collect(as_of)
    assert as_given.keys() == in_order.keys()


def test_a_late_cancellation_takes_back_what_is_pending_and_cuts_what_runs() -> None:
    stored = Stored()
    stored.run([agreed()], at("2024-02-10"))
    stored.collect(at("2024-02-10"))
    changes = stored.run([agreed(end="2024-02-15")], at("2024-02-16"))
    [cut] = changes.changed
    assert (cut.rate_card.key, cut.service_period.end) == ("usage", at("2024-02-15"))
    assert len(changes.removed) == 1
    assert changes.added == ()


def test_lines_that_were_invoiced_are_never_touched() -> None:
    stored = Stored()
    stored.run([agreed()], at("2024-02-10"))
    stored.collect(at("2024-02-10"))
    before = dict(stored.invoiced)
    stored.run([agreed(end="2024-01-20")], at("2024-02-11"))
    assert stored.invoiced == before


def test_a_deleted_subscription_leaves_nothing_pending() -> None:
    stored = Stored()
    stored.run([agreed()], at("2024-01-10"))
    stored.run([], at("2024-01-10"))
    assert stored.pending == {}


def test_a_line_that_was_reopened_after_a_void_is_kept() -> None:
    stored = Stored()
    stored.run([agreed()], at("2024-01-10"))
    line = next(iter(stored.pending.values()))
    del stored.pending[line.id]
    again = replace(line, id="again", revision=1, invoice_at=at("2024-09-01"))
    stored.pending[again.id] = again
    assert stored.run([agreed()], at("2024-01-10")) == Changes()


def quarterly(end: str | None = None) -> Subscription:
    return subscription("2024-04-01", (fee(cadence="P3M"),), end=end)


@given(st.lists(st.sampled_from(["2024-05-01", "2024-05-20", "2024-06-01", None]), min_size=1, max_size=5))
def test_however_often_the_end_moves_the_invoiced_parts_tile_what_is_charged(ends: list[str | None]) -> None:
    stored, as_of = Stored(), at("2024-04-02")
    for end in [*ends, None]:
        stored.run([quarterly(end)], as_of)
        assert stored.run([quarterly(end)], as_of) == Changes()
        stored.collect(as_of)
    quarter = period("2024-04-01", "2024-07-01")
    assert quarter.tiles(line.service_period for line in stored.invoiced.values())


def test_a_rest_that_is_pending_follows_the_subscription_and_is_known_by_its_start() -> None:
    stored, as_of = Stored(), at("2024-04-02")
    stored.run([quarterly("2024-05-01")], as_of)
    stored.collect(as_of)
    [rest] = stored.run([quarterly()], as_of).added
    assert rest.key == f"{SUBSCRIPTION_ID}/default/fee/v[0]/period[0]/from[2024-05-01T00:00:00Z]"
    assert (rest.service_period, rest.full_service_period) == (
        period("2024-05-01", "2024-07-01"),
        period("2024-04-01", "2024-07-01"),
    )
    [cut] = stored.run([quarterly("2024-06-01")], as_of).changed
    assert cut.service_period == period("2024-05-01", "2024-06-01")
    assert cut.is_terminal
    assert stored.run([quarterly("2024-05-01")], as_of).removed == (rest.id,)


def test_a_part_reopened_after_its_rest_was_made_keeps_to_its_part() -> None:
    stored, as_of = Stored(), at("2024-04-02")
    stored.run([quarterly("2024-05-01")], as_of)
    stored.collect(as_of)
    stored.run([quarterly()], as_of)
    stored.pending |= {line_id: replace(line, revision=1) for line_id, line in stored.invoiced.items()}
    stored.invoiced.clear()
    stored.run([quarterly()], as_of)
    assert period("2024-04-01", "2024-07-01").tiles(line.service_period for line in stored.pending.values())


def quarter_in_two(stored: Stored, as_of: datetime, by_hand: Callable[[Line], Line]) -> Line:
    """April invoiced, the rest of the quarter invoiced as `by_hand` left it; April, which is pending again."""
    stored.run([quarterly("2024-05-01")], as_of)
    [first] = [line for line in stored.pending.values() if line.invoice_at <= as_of]
    stored.collect(as_of)
    stored.run([quarterly()], as_of)
    stored.pending = {line.id: by_hand(line) for line in stored.pending.values()}
    stored.collect(as_of)
    del stored.invoiced[first.id]
    again = replace(first, id="again", revision=1)
    stored.pending[again.id] = again
    return again


def priced(line: Line, start: str = "2024-05-01", end: str = "2024-07-01") -> Line:
    """As an edit of its draft leaves it that says another price, and maybe another period."""
    price, own = FlatPrice(Decimal(50), PaymentTerm.IN_ADVANCE), period(start, end)
    return replace(
        line,
        rate_card=replace(line.rate_card, price=price),
        service_period=own,
        full_service_period=own,
        is_prorated=False,
        is_terminal=False,
        managed_by=ManagedBy.MANUAL,
        agreed_end=line.service_period.end,
    )


@pytest.mark.parametrize(
    "by_hand",
    [lambda line: line, priced, lambda line: priced(line, "2024-05-15"), lambda line: priced(line, end="2024-06-15")],
)
@pytest.mark.parametrize("managed_by", ManagedBy)
def test_a_part_reopened_keeps_to_its_part_whatever_was_written_on_the_rest_that_was_invoiced(
    by_hand: Callable[[Line], Line], managed_by: ManagedBy
) -> None:
    stored, as_of = Stored(), at("2024-04-02")
    again = quarter_in_two(stored, as_of, by_hand)
    stored.pending = {again.id: replace(again, managed_by=managed_by)}
    stored.run([quarterly()], as_of)
    assert stored.run([quarterly()], as_of) == Changes()
    assert [line.service_period for line in stored.pending.values()] == [period("2024-04-01", "2024-05-01")]


def test_a_rest_that_was_moved_by_hand_and_is_pending_again_is_not_charged_for_twice() -> None:
    stored, as_of = Stored(), at("2024-04-02")
    stored.run([quarterly("2024-05-01")], as_of)
    stored.collect(as_of)
    stored.run([quarterly()], as_of)
    stored.pending = {line.id: priced(line, "2024-05-15") for line in stored.pending.values()}
    assert stored.run([quarterly()], as_of) == Changes()


def test_what_was_taken_back_after_a_void_is_asked_for_once_more_by_a_revision_of_its_own() -> None:
    stored, as_of = Stored(), at("2024-04-02")
    stored.run([quarterly("2024-05-01")], as_of)
    stored.collect(as_of)
    stored.run([quarterly()], as_of)
    stored.collect(as_of)
    for revision in (1, 2):
        [rest] = [line for line in stored.invoiced.values() if "/from[" in line.key]
        stored.void(rest)
        assert len(stored.run([quarterly("2024-05-01")], as_of).removed) == 1
        [again] = stored.run([quarterly()], as_of).added
        assert (again.revision, again.service_period) == (revision, rest.service_period)
        assert again.id not in {line.id for line in stored.closed}
        stored.collect(as_of)
    assert period("2024-04-01", "2024-07-01").tiles(line.service_period for line in stored.invoiced.values())


@pytest.mark.parametrize("is_pending", [False, True])
@pytest.mark.parametrize(
    ("canceled", "written", "rest"),
    [
        ("2024-05-01", ("2024-04-01", "2024-05-01"), "2024-05-01"),
        ("2024-05-01", ("2024-04-01", "2024-04-20"), "2024-05-01"),
        ("2024-05-01", ("2024-04-01", "2024-05-15"), "2024-05-15"),
        (None, ("2024-04-01", "2024-06-15"), None),
    ],
)
def test_a_part_that_was_priced_by_hand_has_a_rest_once_its_subscription_goes_on_and_what_was_shortened_has_none(
    canceled: str | None, written: tuple[str, str], rest: str | None, *, is_pending: bool
) -> None:
    stored, as_of = Stored(), at("2024-04-02")
    stored.run([quarterly(canceled)], as_of)
    stored.collect(as_of)
    [part] = stored.invoiced.values()
    stored.invoiced[part.id] = priced(part, *written)
    if is_pending:
        stored.void(stored.invoiced[part.id])
    for _ in range(2):
        stored.run([quarterly()], as_of)
        assert stored.run([quarterly()], as_of) == Changes()
        found = sorted(line.service_period.start for line in stored.lines() if "period[0]" in line.key)
        assert found == [at("2024-04-01"), *([] if rest is None else [at(rest)])]
        stored.collect(as_of)


@pytest.mark.parametrize(("end", "left"), [("2024-04-25", "2024-04-20"), ("2024-04-20", None), ("2024-04-10", None)])
def test_a_line_that_was_moved_by_hand_charges_for_nothing_after_its_subscription_ended(
    end: str, left: str | None
) -> None:
    stored, as_of = Stored(), at("2024-04-10")

    def monthly(end: str | None = None) -> list[Subscription]:
        return [subscription("2024-04-01", (fee(),), end=end)]

    stored.run(monthly(), START)
    stored.run(monthly(), at("2024-04-01"))
    stored.collect(at("2024-04-01"))
    [april] = stored.invoiced.values()
    stored.invoiced[april.id] = priced(april, "2024-04-20", "2024-05-01")
    stored.void(stored.invoiced[april.id])
    stored.run(monthly(end), as_of)
    assert stored.run(monthly(end), as_of) == Changes()
    [line] = stored.pending.values()
    assert line.service_period == period(left or "2024-04-01", end)
    assert (line.managed_by is ManagedBy.MANUAL) is (left is not None)
    if left is None:
        # of what the caller wrote nothing was left
        assert line.rate_card == april.rate_card
        stored.run(monthly(), as_of)
        assert [one.service_period for one in stored.pending.values() if one.revision] == [april.service_period]


@pytest.mark.parametrize("written", [("2024-05-01", "2024-05-11"), ("2024-05-02", "2024-06-01")])
def test_a_line_that_was_moved_behind_its_period_stays_as_written_while_its_subscription_goes_on(
    written: tuple[str, str],
) -> None:
    stored, monthly = Stored(), [subscription("2024-04-01", (fee(),))]
    stored.run(monthly, at("2024-04-01"))
    stored.collect(at("2024-04-01"))
    [april] = stored.invoiced.values()
    stored.invoiced[april.id] = priced(april, *written)
    stored.void(stored.invoiced[april.id])
    stored.run(monthly, at("2024-04-10"))
    assert stored.run(monthly, at("2024-04-10")) == Changes()
    [again] = [line for line in stored.pending.values() if line.revision]
    assert (again.service_period, again.managed_by) == (period(*written), ManagedBy.MANUAL)


@pytest.mark.parametrize(("end", "is_left"), [(None, True), ("2024-06-20", True), ("2024-05-20", False)])
def test_a_part_that_was_moved_into_the_time_of_its_rest_stays_there_unless_its_subscription_ends_before(
    end: str | None, *, is_left: bool
) -> None:
    stored, as_of = Stored(), at("2024-04-02")
    again = priced(quarter_in_two(stored, as_of, lambda line: line), "2024-06-15", "2024-06-20")
    stored.pending = {again.id: again}
    for _ in range(2):
        stored.run([quarterly(end)], as_of)
    [line] = (line for line in stored.pending.values() if line.key == again.key)
    assert line.service_period == (again.service_period if is_left else period("2024-04-01", "2024-05-01"))


def dearer(price: str, since: str = "2024-01-16") -> list[Subscription]:
    """31 a month, then, from the middle of January, another price."""
    before = subscription("2024-01-01", (fee(amount="31"),))
    ended = replace(before, active_to=at(since))
    begun = subscription(since, (fee(amount=price),), anchor="2024-01-01")
    return [ended, replace(begun, id="next", previous_id=before.id)]


@pytest.mark.parametrize("managed_by", ManagedBy)
def test_a_pending_difference_uses_up_what_it_is_the_difference_to_whoever_wrote_its_name(
    managed_by: ManagedBy,
) -> None:
    stored, as_of = Stored(), at("2024-01-16")
    stored.run([replace(dearer("62")[0], active_to=None)], START)
    stored.collect(START)
    stored.run(dearer("62"), as_of)
    stored.pending = {
        line.id: replace(line, name="Upgrade", managed_by=managed_by) if "(difference)" in line.name else line
        for line in stored.pending.values()
    }
    # billed or not: nothing of the 31 is left
    for _ in range(2):
        stored.run(dearer("62"), as_of)
        assert stored.given == {}
        stored.collect(as_of)


def repriced(line: Line) -> Line:
    """As an edit of its draft leaves a whole period that says another price."""
    price = FlatPrice(Decimal(50), PaymentTerm.IN_ADVANCE)
    return replace(line, rate_card=replace(line.rate_card, price=price), managed_by=ManagedBy.MANUAL)


@pytest.mark.parametrize(
    ("since", "by_hand"),
    [
        ("2024-01-16", lambda line: priced(line, "2024-01-16", "2024-02-01")),
        ("2024-01-16", lambda line: replace(line, deleted_at=NOW)),
        ("2024-01-01", repriced),
    ],
)
def test_a_difference_that_was_priced_by_hand_or_given_up_stands_for_all_that_it_is_the_difference_to(
    since: str, by_hand: Callable[[Line], Line]
) -> None:
    stored, as_of = Stored(), at("2024-01-16")
    stored.run([replace(dearer("62")[0], active_to=None)], START)
    stored.collect(START)
    stored.run(dearer("62", since), as_of)
    stored.collect(as_of)
    [difference] = [line for line in stored.invoiced.values() if "(difference)" in line.name]
    stored.invoiced[difference.id] = by_hand(difference)
    stored.run(dearer("62", since), as_of)
    assert stored.given == {}


@pytest.mark.parametrize("by_hand", [lambda line: line, lambda line: priced(line, "2024-01-16", "2024-02-01")])
def test_what_a_difference_rests_on_is_not_billed_again_whoever_priced_the_difference(
    by_hand: Callable[[Line], Line],
) -> None:
    stored, as_of = Stored(), at("2024-01-16")
    stored.run([replace(dearer("62")[0], active_to=None)], START)
    stored.collect(START)
    stored.run(dearer("62"), as_of)
    stored.collect(as_of)
    first, difference = stored.invoiced.values()
    stored.invoiced[difference.id] = by_hand(difference)
    assert stored.differences(first, dearer("62"), as_of) == [difference.key]
    stored.invoiced[difference.id] = replace(by_hand(difference), deleted_at=NOW)
    assert stored.differences(first, dearer("62"), as_of) == []


def test_a_price_of_however_many_digits_is_paid_in_full_by_whoever_paid_it_before() -> None:
    price, stored = fee(amount="100000000000000.00000000000000000005"), Stored()
    before = subscription("2024-01-01", (price,))
    stored.run([before], at("2024-01-01"))
    stored.collect(at("2024-01-01"))
    ended = replace(before, active_to=at("2024-01-16"))
    begun = replace(subscription("2024-01-16", (price,), anchor="2024-01-01"), id="next", previous_id=before.id)
    assert [line.service_period for line in stored.run([ended, begun], at("2024-01-16")).added] == [
        period("2024-02-01", "2024-03-01")
    ]


def test_lines_of_a_subscription_lie_side_by_side_and_those_of_no_subscription_keep_all_that_tells_them_apart() -> None:
    def place(key: str) -> str:
        return line_id(key, START)[10:15]

    ours = "01HK153X004F8SHSBPJ8JX3FH7"
    assert place(f"{ours}/default/fee/v[0]/period[0]") == place(f"{ours}/default/api/v[0]/period[0]") == ours[2:7]
    assert len({place(f"credit/{grant}") for grant in range(100)}) > 90
