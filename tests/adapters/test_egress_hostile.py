"""Servers that mean harm: bombs, answers without end, certificates of others; and the proxy in between."""

import asyncio
import gzip
import zlib

import pytest
import uvloop

from openpact.adapters.egress.message import EgressFailed, Kind
from openpact.adapters.egress.settings import Settings
from tests.adapters.asking import LOOPBACK, ask, failure, follow
from tests.adapters.servers import Answer, Asked, raw, says, serving

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
SMALL = Settings(allow_private=LOOPBACK, max_body=100_000)


async def failing(answer: Answer, settings: Settings = SMALL, seconds: float = 10, method: str = "GET") -> EgressFailed:
    async with serving(answer) as server:
        return await failure(f"http://a.example:{server.port}/", settings=settings, seconds=seconds, method=method)


# answers that are too much


@pytest.mark.promise("SCR-3.05", "SCR-3.06")
def test_a_body_over_its_bound_is_an_error_and_one_at_the_bound_is_whole() -> None:
    async def work() -> None:
        async with serving(says(200, b"x" * 100_000)) as server:
            assert len((await ask(f"http://a.example:{server.port}/", settings=SMALL)).body) == 100_000
        failed = await failing(says(200, b"x" * 100_001))
        assert (failed.kind, failed.sent) == (Kind.TOO_LARGE, True)
        assert failed.message == "The answer has more than 100000 bytes."
        assert failed.hint

    asyncio.run(work())


@pytest.mark.promise("SCR-3.06")
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(100_001))),
        ("gzip", gzip.compress(bytes(50_000_000))),
        ("deflate", zlib.compress(bytes(50_000_000))),
    ],
)
def test_a_bomb_is_refused_at_the_bound(coding: str, packed: bytes) -> None:
    assert len(packed) < 100_000
    failed = asyncio.run(failing(says(200, packed, Content_Encoding=coding)))

    assert (failed.kind, failed.sent) == (Kind.TOO_LARGE, True)


def test_what_fits_the_bound_exactly_is_unpacked() -> None:
    async def work() -> None:
        async with serving(says(200, gzip.compress(bytes(100_000)), Content_Encoding="gzip")) as server:
            assert (await ask(f"http://a.example:{server.port}/", settings=SMALL)).body == bytes(100_000)

    asyncio.run(work())


@pytest.mark.promise("SCR-3.06")
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"whole")[:-1]),
        ("gzip", gzip.compress(b"whole") + b"more"),
        ("gzip", gzip.compress(b"whole") * 2),
        ("gzip", b"not packed at all"),
        ("gzip", zlib.compress(b"other")),
        ("deflate", zlib.compress(b"whole")[:-5]),
        ("br", b"\x0b\x02\x80hello\x03"),
        ("zstd", b"(\xb5/\xfd"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"twice"))),
        ("gzip, br", b"x"),
    ],
)
def test_an_answer_that_cannot_be_unpacked_whole_is_an_error(coding: str, body: bytes) -> None:
    failed = asyncio.run(failing(says(200, body, Content_Encoding=coding)))

    assert (failed.kind, failed.sent) == (Kind.PROTOCOL, True)


def test_an_answer_that_never_ends_is_too_large() -> None:
    async def flood(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    assert asyncio.run(failing(flood)).kind is Kind.TOO_LARGE


def endless(*, begun: bytes, drop: bytes) -> Answer:
    async def flood(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        while True:
            writer.write(drop * 1_000)
            await writer.drain()

    return flood


@pytest.mark.promise("SCR-3.06")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("begun", "drop", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nA\r\n", "mostly framing"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;x=" + b"y" * 200 + b"\r\nA\r\n", "framing"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", "early answers"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "early answers"),
    ],
)
def test_a_server_that_only_makes_work_is_not_listened_to_until_the_time_is_up(
    begun: bytes, drop: bytes, says: str, loop: str
) -> None:
    generous = Settings(allow_private=LOOPBACK)
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        failed = runner.run(failing(endless(begun=begun, drop=drop), generous, seconds=60))

    assert (failed.kind, failed.sent) == (Kind.PROTOCOL, True)
    assert says in failed.message


@pytest.mark.parametrize("size", [6, 100, 65_536])
def test_a_body_in_chunks_of_any_usual_size_is_whole(size: int) -> None:
    chunks = b"%x\r\n%s\r\n" % (size, b"x" * size) * (3_000_000 // size)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 5

    async def work() -> None:
        answer = early + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        async with serving(raw(answer)) as server:
            got = await ask(f"http://a.example:{server.port}/")
        assert got.body == b"x" * (3_000_000 // size * size)

    asyncio.run(work())


def dripping(*, begun: bytes, drop: bytes) -> Answer:
    async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    return drip


@pytest.mark.promise("SCR-3.05")
@pytest.mark.parametrize(
    ("begun", "drop"),
    [
        (b"", b""),  # silent
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),  # headers, one after the other
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_an_answer_that_drips_ends_with_the_time(begun: bytes, drop: bytes) -> None:
    async def work() -> None:
        at = asyncio.get_running_loop().time()
        failed = await failing(dripping(begun=begun, drop=drop), seconds=0.3)
        assert (failed.kind, failed.sent) == (Kind.TIMEOUT, True)
        assert asyncio.get_running_loop().time() - at < 3

    asyncio.run(work())


@pytest.mark.promise("SCR-3.05")
def test_redirects_have_no_time_of_their_own() -> None:
    async def slowly(_: Asked, writer: asyncio.StreamWriter) -> None:
        answer = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
        while answer:  # byte by byte
            writer.write(answer[:1])
            answer = answer[1:]
            await asyncio.sleep(0.003)

    async def work() -> None:
        async with serving(slowly) as server:
            failed = await failure(f"http://a.example:{server.port}/", follow, seconds=0.4)
        assert (failed.kind, failed.sent) == (Kind.TIMEOUT, True)
        assert 1 < len(server.asked) < 4

    asyncio.run(work())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 15_000) for n in range(5)) + b"\r\n",
        b"HTTP/1.1 200 " + b"O" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x01\x02",
        b"220 mail.example ESMTP\r\n",
    ],
)
def test_what_is_no_whole_http_answer_of_a_bearable_size_is_an_error(answer: bytes) -> None:
    failed = asyncio.run(failing(raw(answer)))

    assert (failed.kind, failed.sent) == (Kind.PROTOCOL, True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST"])
def test_a_request_whose_connection_breaks_is_not_sent_again(method: str) -> None:
    async def work() -> None:
        async with serving(raw(b"")) as server:
            failed = await failure(f"http://a.example:{server.port}/", method=method)
        assert (failed.kind, failed.sent) == (Kind.CONNECT, True)
        assert server.connections == 1

    asyncio.run(work())


def test_where_nobody_listens_nothing_was_sent() -> None:
    async def work() -> None:
        async with serving(says()) as server:
            port = server.port
        failed = await failure(f"http://a.example:{port}/")
        assert (failed.kind, failed.sent) == (Kind.CONNECT, False)
        assert failed.message == f"http://a.example:{port} could not be connected to."  # and no address

    asyncio.run(work())


def test_a_request_that_is_given_up_closes_its_connection() -> None:
    begun, closed = asyncio.Event(), asyncio.Event()

    async def wait(asked: Asked, writer: asyncio.StreamWriter) -> None:
        begun.set()
        try:
            await dripping(begun=b"HTTP/1.1 200 OK\r\n\r\n", drop=b"x")(asked, writer)
        except ConnectionError:
            closed.set()

    async def work() -> None:
        async with serving(wait) as server:
            asking = asyncio.create_task(ask(f"http://a.example:{server.port}/"))
            await begun.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.wait_for(closed.wait(), 5)

    asyncio.run(work())


# TLS
