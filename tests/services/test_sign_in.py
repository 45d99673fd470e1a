"""Signing in by password: who it lets in, how often it may be tried, and how long failures lock an account."""

from collections.abc import Callable
from typing import Literal, TypeVar

import argon2
import pytest
from structlog.testing import capture_logs

from openpact.adapters import keyring
from openpact.adapters.store import Durability, Transaction
from openpact.adapters.store.people import Person
from openpact.domain import errors, instant
from openpact.domain.principal import Role
from openpact.services import sign_in, tries
from openpact.services.ledger import Ledger
from openpact.services.passwords import Passwords
from openpact.services.sign_in import Proof, SignIn
from tests.services.hashing import Counting
from tests.world import LOCAL, PASSWORD, World, open_world

WRONG = "an otter sleeps under the bridge"
HERE = "local/1000"
T = TypeVar("T")


def enter(world: World, name: str = "alice", proof: Proof | str = PASSWORD, address: str = HERE) -> Person:
    brought = Proof(password=proof) if isinstance(proof, str) else proof
    return world.house.sign_in.person(LOCAL, name, brought, address, "req_1")


def fail(world: World, times: int = 1, name: str = "alice") -> None:
    for _ in range(times):
        with pytest.raises(errors.InvalidCredentials):
            enter(world, name, WRONG)
        world.clock.advance(seconds=61)  # the limit of tries is another matter


@pytest.fixture
def alice(sqlite_world: World) -> World:
    sqlite_world.person("alice", Role.REVIEWER, ("ops",))
    return sqlite_world


@pytest.mark.promise("APR-4.04")
def test_the_right_password_gives_the_person_and_is_recorded(world: World) -> None:
    made = world.person("alice")

    person = enter(world)

    assert person.id == made.id
    (event,) = world.events(action="session.unlock", target="alice")
    assert (event.outcome, event.actor, event.request_id) == ("done", LOCAL.id, "req_1")
    assert '"by":"password"' in event.details
    assert made.id in event.details
    assert world.house.people.get("alice").seen_at == world.clock.at


def test_a_name_is_read_in_any_case(alice: World) -> None:
    assert enter(alice, "ALICE").username == "alice"


@pytest.mark.promise("OPS-3.12")
@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "locked", "no name", "no proof", "code without one"])
def test_every_failure_reads_the_same(alice: World, case: str) -> None:
    boss = alice.person("boss", Role.ADMIN)
    name, proof = "alice", Proof(password=PASSWORD)
    match case:
        case "wrong":
            proof = Proof(password=WRONG)
        case "unknown":
            name = "mallory"
        case "disabled":
            alice.house.people.disable(boss, "alice")
        case "locked":
            fail(alice, 10)
            alice.clock.advance(seconds=-61)
        case "no name":
            name = "<script>\n"
        case "no proof":
            proof = Proof()
        case "code without one":
            proof = Proof(otp="123456")

    with pytest.raises(errors.InvalidCredentials) as refusal:
        enter(alice, name, proof)

    assert type(refusal.value) is errors.InvalidCredentials
    assert refusal.value.message == "Username and password or code do not fit together."
    assert refusal.value.hint == "Check the username and what you typed."
    last = alice.events(action="session.unlock")[-1]
    assert last.outcome == "refused"
    assert last.target == ("unknown" if case in {"no name", "unknown"} else name)


def test_a_name_that_nobody_has_is_kept_nowhere(sqlite_world: World) -> None:
    world, piped = sqlite_world, "pem-line-1-secret"
    world.person("alice")
    with capture_logs() as lines, pytest.raises(errors.InvalidCredentials):
        enter(world, piped, "line2")

    (event,) = world.events(action="session.unlock")
    assert (event.outcome, event.target) == ("refused", "unknown")
    assert piped not in repr(world.events()) + repr(lines)
    world.store.close()
    raw = b"".join(file.read_bytes() for file in world.folder.parent.rglob("*") if file.is_file())
    assert b"session.unlock" in raw
    assert piped.encode() not in raw


class CountingLedger(Ledger):
    """The real ledger, which also counts the commits that wait for the disk."""

    durable = 0

    def keep(self, job: Callable[[Transaction], T], durability: Durability = Durability.NORMAL) -> T:
        self.durable += durability is Durability.FULL
        return super().keep(job, durability)


@pytest.mark.promise("OPS-3.12")
@pytest.mark.parametrize("proof", [Proof(password=WRONG), Proof(otp="000000")])
def test_an_unknown_a_known_a_disabled_and_a_locked_name_cost_the_same_work(alice: World, proof: Proof) -> None:
    boss = alice.person("boss", Role.ADMIN)
    for name in ("known", "disabled", "locked"):
        alice.person(name)
    alice.house.people.disable(boss, "disabled")
    fail(alice, 10, "locked")
    alice.clock.advance(seconds=-61)
    hasher, ledger = Counting(), CountingLedger(alice.store, clock=alice.clock)
    door = SignIn(alice.store, ledger, Passwords(hasher), _keys(alice), "OpenPact")
    work = {}

    for name in ("warm-up", "unknown", "known", "disabled", "locked"):
        hasher.verified = hasher.hashed = ledger.durable = 0
        before = len(alice.events())
        with pytest.raises(errors.InvalidCredentials):
            door.person(LOCAL, name, proof, f"local/{name}")
        work[name] = (hasher.verified, hasher.hashed, ledger.durable, len(alice.events()) - before)

    assert work.pop("warm-up") == (1, 1, 3, 1)  # once in a process the hash that nobody's password fits is made
    assert work == dict.fromkeys(("unknown", "known", "disabled", "locked"), (1, 0, 3, 1))


@pytest.mark.promise("OPS-3.13")
def test_the_sixth_try_of_a_minute_is_refused_even_with_the_right_password(world: World) -> None:
    world.person("alice")
    for _ in range(tries.A_MINUTE):
        with pytest.raises(errors.InvalidCredentials):
            enter(world, "alice", WRONG)
        world.clock.advance(seconds=1)

    with pytest.raises(errors.LimitExceeded) as refusal:
        enter(world)

    assert refusal.value.retry_after == 55
    world.clock.advance(seconds=55)
    enter(world)


@pytest.mark.promise("OPS-3.13")
def test_names_that_do_not_exist_are_limited_like_others(alice: World) -> None:
    for _ in range(5):
        with pytest.raises(errors.InvalidCredentials):
            enter(alice, "mallory", WRONG)

    with pytest.raises(errors.LimitExceeded):
        enter(alice, "MALLORY", WRONG)


@pytest.mark.promise("OPS-3.13")
def test_one_account_s_limit_is_not_another_s(alice: World) -> None:
    alice.person("bob")
    for _ in range(5):
        with pytest.raises(errors.InvalidCredentials):
            enter(alice, "alice", WRONG)

    assert enter(alice, "bob").username == "bob"


def test_one_address_does_not_walk_through_every_account(alice: World) -> None:
    for number in range(sign_in.TRIES_A_MINUTE_FROM_ONE_ADDRESS):
        with pytest.raises(errors.InvalidCredentials):
            enter(alice, f"name{number}", WRONG, "192.0.2.7")

    with pytest.raises(errors.LimitExceeded):
        enter(alice, "alice", PASSWORD, "192.0.2.7")
    assert enter(alice, "alice", PASSWORD, "192.0.2.8").username == "alice"


@pytest.mark.promise("OPS-3.13")
def test_who_proves_it_may_do_so_as_often_as_there_are_acts(alice: World) -> None:
    for _ in range(40):
        enter(alice)


@pytest.mark.promise("OPS-3.15")
def test_ten_failures_lock_the_account_and_the_right_password_does_not_pass(world: World) -> None:
    world.person("alice")
    fail(world, 9)
    assert world.house.people.get("alice").locked_until == 0
    fail(world)
    world.clock.advance(seconds=-2)  # a second before the lock's minute is over

    with pytest.raises(errors.InvalidCredentials):
        enter(world)

    world.clock.advance(seconds=2)
    assert enter(world).username == "alice"


@pytest.mark.promise("OPS-3.15")
def test_each_further_failure_locks_twice_as_long_up_to_an_hour(alice: World) -> None:
    fail(alice, 9)
    locks = []
    for _ in range(9):
        with pytest.raises(errors.InvalidCredentials):
            enter(alice, "alice", WRONG)
        locked_until = alice.house.people.get("alice").locked_until
        locks.append((locked_until - alice.clock.at) // instant.MINUTE)
        alice.clock.at = locked_until

    assert locks == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.promise("OPS-3.15")
def test_knocking_at_a_lock_does_not_make_it_longer(alice: World) -> None:
    fail(alice, 10)
    alice.clock.advance(seconds=-61)
    before = alice.house.people.get("alice")
    for _ in range(3):
        with pytest.raises(errors.InvalidCredentials):
            enter(alice, "alice", WRONG)

    assert alice.house.people.get("alice") == before


@pytest.mark.promise("OPS-3.15")
def test_a_restart_does_not_forget_a_lock(world: World) -> None:
    world.person("alice")
    fail(world, 10)
    world.store.close()

    again = open_world(world.url, world.folder)
    again.clock.at = world.clock.at - 2 * instant.SECOND
    with pytest.raises(errors.InvalidCredentials):
        enter(again)
    again.close()


@pytest.mark.promise("OPS-3.15")
def test_a_sign_in_forgives_the_failures_before_it(alice: World) -> None:
    fail(alice, 9)
    enter(alice)
    assert alice.house.people.get("alice").failures == 0
    fail(alice, 9)

    assert enter(alice).username == "alice"


@pytest.mark.promise("OPS-3.15")
def test_an_administrator_s_new_password_lifts_the_lock(alice: World) -> None:
    boss = alice.person("boss", Role.ADMIN)
    fail(alice, 10)

    alice.house.people.reset_password(boss, "alice", "a third one, also quite long", None)

    assert enter(alice, "alice", "a third one, also quite long").failures == 0


@pytest.mark.promise("OPS-5.03")
def test_failures_are_recorded_and_hold_nothing_that_was_typed(alice: World) -> None:
    fail(alice, 2)

    refused = alice.events(action="session.unlock", outcome="refused")
    assert [(event.target, event.actor) for event in refused] == [("alice", LOCAL.id)] * 2
    assert WRONG not in repr(alice.events())


def test_a_password_changed_between_proof_and_act_is_not_enough(alice: World) -> None:
    """The account is changed while the password is being verified: what was proven is no longer true."""
    boss = alice.person("boss", Role.ADMIN)

    class Changing(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's
            fits = super().verify(hash, password)
            alice.house.people.reset_password(boss, "alice", "meanwhile there is another", None)
            return fits

    door = SignIn(
        alice.store,
        alice.ledger,
        Passwords(Changing(time_cost=1, memory_cost=64, parallelism=1)),
        _keys(alice),
        "OpenPact",
    )

    with pytest.raises(errors.InvalidCredentials, match="changed a moment ago"):
        door.person(LOCAL, "alice", Proof(password=PASSWORD), HERE)


def _keys(world: World) -> keyring.Keyring:
    return keyring.open_keyring(world.folder / "master.key")
