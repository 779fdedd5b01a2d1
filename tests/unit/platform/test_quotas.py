"""Quotas of a month over many environments, on an argument's clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.kernel.errors import TooMany, Unavailable
from meterhouse.platform.quotas import REPEATED_FOR, Addition, Quota, Quotas, Tally, month_of, name_of, quota_from

AT = datetime(2026, 2, 27, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Shared:
    """`Tallies` in a dictionary."""

    sums: dict[str, Tally] = field(default_factory=dict)
    asked: int = 0
    is_gone: bool = False
    is_unheard: bool = False
    added: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def tally(self, name: str) -> Tally:
        self.asked += 1
        if self.is_gone:
            raise Unavailable("gone")
        return self.sums.get(name, Tally())

    def add_up(self, name: str, addition: Addition, until: datetime) -> Tally:
        assert until == month_of(AT)[1] or until > MARCH
        known = self.tally(name)
        if self.added.get((name, addition.by), AT - SECOND) < addition.at:
            self.added[name, addition.by] = addition.at
            self.sums[name] = known.plus(addition.tally)
        if self.is_unheard:
            raise Unavailable("the answer was lost")
        return self.sums[name]


def told(key: str = "", namespace: str = "", key_id: str = "k") -> dict[str, str]:
    return {"namespace": "acme", "keyId": key_id, "keyQuota": key, "namespaceQuota": namespace}


def send(quotas: Quotas, caller: dict[str, str], at: datetime, events: int = 0) -> bool:
    """Whether a request is let in that brings events, or asks something."""
    try:
        quotas.check(caller, at, of_events=events > 0)
    except TooMany:
        return False
    quotas.count(caller, at, events)
    return True


@pytest.mark.parametrize("environments", [1, 7, 50])
@pytest.mark.parametrize("quota", [1, 60, 500])
def test_a_quota_is_let_in_and_no_more_but_what_comes_before_environments_hear_of_it(
    environments: int, quota: int
) -> None:
    shared, a_second = Shared(), 10
    gates = [Quotas(shared) for _ in range(environments)]
    requests = [AT + n * SECOND / a_second for n in range(1000)]
    admitted = sum(send(gates[n % environments], told(f"{quota}/"), at) for n, at in enumerate(requests))
    late = max(environments, a_second)
    assert quota <= admitted <= quota + late * 60, "an environment looks once a minute"
    last = requests[-1] + timedelta(minutes=2)
    assert not any(send(gate, told(f"{quota}/"), last) for gate in gates)
    assert shared.sums[name_of(*month_of(AT)[:1], "acme", "k")].requests <= admitted


def test_a_refusal_names_the_quota_and_when_the_month_is_over() -> None:
    quotas = Quotas(Shared())
    assert send(quotas, told(namespace="/5"), AT, events=9), "the batch that passes a quota is let in whole"
    with pytest.raises(TooMany) as refused:
        quotas.check(told(namespace="/5"), AT, of_events=True)
    assert refused.value.retry_after_seconds == (MARCH - AT) / SECOND
    assert refused.value.code == "quota_used_up"
    until = "2026-03-01T00:00:00Z"
    assert refused.value.facts == {"quota": {"holder": "namespace", "counts": "events", "limit": 5, "until": until}}
    assert "the namespace's quota of 5 events a month" in str(refused.value)


def test_who_may_bring_no_more_events_may_still_ask_and_a_month_later_bring() -> None:
    quotas = Quotas(Shared())
    assert send(quotas, told("/5"), AT, events=5)
    assert not send(quotas, told("/5"), AT, events=1)
    assert send(quotas, told("/5"), AT)
    assert send(quotas, told("/5"), MARCH, events=1)


def test_keys_of_a_namespace_share_its_quota_and_others_do_not() -> None:
    quotas = Quotas(Shared())
    assert all(send(quotas, told("9/", "3/", key_id=key), AT) for key in "abc")
    assert not send(quotas, told("9/", "3/", key_id="d"), AT)
    assert send(quotas, {"namespace": "other", "namespaceQuota": "3/"}, AT)


def test_a_cold_environment_asks_first_and_what_slow_callers_send_is_never_lost_with_it() -> None:
    shared = Shared()
    assert [send(Quotas(shared), told("/3"), AT + n * SECOND, events=1) for n in range(5)] == [True] * 3 + [False] * 2


def test_a_fast_caller_costs_a_question_a_second_and_one_without_a_quota_none() -> None:
    shared = Shared()
    quotas = Quotas(shared)
    for n in range(1000):
        assert send(quotas, told("1000000/"), AT + n * SECOND / 100)
    assert shared.asked <= 11
    shared.asked = 0
    assert send(quotas, told(), AT)
    assert shared.asked == 0


def test_while_nobody_can_count_all_is_let_in_and_added_later(capsys: pytest.CaptureFixture[str]) -> None:
    shared = Shared(is_gone=True)
    quotas = Quotas(shared)
    assert all(send(quotas, told("100/"), AT + n * SECOND / 10) for n in range(20))
    assert shared.asked == 1, "it is left alone for some seconds"
    assert "not counted" in capsys.readouterr().out
    shared.is_gone = False
    assert send(quotas, told("100/"), AT + 6 * SECOND)
    assert shared.sums[name_of(month_of(AT)[0], "acme", "k")].requests == 21


def test_what_was_added_though_the_answer_was_lost_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    shared = Shared(is_unheard=True)
    quotas, name = Quotas(shared), name_of(month_of(AT)[0], "acme", "k")
    assert all(send(quotas, told("100/100"), AT + n * SECOND, events=2) for n in range(20))
    assert shared.asked > 2, "it is asked anew, after a rest each time"
    assert shared.sums[name] == Tally(1, 2), "until the first is heard of, the others wait"
    shared.is_unheard = False
    assert send(quotas, told("100/100"), AT + 20 * SECOND, events=2)
    assert shared.sums[name] == Tally(21, 42)
    assert "not counted" in capsys.readouterr().out


def test_what_is_not_acknowledged_counts_for_who_sent_it_and_is_let_go_where_nobody_can_say() -> None:
    shared = Shared(is_unheard=True)
    quotas, name = Quotas(shared), name_of(month_of(AT)[0], "acme", "k")
    assert send(quotas, told("2/"), AT)
    assert send(quotas, told("2/"), AT + SECOND)
    assert not send(quotas, told("2/"), AT + SECOND)
    shared.is_unheard, shared.added = False, {}
    assert send(Quotas(shared), told("9/"), AT + REPEATED_FOR)
    quotas.count(told("2/"), AT + REPEATED_FOR)
    assert shared.sums[name] == Tally(4), "one that was added and never heard of, one of another's, two that waited"


@pytest.mark.parametrize("quota", [Quota(1, 2), Quota(None, 2), Quota(1, None)])
def test_a_quota_is_told_as_it_is_read(quota: Quota) -> None:
    assert quota_from(str(quota)) == quota
    assert quota_from("") is None


@pytest.mark.parametrize("at", [datetime(2026, 12, 31, 23, 59, 59, 999999, UTC), datetime(2026, 12, 1, tzinfo=UTC)])
def test_a_month_ends_where_the_next_begins(at: datetime) -> None:
    assert month_of(at) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
