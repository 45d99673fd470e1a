"""Passwords: argon2id and nothing else is kept, and an unknown name costs what a wrong password costs."""

import sqlite3
import threading

import argon2
import pytest

from openpact.domain import errors
from openpact.domain.principal import Role
from openpact.services.passwords import Passwords
from tests.services.hashing import Counting, quick
from tests.world import PASSWORD, World, peer_at


@pytest.mark.promise("OPS-3.11")
def test_a_password_is_kept_as_an_argon2id_hash_with_the_library_s_strength() -> None:
    kept = Passwords().hash(PASSWORD, "alice")

    parameters = argon2.extract_parameters(kept)
    assert kept.startswith("$argon2id$")
    assert parameters.memory_cost >= 65_536
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)
    assert PASSWORD not in kept


@pytest.mark.promise("OPS-3.11")
def test_the_database_file_holds_no_password_in_clear(sqlite_world: World) -> None:
    sqlite_world.person("alice")
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD + "!"}, peer=peer_at(1))
    path = sqlite_world.folder.parent / "openpact.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(FULL)")
    connection.close()

    raw = b"".join(file.read_bytes() for file in path.parent.glob("openpact.db*"))

    assert b"alice" in raw
    assert PASSWORD.encode() not in raw
    assert PASSWORD.encode("utf-16-le") not in raw
    assert raw.count(b"$argon2id$") >= 2


@pytest.mark.promise("OPS-3.12")
def test_an_unknown_name_is_verified_like_a_wrong_password() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    kept = passwords.hash(PASSWORD, "alice")
    passwords.fits(PASSWORD, None)  # the first one makes the hash that nobody's password fits
    hasher.hashed = hasher.verified = 0

    answers, work = [], []
    for stored in (kept, None):
        answers.append(passwords.fits("something quite different", stored))
        work.append((hasher.hashed, hasher.verified))

    assert answers == [False, False]
    assert work == [(0, 1), (0, 2)]


@pytest.mark.promise("OPS-3.12")
def test_nobody_has_the_password_that_unknown_names_are_compared_with() -> None:
    assert not Passwords(quick()).fits("nobody has this password", None)


@pytest.mark.promise("OPS-3.12")
@pytest.mark.parametrize("typed", ["\ud800 half a character", "x" * 2000])
def test_a_text_that_is_no_password_costs_a_verification_too(typed: str) -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    kept = passwords.hash(PASSWORD, "alice")

    assert not passwords.fits(typed, kept)
    assert hasher.verified == 1


def test_a_damaged_hash_fits_no_password() -> None:
    passwords = Passwords(quick())

    assert not passwords.fits(PASSWORD, "$argon2id$damaged")
    assert not passwords.fits("", "")


def test_one_password_typed_on_two_keyboards_is_one_password() -> None:
    passwords = Passwords(quick())
    composed, decomposed = "Zürich liegt am See, 1291", "Zu\u0308rich liegt am See, 1291"

    assert passwords.fits(decomposed, passwords.hash(composed, "alice"))


@pytest.mark.promise("OPS-3.08", "OPS-3.09", "OPS-3.10")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("eleven char", "at least 16"),
        ("only lower one", "at least 16"),
        ("passwordpassword", "well-known"),
        ("Password12345678!", "well-known"),
        ("bartholomew is my Name 1", "username"),
    ],
)
def test_a_bad_password_is_refused_with_the_rule_that_it_breaks(password: str, reason: str) -> None:
    with pytest.raises(errors.PasswordInvalid, match=reason) as refusal:
        Passwords(quick()).hash(password, "bartholomew")
    assert password not in refusal.value.message + str(refusal.value.hint)


@pytest.mark.promise("OPS-3.08", "OPS-3.10", "OPS-3.09")
@pytest.mark.parametrize(
    ("password", "reason"),
    [("short", "at least 16"), ("passwordpassword1", "well-known"), ("bartholomew and the rest", "username")],
)
def test_the_rules_reach_the_person_through_the_door(sqlite_world: World, password: str, reason: str) -> None:
    sqlite_world.person("founder", Role.ADMIN)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "founder", "password": PASSWORD}, peer=peer_at(1))

    answer = sqlite_world.ask("POST", "/api/users", {"username": "bartholomew", "password": password}, peer=peer_at(1))

    assert (answer.status, answer.json["error"]) == (400, "password_invalid")
    assert reason in answer.json["message"]
    assert answer.json["hint"]
    assert password not in answer.raw.decode()


@pytest.mark.promise("OPS-3.08")
@pytest.mark.parametrize("password", ["Twelve Chars 9", "sixteen letters in a row or so"])
def test_a_password_of_twelve_in_three_classes_or_of_sixteen_is_taken(password: str) -> None:
    passwords = Passwords(quick())

    assert passwords.fits(password, passwords.hash(password, "bartholomew"))


def test_a_flood_of_sign_ins_hashes_few_at_once() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    kept = passwords.hash(PASSWORD, "alice")
    crowd = [threading.Thread(target=passwords.fits, args=(PASSWORD, kept)) for _ in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(20)

    assert hasher.verified == 12
    assert hasher.most <= 2


def test_a_hash_of_weaker_settings_is_known_as_outdated() -> None:
    weak = Passwords(quick()).hash(PASSWORD, "alice")

    assert Passwords().is_outdated(weak)
    assert not Passwords().is_outdated(Passwords().hash(PASSWORD, "alice"))
