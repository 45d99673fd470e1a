"""The machine's own socket: whom it serves, what an account alone may do there, and proof for a single act."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from openpact.domain.principal import Role
from openpact.web.app import TABLE, Url
from tests.services.authenticator import code, enrol
from tests.web.refusal import is_refusal, target_of
from tests.world import PASSWORD, World, open_world, peer_at

BOB = {"username": "bob", "password": PASSWORD}
ENGINE = 4711


def proof(scheme: str, username: str, text: str) -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{username}:{text}'.encode()).decode()}"}


@pytest.fixture
def admin(sqlite_world: World) -> World:
    sqlite_world.person("alice", Role.ADMIN)
    return sqlite_world


@pytest.mark.promise("OPS-1.03")
@pytest.mark.parametrize("url", TABLE, ids=lambda url: f"{url.method} {url.path}")
def test_another_account_gets_nothing_at_the_socket(admin: World, url: Url) -> None:
    answer = admin.ask(url.method, target_of(url), {}, peer=peer_at(1, uid=os.geteuid() + 1))

    assert is_refusal(answer, 403, "forbidden")


@pytest.mark.promise("OPS-1.03")
def test_not_even_with_a_token_or_a_password(admin: World) -> None:
    alice = admin.person("boss", Role.ADMIN)
    _, text = admin.house.tokens.create(alice, "ci", ("people:read",), 10)
    other = peer_at(1, uid=os.geteuid() + 1)

    for headers in ({"authorization": f"Bearer {text}"}, proof("Basic", "alice", PASSWORD)):
        assert is_refusal(admin.ask("GET", "/api/users", peer=other, headers=headers), 403, "forbidden")


@pytest.mark.promise("APR-4.05", "OPS-1.03")
@pytest.mark.parametrize("uid", [os.geteuid(), 0])
def test_the_ai_s_own_account_gets_nothing_even_where_it_is_ours_or_root(
    sqlite_url: str, tmp_path: Path, uid: int
) -> None:
    house = open_world(sqlite_url, tmp_path / "secure", engine_uid=uid)
    house.person("alice", Role.ADMIN)

    answer = house.ask("GET", "/api/users", peer=peer_at(1, uid=uid))

    assert is_refusal(answer, 403, "forbidden")
    house.close()


@pytest.mark.promise("OPS-1.03")
def test_root_is_served_like_our_own_account(admin: World) -> None:
    assert admin.ask("GET", "/api/auth/me", peer=peer_at(1, uid=0)).json["id"] == "local/0"


@pytest.mark.promise("APR-4.04", "APR-4.05")
def test_the_account_alone_may_look_and_not_act(admin: World) -> None:
    me = admin.ask("GET", "/api/auth/me", peer=peer_at(1)).json
    assert (me["kind"], me["id"], me["role"]) == ("local", f"local/{os.geteuid()}", None)
    for target in ("/api/status", "/api/users", "/api/users/alice", "/api/tokens", "/api/audit"):
        assert admin.ask("GET", target, peer=peer_at(1)).status == 200
    acts: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/api/users", BOB),
        ("PATCH", "/api/users/alice", {"role": "viewer"}),
        ("PATCH", "/api/users/alice", {"state": "disabled"}),
        ("PATCH", "/api/users/alice", {"password": PASSWORD + "!"}),
        ("POST", "/api/tokens", {"name": "x", "scopes": ["audit:read"]}),
        ("DELETE", "/api/tokens/tok_1", None),
        ("DELETE", "/api/users/alice/totp", None),
        ("POST", "/api/auth/totp", {"current_password": PASSWORD}),
        ("GET", "/api/audit/export", None),
    )
    for method, target, body in acts:
        assert is_refusal(admin.ask(method, target, body, peer=peer_at(1)), 401, "unlock_required"), target

    refused = [event for event in admin.events(outcome="refused") if event.actor == f"local/{os.geteuid()}"]
    assert {event.action for event in refused} == {
        "audit.export",
        "person.add",
        "person.disable",
        "person.reset_password",
        "person.set_role",
        "token.create",
        "token.revoke",
    }


@pytest.mark.promise("APR-4.04", "APR-4.05")
def test_a_password_proves_one_act_and_unlocks_nothing(admin: World) -> None:
    answer = admin.ask("POST", "/api/users", BOB, peer=peer_at(1), headers=proof("Basic", "alice", PASSWORD))

    assert answer.status == 201
    last = admin.events()[-1]
    assert (last.action, last.actor_name, last.outcome) == ("person.add", "alice", "done")
    assert admin.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"


@pytest.mark.promise("APR-4.05")
def test_a_one_time_code_proves_one_act_and_only_one(admin: World) -> None:
    secret = enrol(admin, admin.person("boss", Role.ADMIN))
    header = proof("OTP", "boss", code(admin, secret))

    first = admin.ask("POST", "/api/users", BOB, peer=peer_at(None), headers=header)
    second = admin.ask("PATCH", "/api/users/bob", {"role": "admin"}, peer=peer_at(None), headers=header)

    assert first.status == 201
    assert is_refusal(second, 401, "invalid_credentials")


@pytest.mark.promise("APR-4.06")
def test_proof_for_one_act_goes_before_who_is_unlocked_there(admin: World) -> None:
    admin.person("bob", Role.VIEWER)
    admin.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    me = admin.ask("GET", "/api/auth/me", peer=peer_at(1), headers=proof("Basic", "bob", PASSWORD)).json

    assert (me["username"], me["role"]) == ("bob", "viewer")


@pytest.mark.promise("OPS-3.13")
def test_wrong_proof_is_refused_recorded_and_limited(admin: World) -> None:
    wrong = proof("Basic", "alice", "an otter sleeps under the bridge")
    for _ in range(5):
        answer = admin.ask("GET", "/api/users", peer=peer_at(1), headers=wrong)
        assert is_refusal(answer, 401, "invalid_credentials")

    limited = admin.ask("GET", "/api/users", peer=peer_at(1), headers=proof("Basic", "alice", PASSWORD))

    assert is_refusal(limited, 429, "rate_limited")
    assert limited.headers["retry-after"] == "60"
    refused = admin.events(action="session.unlock", outcome="refused")
    assert [event.actor for event in refused] == [f"local/{os.geteuid()}"] * 5


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Basic /////w==",
        "Digest x",
        "Basic " + "A" * 10_000,
        "OTP YWxpY2U6",
    ],
)
def test_proof_that_cannot_be_read_is_no_proof(admin: World, header: str) -> None:
    answer = admin.ask("POST", "/api/users", BOB, peer=peer_at(1), headers={"authorization": header})

    assert is_refusal(answer, 401, "invalid_credentials")


@pytest.mark.promise("APR-4.05")
def test_a_person_s_password_is_no_key_to_the_network_s_door(admin: World) -> None:
    answer = admin.ask("GET", "/api/users", headers=proof("Basic", "alice", PASSWORD))

    assert is_refusal(answer, 401, "invalid_credentials")
    assert is_refusal(
        admin.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}), 403, "forbidden"
    )


@pytest.mark.promise("APR-4.04", "APR-4.05")
def test_where_the_ai_is_another_user_a_person_still_proves_who_they_are(sqlite_url: str, tmp_path: Path) -> None:
    house = open_world(sqlite_url, tmp_path / "secure", engine_uid=ENGINE, separated=True)
    house.person("alice", Role.ADMIN)

    me = house.ask("GET", "/api/auth/me", peer=peer_at(None)).json
    answer = house.ask("POST", "/api/users", BOB, peer=peer_at(None))

    # The setting that says so is a text in a file: who may turn it must not become an administrator by it.
    assert (me["kind"], me["role"], me["separated"]) == ("local", None, True)
    assert is_refusal(answer, 401, "unlock_required")
    assert is_refusal(house.ask("GET", "/api/users", peer=peer_at(None, uid=ENGINE)), 403, "forbidden")
    house.close()


def test_another_password_set_elsewhere_ends_what_was_unlocked_here(admin: World) -> None:
    admin.person("bob", Role.ADMIN)
    admin.ask("POST", "/api/auth/unlock", {"username": "bob", "password": PASSWORD}, peer=peer_at(1))
    assert admin.ask("GET", "/api/auth/me", peer=peer_at(1)).json["username"] == "bob"
    connection = admin.store.engine.connect()
    connection.execute("UPDATE people SET password_at = ? WHERE username = 'bob'", (admin.clock.at + 1,))  # by another
    connection.close()
    assert admin.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"


@pytest.mark.promise("APR-4.06")
def test_a_person_who_was_disabled_is_the_account_alone_at_their_terminal(admin: World) -> None:
    bob = admin.person("bob", Role.ADMIN)
    admin.ask("POST", "/api/auth/unlock", {"username": "bob", "password": PASSWORD}, peer=peer_at(1))
    connection = admin.store.engine.connect()
    connection.execute("UPDATE people SET state = 'disabled' WHERE username = 'bob'")  # by another daemon
    connection.close()

    assert admin.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"
    assert bob.role is Role.ADMIN


@pytest.mark.promise("OPS-3.16")
def test_an_authenticator_is_enrolled_used_and_removed_at_a_terminal(admin: World) -> None:
    admin.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))
    for current in ("", "an otter sleeps under the bridge"):  # a terminal left alone is not enough to keep the account
        refused = admin.ask("POST", "/api/auth/totp", {"current_password": current}, peer=peer_at(1))
        assert is_refusal(refused, 401, "invalid_credentials")
    begun = admin.ask("POST", "/api/auth/totp", {"current_password": PASSWORD}, peer=peer_at(1))
    assert begun.json["uri"].startswith("otpauth://totp/OpenPact:alice?secret=")
    secret = begun.json["secret"]
    typed = {"code": code(admin, secret)}
    assert admin.ask("POST", "/api/auth/totp/confirm", typed, peer=peer_at(1)).status == 204
    assert admin.ask("GET", "/api/users/alice", peer=peer_at(1)).json["totp"] is True
    admin.clock.advance(seconds=30)

    unlocked = admin.ask("POST", "/api/auth/unlock", {"username": "alice", "otp": code(admin, secret)}, peer=peer_at(2))
    assert unlocked.status == 200
    assert admin.ask("DELETE", "/api/users/alice/totp", peer=peer_at(2)).status == 204
    assert admin.ask("GET", "/api/users/alice", peer=peer_at(2)).json["totp"] is False
