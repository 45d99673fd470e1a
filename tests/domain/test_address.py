"""Which addresses may be connected to: the table, the forms that carry another address, and what the operator opens."""

import ipaddress
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.address import Network, read_network, refusal
from openpact.domain.errors import Invalid

REFUSED = [
    ("0.0.0.0", "an unspecified address"),  # noqa: S104
    ("0.1.2.3", "an unspecified address"),
    ("10.0.0.0", "a private address"),
    ("10.255.255.255", "a private address"),
    ("100.64.0.0", "a carrier's shared address"),
    ("100.127.255.255", "a carrier's shared address"),
    ("127.0.0.1", "a loopback address"),
    ("127.255.255.255", "a loopback address"),
    ("169.254.169.254", "a link-local address"),
    ("172.16.0.1", "a private address"),
    ("172.31.255.255", "a private address"),
    ("192.0.0.8", "a reserved address"),
    ("192.0.0.9", "a reserved address"),
    ("192.0.0.170", "a reserved address"),
    ("192.0.2.1", "a documentation address"),
    ("192.88.99.1", "a 6to4 relay address"),
    ("192.168.1.1", "a private address"),
    ("198.18.0.1", "a benchmarking address"),
    ("198.19.255.255", "a benchmarking address"),
    ("198.51.100.7", "a documentation address"),
    ("203.0.113.7", "a documentation address"),
    ("224.0.0.1", "a multicast address"),
    ("239.255.255.255", "a multicast address"),
    ("240.0.0.1", "a reserved address"),
    ("255.255.255.254", "a reserved address"),
    ("255.255.255.255", "a broadcast address"),
    ("::", "an unspecified address"),
    ("::1", "a loopback address"),
    ("::8.8.8.8", "an IPv4-compatible address"),
    ("::ffff:127.0.0.1", "a loopback address"),
    ("::ffff:10.0.0.1", "a private address"),
    ("::ffff:0.0.0.0", "an unspecified address"),
    ("::ffff:0:127.0.0.1", "no global unicast address"),  # the translated form of old
    ("64:ff9b::127.0.0.1", "a loopback address"),
    ("64:ff9b::192.168.0.1", "a private address"),
    ("64:ff9b:1::8.8.8.8", "a local translation address"),
    ("100::1", "a discard address"),
    ("100:0:0:1::1", "a dummy address"),
    ("200::1", "no global unicast address"),
    ("1fff::1", "no global unicast address"),
    ("2001::1", "a Teredo address"),
    ("2001:0:5ef5:79fd::1", "a Teredo address"),
    ("2001:1::1", "a reserved address"),
    ("2001:2::1", "a benchmarking address"),
    ("2001:10::1", "an ORCHID address"),
    ("2001:20::1", "an ORCHID address"),
    ("2001:1ff::1", "a reserved address"),
    ("2001:db8::1", "a documentation address"),
    ("2002:7f00:1::", "a 6to4 address"),
    ("2002:808:808::1", "a 6to4 address"),
    ("2606:4700::5efe:a00:1", "an ISATAP address"),
    ("2606:4700::200:5efe:808:808", "an ISATAP address"),
    ("3ffe::1", "a withdrawn address"),
    ("3fff::1", "a documentation address"),
    ("4000::1", "no global unicast address"),
    ("5f00::1", "a segment routing address"),
    ("fc00::1", "a unique local address"),
    ("fd00:ec2::254", "a unique local address"),
    ("fe80::1", "a link-local address"),
    ("fe80::1%eth0", "an address of one link"),
    ("2606:4700::1%eth0", "an address of one link"),
    ("fec0::1", "a site-local address"),
    ("ff02::1", "a multicast address"),
    ("ff0e::1", "a multicast address"),
    ("", "no address"),
    ("localhost", "no address"),
    ("127.1", "no address"),
    ("0x7f000001", "no address"),
    ("2130706433", "no address"),
    ("127.0.0.01", "no address"),
    ("127.0.0.1 ", "no address"),
    ("[::1]", "no address"),
]

ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1",
    "2a00:1450:4001::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.promise("SCR-3.12")
@pytest.mark.parametrize(("address", "reason"), REFUSED)
def test_what_is_no_global_unicast_address_is_refused_and_named(address: str, reason: str) -> None:
    assert refusal(address) == reason


@pytest.mark.parametrize("address", ALLOWED)
def test_global_unicast_addresses_are_let_through(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.promise("SCR-3.14")
@pytest.mark.parametrize(
    ("opened", "address", "reason"),
    [
        ("10.1.0.0/16", "10.1.2.3", None),
        ("10.1.0.0/16", "10.2.0.1", "a private address"),
        ("10.1.0.0/16", "::ffff:10.1.2.3", None),
        ("10.1.0.0/16", "64:ff9b::10.1.2.3", "a private address"),
        ("10.1.0.0/16", "::10.1.2.3", "an IPv4-compatible address"),
        ("10.1.0.0/16", "2002:a01:203::", "a 6to4 address"),
        ("64:ff9b::/96", "64:ff9b::10.1.2.3", None),
        ("64:ff9b:1::/48", "64:ff9b:1::1", None),
        ("fd00:1::/32", "fd00:1::1", None),
        ("fd00:1::/32", "fd00:2::1", "a unique local address"),
        ("::/0", "::ffff:127.0.0.1", "a loopback address"),
        ("::/0", "10.0.0.1", "a private address"),
        ("::/0", "::1", None),
        ("::/0", "::", "an unspecified address"),
        ("::/0", "ff02::1", "a multicast address"),
        ("::/0", "fe80::1%eth0", "an address of one link"),
        ("0.0.0.0/0", "127.0.0.1", None),
        ("0.0.0.0/0", "0.0.0.0", "an unspecified address"),  # noqa: S104
        ("0.0.0.0/0", "224.0.0.1", "a multicast address"),
        ("0.0.0.0/0", "255.255.255.255", "a broadcast address"),
        ("0.0.0.0/0", "fd00::1", "a unique local address"),
    ],
)
def test_an_opened_network_opens_itself_and_nothing_else(opened: str, address: str, reason: str | None) -> None:
    assert refusal(address, (ip_network(opened),)) == reason


@given(st.ip_addresses())
def test_what_python_calls_special_is_never_let_through(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    special = not address.is_global or address.is_multicast or address.is_private or address.is_loopback
    if special and not (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped):
        assert refusal(str(address))


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_inside(address: ipaddress.IPv4Address) -> None:
    assert refusal(f"::ffff:{address}") == refusal(str(address)) == refusal(f"64:ff9b::{address}")


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.0.0/16", ip_network("10.1.0.0/16")),
        ("127.0.0.1/32", ip_network("127.0.0.1/32")),
        ("fd00:1::/32", ip_network("fd00:1::/32")),
        ("0.0.0.0/0", ip_network("0.0.0.0/0")),
    ],
)
def test_a_network_is_read(text: str, network: Network) -> None:
    assert read_network(text) == network


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.1.2.3/16", "is not a network"),
        ("10.1/16", "is not a network"),
        ("internal", "is not a network"),
        ("10.0.0.0/33", "is not a network"),
        ("", "is not a network"),
        ("10.1.2.3", "has no length"),
        ("::ffff:10.0.0.0/104", "another spelling"),
    ],
)
def test_what_opens_more_or_less_than_it_seems_is_refused(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as failed:
        read_network(text)
    assert failed.value.hint
