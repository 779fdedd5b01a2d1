"""People by OpenID Connect: who stands behind a token that the deployment's issuer signed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Unauthenticated
from meterhouse.platform import clock
from meterhouse.platform.api_keys import is_key
from meterhouse.platform.claims import Trust, good_until, subject_in
from meterhouse.platform.credentials import Credential
from meterhouse.platform.namespaces import allowance_of, checked_namespace
from meterhouse.platform.postgres import Database
from meterhouse.platform.settings import optional, required
from meterhouse.platform.signing_keys import ALGORITHMS, IssuerSilent, Key, SigningKeys, keys_of

_PARTS = 3
_MOST_TRIED = 8
"""Keys, for a token that does not say which: an issuer has two or three."""


def trust_from_environment() -> Trust | None:
    """None: the deployment knows keys alone."""
    issuer = optional("OIDC_ISSUER", "")
    if not issuer:
        return None
    return Trust(
        issuer,
        tuple(required("OIDC_AUDIENCES").split(",")),
        required("OIDC_ROLE_CLAIM"),
        optional("OIDC_NAMESPACE", ""),
        optional("OIDC_NAMESPACE_CLAIM", ""),
    )


def is_token(text: str) -> bool:
    """Whether it has the form of a signed token, which no key of ours has."""
    return not is_key(text) and text.count(".") == _PARTS - 1


class People:
    def __init__(
        self,
        database: Database,
        trust: Callable[[], Trust | None] = trust_from_environment,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = database
        self._read_trust = trust
        self._now = now

    @cached_property
    def _trust(self) -> Trust | None:
        return self._read_trust()

    @cached_property
    def _keys(self) -> SigningKeys:
        return SigningKeys(partial(keys_of, self._trust.issuer if self._trust else ""))

    def told_of(self, token: str) -> dict[str, str] | None:
        """What the authorizer tells of who presents this, or why that is nobody; None: it is no token of people.

        The routes answer a refusal: the gateway's own would be a bare 403.

        Raises:
            Unavailable: the database did not answer.
        """
        if self._trust is None or not is_token(token):
            return None
        try:
            return self._find(self._trust, token).context()
        except Unauthenticated as error:
            return {"refused": str(error)}
        except IssuerSilent as error:
            return {"unknowable": str(error)}

    def _find(self, trust: Trust, token: str) -> Credential:
        at = self._now()
        claims = verified(token, trust, self._keys, at)
        over_at, subject, namespace = good_until(claims, at), subject_in(claims), trust.namespace_in(claims)
        try:
            allowance = allowance_of(self._database, checked_namespace(namespace))
        except InvalidInput:
            allowance = None
        if allowance is None:
            raise Unauthenticated("the token's namespace is none of this deployment")
        return Credential(namespace, "", trust.scopes_in(claims), over_at, allowance=allowance, subject=subject)


def verified(token: str, trust: Trust, keys: SigningKeys, at: datetime) -> Mapping[str, Any]:
    """The claims of a token of this issuer for one of these audiences; when it is good, they do not say yet.

    Raises:
        Unauthenticated: it is none.
        IssuerSilent: nobody can tell.
    """
    import jwt  # noqa: PLC0415 - 50 ms of import belong to the first token, not to the cold start of keys

    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        name, algorithm = None if kid is None else str(kid), str(header.get("alg"))
        found = keys.find(name, at)
        try:
            return _claims(token, found, algorithm, trust)
        except jwt.InvalidSignatureError:
            # where names tell keys apart a new key has a new one, which is asked for; else this is how it shows
            if any(key.get("kid") == name for key in found if name is not None) or not keys.ask_again(at):
                raise
            return _claims(token, keys.find(name, at), algorithm, trust)
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
        raise Unauthenticated("the token is another issuer's, or for another audience") from error
    except jwt.InvalidSignatureError as error:
        raise Unauthenticated("the token's signature is wrong") from error
    except jwt.MissingRequiredClaimError as error:
        raise Unauthenticated(f"the token has no {error.claim}") from error
    except (jwt.PyJWTError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise Unauthenticated("the token cannot be read") from error


def _claims(token: str, keys: Sequence[Key], algorithm: str, trust: Trust) -> Mapping[str, Any]:
    """What the token claims, signed with one of the keys; raises jwt.InvalidSignatureError where it is with none."""
    import jwt  # noqa: PLC0415 - as above

    required_claims = ["iss", "aud", "exp", "iat", "sub"]
    times_are_ours = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    options: Any = {"require": required_claims, "enforce_minimum_key_length": True, **times_are_ours}
    wrong: Exception | None = None
    for key in _fitting(keys, algorithm):
        try:
            read = jwt.PyJWK(dict(key), algorithm)
            claims: Mapping[str, Any] = jwt.decode(
                token, read, [algorithm], options, audience=trust.audiences, issuer=trust.issuer
            )
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, jwt.PyJWKError) as error:
            wrong = error if wrong is None or isinstance(error, jwt.InvalidSignatureError) else wrong
        else:
            return claims
    raise wrong or Unauthenticated("the token is signed in a way that its key is not for")


def _fitting(keys: Sequence[Key], algorithm: str) -> Iterator[Key]:
    """Those that may have signed so: where the token names its key that is one.

    Raises:
        Unauthenticated: there are no keys.
    """
    if not keys:
        raise Unauthenticated("the token is signed with no key of the issuer")
    fitting = (key for key in keys if algorithm in ALGORITHMS[key["kty"]] and algorithm == key.get("alg", algorithm))
    return islice(fitting, _MOST_TRIED)
