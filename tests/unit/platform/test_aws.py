"""The hand-made signature against botocore's."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform import aws
from meterhouse.platform.settings import optional, required

AT = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def botocore_signature(headers: dict[str, str], body: bytes, service: str, region: str, secret: str) -> str:
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=headers, data=body)
    with patch("botocore.auth.get_current_datetime", return_value=AT.replace(tzinfo=None)):
        SigV4Auth(Credentials("AKID", secret), service, region).add_auth(request)
    return str(request.headers["Authorization"])


@given(
    body=st.binary(max_size=50),
    service=st.sampled_from(["secretsmanager", "events"]),
    region=st.sampled_from(["eu-central-1", "us-east-1"]),
    secret=PRINTABLE,
    token=st.none() | PRINTABLE,
)
def test_the_signature_is_the_one_botocore_makes(
    body: bytes, service: str, region: str, secret: str, token: str | None
) -> None:
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": f"{service}.{region}.amazonaws.com",
        "x-amz-date": f"{AT:%Y%m%dT%H%M%SZ}",
        "x-amz-target": "secretsmanager.GetSecretValue",
    } | ({} if token is None else {"x-amz-security-token": token})
    signed = aws.sign(headers, body, service=service, region=region, access_key="AKID", secret_key=secret, at=AT)
    assert signed == botocore_signature(headers, body, service, region, secret)


def test_a_missing_variable_is_the_deployment_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_VARIABLE", raising=False)
    with pytest.raises(InvariantBroken, match="SOME_VARIABLE"):
        required("SOME_VARIABLE")
    monkeypatch.setenv("SOME_VARIABLE", "")
    assert optional("SOME_VARIABLE", "default") == "default"
