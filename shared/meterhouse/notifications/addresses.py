"""Which addresses a webhook may be sent to: those of the public internet, and of nobody's inside.

`ipaddress.is_global` alone is fooled by addresses that carry another one, and its answer changes between Pythons; what
is refused stands here after IANA's registries of special-purpose addresses.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_32_BITS = 0xFFFF_FFFF


def may_be_called(address: Address) -> bool:
    """Whether it is public, and so is every address it leads to.

    Addresses for local NAT64 (64:ff9b:1::/48) and of Teredo lead where nobody outside can tell, and are refused whole.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address.scope_id is not None or not all(may_be_called(inner) for inner in _carried(address)):
        return False
    if address in _MAPPED or address in _NAT64:
        return True
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_V6)


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    """The addresses inside an address, by its form."""
    number = int(address)
    if address in _MAPPED or address in _NAT64 or number >> 32 & _32_BITS in _ISATAP:
        yield IPv4Address(number & _32_BITS)
    if address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & _32_BITS)
