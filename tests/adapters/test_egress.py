"""The way out: what is asked is what arrives, the answer comes back whole, and nothing is added by anybody."""

import asyncio
import gzip
import zlib
from pathlib import Path

import pytest

from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.message import EgressFailed, Incoming, Kind, Outgoing
from openpact.adapters.egress.settings import Settings
from openpact.domain.errors import Invalid
from tests.adapters.asking import LOOPBACK, ask, here, never
from tests.adapters.servers import says, serving


def test_a_request_arrives_as_it_was_written_and_its_answer_comes_back_whole() -> None:
    async def work() -> None:
        async with serving(says(201, b"made\x00\xff", X_Kind="new", x_kind="twice")) as server:
            answer = await ask(
                f"http://api.example.com:{server.port}/a%2Fb/../c;d?q=1&q=%20&empty",
                method="POST",
                headers=(("X-One", "1"), ("X-One", "2"), ("Content-Type", "text/plain")),
                body=b"the body",
            )
        assert answer.status == 201
        assert answer.body == b"made\x00\xff"
        assert [pair for pair in answer.headers if pair[0].lower() == "x-kind"] == [
            ("X-Kind", "new"),
            ("x-kind", "twice"),
        ]
        assert answer.header("x-kind") == "new"
        assert answer.url.startswith(f"http://api.example.com:{server.port}/a%2Fb/")
        [asked] = server.asked
        assert (asked.method, asked.target) == ("POST", "/a%2Fb/../c;d?q=1&q=%20&empty")
        assert asked.body == b"the body"
        assert asked.headers["host"] == f"api.example.com:{server.port}"
        assert asked.headers["content-type"] == "text/plain"
        assert asked.raw.count(b"X-One: ") == 2
        assert asked.headers["connection"] == "close"
        assert asked.headers["user-agent"] == "OpenPact"

    asyncio.run(work())


def test_nothing_is_said_of_a_body_that_is_not_there() -> None:
    async def work() -> None:
        async with serving(says()) as server:
            for method in ("GET", "HEAD", "DELETE", "POST"):
                await ask(f"http://a.example:{server.port}", method=method)
        assert [asked.method for asked in server.asked] == ["GET", "HEAD", "DELETE", "POST"]
        assert [asked.target for asked in server.asked] == ["/"] * 4
        assert not any("content-type" in asked.headers or asked.body for asked in server.asked)

    asyncio.run(work())


def test_a_body_of_several_megabytes_arrives() -> None:
    async def work() -> None:
        async with serving(says()) as server:
            await ask(f"http://a.example:{server.port}/", method="PUT", body=b"x" * 3_000_000)
        assert len(server.asked[0].body) == 3_000_000
        assert server.asked[0].headers["content-length"] == "3000000"

    asyncio.run(work())


def test_letters_beyond_ascii_are_escaped_for_the_wire() -> None:
    async def work() -> None:
        async with serving(says()) as server:
            await ask(f'http://a.example:{server.port}/ü"<>?k=é|#part')
        assert server.asked[0].target == "/%C3%BC%22%3C%3E?k=%C3%A9%7C"

    asyncio.run(work())


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello " * 1000)),
        ("X-GZIP", gzip.compress(b"hello " * 1000)),
        ("deflate", zlib.compress(b"hello " * 1000)),
        ("deflate", zlib.compress(b"hello " * 1000)[2:-4]),  # without its wrapping, as some servers send it
        ("identity", b"hello " * 1000),
    ],
)
def test_a_packed_answer_is_unpacked_and_no_longer_called_packed(coding: str, packed: bytes) -> None:
    async def work() -> None:
        async with serving(says(200, packed, Content_Encoding=coding)) as server:
            answer = await ask(f"http://a.example:{server.port}/", headers=(("accept-encoding", "br"),))
        assert answer.body == b"hello " * 1000
        assert server.asked[0].headers["accept-encoding"] == "gzip, deflate"
        assert (answer.header("content-encoding") is None) is (coding != "identity")

    asyncio.run(work())


def test_no_cookie_is_kept_from_one_request_to_the_next() -> None:
    async def work() -> None:
        async with serving(says(200, b"", Set_Cookie="session=1; Path=/")) as server:
            answer = await ask(f"http://a.example:{server.port}/")
            await ask(f"http://a.example:{server.port}/")
        assert answer.header("set-cookie") == "session=1; Path=/"
        assert not any("cookie" in asked.headers for asked in server.asked)

    asyncio.run(work())


def test_every_request_has_a_connection_of_its_own() -> None:
    async def work() -> None:
        async with serving(says(200, b"ok", Connection="keep-alive")) as server:
            egress = Egress(Settings(allow_private=LOOPBACK), here)
            for _ in range(3):
                await egress.fetch(Outgoing(method="GET", url=f"http://a.example:{server.port}/"), never, seconds=10)
            egress.close()
        assert server.connections == 3

    asyncio.run(work())


def test_the_environment_and_netrc_have_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login eve password hunter22\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def work() -> None:
        async with serving(says()) as server:
            await ask(f"http://a.example:{server.port}/")
        assert "authorization" not in server.asked[0].headers

    asyncio.run(work())


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"method": "CONNECT"}, "CONNECT"),
        ({"method": "TRACE"}, "TRACE"),
        ({"method": "get"}, "get"),
        ({"method": "GET / HTTP/1.1\r\nX: y"}, "method"),
        ({"headers": (("Host", "internal.example"),)}, "Host"),
        ({"headers": (("content-length", "0"),)}, "content-length"),
        ({"headers": (("Transfer-Encoding", "chunked"),)}, "Transfer-Encoding"),
        ({"headers": (("Connection", "keep-alive"),)}, "Connection"),
        ({"headers": (("Expect", "100-continue"),)}, "Expect"),
        ({"headers": (("Proxy-Authorization", "Basic x"),)}, "Proxy-Authorization"),
        ({"headers": (("X", "a\r\nY: b"),)}, "line break"),
        ({"headers": (("X", "a\nb"),)}, "line break"),
        ({"headers": (("X", "a\0b"),)}, "line break"),
        ({"headers": (("X", "a\ud800b"),)}, "line break"),
        ({"headers": (("X\r\nY", "a"),)}, "not the name of a header"),
        ({"headers": (("X Y", "a"),)}, "not the name of a header"),
        ({"headers": (("", "a"),)}, "not the name of a header"),
        ({"headers": (("X", "a"),) * 101}, "at most 100 headers"),
        ({"headers": (("X", "a" * 65_536),)}, "at most 65536 characters"),
        ({"url": "http://a.example/\ud800"}, "no URL can hold"),
        ({"url": "http://a.example/a b"}, "space"),
        ({"url": "http://u:p@a.example/"}, "before its host"),
    ],
)
def test_what_could_be_read_as_another_request_is_refused_unsent(parts: dict[str, object], message: str) -> None:
    async def work() -> None:
        async with serving(says()) as server:
            whole = {"url": f"http://a.example:{server.port}/", **parts}
            with pytest.raises(EgressFailed, match=message) as failed:
                await ask(str(whole.pop("url")), never, **whole)  # type: ignore[arg-type]
        assert (failed.value.kind, failed.value.sent) == (Kind.REFUSED, False)
        assert server.connections == 0

    asyncio.run(work())


def test_the_text_form_of_a_request_holds_no_part_that_may_be_secret() -> None:
    asked = Outgoing(method="GET", url="https://a.example/?key=s3cret", headers=(("X", "s3cret"),), body=b"s3cret")
    assert repr(asked) == "Outgoing(GET https://a.example)"
    assert repr(Outgoing(method="GET", url="s3cret")) == "Outgoing(GET ?)"
    assert "s3cret" not in repr(Settings(proxy="http://u:s3cret@p:1"))
    assert "s3cret" not in repr(Incoming(status=200, headers=(("X", "s3cret"),), body=b"s3cret", url="s3cret"))


@pytest.mark.parametrize(
    "proxy", ["", "proxy:3128", "https://proxy", "socks5://p:1", "http://p/x", "http://p?x", "http:// p"]
)
def test_a_proxy_that_is_none_stops_the_start_and_is_not_repeated(proxy: str) -> None:
    with pytest.raises(Invalid) as failed:
        Egress(Settings(proxy=proxy))
    assert failed.value.hint is not None
    assert "http.proxy" in failed.value.hint


def test_a_file_without_certificates_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(Invalid, match="no certificates"):
            Egress(Settings(ca_file=tmp_path / name))
