"""People and tokens over the API: what is shown of them, and that nothing which proves who they are is."""

from typing import Any

import pytest

from openpact.domain.principal import Role
from tests.web.refusal import is_refusal
from tests.world import PASSWORD, Answer, World, peer_at

NEW = "a third one, also quite long"


def ask(world: World, method: str, target: str, body: Any = None, terminal: int = 1) -> Answer:
    return world.ask(method, target, body, peer=peer_at(terminal))


@pytest.fixture
def admin(sqlite_world: World) -> World:
    sqlite_world.person("alice", Role.ADMIN)
    ask(sqlite_world, "POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD})
    return sqlite_world


@pytest.mark.promise("API-1.07", "OPS-3.28")
def test_a_new_person_is_shown_without_what_proves_who_they_are(admin: World) -> None:
    made = ask(admin, "POST", "/api/users", {"username": "Bob", "password": PASSWORD, "groups": ["ops"]})

    alice = admin.house.people.get("alice")
    expected = {
        "id": admin.house.people.get("bob").id,
        "username": "bob",
        "role": "viewer",
        "groups": ["ops"],
        "state": "active",
        "totp": False,
        "locked_until": None,
        "created_at": "2026-02-05T10:30:00.000000Z",
        "created_by": alice.id,
        "password_at": "2026-02-05T10:30:00.000000Z",
        "last_seen_at": None,
    }
    assert (made.status, made.json) == (201, expected)
    assert ask(admin, "GET", "/api/users/BOB").json == expected
    everyone = ask(admin, "GET", "/api/users")
    assert everyone.json["users"][1] == expected
    assert "argon2" not in everyone.raw.decode()


@pytest.mark.promise("OPS-3.27")
def test_a_person_is_changed_one_thing_at_a_time(admin: World) -> None:
    ask(admin, "POST", "/api/users", {"username": "bob", "password": PASSWORD})
    changes: list[tuple[dict[str, Any], str, Any]] = [
        ({"role": "reviewer"}, "role", "reviewer"),
        ({"groups": ["b", "a"]}, "groups", ["a", "b"]),
        ({"groups": []}, "groups", []),
        ({"state": "disabled"}, "state", "disabled"),
        ({"state": "active"}, "state", "active"),
    ]
    for body, field, value in changes:
        answer = ask(admin, "PATCH", "/api/users/bob", body)
        assert (answer.status, answer.json[field]) == (200, value)
        assert admin.events()[-1].request_id == answer.headers["x-request-id"]

    admin.clock.advance(minutes=1)
    answer = ask(admin, "PATCH", "/api/users/bob", {"password": NEW})
    assert answer.json["password_at"] == "2026-02-05T10:31:00.000000Z"


@pytest.mark.promise("API-1.02")
def test_conflicts_are_said_as_such(admin: World) -> None:
    assert is_refusal(ask(admin, "PATCH", "/api/users/alice", {"state": "disabled"}), 409, "last_administrator")
    assert is_refusal(ask(admin, "PATCH", "/api/users/alice", {"role": "viewer"}), 409, "last_administrator")
    assert is_refusal(ask(admin, "PATCH", "/api/users/alice", {"state": "active"}), 409, "illegal_move")
    taken = {"username": "alice", "password": PASSWORD}
    assert is_refusal(ask(admin, "POST", "/api/users", taken), 409, "already_exists")
    assert is_refusal(ask(admin, "GET", "/api/users/nobody-here"), 404, "not_found")


@pytest.mark.promise("OPS-3.23")
def test_one_s_own_password_needs_the_current_one_and_locks_the_terminal(admin: World) -> None:
    for current in (None, NEW):
        body = {"password": NEW, "current_password": current}
        assert is_refusal(ask(admin, "PATCH", "/api/users/alice", body), 401, "invalid_credentials")

    done = ask(admin, "PATCH", "/api/users/Alice", {"password": NEW, "current_password": PASSWORD})

    assert done.status == 200
    assert ask(admin, "GET", "/api/auth/me").json["kind"] == "local"
    again = ask(admin, "POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD})
    assert is_refusal(again, 401, "invalid_credentials")


@pytest.mark.parametrize("name", ["a'b", "%25", "..", "alice%2F..", "é", "x" * 500, "<b>"])
def test_a_name_that_nobody_has_is_not_found_and_harms_nothing(admin: World, name: str) -> None:
    assert is_refusal(ask(admin, "GET", f"/api/users/{name}"), 404, "not_found")
    assert is_refusal(ask(admin, "PATCH", f"/api/users/{name}", {"role": "viewer"}), 404, "not_found")


@pytest.mark.promise("OPS-3.29", "OPS-3.31")
def test_a_token_is_shown_once_and_its_state_ever_after(admin: World) -> None:
    body = {"name": "ci", "scopes": ["status:read", "audit:read"], "expires_in_days": 1}
    made = ask(admin, "POST", "/api/tokens", body)

    text = made.json["token"]
    assert text.startswith("opt_")
    shown = {key: value for key, value in made.json.items() if key != "token"}
    assert shown == {
        "id": made.json["id"],
        "name": "ci",
        "owner": "alice",
        "scopes": ["audit:read", "status:read"],
        "state": "active",
        "created_at": "2026-02-05T10:30:00.000000Z",
        "expires_at": "2026-02-06T10:30:00.000000Z",
        "last_used_at": None,
        "revoked_at": None,
    }
    listed = ask(admin, "GET", "/api/tokens")
    assert listed.json["tokens"] == [shown]
    assert text not in listed.raw.decode()

    admin.clock.advance(hours=1)
    assert admin.ask("GET", "/api/auth/me", headers={"authorization": f"Bearer {text}"}).json["scopes"] == [
        "audit:read",
        "status:read",
    ]
    (token,) = ask(admin, "GET", "/api/tokens").json["tokens"]
    assert (token["state"], token["last_used_at"]) == ("active", "2026-02-05T11:30:00.000000Z")
    admin.clock.advance(days=1)
    assert ask(admin, "GET", "/api/tokens").json["tokens"][0]["state"] == "expired"


def test_a_token_is_revoked_once(admin: World) -> None:
    made = ask(admin, "POST", "/api/tokens", {"name": "ci", "scopes": ["status:read"]}).json
    assert made["expires_at"] == "2026-05-06T10:30:00.000000Z"  # ninety days when nothing is said

    revoked = ask(admin, "DELETE", f"/api/tokens/{made['id']}")

    assert revoked.json == {"id": made["id"], "name": "ci", "state": "revoked"}
    assert is_refusal(ask(admin, "DELETE", f"/api/tokens/{made['id']}"), 409, "illegal_move")
    (token,) = ask(admin, "GET", "/api/tokens").json["tokens"]
    assert (token["state"], token["revoked_at"]) == ("revoked", "2026-02-05T10:30:00.000000Z")
    headers = {"authorization": f"Bearer {made['token']}"}
    assert is_refusal(admin.ask("GET", "/api/status", headers=headers), 401, "invalid_credentials")


@pytest.mark.promise("OPS-3.15")
def test_a_lock_out_is_shown(admin: World) -> None:
    ask(admin, "POST", "/api/users", {"username": "bob", "password": PASSWORD})
    for _ in range(10):
        ask(admin, "POST", "/api/auth/unlock", {"username": "bob", "password": NEW}, terminal=2)
        admin.clock.advance(seconds=61)

    locked_until = ask(admin, "GET", "/api/users/bob").json["locked_until"]

    assert locked_until == "2026-02-05T10:40:09.000000Z"
