"""The hand-made signature against botocore's."""

from datetime import UTC, datetime
from hashlib import sha256
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.aws_signature import sign
from meterhouse.kernel.errors import InvariantBroken
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
    signed = sign(headers, body, service=service, region=region, access_key="AKID", secret_key=secret, at=AT)
    assert signed == botocore_signature(headers, body, service, region, secret)


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("PUT", b"%PDF-1.7")])
@pytest.mark.parametrize(
    "key", ["default/01H/SANDBOX-000001.pdf", "a b/01H/No%2F7 \N{LATIN SMALL LETTER U WITH DIAERESIS}.html"]
)
def test_a_request_for_an_object_is_signed_as_botocore_signs_it(method: str, body: bytes, key: str) -> None:
    path = f"/{quote(key, safe='/-_.~')}"
    headers = {
        "host": "documents.s3.eu-central-1.amazonaws.com",
        "x-amz-content-sha256": sha256(body).hexdigest(),
        "x-amz-date": f"{AT:%Y%m%dT%H%M%SZ}",
    } | ({"content-type": "application/pdf", "if-none-match": "*"} if body else {})
    signed = sign(
        headers,
        body,
        service="s3",
        region="eu-central-1",
        access_key="AKID",
        secret_key="secret",
        at=AT,
        method=method,
        path=path,
    )
    theirs = AWSRequest(method, f"https://{headers['host']}{path}", headers=headers, data=body)
    with patch("botocore.auth.get_current_datetime", return_value=AT.replace(tzinfo=None)):
        S3SigV4Auth(Credentials("AKID", "secret"), "s3", "eu-central-1").add_auth(theirs)
    assert signed == str(theirs.headers["Authorization"])


def test_a_missing_variable_is_the_deployment_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_VARIABLE", raising=False)
    with pytest.raises(InvariantBroken, match="SOME_VARIABLE"):
        required("SOME_VARIABLE")
    monkeypatch.setenv("SOME_VARIABLE", "")
    assert optional("SOME_VARIABLE", "default") == "default"
