"""Requests a second over many environments, on an argument's clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.kernel.errors import TooMany, Unavailable
from meterhouse.platform.limits import Limits, Rate, rate_from

AT = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Shared:
    """`Counts` in a dictionary."""

    used: dict[str, datetime] = field(default_factory=dict)
    asked: int = 0
    is_gone: bool = False

    def add(self, name: str, cost: timedelta, at: datetime, known: datetime) -> datetime:
        del known
        self.asked += 1
        if self.is_gone:
            raise Unavailable("gone")
        self.used[name] = max(self.used.get(name, at), at) + cost
        return self.used[name]


def told(key: str | None = None, namespace: str | None = None, key_id: str = "k") -> dict[str, str]:
    return {"namespace": "acme", "keyId": key_id, "keyRate": key or "", "namespaceRate": namespace or ""}


def flood(limits: list[Limits], caller: dict[str, str], per_second: int, seconds: int) -> int:
    """How many are admitted of an even stream that takes the environments in turn."""
    admitted = 0
    for n in range(per_second * seconds):
        try:
            limits[n % len(limits)].admit(caller, AT + n * SECOND / per_second)
        except TooMany:
            continue
        admitted += 1
    return admitted


@pytest.mark.parametrize("environments", [1, 7, 100])
@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (10, 20), (100, 200)])
def test_a_flood_gets_its_rate_and_its_burst_and_no_more_but_a_twentieth_of_a_second_an_environment(
    environments: int, rate: int, burst: int
) -> None:
    shared = Shared()
    admitted = flood([Limits(shared) for _ in range(environments)], told(f"{rate}/{burst}"), rate * 10, 60)
    most = rate * 60 + burst
    assert most * 0.9 <= admitted <= most + environments * max(1, rate // 20) + 1


@pytest.mark.parametrize("environments", [1, 100])
def test_who_stays_below_is_never_refused(environments: int) -> None:
    limits = [Limits(Shared())] * environments
    assert flood(limits, told("100/200"), 99, 20) == 99 * 20
    shared = Shared()
    assert flood([Limits(shared) for _ in range(environments)], told("100/200"), 99, 20) == 99 * 20


def test_a_burst_after_a_rest_is_let_in_at_once_and_then_told_when_to_come_back() -> None:
    limits, caller = Limits(Shared()), told("10/20")
    for _ in range(20):
        limits.admit(caller, AT)
    with pytest.raises(TooMany) as refused:
        limits.admit(caller, AT)
    assert refused.value.retry_after_seconds == 1
    limits.admit(caller, AT + timedelta(milliseconds=100))
    with pytest.raises(TooMany):
        limits.admit(caller, AT + timedelta(milliseconds=150))


def test_a_namespace_s_limit_holds_for_all_its_keys_together() -> None:
    limits = Limits(Shared())
    for n in range(5):
        limits.admit(told(namespace="1/5", key_id=f"k{n}"), AT)
    with pytest.raises(TooMany):
        limits.admit(told(namespace="1/5", key_id="k9"), AT)
    limits.admit({"namespace": "other", "keyId": "k", "namespaceRate": "1/5"}, AT)


def test_what_is_refused_is_asked_of_nobody_and_what_has_no_limit_neither() -> None:
    shared = Shared()
    limits = Limits(shared)
    limits.admit(told("1/1"), AT)
    asked = shared.asked
    for _ in range(100):
        with pytest.raises(TooMany):
            limits.admit(told("1/1"), AT)
        limits.admit(told(), AT)
    assert shared.asked == asked == 1


def test_ten_settlements_serve_five_hundred_requests() -> None:
    shared = Shared()
    assert flood([Limits(shared)], told("1000/2000"), 500, 1) == 500
    assert shared.asked == 10


def test_while_nobody_can_count_all_are_let_in() -> None:
    shared = Shared(is_gone=True)
    limits = Limits(shared)
    for _ in range(100):
        limits.admit(told("1/1"), AT)
    assert shared.asked == 1, "nobody waits for it again and again"
    shared.is_gone = False
    limits.admit(told("1/1"), AT + 5 * SECOND)
    with pytest.raises(TooMany) as refused:
        limits.admit(told("1/1"), AT + 5 * SECOND)
    assert refused.value.retry_after_seconds == 1, "what came meanwhile is forgiven"


def test_environments_forget_callers_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterhouse.platform.limits._MOST_REMEMBERED", 3)
    limits = Limits(Shared())
    for n in range(10):
        limits.admit(told("1/1", key_id=str(n)), AT)
    assert len(limits._standings) <= 3


def test_a_rate_travels_as_text() -> None:
    assert rate_from(str(Rate(100, 250))) == Rate(100, 250)
    assert rate_from("") is None
