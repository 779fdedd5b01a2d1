"""Signatures, as the receivers' own library reads them."""

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from meterhouse.notifications.signature import SECRET, secret_of, signed_headers, signing_key
from meterhouse.platform import clock

OLD, NEW = secret_of(b"o" * 24), secret_of(b"n" * 32)
BODY = json.dumps({"id": "01J", "text": "ünï ✓"}).encode()


@given(st.binary(min_size=24, max_size=70), st.binary(max_size=200).map(lambda some: json.dumps(some.hex()).encode()))
def test_the_reference_library_verifies_every_secret_and_body(key: bytes, body: bytes) -> None:
    for secret in (secret_of(key), base64.b64encode(key).decode(), base64.b64encode(key).decode().rstrip("=")):
        headers = signed_headers("01JMESSAGE", clock.now(), body, [secret])
        assert Webhook(secret).verify(body, headers) == json.loads(body)
        assert signing_key(secret) == key


def test_while_secrets_rotate_either_verifies_and_a_stranger_does_not() -> None:
    headers = signed_headers("01JMESSAGE", clock.now(), BODY, [NEW, OLD])
    assert headers["webhook-id"] == "01JMESSAGE"
    assert Webhook(OLD).verify(BODY, headers) == Webhook(NEW).verify(BODY, headers) == json.loads(BODY)
    for secret, body, sent in (
        (secret_of(b"x" * 24), BODY, headers),
        (NEW, BODY + b" ", headers),
        (NEW, BODY, headers | {"webhook-id": "01JOTHER"}),
        (OLD, BODY, signed_headers("01JMESSAGE", clock.now(), BODY, [NEW])),
        (NEW, BODY, signed_headers("01JMESSAGE", clock.now() - timedelta(minutes=6), BODY, [NEW])),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, sent)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_" + "A" * 31, "A" * 33, "A" * 20 + "=" + "A" * 20, "ä" * 40, "A" * 101, "A" * 31 + "-"],
)
def test_a_secret_that_no_receiver_could_use_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        signing_key(secret)


@given(st.from_regex(SECRET, fullmatch=True))
def test_every_secret_that_is_taken_is_one_to_the_reference_library(secret: str) -> None:
    try:
        key = signing_key(secret)
    except ValueError:
        return
    assert Webhook(secret).verify(BODY, signed_headers("01J", clock.now(), BODY, [secret]))
    assert signing_key(secret_of(key)) == key
