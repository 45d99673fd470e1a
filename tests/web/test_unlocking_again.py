"""An unlocked terminal can be unlocked once more: for longer, or for the next person who sits down there."""

import pytest

from openpact.domain.principal import Role
from tests.world import PASSWORD, World, peer_at


@pytest.mark.promise("APR-4.06")
def test_a_terminal_that_is_unlocked_can_be_unlocked_anew_and_for_longer(sqlite_world: World) -> None:
    sqlite_world.person("alice", Role.ADMIN)
    proof = {"username": "alice", "password": PASSWORD}
    first = sqlite_world.ask("POST", "/api/auth/unlock", proof, peer=peer_at(1))
    sqlite_world.clock.advance(minutes=3)

    second = sqlite_world.ask("POST", "/api/auth/unlock", proof, peer=peer_at(1))

    assert (first.status, second.status) == (200, 200)
    assert second.json["unlocked_until"] > first.json["unlocked_until"]


@pytest.mark.promise("APR-4.04", "APR-4.06")
def test_the_next_person_at_an_unlocked_terminal_takes_the_place_of_the_one_before(sqlite_world: World) -> None:
    sqlite_world.person("alice", Role.ADMIN)
    sqlite_world.person("bob", Role.VIEWER)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "bob", "password": PASSWORD}, peer=peer_at(1))

    me = sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(1)).json
    assert (me["username"], me["role"]) == ("bob", "viewer")
