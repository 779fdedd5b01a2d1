"""Messages to people: mail through the emulator's SES, Slack through a receiver that plays its part."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.request import urlopen

import boto3
import pytest

from meterhouse.notifications.channel import Channel, Credentials, Email, Slack
from meterhouse.notifications.https import Https
from meterhouse.notifications.notification import Notification
from meterhouse.notifications.outcome import Outcome
from meterhouse.notifications.rule import EventType
from meterhouse.notifications.senders import Posting, Senders
from meterhouse.notifications.ses import NO_SENDER, Mailing
from meterhouse.platform.ids import new_id
from tests.integration.notifications.receiver import HOST, Receiver, Reply

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENDER = "alerts@example.com"


class Credentialless:
    """Mail asks for no credentials."""

    def of(self, namespace: str, channel_id: str) -> Credentials:
        raise AssertionError((namespace, channel_id))


def told() -> Notification:
    data = {
        "id": "01J",
        "number": f"INV-{new_id()}",
        "status": "paid",
        "currency": "EUR",
        "customer": {"name": "Ünï & Co"},
        "totals": {"total": "12.30"},
    }
    return Notification(new_id(), EventType.INVOICE_UPDATED, "01R", NOW, json.dumps({"data": data}))


def test_mail_goes_through_ses_and_a_refusal_of_it_is_an_attempt_that_failed(
    aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_account.items():
        monkeypatch.setenv(name, value)
    message, channel = told(), Channel("01C", "ops", Email(("a@b.test", "c@d.test")), NOW, NOW)

    def attempt(sender: str) -> Outcome:
        return Senders(Posting(Https(), Credentialless()), Mailing(sender)).send("default", channel, message, NOW)

    refused = attempt("stranger@example.org")
    assert (refused.fault, refused.status) == ("answered 400", 400)
    assert "not verified" in refused.body
    ses: Any = boto3.client("sesv2")
    ses.create_email_identity(EmailIdentity=SENDER)
    taken = attempt(SENDER)
    assert (taken.fault, taken.status, taken.body, taken.url) == ("", 200, "", "")
    with urlopen(f"{aws_account['AWS_ENDPOINT_URL']}/_ministack/ses/messages") as answer:  # noqa: S310 - the emulator
        mails = [one for of_account in json.load(answer)["messages"].values() for one in of_account]
    [mail] = [one for one in mails if json.loads(message.payload)["data"]["number"] in one["Subject"]]
    assert mail["To"] == ["a@b.test", "c@d.test"]
    assert mail["Subject"].endswith(" is paid")
    assert mail["BodyText"] == f"Customer: Ünï & Co\nTotal: 12.3 EUR\nEvent {message.id}"
    assert attempt("").fault == NO_SENDER


def test_an_answer_of_ses_that_names_our_role_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = b'{"message": "User: arn:aws:sts::123456789012:assumed-role/sender is not authorized"}'

    class Denying(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(403)
            self.send_header("content-length", str(len(denied)))
            self.end_headers()
            self.wfile.write(denied)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer((HOST, 0), Denying) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{server.server_port}")
        for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        outcome = Mailing("ops@example.com")(["a@b.test"], told())
        server.shutdown()
    assert (outcome.status, outcome.fault, outcome.body) == (403, "answered 403", "")


def test_slack_gets_text_at_its_secret_url_which_is_shown_nowhere(receiver: Receiver) -> None:
    class Kept:
        def of(self, _namespace: str, _channel_id: str) -> Credentials:
            return Credentials(url=receiver.url("/services/T0/B0/secret"))

    posting = Posting(Https(5, lambda _host, _port: [HOST], lambda: receiver.context), Kept(), [HOST])
    senders = Senders(posting, lambda _to, _what: Outcome("no mail", timedelta()))
    channel = Channel("01C", "ops", Slack(), NOW, NOW)
    assert senders.send("default", channel, told(), NOW).succeeded
    [got] = receiver.received
    text = json.loads(got.body)
    assert got.path == "/services/T0/B0/secret"
    assert "webhook-signature" not in got.headers
    assert text["text"].endswith(" is paid")
    assert "Customer: Ünï & Co\nTotal: 12.3 EUR" in text["blocks"][1]["text"]["text"]
    receiver.reply = lambda _: Reply(404, b"no_service")
    failed = senders.send("default", channel, told(), NOW)
    assert (failed.fault, failed.url, failed.body) == ("answered 404", "", "no_service")
