"""TLS, the proxy, and what gets out of a failure: each with real servers."""

import asyncio
import base64
import ssl
from pathlib import Path

import pytest
import uvloop

from openpact.adapters.egress.message import Kind
from openpact.adapters.egress.settings import Settings
from tests.adapters.asking import LOOPBACK, ask, failure, follow, here
from tests.adapters.servers import Authority, by_path, proxying, raw, says, serving

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
SMALL = Settings(allow_private=LOOPBACK, max_body=100_000)


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
