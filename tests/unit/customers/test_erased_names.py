"""Erased names are known again at the price of a hash a name, however many erasures are remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.customers import erasure
from meterhouse.customers.erasure import ErasedNames, Erasure, asked

AT = datetime(2026, 5, 1, tzinfo=UTC)


def one_after_another(count: int, salt: str = "salt") -> list[Erasure]:
    return [
        asked(f"e{number:04}", f"name-{number}", AT + number * timedelta(seconds=1), salt) for number in range(count)
    ]


def before_salts(erasure_id: str, subject: str, at: datetime = AT) -> Erasure:
    """As the release asked for it that knew of no salts."""
    return Erasure(erasure_id, erasure.ErasureStatus.COMPLETE, at, at, None, erasure.digest_of(erasure_id, subject))


def test_a_name_is_hashed_once_however_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    names, hashed = ErasedNames(one_after_another(3000)), list[str]()
    digest_of = erasure.digest_of

    def counted(salt: str, name: str) -> str:
        hashed.append(name)
        return digest_of(salt, name)

    monkeypatch.setattr(erasure, "digest_of", counted)
    found = {name: [one.id for one in names.of(name)] for name in ("name-7", "stranger", "name-2999")}
    assert found == {"name-7": ["e0007"], "stranger": [], "name-2999": ["e2999"]}
    assert hashed == list(found)


def test_erasures_of_one_name_are_found_in_the_order_they_were_asked_for_whatever_knows_them() -> None:
    late, early = asked("b", "ann", AT + timedelta(days=2), "salt"), asked("c", "ann", AT, "salt")
    old = before_salts("a", "ann", AT + timedelta(days=1))
    names = ErasedNames([late, early, old, *one_after_another(3, "another salt")])
    assert names.of("ann") == [early, old, late]
    assert names.of("name-1") == [one_after_another(2, "another salt")[1]]


def test_the_first_erasure_of_a_namespace_gives_the_others_their_salt_and_code_of_before_knows_each_by_its_own() -> (
    None
):
    first = asked("first", "ann", AT)
    second = asked("second", "ann", AT, first.salt)
    assert (first.salted, second.salt) == (second.salted, "first")
    assert second.digest == erasure.digest_of("second", "ann")


def test_nobody_is_known_where_nothing_is_remembered() -> None:
    assert not ErasedNames([])
    assert ErasedNames([before_salts("a", "ann")])
    forgotten = Erasure("a", erasure.ErasureStatus.COMPLETE, AT, AT, None, None)
    assert not ErasedNames([forgotten])
