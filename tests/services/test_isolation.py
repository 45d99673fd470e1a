"""Isolation: fixtures answer, dummies stand for secrets, nothing leaves and nothing is recorded; all else is judged."""

import asyncio
import os
from typing import Any

import pytest

from openpact.domain import fixture
from openpact.domain.capability import granted
from openpact.domain.metadata import read_metadata
from openpact.domain.run import Code, Limits
from openpact.services.broker import Session
from openpact.services.isolation import isolated
from tests.services.running import denied

HEAD = "# @secrets: KEY OTHER\n# @hosts: api.test\n# @tools: a.b"
FIXTURES = b"""
http:
  - {url: "https://api.test/v1/*", json: {temp: 4}}
  - {url: "https://api.test/key?k=*", method: POST, status: 201, headers: {X-A: b}, body: made}
secrets: {OTHER: "mine/and yours"}
"""


def session(fixtures: bytes = FIXTURES) -> Session:
    ports = isolated(fixture.read(fixtures, "fixtures.yaml"))
    return Session("a.star", granted(read_metadata(HEAD)), Limits(), ports, chance=os.urandom)


def asked(one: Session, url: str, method: str = "GET", **given: Any) -> Any:
    return asyncio.run(one.call("http", {"method": method, "url": url, **given}))


def got(one: Session, name: str) -> str:
    return str(asyncio.run(one.call("secrets.get", {"name": name})))


@pytest.mark.promise("SCR-7.06")
def test_a_fixture_answers_as_its_host_would() -> None:
    one = session()
    answer = asked(one, "https://api.test/v1/weather", params=["q", "Bern"])
    assert answer == {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": '{"temp":4}',
        "url": "https://api.test/v1/weather?q=Bern",
    }
    answer = asked(one, "https://api.test/key", "POST", params=["k", got(one, "KEY")], body="x")
    assert (answer["status"], answer["headers"], answer["body"]) == (201, {"x-a": "b"}, "made")
    assert [exchange.status for exchange in one.exchanges] == [200, 201]
    assert one.exchanges[1].secrets == ("KEY",)
    assert one.exchanges[1].url == "https://api.test/key?k=[REDACTED:KEY]"  # it is the author who looks
    assert one.secrets_used == ["KEY"]


@pytest.mark.promise("SCR-7.06")
@pytest.mark.parametrize("name", ["KEY", "OTHER"])
def test_a_request_that_no_fixture_answers_is_named_with_the_fixture_that_would(name: str) -> None:
    one = session()
    refusal = asyncio.run(
        denied(one, "http", method="GET", url=f"https://api.test/a[1]/{got(one, name)}", params=["k", got(one, name)])
    )
    assert refusal.code is Code.HTTP_ERROR
    assert "No fixture answers GET https://api.test/a" in refusal.message
    assert "[REDACTED:" in refusal.message
    hint = str(refusal.hint)
    assert hint.startswith("Add one: http: [{url: ")

    line = hint.removeprefix("Add one: ").replace("…", "{b: 2}")
    again = session(FIXTURES.replace(b"\nhttp:", f"\nhttp:\n  - {line[len('http: [') : -1]}".encode()))
    answer = asked(again, f"https://api.test/a[1]/{got(again, name)}", params=["k", got(again, name)])
    assert answer["body"] == '{"b":2}'


@pytest.mark.promise("SCR-7.06")
def test_everything_else_is_judged_as_in_a_real_run() -> None:
    one = session()
    token = got(one, "KEY")
    cases: list[tuple[Code, str, dict[str, Any]]] = [
        (Code.CAPABILITY_DENIED, "http", {"method": "GET", "url": "https://other.test/"}),
        (Code.CAPABILITY_DENIED, "http", {"method": "PUT", "url": "https://api.test/v1/a"}),
        (Code.CAPABILITY_DENIED, "secrets.get", {"name": "THIRD"}),
        (Code.CAPABILITY_DENIED, "tools", {"name": "a.b", "arguments": "{}"}),
        (Code.SECRET_NOT_GRANTED, "http", {"method": "GET", "url": "http://api.test/v1/a", "headers": {"a": token}}),
        (Code.SCRIPT_ERROR, "http", {"method": "GET", "url": f"https://api.test/v1/{token[:30]}"}),
        (Code.SCRIPT_ERROR, "load", {"path": "lib/a.star"}),
    ]
    for code, op, given in cases:
        assert asyncio.run(denied(one, op, **given)).code is code, (op, given)
    assert [asyncio.run(one.call("secrets.has", {"name": name})) for name in ("KEY", "THIRD")] == [True, False]
    assert asyncio.run(one.call("secrets.list", {})) == ["KEY", "OTHER"]


def test_a_dummy_is_sealed_and_redacted_like_a_secret() -> None:
    one = session()
    tokens = [got(one, "KEY"), got(one, "OTHER")]
    redaction = asyncio.run(one.redaction())
    assert redaction.text(f"{tokens} dummy-value-of-KEY mine/and yours") == (
        "['[REDACTED:KEY]', '[REDACTED:OTHER]'] [REDACTED:KEY] [REDACTED:OTHER]"
    )
