"""People by tokens of a real issuer, over HTTP on this machine, with a clock of the test's."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.authorize_request import handler as authorizer
from meterhouse.platform.claims import LEEWAY, Trust
from meterhouse.platform.limits import Rate
from meterhouse.platform.namespaces import Allowance, add_namespace, set_allowance
from meterhouse.platform.oidc import People
from meterhouse.platform.postgres import Database
from meterhouse.platform.quotas import Quota
from tests.integration.platform.key_house import KeyHouse
from tests.issuer import AUDIENCE, MINUTE, NOON, Issuer, elliptic, public, rsa_key, running_issuer
from tests.unit.platform.requests import CONTEXT, request

SECOND = timedelta(seconds=1)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    # where it is silent it says so at once
    monkeypatch.setattr("meterhouse.platform.signing_keys._PATIENCE_SECONDS", 60)
    with running_issuer() as issuer:
        yield issuer


@dataclass
class Door:
    """An environment of the authorizer, at some instant."""

    people: People
    now: datetime = NOON

    def told(self, token: str) -> dict[str, str] | None:
        return self.people.told_of(token)


@pytest.fixture
def trust(issuer: Issuer, namespace: str) -> Trust:
    return Trust(issuer.url, ("console", AUDIENCE), "role", namespace)


@pytest.fixture
def open_door(database: Database, namespace: str) -> Callable[[Trust | None], Door]:
    add_namespace(database, namespace)

    def open_(trust: Trust | None) -> Door:
        opened = Door(People(database, lambda: trust, lambda: opened.now))
        return opened

    return open_


@pytest.fixture
def door(open_door: Callable[[Trust | None], Door], trust: Trust) -> Door:
    return open_door(trust)


def roles(told: dict[str, str] | None) -> set[str]:
    """Some scopes that tell the roles apart."""
    assert told is not None
    assert "refused" not in told, told
    return set(told["scopes"].split()) & {"*", "keys:write", "billing:write", "events:write", "usage:read"}


def test_a_token_tells_who_it_is_until_when_and_what_the_role_opens(
    issuer: Issuer, door: Door, database: Database, namespace: str
) -> None:
    set_allowance(database, namespace, Allowance(Rate(50, 100), Quota(events=7)))
    told = door.told(issuer.sign(NOON))
    assert told is not None
    assert roles(told) == {"events:write", "usage:read"}
    del told["scopes"]
    assert told == {
        "namespace": namespace,
        "subject": "ada",
        "expiresAt": "2026-03-01T12:05:30Z",
        "namespaceRate": "50/100",
        "namespaceQuota": "/7",
    }


@pytest.mark.parametrize(
    ("claim", "value", "opened"),
    [
        ("role", "owner", {"*"}),
        ("role", "read-only", {"usage:read"}),
        ("role", ["offline_access", "finance", "developer"], {"billing:write", "events:write", "usage:read"}),
        ("https://example.com/role", "owner", {"*"}),
        ("realm_access.roles", "owner", {"*"}),
        ("role", None, set()),
        ("role", "king", set()),
        ("role", ["*", "keys:write"], set()),
        ("role", {"owner": True}, set()),
    ],
)
def test_only_roles_of_ours_open_anything(
    issuer: Issuer,
    open_door: Callable[[Trust], Door],
    trust: Trust,
    claim: str,
    value: object,
    opened: set[str],
) -> None:
    claims = {"realm_access": {"roles": [value]}, "role": None} if claim == "realm_access.roles" else {claim: value}
    assert roles(open_door(replace(trust, role_claim=claim)).told(issuer.sign(NOON, **claims))) == opened


def in_base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def unsigned(claims: dict[str, Any], **header: object) -> str:
    parts = ({"alg": "none", "kid": "one", **header}, claims)
    return ".".join([*(in_base64(json.dumps(part).encode()) for part in parts), ""])


def with_public_key_as_secret(issuer: Issuer) -> str:
    """What a verifier takes that lets the token name its algorithm; PyJWT would not sign it."""
    pem = elliptic("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = unsigned(issuer.claims(NOON), alg="HS256").rstrip(".")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), pem)
    return f"{head}.{in_base64(signature)}"


def now(shift: timedelta) -> int:
    return int((NOON + shift).timestamp())


WRONG: dict[str, tuple[str, Callable[[Issuer], str]]] = {
    "another audience": ("for another audience", lambda i: i.sign(NOON, aud="billing")),
    "no audience": ("has no aud", lambda i: i.sign(NOON, aud=None)),
    "another issuer": ("another issuer's", lambda i: i.sign(NOON, iss=f"{i.url}/")),
    "expired": ("has expired", lambda i: i.sign(NOON, exp=now(-LEEWAY))),
    "never expires": ("has no exp", lambda i: i.sign(NOON, exp=None)),
    "expires in words": ("has no exp", lambda i: unsigned_times(i, exp="tomorrow")),
    "not yet": ("not good yet", lambda i: i.sign(NOON, nbf=now(LEEWAY + SECOND))),
    "made later": ("not good yet", lambda i: i.sign(NOON, iat=now(LEEWAY + SECOND))),
    "no iat": ("has no iat", lambda i: i.sign(NOON, iat=None)),
    "unsigned": ("its key is not for", lambda i: unsigned(i.claims(NOON))),
    "the public key as a secret": ("its key is not for", with_public_key_as_secret),
    "another key of this name": ("signature is wrong", lambda i: i.sign(NOON, key=elliptic("stranger"))),
    "a key that the issuer has not": ("no key of the issuer", lambda i: i.sign(NOON, kid="stranger")),
    "a key for another algorithm": (
        "its key is not for",
        lambda i: i.sign(NOON, kid="rsa", key=rsa_key(), algorithm="RS256"),
    ),
    "a short key": ("cannot be read", lambda i: i.sign(NOON, kid="short", key=rsa_key(1024), algorithm="RS256")),
    "a key for ciphers": ("no key of the issuer", lambda i: i.sign(NOON, kid="cipher", key=elliptic("one"))),
    "a name with NUL": ("no plain text", lambda i: i.sign(NOON, sub="ada\0")),
    "no name": ("has no sub", lambda i: i.sign(NOON, sub=None)),
    "half a letter": ("cannot be read", lambda _: "eyJ.\ud800.x"),
    "a deep header": (
        "cannot be read",
        lambda _: f"{in_base64(b'[' * 5000)}.e30.x",
    ),
    "a changed claim": ("signature is wrong", lambda i: changed(i.sign(NOON, role="read-only"))),
}


def unsigned_times(issuer: Issuer, **claims: object) -> str:
    return jwt.api_jws.encode(
        json.dumps(issuer.claims(NOON, **claims)).encode(), elliptic("one"), "ES256", {"kid": "one"}
    )


def changed(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    text = json.dumps({**claims, "role": "owner"}).encode()
    return ".".join([head, in_base64(text), signature])


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_token_lets_nobody_in(issuer: Issuer, door: Door, what: str) -> None:
    issuer.keys += [
        public("rsa", rsa_key(), alg="PS256"),
        public("short", rsa_key(1024)),
        public("cipher", elliptic("one"), use="enc"),
        {"kid": "secret", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "broken", "kty": "EC"},
    ]
    reason, make = WRONG[what]
    told = door.told(make(issuer))
    assert told is not None
    assert reason in told.pop("refused")
    assert not told


def test_every_way_of_signing_with_a_key_pair_is_read(issuer: Issuer, door: Door) -> None:
    issuer.keys += [public("rsa", rsa_key())]
    for algorithm in ("RS256", "PS512"):
        assert roles(door.told(issuer.sign(NOON, kid="rsa", key=rsa_key(), algorithm=algorithm)))
    assert roles(door.told(issuer.sign(NOON, exp=now(-LEEWAY + SECOND), nbf=now(LEEWAY), iat=now(LEEWAY))))


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


def test_a_key_of_ours_never_reaches_the_verifier_nor_does_anything_where_there_is_no_issuer(
    open_door: Callable[[Trust | None], Door], trust: Trust, issuer: Issuer
) -> None:
    assert open_door(trust).told("mh_a.b.c") is None
    assert open_door(trust).told("plain") is None
    assert open_door(None).told(issuer.sign(NOON)) is None
    assert issuer.asked == 0


@pytest.mark.parametrize(
    ("claim", "is_in"),
    [("{}", True), (["{}"], True), (["{}", "other"], False), ("nowhere", False), ("No Name", False), (None, False)],
)
def test_a_claim_may_name_the_namespace_and_must_name_one_that_is_there(
    issuer: Issuer, open_door: Callable[[Trust], Door], trust: Trust, namespace: str, claim: Any, *, is_in: bool
) -> None:
    claims = json.loads(json.dumps({"org": claim}).replace("{}", namespace))
    told = open_door(replace(trust, namespace="", namespace_claim="org")).told(issuer.sign(NOON, **claims))
    assert told is not None
    assert told.get("namespace") == (namespace if is_in else None)


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


def test_the_authorizer_and_the_edge_answer_people_by_problems(
    issuer: Issuer, door: Door, database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorizer, "people", door.people)
    monkeypatch.setattr("meterhouse.platform.clock.now", lambda: door.now)
    house = KeyHouse(database, namespace)

    def ask(token: str, method: str = "GET") -> tuple[int, dict[str, str], Any]:
        event = request(method, "/api/v1/api-keys", {"name": "ci", "role": "developer"}, namespace="told by nobody")
        answer = authorizer.handler({**event, "headers": {"authorization": f"Bearer {token}"}}, CONTEXT)
        assert answer["isAuthorized"]
        event["requestContext"]["authorizer"]["lambda"] = answer["context"]
        answered = house.handler(event, CONTEXT)
        return answered["statusCode"], answered.get("headers", {}), json.loads(answered["body"])

    status, headers, problem = ask("a.b.c")
    assert (status, headers["www-authenticate"], problem["code"]) == (
        401,
        'Bearer error="invalid_token"',
        "invalid_token",
    )
    assert ask(issuer.sign(NOON))[0] == 200
    status, _, problem = ask(issuer.sign(NOON), "POST")
    assert (status, problem["code"], problem["scope"]) == (403, "missing_scope", "keys:write")
    status, _, made = ask(issuer.sign(NOON, role="owner"), "POST")
    assert status == 201
    with database.transaction(namespace) as transaction:
        logged = transaction.fetch_all("SELECT actor FROM audit_log WHERE object_id = %(id)s", {"id": made["id"]})
    assert [line["actor"] for line in logged] == ["person:ada"]
    stays = issuer.sign(NOON)
    context = authorizer.handler({"headers": {"authorization": f"Bearer {stays}"}}, CONTEXT)["context"]
    door.now += 6 * MINUTE
    event = request("GET", "/api/v1/api-keys")
    event["requestContext"]["authorizer"]["lambda"] = context
    assert house.handler(event, CONTEXT)["statusCode"] == 401, "the gateway remembers it, and it is over"
    issuer.is_down = True
    door.now += timedelta(days=2)
    status, headers, _ = ask(issuer.sign(door.now))
    assert (status, headers["retry-after"]) == (503, "60")
