"""Redirects are proposals: each is shown to the judge, and what is bound to one origin stays there."""

import asyncio
from pathlib import Path

import pytest

from openpact.adapters.egress.message import EgressFailed, Kind, Outgoing
from openpact.adapters.egress.redirects import Hop
from openpact.adapters.egress.settings import Settings
from tests.adapters.asking import LOOPBACK, ask, failure, follow, never
from tests.adapters.servers import Authority, by_path, says, serving


class Judge:
    """Follows everything, and keeps what it was shown."""

    def __init__(self) -> None:
        self.hops: list[Hop] = []

    def __call__(self, hop: Hop) -> Outgoing:
        self.hops.append(hop)
        return hop.outgoing


@pytest.mark.promise("SCR-3.13")
def test_the_judge_is_shown_every_hop_and_its_request_is_what_goes_on() -> None:
    def judge(hop: Hop) -> Outgoing:
        return Outgoing(method="GET", url=hop.url + "?judged", headers=(("X-Judged", str(hop.number)),))

    async def work() -> None:
        pages = {"/1": says(302, b"", Location="/2"), "/2": says(307, b"", Location="3"), "/3": says(200, b"end")}
        async with serving(by_path(pages)) as server:
            answer = await ask(f"http://a.example:{server.port}/1", judge)
        assert answer.body == b"end"
        assert answer.url.endswith("/3?judged")
        assert [asked.target for asked in server.asked] == ["/1", "/2?judged", "/3?judged"]
        assert [asked.headers.get("x-judged") for asked in server.asked] == [None, "1", "2"]

    asyncio.run(work())


@pytest.mark.promise("SCR-3.13")
def test_what_the_judge_refuses_is_not_asked_for() -> None:
    class Denied(Exception):
        pass

    def judge(hop: Hop) -> Outgoing:
        raise Denied(hop.place.host)

    async def work() -> None:
        pages = {"/": says(302, b"", Location="http://evil.example/")}
        async with serving(by_path(pages)) as server:
            with pytest.raises(Denied, match=r"evil\.example"):
                await ask(f"http://a.example:{server.port}/", judge)
        assert server.connections == 1

    asyncio.run(work())


@pytest.mark.promise("SCR-3.13")
def test_five_redirects_are_followed_and_no_sixth() -> None:
    async def work() -> None:
        pages = {f"/{number}": says(302, b"", Location=f"/{number + 1}") for number in range(6)} | {"/6": says(200)}
        async with serving(by_path(pages)) as server:
            judge = Judge()
            assert (await ask(f"http://a.example:{server.port}/1", judge)).status == 200
            assert [hop.number for hop in judge.hops] == [1, 2, 3, 4, 5]
            with pytest.raises(EgressFailed, match="More than 5 redirects") as failed:
                await ask(f"http://a.example:{server.port}/0", follow)
        assert (failed.value.kind, failed.value.sent) == (Kind.REFUSED, True)
        assert server.paths[6:] == ["/0", "/1", "/2", "/3", "/4", "/5"]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("status", "method", "after", "keeps_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (303, "HEAD", "HEAD", False),
        (302, "PUT", "PUT", True),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
    ],
)
def test_the_method_changes_as_browsers_change_it(status: int, method: str, after: str, keeps_body: bool) -> None:  # noqa: FBT001
    async def work() -> None:
        pages = {"/1": says(status, b"", Location="/2"), "/2": says(200)}
        async with serving(by_path(pages)) as server:
            await ask(
                f"http://a.example:{server.port}/1",
                follow,
                method=method,
                body=None if method == "HEAD" else b"body",
                headers=(("Content-Type", "text/plain"), ("Authorization", "Bearer x")),
            )
        second = server.asked[1]
        assert second.method == after
        assert second.body == (b"body" if keeps_body else b"")
        assert second.headers["authorization"] == "Bearer x"  # the same origin
        assert ("content-type" in second.headers) is (keeps_body or method == "HEAD")

    asyncio.run(work())


CARRIED = (("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Api-Key", "k"), ("Accept", "text/html"))


@pytest.mark.promise("SCR-3.13")
@pytest.mark.parametrize("portable", [False, True])
def test_credentials_do_not_cross_to_another_origin(portable: bool) -> None:  # noqa: FBT001
    async def work() -> None:
        async with serving(says(200)) as second:
            there = says(302, b"", Location=f"http://a.example:{second.port}/")  # the same host, another port
            async with serving(there) as first:
                judge = Judge()
                await ask(f"http://a.example:{first.port}/", judge, headers=CARRIED, portable=portable)
        assert judge.hops[0].crossed
        assert first.asked[0].headers["authorization"] == "Bearer x"
        got = second.asked[0].headers
        assert "authorization" not in got
        assert "cookie" not in got
        assert got.get("x-api-key") == ("k" if portable else None)
        assert got["accept"] == ("text/html" if portable else "*/*")

    asyncio.run(work())


@pytest.mark.promise("SCR-3.13")
def test_a_body_crosses_to_another_origin_only_when_nothing_binds_it() -> None:
    async def work() -> None:
        async with (
            serving(says(200)) as second,
            serving(says(307, b"", Location=f"http://b.example:{second.port}/")) as first,
        ):
            start = f"http://a.example:{first.port}/"
            failed = await failure(start, follow, method="POST", body=b"secret")
            assert second.connections == 0
            await ask(start, follow, method="POST", body=b"plain", portable=True)
        assert (failed.kind, failed.sent) == (Kind.REFUSED, True)
        assert "another origin" in failed.message
        assert second.asked[0].body == b"plain"

    asyncio.run(work())


@pytest.mark.promise("SCR-3.13")
@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://127.0.0.1:70/_x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://user:password@a.example/",
        "http://a.example@127.0.0.1/",
        "//127.1/",
        "http://127.0.0.1\\@a.example/",
        "http://a b.example/",
        "http://b.exa\tmple/",
        "http://a.example:0/",
        "http://[::1",
        "http://127。0。0。1/",
        "///evil.example/",
        "http:///evil.example/",
        "http:evil.example",
    ],
)
def test_a_redirect_to_what_is_no_plain_web_address_is_refused(target: str) -> None:
    async def work() -> None:
        async with serving(says(302, b"", Location=target)) as server:
            with pytest.raises(EgressFailed, match="redirects to what cannot be asked for") as failed:
                await ask(f"http://a.example:{server.port}/", never)
        assert (failed.value.kind, failed.value.sent) == (Kind.REFUSED, True)

    asyncio.run(work())


def test_two_targets_are_refused_and_none_is_an_answer() -> None:
    async def work() -> None:
        async with serving(says(302, b"", Location="/a", location="/b")) as server:
            with pytest.raises(EgressFailed, match="two places"):
                await ask(f"http://a.example:{server.port}/", never)
        async with serving(says(302, b"look elsewhere")) as server:
            assert (await ask(f"http://a.example:{server.port}/", never)).body == b"look elsewhere"
        async with serving(says(300, b"", Location="/a")) as server:
            assert (await ask(f"http://a.example:{server.port}/", never)).status == 300

    asyncio.run(work())


@pytest.mark.promise("SCR-3.13")
def test_a_redirect_from_https_down_to_http_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def work() -> None:
        async with serving(says(302, b"", Location="http://a.example/"), authority.server("a.example")) as server:
            settings = Settings(allow_private=LOOPBACK, ca_file=authority.file)
            failed = await failure(f"https://a.example:{server.port}/", settings=settings)
        assert (failed.kind, failed.sent) == (Kind.REFUSED, True)
        assert "from https to http" in failed.message

    asyncio.run(work())
