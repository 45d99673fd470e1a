"""Unlocked terminals: one shell at one terminal, for minutes, in the memory of one daemon."""

from typing import Any

import msgspec
import pytest

from openpact.adapters.peer import Terminal
from openpact.domain import instant
from openpact.domain.principal import Role
from openpact.services.unlocks import Unlocks
from tests.world import PASSWORD, UNLOCK_MINUTES, World, open_world, peer_at

HERE = Terminal(1000, 34816, 100, 200, 999)
LIFE = 5 * instant.MINUTE


def holder(unlocks: Unlocks, terminal: Terminal | None, now: int) -> str | None:
    found = unlocks.who(terminal, now)
    return None if found is None else found[0]


@pytest.mark.promise("APR-4.06")
def test_a_person_is_unlocked_at_the_terminal_until_it_ends() -> None:
    unlocks = Unlocks(LIFE)

    assert unlocks.unlock(HERE, "per_a", 1000) == 1000 + LIFE
    assert holder(unlocks, HERE, 1000 + LIFE - 1) == "per_a"
    assert unlocks.who(HERE, 1000 + LIFE) is None


@pytest.mark.promise("APR-4.06")
@pytest.mark.parametrize(
    "other", [{"uid": 1001}, {"device": 34817}, {"session": 101}, {"shell": 201}, {"shell_started": 1000}]
)
def test_another_terminal_of_the_same_account_is_not_unlocked(other: dict[str, Any]) -> None:
    """An agent in the next window, one with another parent in this window, one whose shell has a number used again."""
    unlocks = Unlocks(LIFE)
    unlocks.unlock(HERE, "per_a", 0)

    assert unlocks.who(msgspec.structs.replace(HERE, **other), 1) is None
    assert holder(unlocks, msgspec.structs.replace(HERE), 1) == "per_a"


@pytest.mark.promise("APR-4.06")
def test_a_terminal_that_cannot_be_told_apart_is_never_unlocked() -> None:
    unlocks = Unlocks(LIFE)

    assert unlocks.unlock(None, "per_a", 0) is None
    assert unlocks.who(None, 0) is None
    unlocks.lock(None)


@pytest.mark.parametrize("lifetime", [0, -1])
def test_without_a_lifetime_nothing_is_remembered(lifetime: int) -> None:
    unlocks = Unlocks(lifetime)

    assert unlocks.unlock(HERE, "per_a", 0) is None
    assert unlocks.who(HERE, 0) is None


@pytest.mark.promise("APR-4.06")
def test_locking_ends_it_at_once_and_here_alone() -> None:
    unlocks = Unlocks(LIFE)
    there = msgspec.structs.replace(HERE, device=1)
    unlocks.unlock(HERE, "per_a", 0)
    unlocks.unlock(there, "per_a", 0)

    unlocks.lock(HERE)

    assert unlocks.who(HERE, 0) is None
    assert holder(unlocks, there, 0) == "per_a"


def test_locking_a_person_ends_every_terminal_of_theirs_and_nobody_else_s() -> None:
    unlocks = Unlocks(LIFE)
    places = [msgspec.structs.replace(HERE, device=number) for number in range(3)]
    for place, person in zip(places, ("per_a", "per_b", "per_a"), strict=True):
        unlocks.unlock(place, person, 0)

    unlocks.lock_person("per_a")

    assert [holder(unlocks, place, 0) for place in places] == [None, "per_b", None]


def test_the_next_person_takes_the_terminal_over() -> None:
    unlocks = Unlocks(LIFE)
    unlocks.unlock(HERE, "per_a", 0)

    assert unlocks.unlock(HERE, "per_b", 10) == 10 + LIFE
    assert holder(unlocks, HERE, 11) == "per_b"


def test_ended_terminals_do_not_pile_up() -> None:
    unlocks = Unlocks(LIFE)
    for number in range(100):
        unlocks.unlock(msgspec.structs.replace(HERE, shell=number), "per_a", number * LIFE)

    assert len(unlocks._open) == 1  # noqa: SLF001 - memory shows nowhere else


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_at_the_door_a_terminal_is_unlocked_by_a_password_for_minutes(sqlite_world: World) -> None:
    sqlite_world.person("alice", Role.ADMIN)
    new = {"username": "bob", "password": PASSWORD}
    assert sqlite_world.ask("POST", "/api/users", new, peer=peer_at(1)).json["error"] == "unlock_required"

    answer = sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    assert answer.json == {"username": "alice", "role": "admin", "unlocked_until": "2026-02-05T10:35:00.000000Z"}
    assert sqlite_world.ask("POST", "/api/users", new, peer=peer_at(2)).json["error"] == "unlock_required"
    assert sqlite_world.ask("POST", "/api/users", new, peer=peer_at(None)).json["error"] == "unlock_required"
    assert sqlite_world.ask("POST", "/api/users", new, peer=peer_at(1)).status == 201
    sqlite_world.clock.advance(minutes=UNLOCK_MINUTES)
    again = {"username": "carol", "password": PASSWORD}
    assert sqlite_world.ask("POST", "/api/users", again, peer=peer_at(1)).json["error"] == "unlock_required"


@pytest.mark.promise("APR-4.06")
def test_at_the_door_a_terminal_is_locked_at_once(sqlite_world: World) -> None:
    sqlite_world.person("alice", Role.ADMIN)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    assert sqlite_world.ask("POST", "/api/auth/lock", peer=peer_at(1)).status == 204

    assert sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"


@pytest.mark.promise("APR-4.06")
def test_without_a_terminal_the_answer_says_that_nothing_is_remembered(sqlite_world: World) -> None:
    sqlite_world.person("alice", Role.ADMIN)

    answer = sqlite_world.ask(
        "POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(None)
    )

    assert (answer.status, answer.json["unlocked_until"]) == (200, None)
    assert sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(None)).json["kind"] == "local"


@pytest.mark.promise("APR-4.07")
def test_what_is_unlocked_stands_in_no_file(sqlite_world: World) -> None:
    """Whoever reads the account's files, or starts a second process on them, finds nobody unlocked."""
    sqlite_world.person("alice", Role.ADMIN)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    second = open_world(sqlite_world.url, sqlite_world.folder)
    seen = second.ask("GET", "/api/auth/me", peer=peer_at(1)).json
    second.close()

    assert seen["kind"] == "local"
    assert sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(1)).json["username"] == "alice"
