"""Posting to strangers: a real server, over TLS, that does what servers should not."""

import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace

import pytest

from meterhouse.notifications.endpoint import Endpoint, parse_endpoint
from meterhouse.notifications.https import MOST_READ, CallError, Https
from tests.integration.notifications.receiver import HOST, NAME, Receiver, Reply


def https(receiver: Receiver, seconds: float = 60, *addresses: str) -> Https:
    """Trusts the receiver's certificate; every name leads to these addresses."""
    return Https(seconds, lambda _host, _port: addresses or [HOST], lambda: receiver.context)


def endpoint_of(receiver: Receiver, path: str = "/hook") -> Endpoint:
    return parse_endpoint(receiver.url(path), [HOST])


def fault(client: Https, endpoint: Endpoint) -> str:
    with pytest.raises(CallError) as failed:
        client.post(endpoint, {}, b"{}")
    return failed.value.fault


def test_a_message_comes_to_the_checked_address_under_the_name_of_the_host(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(202, b"taken", {"Retry-After": "7"})
    named = Endpoint("https", NAME, receiver.port, "/a?b=%20", is_local=True)
    began = time.monotonic()
    answer = https(receiver).post(named, {"X-Own": "1"}, b'{"a":1}')
    assert answer[:3] == (202, b"taken", "7")
    assert 0 < answer.took.total_seconds() <= time.monotonic() - began
    (got,) = receiver.received
    assert (got.path, got.body) == ("/a?b=%20", b'{"a":1}')
    assert got.headers == {
        "host": f"{NAME}:{receiver.port}",
        "content-length": "7",
        "connection": "close",
        "x-own": "1",
    }


def test_a_certificate_for_another_name_or_of_nobody_known_is_refused(receiver: Receiver) -> None:
    other = replace(endpoint_of(receiver), host="other.example.com")
    assert "Hostname mismatch" in fault(https(receiver), other)
    untrusting = Https(5, lambda _host, _port: [HOST], ssl.create_default_context)
    assert "self-signed" in fault(untrusting, endpoint_of(receiver))
    assert receiver.received == []


@pytest.mark.parametrize("addresses", [(HOST,), ("8.8.8.8", HOST), ("64:ff9b::7f00:1",), ("fe80::1%1",), ("::1",)])
def test_a_name_that_leads_inside_is_not_connected_to(receiver: Receiver, addresses: tuple[str, ...]) -> None:
    connected = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "create_connection", lambda *to: connected.append(to))
        refused = fault(https(receiver, 5, *addresses), Endpoint("https", NAME, receiver.port, "/"))
    assert "not of the public internet" in refused
    assert connected == []
    assert receiver.received == []


def test_redirects_are_answers_and_proxies_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    receiver.reply = lambda _: Reply(302, b"", {"Location": receiver.url("/elsewhere")})
    assert https(receiver).post(endpoint_of(receiver), {}, b"{}").status == 302
    assert [one.path for one in receiver.received] == ["/hook"]


def test_of_a_large_answer_the_beginning_is_read_and_a_broken_one_is_still_an_answer(receiver: Receiver) -> None:
    replies = {
        "/large": Reply(body=b"x" * 5_000_000),
        "/headers": Reply(503, headers={f"X-{number}": "x" * 60_000 for number in range(90)}),
        "/half": Reply(500, b"half", {"Content-Length": "4000"}),
    }
    receiver.reply = lambda one: replies[one.path]
    assert MOST_READ - 1000 < len(https(receiver).post(endpoint_of(receiver, "/large"), {}, b"{}").body) < MOST_READ
    assert https(receiver).post(endpoint_of(receiver, "/headers"), {}, b"{}")[:3] == (503, b"", None)
    assert https(receiver).post(endpoint_of(receiver, "/half"), {}, b"{}")[:3] == (500, b"half", None)


@pytest.mark.parametrize(
    "reply",
    [Reply(after=20), Reply(body=b"x" * 400, every=0.05)],
    ids=["slow", "dribbling"],
)
def test_no_receiver_stretches_the_deadline(receiver: Receiver, reply: Reply) -> None:
    receiver.reply = lambda _: reply
    started = time.monotonic()
    assert fault(https(receiver, 0.3), endpoint_of(receiver)) == "no answer within 0.3 s"
    assert time.monotonic() - started < 10


def test_who_takes_no_connection_never_shakes_hands_or_hangs_up_is_told_apart(receiver: Receiver) -> None:
    with closing(socket.create_server((HOST, 0))) as silent:
        quiet = Endpoint("https", HOST, silent.getsockname()[1], "/", is_local=True)
        assert fault(https(receiver, 0.2), quiet) == "no answer within 0.2 s"
    assert fault(https(receiver), quiet) == "it takes no connection"
    receiver.reply = lambda _: Reply(hangs_up=True)
    assert fault(https(receiver), endpoint_of(receiver)).startswith("the connection broke")
    nowhere = Https(5, lambda _host, _port: (_ for _ in ()).throw(socket.gaierror()), lambda: receiver.context)
    assert fault(nowhere, quiet) == "its name cannot be resolved"

    def slowly(_host: str, _port: int) -> list[str]:
        time.sleep(0.4)
        return [HOST]

    late = Https(0.1, slowly, lambda: receiver.context)
    assert fault(late, endpoint_of(receiver)) == "no answer within 0.1 s"
