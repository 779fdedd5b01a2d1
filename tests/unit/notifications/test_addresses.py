"""What may be called, and in which words: a corpus of ways to the inside, each refused before anybody connects."""

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.notifications.addresses import may_be_called
from meterhouse.notifications.endpoint import LONGEST_URL, Endpoint, EndpointError, parse_endpoint

INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 169.254.170.2 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.9 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:224.0.0.1 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::10.1.2.3 64:ff9b::e000:1 64:ff9b:1::8.8.8.8
64:ff9b:1:7f00:0:100:: 64:ff9b:1:fffe::1 64:ff9b:2::1
2002:7f00:1:: 2002:7f00:1::1 2002:a00:1:: 2002:a9fe:a9fe:: 2002:c0a8:101::1 2002:e000:1::
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:0:7f00:1:: 2001:10::1 2001:20::1 2001:db8::1 2001:1::1
2606:4700:0:0:0:5efe:7f00:1 2606:4700::200:5efe:a00:1 fe80::5efe:8.8.8.8
fe80::1 fe80::1%eth0 2606:4700::1%1 fec0::1 fc00::1 fd00:ec2::254 fd12:3456:789a::1 ff02::1 ff0e::1 100::1 100:0:0:1::1
3fff::1 3ffe::1 4000::1 5f00::1 8000::1 2620:4f:8000::1
"""
OUTSIDE = """
8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.0.1 172.15.0.1
172.32.0.0 192.0.1.1 192.167.0.1 198.17.0.1 198.20.0.1 203.0.112.1 223.255.255.255
2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:81b::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
2606:4700::5efe:8.8.8.8
"""

REFUSED = {
    "url": (
        "", "https:// example.com/", "https://exa mple.com/", "https://example.com/\r\nX: y", "https://[::1/",
        "https://example.com\\@10.0.0.1/", "https:\\\\example.com", "https://example.com:٤٤٣/", "https://exämple.com/",
        "https://faß.de/", "https://\uff11\uff12\uff17.0.0.1/", "https://127。0。0。1/", "https://ⓔxample.com/",
        "https://example.com:x/",
        "https://example.com:99999/", "https://example.com/\0", "https://example.com/é",
        "https://example.com/" + "a" * LONGEST_URL,
    ),
    "url_scheme": (
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
        "example.com/hook", "javascript:alert(1)", "HTTP://example.com/", "unix:/run/x.sock",
    ),
    "url_userinfo": (
        "https://user@example.com/", "https://user:word@example.com/", "https://example.com@10.0.0.1/",
        "https://@example.com/", "https://8.8.8.8:443@127.0.0.1/", "https://a%40b@example.com/",
    ),
    "url_fragment": ("https://example.com/#x", "https://example.com/#", "https://example.com/?a#@10.0.0.1/"),
    "url_host": (
        "https://", "https:///hook", "https://?x", "https://localhost/", "https://LOCALHOST:8443/", "https://intranet/",
        "https://example.com./", "https://localhost./", "https://127.0.0.1./", "https://.example.com/",
        "https://example..com/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
        "https://0177.0.0.1/", "https://127.1/", "https://127.0.1/", "https://0/", "https://127.0.0.01/",
        "https://1.2.3.4.5/", "https://example.0x7f/", "https://example.1/", "https://017700000001/",
        "https://256.1.1.1/", "https://127.0.0.1%00.example.com/", "https://%31%32%37.0.0.1/",
        "https://exa_mple-.com/", "https://-example.com/", "https://" + "a" * 64 + ".com/", "https://example.com,x/",
        "https://a.b" + ".c" * 130 + "/",
    ),
    "url_address": (
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]:8443/x", "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://[::1%25lo]/", "https://[2002:7f00:1::]/",
        "https://0.0.0.0/", "https://224.0.0.1/",
    ),
    "url_port": ("https://example.com:0/", "https://example.com:/", "https://8.8.8.8:/x", "https://example.com:8443/", "https://[2606:4700::1]:80/"),
}  # fmt: skip


def test_addresses_of_the_inside_are_not_called_however_they_are_carried() -> None:
    assert [text for text in INSIDE.split() if may_be_called(ip_address(text))] == []
    assert [text for text in OUTSIDE.split() if not may_be_called(ip_address(text))] == []


@given(st.ip_addresses(v=4).filter(lambda one: not may_be_called(one)))
def test_no_form_of_ipv6_smuggles_an_address_that_is_refused(inside: IPv4Address) -> None:
    number = int(inside)
    forms = (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80 | 1, number)
    assert not any(may_be_called(ip_address(form.to_bytes(16, "big"))) for form in forms)


@given(st.ip_addresses(v=4))
def test_what_python_holds_for_private_is_not_called(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not may_be_called(address)


@pytest.mark.parametrize(("code", "url"), [(code, url) for code, urls in REFUSED.items() for url in urls])
def test_odd_urls_are_refused_with_their_reason(code: str, url: str) -> None:
    with pytest.raises(EndpointError) as refused:
        parse_endpoint(url)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.COM:443/Hook?a=%20&b", "example.com", 443, "/Hook?a=%20&b", "example.com"),
        ("https://xn--exmple-cua.com:443/;x=1", "xn--exmple-cua.com", 443, "/;x=1", "xn--exmple-cua.com"),
        ("https://8.8.8.8/x", "8.8.8.8", 443, "/x", "8.8.8.8"),
        ("https://[2606:4700:4700::1111]:443?q", "2606:4700:4700::1111", 443, "/?q", "[2606:4700:4700::1111]"),
        ("https://a-b.c_d.example.co1/x//y", "a-b.c_d.example.co1", 443, "/x//y", "a-b.c_d.example.co1"),
    ],
)
def test_what_is_used_of_a_url(url: str, host: str, port: int, target: str, authority: str) -> None:
    endpoint = parse_endpoint(url)
    assert endpoint == Endpoint("https", host, port, target)
    assert endpoint.authority == authority


def test_hosts_of_the_local_stack_are_called_where_they_are_and_only_those_that_were_named() -> None:
    endpoint = parse_endpoint("http://127.0.0.1:9000/hook", ["127.0.0.1", "localhost"])
    assert endpoint == Endpoint("http", "127.0.0.1", 9000, "/hook", is_local=True)
    with pytest.raises(EndpointError):
        parse_endpoint("http://127.0.0.2:9000/hook", ["127.0.0.1"])
    with pytest.raises(EndpointError):
        parse_endpoint("ftp://localhost/hook", ["localhost"])


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://example.com", "https://["]))
def test_any_text_is_an_endpoint_or_is_refused(text: str, start: str) -> None:
    try:
        endpoint = parse_endpoint(start + text)
    except EndpointError:
        return
    assert endpoint.scheme == "https"
    assert endpoint.host.isascii()
