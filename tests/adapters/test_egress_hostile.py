"""Servers that mean harm: bombs, answers without end, certificates of others; and the proxy in between."""

import asyncio
import base64
import gzip
import ssl
import zlib
from pathlib import Path

import pytest

from openpact.adapters.egress.message import EgressFailed, Kind
from openpact.adapters.egress.settings import Settings
from tests.adapters.asking import LOOPBACK, ask, failure, follow, here
from tests.adapters.servers import Answer, Asked, Authority, by_path, proxying, raw, says, serving

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


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def trusting(authority: Authority, proxy: str | None = None) -> Settings:
    return Settings(allow_private=LOOPBACK, ca_file=authority.file, proxy=proxy)


@pytest.mark.promise("SCR-3.12")
def test_tls_is_verified_for_the_name_that_was_asked_for(authority: Authority) -> None:
    async def work() -> None:
        tls = authority.server("a.example", "127.0.0.1")
        async with serving(says(200, b"sealed"), tls) as server:
            for host in ("a.example", "A.Example", "127.0.0.1"):
                answer = await ask(f"https://{host}:{server.port}/", settings=trusting(authority))
                assert answer.body == b"sealed"
            assert server.tls_names == ["a.example", "a.example", None]

            failed = await failure(f"https://b.example:{server.port}/", settings=trusting(authority))
        assert (failed.kind, failed.sent) == (Kind.TLS, False)
        assert "The certificate of https://b.example" in failed.message
        assert "b.example" in failed.message
        assert "127.0.0.1" not in failed.message
        assert len(server.asked) == 3

    asyncio.run(work())


@pytest.mark.promise("SCR-3.12")
def test_a_certificate_that_signed_itself_or_that_nobody_trusts_is_refused(authority: Authority) -> None:
    async def work() -> None:
        for settings, tls in [
            (trusting(authority), authority.server("a.example", trusted=False)),
            (Settings(allow_private=LOOPBACK), authority.server("a.example")),
        ]:
            async with serving(says(200), tls) as server:
                failed = await failure(f"https://a.example:{server.port}/", settings=settings)
            assert (failed.kind, failed.sent) == (Kind.TLS, False)
            assert server.asked == []

    asyncio.run(work())


def test_no_key_of_a_connection_is_written_down(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))

    async def work() -> None:
        async with serving(says(200, b"sealed"), authority.server("a.example")) as server:
            answer = await ask(f"https://a.example:{server.port}/", settings=trusting(authority))
        assert answer.body == b"sealed"

    asyncio.run(work())
    assert not keys.exists() or "TRAFFIC_SECRET" not in keys.read_text()


def test_tls_of_old_is_refused_and_so_is_a_server_without(authority: Authority) -> None:
    async def work() -> None:
        tls = authority.server("a.example")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        # Some event loops tell a broken handshake as a broken connection.
        for server_tls, kinds in ((tls, {Kind.TLS, Kind.CONNECT}), (None, {Kind.TIMEOUT})):
            async with serving(says(), server_tls) as server:
                failed = await failure(f"https://a.example:{server.port}/", settings=trusting(authority), seconds=0.5)
            assert failed.kind in kinds
            assert not failed.sent
            assert server.asked == []

    asyncio.run(work())


# the proxy


@pytest.mark.promise("SCR-3.14")
def test_https_goes_through_a_tunnel_of_the_proxy_and_is_verified_all_the_same(authority: Authority) -> None:
    async def work() -> None:
        tls = authority.server("a.example")
        async with serving(says(200, b"sealed"), tls) as server, proxying(server.port) as proxy:
            settings = trusting(authority, f"http://user:word@127.0.0.1:{proxy.port}")
            url = f"https://a.example:{server.port}/path?key=value"
            answer = await ask(url, settings=settings, headers=(("X-Secret", "s"),))
            assert answer.body == b"sealed"
            failed = await failure(f"https://b.example:{server.port}/", settings=settings)
        first = proxy.asked[0]
        assert (first.method, first.target) == ("CONNECT", f"a.example:{server.port}")
        assert first.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:word").decode()
        assert b"key=value" not in first.raw
        assert b"X-Secret" not in first.raw
        assert "proxy-authorization" not in server.asked[0].headers
        assert (failed.kind, failed.sent) == (Kind.TLS, False)

    asyncio.run(work())


@pytest.mark.promise("SCR-3.14")
def test_http_is_given_to_the_proxy_whole_and_names_are_left_to_it() -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return list(here(host, port))

    async def work() -> None:
        async with serving(says(200, b"from the proxy")) as proxy:
            settings = Settings(proxy=f"http://proxy.example:{proxy.port}")
            answer = await ask("http://inner.example/path", settings=settings, resolve=resolve)
        assert answer.body == b"from the proxy"
        assert proxy.asked[0].target == "http://inner.example/path"
        assert looked_up == ["proxy.example"]

    asyncio.run(work())


@pytest.mark.promise("SCR-3.14")
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.1", "[64:ff9b::a00:1]"]
)
def test_an_inner_address_is_not_asked_of_the_proxy_either(host: str) -> None:
    async def work() -> None:
        async with serving(says()) as proxy:
            settings = Settings(proxy=f"http://127.0.0.1:{proxy.port}")
            for scheme in ("http", "https"):
                failed = await failure(f"{scheme}://{host}/", settings=settings)
                assert (failed.kind, failed.sent) == (Kind.REFUSED, False)
        assert proxy.connections == 0

    asyncio.run(work())


@pytest.mark.promise("SCR-3.14")
def test_a_proxy_that_says_no_or_is_not_there_is_told_from_the_place_behind_it() -> None:
    async def work() -> None:
        async with serving(says(403, b"no", X_Why="policy")) as proxy:
            settings = Settings(proxy=f"http://127.0.0.1:{proxy.port}")
            failed = await failure("https://a.example/", settings=settings)
            assert (failed.kind, failed.sent) == (Kind.CONNECT, False)
            assert failed.message == "The proxy did not open a way to https://a.example: it answered 403."
        failed = await failure("https://a.example/", settings=settings)
        assert (failed.kind, failed.sent) == (Kind.CONNECT, False)
        assert failed.message == "The proxy could not be connected to."

    asyncio.run(work())


def test_a_redirect_goes_through_the_proxy_as_well() -> None:
    async def work() -> None:
        async with serving(raw(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n")) as proxy:
            settings = Settings(proxy=f"http://127.0.0.1:{proxy.port}")
            failed = await failure("http://a.example/", follow, settings=settings)
        assert (failed.kind, failed.sent) == (Kind.REFUSED, True)
        assert len(proxy.asked) == 1

    asyncio.run(work())


def test_no_text_of_the_library_gets_out(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def work() -> None:
        tls = authority.server("b.example")
        async with serving(says(), tls) as sealed, serving(by_path({})) as plain:
            failures = [
                await failure(f"https://a.example:{sealed.port}/?key=s3cret"),
                await failure(f"https://a.example:{plain.port}/?key=s3cret", seconds=0.5),
                await failure("http://a.example:1/?key=s3cret"),
            ]
        for failed in failures:
            assert "s3cret" not in failed.message
            assert "127.0.0.1" not in failed.message
            assert failed.__cause__ is None
            assert failed.__suppress_context__

    asyncio.run(work())
