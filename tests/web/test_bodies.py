"""What is sent: read strictly, bounded, of one type, and every wrong key named."""

import asyncio
import json
from typing import Any

import pytest

from openpact.domain.principal import Role
from openpact.web import app as web
from openpact.web.ask import MAX_BODY
from tests.web.refusal import is_refusal
from tests.world import PASSWORD, Answer, World, peer_at

GOOD = {"username": "bob", "password": PASSWORD}


@pytest.fixture
def admin(sqlite_world: World) -> World:
    sqlite_world.person("alice", Role.ADMIN)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))
    return sqlite_world


def post(world: World, raw: bytes, target: str = "/api/users", **headers: str) -> Answer:
    return world.ask("POST", target, raw=raw, peer=peer_at(1), headers=headers)


@pytest.mark.promise("API-1.01")
@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"password": 5}, "password", "Expected `str`, got `int`"),
        ({"groups": ["a", 3]}, "groups[1]", "Expected `str`, got `int`"),
        ({"groups": "ops"}, "groups", "Expected `array`, got `str`"),
        ({"role": None}, "role", "Expected `str`, got `null`"),
        ({"is_admin": True}, "body", "Object contains unknown field `is_admin`"),
    ],
)
def test_a_field_that_is_wrong_is_named(admin: World, change: dict[str, Any], path: str, said: str) -> None:
    answer = post(admin, json.dumps(GOOD | change).encode())

    assert is_refusal(answer, 400, "invalid")
    assert answer.json["fields"] == [{"path": path, "message": said}]
    assert admin.events(action="person.add") == []


@pytest.mark.promise("API-1.01")
@pytest.mark.parametrize("field", ["username", "password"])
def test_a_field_that_is_missing_is_named(admin: World, field: str) -> None:
    answer = post(admin, json.dumps({key: value for key, value in GOOD.items() if key != field}).encode())

    assert answer.json["fields"] == [{"path": "body", "message": f"Object missing required field `{field}`"}]


@pytest.mark.promise("POL-5.02")
@pytest.mark.parametrize(
    "raw",
    [
        b'{"username":"bob","password":"%s","role":"viewer","role":"admin"}' % PASSWORD.encode(),
        b'{"username":"bob","password":NaN}',
        b'{"username":"bob","password":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"{'username':'bob'}",
        b"username=bob",
        b"",
        b"{} {}",
        b"\xff\xfe",
        b"[" * 100 + b"]" * 100,
        b'{"username":"bob\x00"}',
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(admin: World, raw: bytes) -> None:
    assert is_refusal(post(admin, raw), 400, "json_invalid")
    assert len(admin.house.people.everyone()) == 1


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_a_body_that_is_no_object_is_refused(admin: World, raw: bytes) -> None:
    assert is_refusal(post(admin, raw), 400, "invalid")


def test_a_nul_that_comes_escaped_is_refused(admin: World) -> None:
    raw = b'{"username":"alice","password":"x\\u0000"}'

    assert is_refusal(post(admin, raw, "/api/auth/unlock"), 400, "invalid")
    assert admin.events(action="session.unlock", outcome="refused") == []


@pytest.mark.parametrize("target", ["/api/users/a%00b", "/api/users/\0", "/api/audit?q=a%00b", "/api/audit?actor=\0"])
def test_a_nul_in_the_url_is_refused(admin: World, target: str) -> None:
    plain = target.replace("/api/users/a%00b", "/api/users/a\0b")  # a server has decoded the path by then

    assert is_refusal(admin.ask("GET", plain, peer=peer_at(1)), 400, "invalid")


@pytest.mark.promise("API-1.04")
def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_not(admin: World) -> None:
    body = json.dumps({**GOOD, "groups": [""]}).encode()
    fits = body.replace(b'""', b'"' + b"x" * (MAX_BODY - len(body)) + b'"')
    assert len(fits) == MAX_BODY

    assert is_refusal(post(admin, fits), 400, "invalid")  # read, and its group's name is none
    assert is_refusal(post(admin, fits + b" "), 413, "too_large")


@pytest.mark.promise("API-1.04")
@pytest.mark.parametrize("length", ["0", "", "-1", "1e3", "12, 12", "0x10", "00000000000000000000012"])
def test_a_length_that_lies_or_is_none_changes_nothing(admin: World, length: str) -> None:
    headers = {"content-length": length, "transfer-encoding": "chunked"}

    assert is_refusal(post(admin, b" " * (MAX_BODY + 1), **headers), 413, "too_large")


@pytest.mark.promise("API-1.04")
def test_a_length_that_is_too_much_is_refused_before_anything_is_read(admin: World) -> None:
    for length in (str(MAX_BODY + 1), "9" * 30):
        headers = {"content-length": length}
        assert is_refusal(post(admin, b"{}", **headers), 413, "too_large")


@pytest.mark.promise("API-1.04")
def test_a_stream_without_end_is_cut_off_soon(admin: World) -> None:
    """Chunks come for as long as somebody reads them: the door stops at the first that is too much."""
    sent, statuses = 0, list[int]()

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent += 65_536
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/users",
        "raw_path": b"/api/users",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
        "client": None,
        "server": ("127.0.0.1", 8080),
        "state": {"peer": peer_at(1)},
    }
    asyncio.run(web.build(admin.house)(scope, receive, send))

    assert statuses == [413]
    assert sent <= MAX_BODY + 2 * 65_536


@pytest.mark.promise("API-1.05")
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json"]
)
def test_another_content_type_is_refused(admin: World, kind: str) -> None:
    headers = {"content-type": kind}

    assert is_refusal(post(admin, json.dumps(GOOD).encode(), **headers), 415, "media_type_refused")
    assert len(admin.house.people.everyone()) == 1


@pytest.mark.promise("API-1.05")
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"])
def test_json_is_read_whatever_stands_behind_its_name(admin: World, kind: str) -> None:
    headers = {"content-type": kind}

    assert post(admin, json.dumps(GOOD).encode(), **headers).status == 201


def test_an_act_without_a_body_needs_no_content_type(admin: World) -> None:
    assert post(admin, b"", "/api/auth/lock", **{"content-type": ""}).status == 204


def test_who_may_not_ask_is_told_so_before_the_body_is_looked_at(admin: World) -> None:
    answer = admin.ask("POST", "/api/users", raw=b"x" * (MAX_BODY + 1), headers={"content-type": "text/plain"})

    assert is_refusal(answer, 401, "not_authenticated")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "one of"),
        ({"role": "admin", "groups": []}, "one of"),
        ({"role": "owner"}, "no role 'owner'"),
        ({"state": "asleep"}, "no state 'asleep'"),
    ],
)
def test_a_change_says_one_thing_that_there_is(admin: World, body: dict[str, Any], said: str) -> None:
    answer = admin.ask("PATCH", "/api/users/alice", body, peer=peer_at(1))

    assert is_refusal(answer, 400, "invalid")
    assert said in answer.json["message"]


def test_proof_is_a_password_or_a_code_and_not_both(admin: World) -> None:
    for proof in ({}, {"password": PASSWORD, "otp": "123456"}):
        answer = admin.ask("POST", "/api/auth/unlock", {"username": "alice"} | proof, peer=peer_at(2))
        assert is_refusal(answer, 400, "invalid")
