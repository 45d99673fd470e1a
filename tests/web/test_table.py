"""Every URL of the people's door: the table, what answers before there is anybody, and what does not exist."""

import re

import pytest

from openpact.domain.principal import Role
from openpact.web.app import TABLE, Open, Url
from tests.web.refusal import is_refusal, target_of
from tests.world import PASSWORD, Answer, World, peer_at

# Written out a second time: a URL that comes, goes or is renamed is a change of the API and must be one here as well.
KNOWN = """
GET /api/audit
GET /api/audit/export
GET /api/audit/verify
GET /api/auth/me
GET /api/health
GET /api/secrets
GET /api/secrets/{name}
GET /api/setup/status
GET /api/status
GET /api/tokens
GET /api/users
GET /api/users/{username}
GET /health
GET /healthz
GET /ready
DELETE /api/secrets/{name}
DELETE /api/tokens/{token}
DELETE /api/users/{username}/totp
PATCH /api/users/{username}
POST /api/auth/lock
POST /api/auth/totp
POST /api/auth/totp/confirm
POST /api/auth/unlock
POST /api/secrets/rotate-key
POST /api/secrets/{name}
POST /api/setup
POST /api/tokens
POST /api/users
"""
PUBLIC = {"/health", "/healthz", "/ready", "/api/health", "/api/setup", "/api/setup/status"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.promise("ARC-1.19")
def test_the_table_is_the_whole_door() -> None:
    assert sorted(f"{url.method} {url.path}" for url in TABLE) == sorted(KNOWN.split("\n")[1:-1])
    assert {url.path for url in TABLE if url.needs is Open.EVERYBODY} == PUBLIC


@pytest.mark.promise("OPS-3.01")
@pytest.mark.parametrize("url", TABLE, ids=lambda url: f"{url.method} {url.path}")
def test_until_it_is_set_up_only_the_public_urls_answer(sqlite_world: World, url: Url) -> None:
    at_socket = sqlite_world.ask(url.method, target_of(url), peer=peer_at(1))
    from_afar = sqlite_world.ask(url.method, target_of(url), headers={"authorization": "Bearer opt_" + "A" * 43})

    if url.path in PUBLIC:
        assert at_socket.json.get("error") != "setup_required"
        assert from_afar.json.get("error") != "setup_required"
        return
    assert is_refusal(at_socket, 403, "setup_required")
    assert is_refusal(from_afar, 403, "forbidden" if url.needs is Open.SOCKET else "setup_required")


@pytest.mark.promise("API-2.01", "OPS-3.01")
def test_the_set_up_s_state_is_told(sqlite_world: World) -> None:
    assert sqlite_world.ask("GET", "/api/setup/status").json == {"setup_required": True}
    sqlite_world.person("boss", Role.ADMIN)
    assert sqlite_world.ask("GET", "/api/setup/status").json == {"setup_required": False}


@pytest.mark.promise("API-2.02", "OPS-3.02")
@pytest.mark.parametrize("terminal", [None, 1])
def test_the_holder_of_the_code_sets_up_over_either_door(sqlite_world: World, terminal: int | None) -> None:
    code = sqlite_world.house.setup.open()
    body = {"username": "alice", "password": PASSWORD, "confirm_password": PASSWORD, "setup_code": code}

    answer = sqlite_world.ask("POST", "/api/setup", body, peer=None if terminal is None else peer_at(terminal))

    assert (answer.status, answer.json["success"]) == (200, True)
    (event,) = sqlite_world.events(action="setup.finish")
    assert (event.outcome, event.actor) == ("done", "nobody" if terminal is None else f"local/{peer_at(1).uid}")
    assert event.request_id == answer.headers["x-request-id"]
    again = sqlite_world.ask("POST", "/api/setup", body)
    assert is_refusal(again, 403, "setup_completed")


@pytest.mark.promise("API-2.02", "API-1.02", "OPS-3.04")
def test_what_is_wrong_with_a_set_up_is_said(sqlite_world: World) -> None:
    code = sqlite_world.house.setup.open()
    good = {"username": "alice", "password": PASSWORD, "confirm_password": PASSWORD, "setup_code": code}

    def ask(**other: object) -> Answer:
        return sqlite_world.ask("POST", "/api/setup", good | other)

    assert is_refusal(ask(setup_code="nonsense"), 403, "setup_code_invalid")
    assert is_refusal(ask(confirm_password="another"), 400, "password_mismatch")
    assert is_refusal(ask(password="short", confirm_password="short"), 400, "password_invalid")
    assert is_refusal(ask(username="no name!"), 400, "invalid")
    assert is_refusal(ask(username=1), 400, "invalid")
    assert ask(username="root").status == 400
    assert [ask(setup_code="nonsense").status for _ in range(4)] == [403] * 4
    limited = ask(setup_code="nonsense")
    assert is_refusal(limited, 429, "rate_limited")
    assert limited.headers["retry-after"] == "60"
    assert limited.json["retry_after"] == 60


@pytest.mark.promise("API-1.03")
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/api",
        "/api/",
        "/api/nothing",
        "/API/health",
        "/health/",
        "/api/users/",
        "/api/users/a/b",
        "//health",
        "/x?y",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_not_in_the_table_does_not_exist(sqlite_world: World, method: str, target: str) -> None:
    assert is_refusal(sqlite_world.ask(method, target, peer=peer_at(1)), 404, "not_found")


@pytest.mark.promise("API-1.03")
@pytest.mark.parametrize("path", sorted({url.path for url in TABLE}))
def test_another_method_is_refused_and_the_right_ones_are_named(sqlite_world: World, path: str) -> None:
    target = target_of(next(url for url in TABLE if url.path == path))
    # A fixed word may stand where another address has a name.
    right = {url.method for url in TABLE if re.fullmatch(re.sub(r"{\w+}", "[^/]+", url.path), target)}
    for method in METHODS:
        if method in right:
            continue
        answer = sqlite_world.ask(method, target, peer=peer_at(1))
        assert is_refusal(answer, 405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == right


@pytest.mark.parametrize("target", ["/api/health", "/api/users", "/api/nothing", "/api/setup"])
def test_no_answer_comes_from_a_cache_or_tells_where_it_was_asked(sqlite_world: World, target: str) -> None:
    answer = sqlite_world.ask("GET", target)

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"].startswith("req_")


def test_an_answer_with_nothing_in_it_has_its_request_id_too(sqlite_world: World) -> None:
    sqlite_world.person("boss", Role.ADMIN)

    answer = sqlite_world.ask("POST", "/api/auth/lock", peer=peer_at(1))

    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"].startswith("req_")


def test_every_request_has_an_id_of_its_own(sqlite_world: World) -> None:
    ids = {sqlite_world.ask("GET", target).headers["x-request-id"] for target in ["/health", "/api/nothing"] * 10}

    assert len(ids) == 20
