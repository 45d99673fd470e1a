"""The requests of a run: judged, recorded before they leave and after, and answered with nothing secret in it."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from openpact.domain.placing import MOST_BODY, MOST_HEADERS
from openpact.domain.run import Code, Limits
from openpact.services.broker import Session
from openpact.services.script_requests import MOST_BESIDE_BODY, MOST_PARAMS
from tests.adapters.servers import Answer, Asked, by_path, raw, says
from tests.services.running import VALUE, Running, denied, running


async def asked(session: Session, url: str, method: str = "GET", **given: Any) -> dict[str, Any]:
    answer = await session.call("http", {"method": method, "url": url, **given})
    assert isinstance(answer, dict)
    return answer


async def token_of(session: Session) -> str:
    return str(await session.call("secrets.get", {"name": "KEY"}))


async def echo(got: Asked, writer: asyncio.StreamWriter) -> None:
    """Send everything back, in body and header."""
    text = got.raw.decode() + got.body.decode()
    await says(200, text.encode(), X_Echo=quote(got.headers.get("x-key", "")), X_echo="twice")(got, writer)


ENOUGH = "x" * MOST_BESIDE_BODY
TOO_MUCH: list[dict[str, Any]] = [
    {"params": ["a", "b"] * (MOST_PARAMS + 1)},
    {"params": ["a", ENOUGH]},
    {"headers": {"X-A": ENOUGH}},
    {"headers": {f"X-{count}": "a" for count in range(MOST_HEADERS + 1)}},
    {"auth": ["a", ENOUGH]},
    {"content_type": ENOUGH},
    {"body": "x" * (MOST_BODY + 1)},
    {"json": '"' + "x" * MOST_BODY + '"'},
]


@pytest.mark.parametrize("given", TOO_MUCH, ids=lambda given: next(iter(given)))
def test_a_request_with_too_much_in_it_is_refused_before_anything_is_done_with_it(
    given: dict[str, Any], tmp_path: Path
) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            refusal = await denied(here.session(), "http", method="POST", url=here.origin, **given)
            assert refusal.code is Code.HTTP_ERROR
            assert "at most" in refusal.message
            assert here.events("http.request") == []

    asyncio.run(tried())


def test_a_large_request_is_put_together_beside_the_loop(tmp_path: Path) -> None:
    async def tried() -> float:
        async with running(tmp_path) as here:
            session = here.session()
            token = await token_of(session)
            request = asyncio.create_task(
                asked(session, here.origin, "POST", json='["' + "%41" * 2_000_000 + token + '"]')
            )
            longest = 0.0
            while not request.done():
                began_at = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - began_at)
            assert (await request)["status"] == 200
            return longest

    assert asyncio.run(tried()) < 1


def cut(after: bytes) -> Answer:
    return raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + after)


@pytest.mark.promise("SCR-2.07", "SCR-3.11", "SCR-4.15", "SCR-4.17")
def test_a_request_is_recorded_before_it_leaves_and_when_it_was_answered(tmp_path: Path) -> None:
    at_the_host: list[tuple[str, str]] = []

    async def tried() -> None:
        async with running(tmp_path, answer) as here:
            houses.append(here)
            session = here.session()
            token = await token_of(session)
            answered = await asked(session, f"{here.origin}/a?k={token}", headers={"X-Key": token}, params=["q", "p"])
            assert (answered["status"], answered["body"], answered["url"]) == (
                201, "made", f"{here.origin}/a?k=[REDACTED:KEY]&q=p",
            )  # fmt: skip
            begun, done = here.recorded("http.request")
            details = {"carrying": ["KEY"], "for": here.boss.id, "effect": begun[2]["effect"]}
            assert begun == (f"GET {here.origin}/a", "begun", details)
            assert done == (f"GET {here.origin}/a", "done", {"effect": begun[2]["effect"], "status": 201, "bytes": 4})
            assert {event.request_id for event in here.events("http.request")} == {"req_1"}
            (exchange,) = session.exchanges
            assert (exchange.method, exchange.url, exchange.status) == ("GET", f"{here.origin}/a", 201)
            assert (exchange.error, exchange.secrets) == (None, ("KEY",))
            assert session.hosts == [here.origin]
            assert at_the_host == [(f"GET {here.origin}/a", "begun")]
            assert here.served.asked[0].target == f"/a?k={quote(VALUE, safe='')}&q=p"

    async def answer(got: Asked, writer: asyncio.StreamWriter) -> None:
        at_the_host.extend((event.target, event.outcome) for event in houses[0].events("http.request"))
        await says(201, b"made")(got, writer)

    houses: list[Running] = []
    asyncio.run(tried())


@pytest.mark.promise("SCR-4.14", "SCR-4.15")
def test_with_full_urls_the_query_is_recorded_and_its_secrets_are_not(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session(ports=here.ports(full_urls=True))
            token = await token_of(session)
            await asked(session, f"{here.origin}/a/{token}?k={token}&n=1", params=["p q", token, "r", "s"])
            await asked(session, here.origin)
            shown = f"{here.origin}/a/[REDACTED:KEY]?k=[REDACTED:KEY]&n=1&p+q=[REDACTED:KEY]&r=s"
            targets = [target for target, _, _ in here.recorded("http.request")]
            assert targets == [f"GET {shown}"] * 2 + [f"GET {here.origin}/"] * 2
            assert [exchange.url for exchange in session.exchanges] == [shown, f"{here.origin}/"]

    asyncio.run(tried())


def test_what_could_not_leave_is_recorded_as_failed(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            port = 1  # nobody listens there
            session = here.session(f"# @hosts: other.test:{port}")
            refusal = await denied(session, "http", method="GET", url=f"https://other.test:{port}/")
            assert refusal.code is Code.HTTP_ERROR
            assert "Nothing was sent" in str(refusal.hint)
            (_, _, begun), (_, outcome, ended) = here.recorded("http.request")
            assert outcome == "failed"
            assert ended == {"effect": begun["effect"], "problem": "connect", "reason": "not_delivered"}
            assert session.exchanges[0].error == refusal.message

    asyncio.run(tried())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (cut(b"half"), "protocol"),
        (raw(b""), "connect"),
        (raw(b"what?\r\n\r\n"), "protocol"),
        (says(200, b"x" * 2_000), "too_large"),
    ],
)
def test_what_left_and_was_not_answered_whole_is_recorded_as_unknown(
    answer: Answer, problem: str, tmp_path: Path
) -> None:
    async def tried() -> None:
        async with running(tmp_path, answer, max_body=1_000) as here:
            session = here.session()
            refusal = await denied(session, "http", method="POST", url=here.origin, body="x")
            assert refusal.code is Code.HTTP_ERROR
            (_, _, begun), (_, outcome, ended) = here.recorded("http.request")
            assert outcome == "unknown"
            assert ended == {"effect": begun["effect"], "problem": problem, "reason": "outcome_unknown"}
            assert session.exchanges[0].error == refusal.message

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.13")
def test_a_redirect_is_judged_again_for_host_and_method(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path, by_path(answers)) as here:
            other = f"https://other.test:{here.served.port}"
            answers["/elsewhere"] = says(302, Location=f"{other}/end")
            answers["/named"] = says(302, Location=f"https://{VALUE.encode().hex()[:60]}.other.test/")
            answers["/again"] = says(303, Location="/end")
            answers["/end"] = says(200, b"end")

            session = here.session("# @methods: POST")
            refusal = await denied(session, "http", method="POST", url=f"{here.origin}/elsewhere")
            assert (refusal.code, refusal.hint) == (Code.CAPABILITY_DENIED, f"Declare it: # @hosts: {other[8:]}")
            assert here.recorded("http.request")[-1][1:] == (
                "failed", here.recorded("http.request")[-1][2] | {"reason": "capability_denied"},
            )  # fmt: skip
            refusal = await denied(session, "http", method="POST", url=f"{here.origin}/again")
            assert (refusal.code, refusal.hint) == (Code.CAPABILITY_DENIED, "Declare it: # @methods: POST, GET")
            assert here.served.paths == ["/elsewhere", "/again"]

            session = here.session(hosts=("good.test", "other.test"))
            answered = await asked(session, f"{here.origin}/elsewhere", headers={"X-Mine": "a"})
            assert (answered["url"], answered["body"]) == (f"{other}/end", "end")
            assert here.served.asked[-1].headers["x-mine"] == "a"  # nothing in it was bound to the first host
            assert session.hosts == [here.origin, other]
            token = await token_of(session)
            await asked(session, f"{here.origin}/elsewhere", headers={"X-Mine": token})
            assert "x-mine" not in here.served.asked[-1].headers

    answers: dict[str, Answer] = {}
    asyncio.run(tried())


@pytest.mark.promise("SCR-4.12", "SCR-4.14")
def test_what_is_said_of_a_redirect_that_is_not_followed_names_no_value(tmp_path: Path) -> None:
    value = "sk-live-4f9d8a7b6c5e"

    async def tried() -> None:
        async with running(tmp_path, says(302, Location=f"https://{value}.other.test/")) as here:
            here.set("KEY", value)
            session = here.session()
            refusal = await denied(session, "http", method="GET", url=here.origin)
            assert refusal.code is Code.CAPABILITY_DENIED
            (exchange,) = session.exchanges
            assert exchange.error == "The script does not declare the host https://[REDACTED:KEY].other.test."
            assert value not in str(here.world.events())

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.05")
def test_a_run_sends_so_many_requests_and_no_more(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session(limits=Limits(http_calls=3))
            for _ in range(3):
                await asked(session, here.origin)
            refusal = await denied(session, "http", method="GET", url=here.origin)
            assert (refusal.code, refusal.message) == (Code.HTTP_ERROR, "A run sends 3 requests at most.")
            assert len(here.served.asked) == len(session.exchanges) == 3
            assert len(here.events("http.request")) == 6

    asyncio.run(tried())


def test_a_request_may_take_less_time_than_the_run_but_never_more(tmp_path: Path) -> None:
    async def never(_got: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def tried() -> None:
        async with running(tmp_path, never) as here:
            for session, given in (
                (here.session(), {"timeout": 0.05}),
                (here.session(limits=Limits(wall_ms=50)), {"timeout": 60}),
                (here.session(limits=Limits(wall_ms=50)), {}),
                (here.session(), {"timeout": -1}),
            ):
                refusal = await denied(session, "http", method="GET", url=here.origin, **given)
                assert "within 0.0" in refusal.message
                assert refusal.code is Code.HTTP_ERROR

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.12")
def test_nothing_comes_back_unscrubbed_however_long_it_is(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path, echo) as here:
            session = here.session()
            token = await token_of(session)
            for filling in ("", "x" * 100_000):
                answered = await asked(
                    session, here.origin, "POST", headers={"X-Key": token}, body=f"{filling}({token})"
                )
                assert answered["body"].count("[REDACTED:KEY]") == 2
                assert f"{filling}([REDACTED:KEY])" in answered["body"]
                assert answered["headers"]["x-echo"] == "[REDACTED:KEY], twice"
                assert here.served.asked[-1].body.decode() == f"{filling}({VALUE})"
            refusal = await denied(session, "http", method="POST", url=here.origin, body="x" * 100_000 + token[:30])
            assert "cut or changed" in refusal.message

    asyncio.run(tried())


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        (None, "utf-8"),
        ("text/plain; charset=ISO-8859-1", "iso-8859-1"),
        ('text/plain;charset="utf-16"', "utf-16"),
        ("text/plain; charset=utf-16le", "utf-16-le"),
        ("text/plain; charset=nonsense", "utf-8"),
        ("text/plain", "utf-16"),
        ("text/plain", "utf-16-le"),
        (None, "utf-16-be"),
    ],
)
def test_a_body_is_read_as_its_host_says_or_as_it_looks(content_type: str | None, codec: str, tmp_path: Path) -> None:
    async def tried() -> None:
        types = {} if content_type is None else {"Content_Type": content_type}
        async with running(tmp_path, says(200, f"it is <{VALUE}>, and ä".encode(codec), **types)) as here:
            assert (await asked(here.session(), here.origin))["body"] == "it is <[REDACTED:KEY]>, and ä"

    asyncio.run(tried())


@pytest.mark.parametrize("body", [b"", b"\0\0", b"a\0b", b"binary \0 with few of them", b"\xff\xfd"])
def test_a_body_with_few_zero_bytes_is_no_utf_16(body: bytes, tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path, says(200, body)) as here:
            assert (await asked(here.session(), here.origin))["body"] == body.decode(errors="replace")

    asyncio.run(tried())


@pytest.mark.promise("SCR-2.08")
def test_every_part_of_a_request_arrives_and_only_declared_methods_are_sent(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session("# @methods: PUT POST")
            token = await token_of(session)
            await asked(session, here.origin, "put", json=json.dumps({"k": token}), auth=["alice", token])
            await asked(session, here.origin, "POST", body="a", content_type="text/plain")
            first, second = here.served.asked
            assert (first.method, json.loads(first.body)) == ("PUT", {"k": VALUE})
            assert first.headers["content-type"] == "application/json"
            assert base64.b64decode(first.headers["authorization"][6:]).decode() == f"alice:{VALUE}"
            assert (second.body, second.headers["content-type"]) == (b"a", "text/plain")
            refusal = await denied(session, "http", method="GET", url=here.origin)
            assert refusal.hint == "Declare it: # @methods: PUT, POST, GET"
            refusal = await denied(session, "http", method="BREW", url=here.origin)
            assert "no method" in refusal.message

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.08")
def test_a_secret_goes_over_http_only_where_its_grant_names_the_http_host(tmp_path: Path) -> None:
    async def tried() -> None:
        from openpact.services.secrets import Terms  # noqa: PLC0415 - beside its use
        from tests.adapters.servers import serving  # noqa: PLC0415

        async with running(tmp_path) as here, serving(says(200, b"in the clear")) as clear:
            host = f"good.test:{clear.port}"
            for hosts, code in ((None, True), ((host,), True), ((f"http://{host}",), False)):
                here.set("KEY", terms=Terms(hosts=hosts))
                session = here.session(f"# @hosts: {host}")
                token = await token_of(session)
                given = {"method": "GET", "url": f"http://{host}/", "headers": {"X-Key": token}}
                if code:
                    refusal = await denied(session, "http", **given)
                    assert refusal.code is Code.SECRET_NOT_GRANTED
                    assert "http://" in str(refusal.hint)
                else:
                    assert (await asked(session, f"http://{host}/", headers={"X-Key": token}))["status"] == 200
            assert [got.headers["x-key"] for got in clear.asked] == [VALUE]

    asyncio.run(tried())
