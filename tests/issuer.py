"""An issuer of tokens on the loopback interface: its discovery document, its keys, and what it signs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.json_server import JsonHandler, serving

AUDIENCE = "meterhouse"
MINUTE = timedelta(minutes=1)
PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


@cache
def elliptic(name: str) -> EllipticCurvePrivateKey:
    """A key of this name, the same in a process's life."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def public(kid: str | None, key: PrivateKey, **more: str) -> dict[str, Any]:
    """The public half as an issuer publishes it, with a name or without."""
    if isinstance(key, RSAPrivateKey):
        told = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        told = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**told, **({} if kid is None else {"kid": kid}), **more}


@dataclass
class Issuer:
    """`keys` are those it tells, `asked` how often it told them; `is_down` answers 500 to all."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public("one", elliptic("one"))])
    asked: int = 0
    is_down: bool = False

    def claims(self, at: datetime, **claims: object) -> dict[str, Any]:
        now = int(at.timestamp())
        told = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, "role": "developer"}
        return {name: value for name, value in {**told, **claims}.items() if value is not None}

    def sign(
        self,
        at: datetime,
        *,
        kid: str | None = "one",
        key: Any = None,
        algorithm: str = "ES256",
        **claims: object,
    ) -> str:
        """A token; a claim that is None is left out, and so is `kid`."""
        header = {} if kid is None else {"kid": kid}
        return jwt.encode(self.claims(at, **claims), key or elliptic(kid or "one"), algorithm, header)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if self.is_down:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.asked += 1
        return 200, {"keys": self.keys}


@contextmanager
def running_issuer(port: int = 0) -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
            self.send(*issuer.answer(self.path))

    with serving(Handler, port) as issuer.url:
        yield issuer


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
