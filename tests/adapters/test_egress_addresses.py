"""Where a request may be connected to: no spelling of an inner place, no name that leads to one."""

import asyncio
import threading
from collections.abc import Sequence
from ipaddress import ip_network

import aiohttp
import pytest

from openpact.adapters.egress.dialling import Connector, system_resolve
from openpact.adapters.egress.message import Kind, Outgoing
from openpact.adapters.egress.redirects import Hop
from openpact.adapters.egress.settings import Settings, tls_context
from openpact.domain.address import Network
from tests.adapters.asking import ask, failure
from tests.adapters.servers import says, serving
from tests.domain.test_address import REFUSED

# Hosts as an attacker writes them; the port of a server that waits on this machine is put behind each.
SPELLINGS = [
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::80ff:fffe]",
    "[2606:4700::5efe:7f00:1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "[fc00::1]",
    "[::ffff:0:127.0.0.1]",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.01",
    "00127.0.0.1",
    "127.0.0.1.",
    "127.0.0.1..",
    "127.1.",
    "1.127.0x1",
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "\uff11\uff12\uff17.0.0.1",
    "\u2460\u2461\u2466.0.0.1",
    "127.0.0.1%00.example.com",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
    "lo\u00adcalhost",
    "lo\u200bcalhost",
    "a.example@127.0.0.1",
    "a.example:80@127.0.0.1",
    "127.0.0.1#@a.example",
    "127.0.0.1?@a.example",
    "127.0.0.1\\@a.example",
    "a.example\t@127.0.0.1",
    "a.example[::1]",
    "[::1]a.example",
    "[127.0.0.1]",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "100.100.100.200",
]


@pytest.mark.promise("SCR-3.12")
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inner_place_is_connected_to(host: str) -> None:
    async def work() -> None:
        async with serving(says(200, b"inside"), host="127.0.0.1") as server:
            failed = await failure(f"http://{host}:{server.port}/", settings=Settings(), resolve=system_resolve)
        assert (failed.kind, failed.sent) == (Kind.REFUSED, False)
        assert server.connections == 0

    asyncio.run(work())


@pytest.mark.promise("SCR-3.12")
@pytest.mark.parametrize(("address", "reason"), REFUSED)
def test_no_name_leads_to_an_inner_place(address: str, reason: str) -> None:
    failed = asyncio.run(failure("http://a.example/", settings=Settings(), resolve=lambda _host, _port: [address]))

    assert (failed.kind, failed.sent) == (Kind.REFUSED, False)
    assert failed.message == f"a.example leads to {reason}, and is not connected to."
    assert not address or address not in failed.message


@pytest.mark.promise("SCR-3.12")
@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1", "::1"]])
def test_a_name_with_one_inner_address_among_others_is_refused_whole(addresses: list[str]) -> None:
    failed = asyncio.run(failure("http://a.example/", settings=Settings(), resolve=lambda _host, _port: addresses))

    assert (failed.kind, failed.sent) == (Kind.REFUSED, False)


@pytest.mark.promise("SCR-3.12")
def test_a_name_that_changes_its_mind_is_asked_once_and_its_first_answer_holds() -> None:
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return answers[len(asked) - 1]

    async def work() -> None:
        async with (
            serving(says(200, b"second"), host="127.0.0.2") as server,
            serving(says(200, b"first"), host="127.0.0.1", port=server.port) as inner,
        ):
            settings = Settings(allow_private=(ip_network("127.0.0.2/32"),))
            url = f"http://a.example:{server.port}/"
            answer = await ask(url, settings=settings, resolve=rebinding)
            assert answer.body == b"second"
            assert asked == ["a.example"]
            failed = await failure(url, settings=settings, resolve=rebinding)
        assert failed.kind is Kind.REFUSED
        assert inner.connections == 0

    asyncio.run(work())


@pytest.mark.promise("SCR-3.12")
@pytest.mark.parametrize("target", ["http://inner.example/", "http://169.254.169.254/latest/", "//[::1]/", "/again"])
def test_a_redirect_to_an_inner_place_is_refused_even_when_the_judge_lets_it_pass(target: str) -> None:
    hops: list[Hop] = []

    def judge(hop: Hop) -> Outgoing:
        hops.append(hop)
        return hop.outgoing

    def changing(host: str, port: int) -> Sequence[str]:
        del port
        return ["127.0.0.2"] if host == "a.example" and not hops else ["127.0.0.1"]

    async def work() -> None:
        async with serving(says(302, b"", Location=target), host="127.0.0.2") as server:
            failed = await failure(
                f"http://a.example:{server.port}/",
                judge,
                settings=Settings(allow_private=(ip_network("127.0.0.2/32"),)),
                resolve=changing,
            )
        assert len(hops) == 1
        assert (failed.kind, failed.sent) == (Kind.REFUSED, True)
        assert server.connections == 1

    asyncio.run(work())


@pytest.mark.promise("SCR-3.14")
@pytest.mark.parametrize(
    ("opened", "host", "reached"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.1/32", "[::ffff:127.0.0.1]", True),  # the same place
        ("127.0.0.2/32", "127.0.0.1", False),
        ("10.0.0.0/8", "127.0.0.1", False),
        ("::1/128", "127.0.0.1", False),
        ("::/0", "[::ffff:127.0.0.1]", False),
        ("127.0.0.0/8", "[64:ff9b::127.0.0.1]", False),
        ("0.0.0.0/0", "0.0.0.0", False),  # noqa: S104
    ],
)
def test_an_opened_network_opens_itself_and_nothing_else(opened: str, host: str, reached: bool) -> None:  # noqa: FBT001
    networks: tuple[Network, ...] = (ip_network(opened),)

    async def work() -> None:
        async with serving(says(200, b"inside")) as server:
            url = f"http://{host}:{server.port}/"
            if reached:
                assert (await ask(url, settings=Settings(allow_private=networks))).body == b"inside"
            else:
                assert (await failure(url, settings=Settings(allow_private=networks))).kind is Kind.REFUSED
        assert server.connections == int(reached)

    asyncio.run(work())


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async def work() -> None:
        async with serving(says(200, b"here"), host="127.0.0.3") as server:
            answer = await ask(
                f"http://a.example:{server.port}/", resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.3"]
            )
        assert answer.body == b"here"

    asyncio.run(work())


@pytest.mark.parametrize("fault", [OSError("internal.resolver:53"), UnicodeError("label too long"), None])
def test_a_name_that_is_not_found_says_so_and_nothing_of_the_resolver(fault: Exception | None) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        if fault is not None:
            raise fault
        return []

    failed = asyncio.run(failure("http://a.example/", resolve=resolve))

    assert (failed.kind, failed.sent) == (Kind.CONNECT, False)
    assert failed.message == "The name a.example was not found."


def test_a_name_with_addresses_without_end_is_refused() -> None:
    many = [f"8.8.8.{number}" for number in range(33)]
    failed = asyncio.run(failure("http://a.example/", resolve=lambda _host, _port: many))

    assert (failed.kind, failed.sent) == (Kind.REFUSED, False)


def test_a_lookup_that_hangs_ends_with_the_time_and_holds_up_no_other_thread() -> None:
    free = threading.Event()

    def hanging(host: str, port: int) -> Sequence[str]:
        del host, port
        free.wait(20)
        return []

    async def work() -> None:
        begun = asyncio.get_running_loop().time()
        failures = await asyncio.gather(
            *(failure("http://a.example/", resolve=hanging, seconds=0.2) for _ in range(20)),
        )
        assert await asyncio.to_thread(lambda: "free") == "free"
        assert asyncio.get_running_loop().time() - begun < 5
        assert {(failed.kind, failed.sent) for failed in failures} == {(Kind.TIMEOUT, False)}

    try:
        asyncio.run(work())
    finally:
        free.set()


@pytest.mark.promise("SCR-3.12")
def test_a_connector_goes_to_no_address_and_no_name_that_was_not_checked() -> None:
    async def work() -> None:
        async with serving(says(200)) as server:
            for host, checked in (("127.0.0.1", "127.0.0.2"), ("b.example", "127.0.0.1")):
                connector = Connector("a.example", [checked], tls_context(None))
                async with aiohttp.ClientSession(connector=connector) as session:
                    with pytest.raises(aiohttp.ClientConnectorError):
                        await session.get(f"http://{host}:{server.port}/")
                assert not connector.reached
        assert server.connections == 0

    asyncio.run(work())


def test_names_of_the_system_are_found() -> None:
    assert "127.0.0.1" in system_resolve("localhost", 80)
