"""Which addresses a request may be connected to: global unicast, and the networks that the operator opened.

Rules of this file:
- Two lists must agree before an address is let through: the table below, which is ours and the same everywhere, and
  Python's own, which changes between versions. What neither knows is refused.
- An address that carries an IPv4 address inside goes there, whatever it looks like. Where such a form is still in
  use (mapped, NAT64) the inner address is judged; the others (6to4, Teredo, ISATAP, compatible) are refused.
- An opened network opens itself and nothing else. What is no place to connect to stays closed in any case.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from openpact.domain.errors import Invalid

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

_UNKNOWN = "no global unicast address"

# No host of its own stands behind these, but some systems take them for this machine or for everybody nearby.
_NEVER: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "an unspecified address"),
    ("224.0.0.0/4", "a multicast address"),
    ("255.255.255.255/32", "a broadcast address"),
    ("::/128", "an unspecified address"),
    ("ff00::/8", "a multicast address"),
)

# The special-purpose registries of IANA, and what was withdrawn and is still understood somewhere.
_SPECIAL: tuple[tuple[str, str], ...] = (
    ("10.0.0.0/8", "a private address"),
    ("100.64.0.0/10", "a carrier's shared address"),
    ("127.0.0.0/8", "a loopback address"),
    ("169.254.0.0/16", "a link-local address"),
    ("172.16.0.0/12", "a private address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "a documentation address"),
    ("192.88.99.0/24", "a 6to4 relay address"),
    ("192.168.0.0/16", "a private address"),
    ("198.18.0.0/15", "a benchmarking address"),
    ("198.51.100.0/24", "a documentation address"),
    ("203.0.113.0/24", "a documentation address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::1/128", "a loopback address"),
    ("::/96", "an IPv4-compatible address"),
    ("64:ff9b:1::/48", "a local translation address"),
    ("100::/64", "a discard address"),
    ("100:0:0:1::/64", "a dummy address"),
    ("2001:db8::/32", "a documentation address"),
    ("2001::/32", "a Teredo address"),
    ("2001:2::/48", "a benchmarking address"),
    ("2001:10::/28", "an ORCHID address"),
    ("2001:20::/28", "an ORCHID address"),
    ("2001::/23", "a reserved address"),
    ("2002::/16", "a 6to4 address"),
    ("3ffe::/16", "a withdrawn address"),
    ("3fff::/20", "a documentation address"),
    ("5f00::/16", "a segment routing address"),
    ("fc00::/7", "a unique local address"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a site-local address"),
)


def _table(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(network), reason) for network, reason in rows)


_CLOSED = _table(_NEVER)
_TABLE = _table(_SPECIAL)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_V6 = IPv6Network("2000::/3")  # all that was ever given out
_ISATAP = (0x00005EFE, 0x02005EFE)  # the upper half of the interface's part, with and without the universal bit
_LOW_32 = 0xFFFFFFFF


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Say what kind of address it is that must not be connected to; None when it may be."""
    try:
        found = ip_address(address)
    except ValueError:
        return "no address"
    if isinstance(found, IPv4Address):
        return _refusal(found, allowed)
    if found.scope_id is not None:
        return "an address of one link"
    if found in _MAPPED:
        return _refusal(_inner(found), allowed)  # the very same place in another spelling
    if found in _NAT64 and not _opened(found, allowed):
        return _refusal(_inner(found), ())  # a place behind the translator, not the one that was opened here
    return _refusal(found, allowed)


def read_network(text: str) -> Network:
    """Read a network that the operator opens, as 10.1.0.0/16. Raises Invalid."""
    try:
        network = ip_network(text)
    except ValueError:
        raise Invalid(
            f"{text[:60]!r} is not a network", hint="Write it as 10.1.0.0/16 or fd00:1::/32, without bits behind it."
        ) from None
    if "/" not in text:
        raise Invalid(f"{text[:60]!r} has no length", hint=f"Write {network} for this one address.")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        raise Invalid(f"{text[:60]!r} holds IPv4 addresses in another spelling", hint="Write the IPv4 network.")
    return network


def _refusal(address: Address, allowed: Sequence[Network]) -> str | None:
    for network, reason in _CLOSED:
        if address in network:
            return reason
    if _opened(address, allowed):
        return None
    if isinstance(address, IPv6Address) and int(address) >> 32 & _LOW_32 in _ISATAP:
        return "an ISATAP address"
    for network, reason in _TABLE:
        if address in network:
            return reason
    known = address.is_global and not address.is_multicast and not address.is_reserved
    return None if known and (address.version == 4 or address in _GLOBAL_V6) else _UNKNOWN  # noqa: PLR2004


def _opened(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in network for network in allowed)


def _inner(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & _LOW_32)
