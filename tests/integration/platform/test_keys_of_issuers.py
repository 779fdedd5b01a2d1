"""The keys of an issuer of tokens: named or not, changed, made up, or not to be had; over HTTP on this machine."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from meterhouse.platform.claims import Trust
from tests.integration.platform.door import SECOND, Door, roles
from tests.issuer import MINUTE, NOON, Issuer, elliptic, public, rsa_key


def test_an_issuer_whose_keys_have_no_names_is_understood_whether_tokens_name_one_or_not(
    issuer: Issuer, door: Door
) -> None:
    issuer.keys = [public(None, elliptic("one"))]
    for kid in (None, "a name of its own", ""):
        assert roles(door.told(issuer.sign(NOON, kid=kid, key=elliptic("one"))))
    for wrong in ({"key": elliptic("stranger")}, {"key": rsa_key(), "algorithm": "RS256"}):
        assert set(door.told(issuer.sign(NOON, kid=None, **wrong)) or {}) == {"refused"}


def test_of_several_keys_those_for_the_tokens_way_of_signing_are_tried(issuer: Issuer, door: Door) -> None:
    issuer.keys = [
        {"kty": "EC"},
        public(None, rsa_key(), alg="PS256"),
        public(None, elliptic("cipher"), use="enc"),
        public(None, elliptic("other")),
        public("two", elliptic("two")),
        public(None, elliptic("one")),
    ]
    for name in ("one", "two", "other"):
        assert roles(door.told(issuer.sign(NOON, kid=None, key=elliptic(name))))
    assert roles(door.told(issuer.sign(NOON, kid=None, key=rsa_key(), algorithm="PS256")))
    told = door.told(issuer.sign(NOON, kid=None, key=rsa_key(), algorithm="RS256"))
    assert told == {"refused": "the token is signed in a way that its key is not for"}
    assert "signature" in (door.told(issuer.sign(NOON, kid=None, key=elliptic("cipher"))) or {})["refused"]
    named = door.told(issuer.sign(NOON, kid="two", key=elliptic("one")))
    assert named == {"refused": "the token's signature is wrong"}, "a token that names a key is that key's"


def test_a_token_costs_as_many_tries_as_an_issuer_has_keys_and_no_more(
    issuer: Issuer, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.keys = [public(None, elliptic(f"old-{number}")) for number in range(40)]
    tried, verify = list[str](), jwt.algorithms.ECAlgorithm.verify

    def counted(*given: Any) -> bool:
        tried.append("once")
        return verify(*given)

    monkeypatch.setattr(jwt.algorithms.ECAlgorithm, "verify", counted)
    assert door.told(issuer.sign(NOON, kid=None)) == {"refused": "the token's signature is wrong"}
    assert len(tried) == 8


def test_a_nameless_key_that_changes_is_known_at_once_and_wrong_signatures_cost_the_issuer_little(
    issuer: Issuer, door: Door
) -> None:
    issuer.keys = [public(None, elliptic("one"))]
    assert roles(door.told(issuer.sign(NOON, kid=None)))
    issuer.keys = [public(None, elliptic("two"))]
    door.now += 31 * SECOND
    assert roles(door.told(issuer.sign(door.now, kid=None, key=elliptic("two"))))
    for _ in range(20):
        assert set(door.told(issuer.sign(door.now, kid=None, key=elliptic("one"))) or {}) == {"refused"}
    assert issuer.asked == 2


def test_keys_that_change_are_known_at_once_and_made_up_ones_cost_the_issuer_little(issuer: Issuer, door: Door) -> None:
    assert roles(door.told(issuer.sign(NOON)))
    for n in range(50):
        assert door.told(issuer.sign(NOON, kid=f"made-up-{n}")) == {
            "refused": "the token is signed with no key of the issuer"
        }
    assert issuer.asked == 1
    issuer.keys = [public("two", elliptic("two"))]
    door.now += 31 * SECOND
    assert roles(door.told(issuer.sign(door.now, kid="two")))
    assert "refused" in (door.told(issuer.sign(door.now, kid="one")) or {}), "it was taken back"
    assert issuer.asked == 2


def test_while_the_issuer_is_silent_who_was_known_is_and_nobody_can_say_who_others_are(
    issuer: Issuer, door: Door, open_door: Callable[[Trust], Door], trust: Trust
) -> None:
    assert roles(door.told(issuer.sign(NOON)))
    issuer.is_down = True
    cold = open_door(trust)
    assert set(cold.told(issuer.sign(NOON)) or {}) == {"unknowable"}
    door.now += 61 * MINUTE
    assert roles(door.told(issuer.sign(door.now)))
    assert set(door.told(issuer.sign(door.now, kid="two")) or {}) == {"unknowable"}
    door.now += timedelta(days=1)
    assert set(door.told(issuer.sign(door.now)) or {}) == {"unknowable"}, "it may have been taken back a day ago"
    issuer.is_down = False
    door.now += 5 * MINUTE
    assert roles(door.told(issuer.sign(door.now)))


@pytest.mark.parametrize("told", [{"issuer": "https://else.example"}, {"jwks_uri": "http://else.example/keys"}, {}])
def test_keys_come_from_the_issuer_alone_and_by_a_guarded_way(
    issuer: Issuer, door: Door, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
    monkeypatch.setattr(issuer, "answer", lambda _: (200, {**usual, **told} if told else {}))
    assert set(door.told(issuer.sign(NOON)) or {}) == {"unknowable"}
