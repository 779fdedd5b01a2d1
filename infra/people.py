"""Whose tokens let people in, as flags of the deployment: its issuer, and what it reads in their claims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.flags import Flags

_HTTPS = re.compile(r"https://[\w.-]+(:\d+)?(/[\w./~%-]*)?", re.ASCII)
_LOCAL = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/[\w./~%-]*)?", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*", re.ASCII)
ROLE_CLAIM = "meterhouse_role"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """People are of `namespace`, or of that which `namespace_claim` of their token names."""

    issuer: str
    audiences: str
    role_claim: str
    namespace: str | None
    namespace_claim: str | None

    def environment(self) -> Mapping[str, str]:
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_AUDIENCES": self.audiences,
            "OIDC_ROLE_CLAIM": self.role_claim,
            **({} if self.namespace is None else {"OIDC_NAMESPACE": self.namespace}),
            **({} if self.namespace_claim is None else {"OIDC_NAMESPACE_CLAIM": self.namespace_claim}),
        }


def read_oidc(flags: Flags) -> OidcSettings | None:
    """None: the deployment lets nobody in but by keys."""
    form = _LOCAL if flags.optional("target") == "local" else _HTTPS
    issuer = flags.written("oidcIssuer", form, "the issuer as its tokens name it, such as https://login.example.com")
    audiences = [one.strip() for one in (flags.optional("oidcAudience") or "").split(",") if one.strip()]
    role_claim = flags.optional("oidcRoleClaim")
    namespace = flags.written("oidcNamespace", _NAMESPACE, "the name of a namespace")
    claim = flags.optional("oidcNamespaceClaim")
    if issuer is None:
        if audiences or role_claim or namespace or claim:
            flags.fault("oidcAudience, oidcRoleClaim, oidcNamespace and oidcNamespaceClaim go with oidcIssuer")
        return None
    if not audiences:
        flags.fault("oidcAudience is missing: without it the tokens of any other service of the issuer would do")
    if (namespace is None) == (claim is None):
        flags.fault("oidcIssuer goes with either oidcNamespace or oidcNamespaceClaim")
    return OidcSettings(issuer, ",".join(audiences), role_claim or ROLE_CLAIM, namespace, claim)
