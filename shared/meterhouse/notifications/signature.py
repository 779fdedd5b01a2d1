"""Signatures of the Standard Webhooks, version 1: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

PREFIX = "whsec_"
SECRET = re.compile(rf"(?:{PREFIX})?[a-zA-Z0-9+/=]{{32,100}}")
"""What the contract takes as a secret."""
_LEAST_BYTES = 24


def signing_key(secret: str) -> bytes:
    """The key that a secret holds, read as the receivers' libraries read it.

    Raises:
        ValueError: it is no base64 of at least 24 bytes, so no receiver could verify with it.
    """
    text = secret.removeprefix(PREFIX).rstrip("=")
    if not SECRET.fullmatch(secret) or "=" in text:
        raise ValueError("must be 32 to 100 characters of base64, with or without whsec_ before them")
    # binascii's errors are ValueErrors: a length that no base64 has
    key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"must hold at least {_LEAST_BYTES} bytes")
    return key


def secret_of(key: bytes) -> str:
    """The secret that holds a key, as it is shown to its owner."""
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(message_id: str, at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The headers by which a receiver knows the message, its age and its sender: a signature by each of the secrets.

    `at` is the instant of this attempt, so that a retry after days is not too old.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (hmac.new(signing_key(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }
