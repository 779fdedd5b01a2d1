"""Documents of invoices through the composed function, on the real database and an emulated S3."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.render_invoice import handler as rendering
from localstack.aws import aws_client
from meterhouse.billing.invoice import Invoice
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, UNKNOWN, Api
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import fee

BUCKET = "invoice-documents"


@pytest.fixture
def s3(aws_account: Mapping[str, str], composed: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {**aws_account, "INVOICE_DOCUMENTS_BUCKET": BUCKET}.items():
        monkeypatch.setenv(name, value)
    composed(rendering)
    client = aws_client("s3", aws_account)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def invoice(run: Run) -> Invoice:
    """Issued, and waiting to be paid."""
    run.app = FakeApp()
    customer = run.customer("ann")
    run.subscribe(customer, fee(), metered(price=tiers()))
    run.used(customer, "2024-01-01", "12")
    run.all()
    [made] = run.invoices()
    return made


def document(run: Run, invoice_id: str, query: str = "") -> tuple[int, dict[str, str], bytes]:
    path = f"{INVOICES}/{invoice_id}/document"
    answer = rendering.handler(request("GET", path, query=query, namespace=run.namespace), CONTEXT)
    body = answer["body"]
    content = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    headers = answer.get("headers") or {}
    return int(answer["statusCode"]), {name.lower(): value for name, value in headers.items()}, content


def told(run: Run, *invoice_ids: str) -> list[str]:
    """What the queue delivers; the messages that failed."""
    details = [{"namespace": run.namespace, "data": {"invoiceId": one}} for one in invoice_ids]
    records = [{"messageId": one["data"]["invoiceId"], "body": json.dumps({"detail": one})} for one in details]  # type: ignore[index] # a document
    failed = rendering.handler({"Records": records}, CONTEXT)["batchItemFailures"]
    return [one["itemIdentifier"] for one in failed]


def kept(s3: Any, run: Run) -> dict[str, str]:
    """Keys below the namespace, each with the object's ETag."""
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{run.namespace}/").get("Contents", [])
    return {one["Key"].removeprefix(f"{run.namespace}/"): one["ETag"] for one in listed}


def test_an_issued_invoice_is_drawn_once_and_however_often_told_of_the_same_bytes(
    run: Run, invoice: Invoice, s3: Any
) -> None:
    assert told(run, invoice.id) == []
    written = kept(s3, run)
    assert set(written) == {f"{invoice.id}/{invoice.number}.{form}" for form in ("html", "pdf")}
    assert told(run, invoice.id, invoice.id) == []
    assert kept(s3, run) == written
    status, headers, pdf = document(run, invoice.id)
    assert (status, headers["content-type"], pdf[:5]) == (200, "application/pdf", b"%PDF-")
    stored = s3.get_object(Bucket=BUCKET, Key=f"{run.namespace}/{invoice.id}/{invoice.number}.pdf")
    assert (stored["Body"].read(), stored["ContentType"]) == (pdf, "application/pdf")


def test_what_was_written_first_is_what_everybody_gets(run: Run, invoice: Invoice, s3: Any) -> None:
    key = f"{run.namespace}/{invoice.id}/{invoice.number}.html"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"of an earlier release")
    assert told(run, invoice.id) == []
    assert document(run, invoice.id, "format=html")[2] == b"of an earlier release"


def test_a_caller_who_comes_before_the_queue_has_it_drawn_and_kept(run: Run, invoice: Invoice, s3: Any) -> None:
    status, headers, page = document(run, invoice.id, "format=html")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["content-disposition"] == f"inline; filename*=UTF-8''{invoice.number}.html"
    assert invoice.number in page.decode()
    assert 'class="mark"' not in page.decode()
    assert list(kept(s3, run)) == [f"{invoice.id}/{invoice.number}.html"]


def test_a_voided_invoice_says_so_in_a_document_beside_that_of_its_issue(
    run: Run, invoice: Invoice, s3: Any, api: Api
) -> None:
    issued = document(run, invoice.id, "format=html")[2]
    api.ok("POST", f"{INVOICES}/{invoice.id}/void", DISCARD)
    assert told(run, invoice.id) == []
    name = f"{invoice.id}/{invoice.number}"
    assert set(kept(s3, run)) == {f"{name}{void}.{form}" for void in ("", "-void") for form in ("html", "pdf")}
    assert '<span class="mark">VOID</span>' in document(run, invoice.id, "format=html")[2].decode()
    before = s3.get_object(Bucket=BUCKET, Key=f"{run.namespace}/{name}.html")["Body"].read()
    assert before == issued


def test_a_draft_is_drawn_as_a_draft_and_never_kept(run: Run, s3: Any, api: Api) -> None:
    api.without_auto_advance()
    run.subscribe(run.customer("ann"), fee())
    run.all()
    [draft] = run.invoices()
    status, headers, page = document(run, draft.id, "format=html")
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert '<span class="mark">DRAFT</span>' in page.decode()
    assert document(run, draft.id)[2][:5] == b"%PDF-"
    assert told(run, draft.id) == []
    assert kept(s3, run) == {}


def test_what_has_no_document_is_refused_by_name(run: Run, invoice: Invoice, s3: Any, other_namespace: str) -> None:
    assert s3
    [gathering] = run.invoices("gathering")
    status, _, answer = document(run, gathering.id)
    assert (status, json.loads(answer)["code"]) == (409, "invoice_gathering")
    assert document(run, UNKNOWN)[0] == 404
    assert document(run, invoice.id, "format=docx")[0] == 400
    run.namespace = other_namespace
    assert document(run, invoice.id)[0] == 404


def test_a_message_that_fails_is_delivered_again_alone(run: Run, invoice: Invoice, s3: Any) -> None:
    assert told(run, UNKNOWN, invoice.id) == [UNKNOWN]
    assert len(kept(s3, run)) == 2


def test_an_archive_that_is_away_is_told_as_such(
    run: Run, invoice: Invoice, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert document(run, invoice.id)[0] == 503
    assert told(run, invoice.id) == [invoice.id]
