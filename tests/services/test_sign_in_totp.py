"""Authenticators: enrolled by their person, each code once, and sealed so that no copy of the store gives them away."""

import threading

import pyotp
import pytest

from openpact.domain import errors
from openpact.domain.principal import Kind, Principal, Role
from openpact.services.sign_in import Proof
from tests.services.authenticator import STEP, code, enrol
from tests.world import LOCAL, PASSWORD, World, open_world


def enter(world: World, typed: str, name: str = "alice") -> str:
    return world.house.sign_in.person(LOCAL, name, Proof(otp=typed), "local/1000").username


@pytest.fixture
def alice(sqlite_world: World) -> Principal:
    return sqlite_world.person("alice", Role.REVIEWER)


@pytest.mark.promise("APR-4.05")
def test_a_person_enrols_an_authenticator_and_signs_in_with_its_code(world: World) -> None:
    alice = world.person("alice")
    enrolment = world.house.sign_in.enrol_totp(alice, PASSWORD)

    parsed = pyotp.parse_uri(enrolment.uri)
    assert (parsed.name, parsed.issuer, parsed.secret) == ("alice", "OpenPact", enrolment.secret)
    world.house.sign_in.confirm_totp(alice, code(world, enrolment.secret))
    world.clock.advance(seconds=STEP)

    assert enter(world, code(world, enrolment.secret)) == "alice"
    assert [event.outcome for event in world.events(action="totp.enrol")] == ["done"]
    assert '"by":"totp"' in world.events(action="session.unlock")[-1].details


def test_an_authenticator_counts_only_once_it_has_shown_a_code(sqlite_world: World, alice: Principal) -> None:
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret

    with pytest.raises(errors.InvalidCredentials):
        enter(sqlite_world, code(sqlite_world, secret))
    assert sqlite_world.house.people.get("alice").totp_sealed is None


def test_a_wrong_first_code_enrols_nothing_and_may_be_tried_again(sqlite_world: World, alice: Principal) -> None:
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret
    wrong = f"{(int(code(sqlite_world, secret)) + 1) % 1_000_000:06}"

    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.confirm_totp(alice, wrong)
    assert sqlite_world.house.people.get("alice").totp_sealed is None
    sqlite_world.house.sign_in.confirm_totp(alice, code(sqlite_world, secret))
    assert sqlite_world.house.people.get("alice").totp_sealed is not None


@pytest.mark.promise("OPS-3.13")
def test_first_codes_cannot_be_guessed_more_than_five_times_a_minute(sqlite_world: World, alice: Principal) -> None:
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret
    for _ in range(5):
        with pytest.raises(errors.InvalidCredentials):
            sqlite_world.house.sign_in.confirm_totp(alice, "no code")

    with pytest.raises(errors.LimitExceeded):
        sqlite_world.house.sign_in.confirm_totp(alice, code(sqlite_world, secret))


def test_nothing_is_confirmed_that_was_not_begun(sqlite_world: World, alice: Principal) -> None:
    with pytest.raises(errors.IllegalMove):
        sqlite_world.house.sign_in.confirm_totp(alice, "123456")

    enrol(sqlite_world, alice)
    with pytest.raises(errors.IllegalMove):
        sqlite_world.house.sign_in.confirm_totp(alice, "123456")


def test_what_one_person_began_another_cannot_confirm(sqlite_world: World, alice: Principal) -> None:
    bob = sqlite_world.person("bob")
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret

    with pytest.raises(errors.IllegalMove):
        sqlite_world.house.sign_in.confirm_totp(bob, code(sqlite_world, secret))


@pytest.mark.parametrize("kind", [Kind.LOCAL, Kind.TOKEN, Kind.AGENT, Kind.SYSTEM])
def test_only_a_person_has_an_authenticator(sqlite_world: World, kind: Kind) -> None:
    with pytest.raises(errors.UnlockRequired):
        sqlite_world.house.sign_in.enrol_totp(Principal(kind=kind, id="x", name="x", role=Role.ADMIN), PASSWORD)


def test_a_code_works_once(world: World) -> None:
    secret = enrol(world, world.person("alice"))
    typed = code(world, secret)
    enter(world, typed)

    with pytest.raises(errors.InvalidCredentials, match="used before"):
        enter(world, typed)

    assert world.events(action="session.unlock")[-1].outcome == "failed"
    world.clock.advance(seconds=STEP)
    enter(world, code(world, secret))


def test_the_code_that_enrolled_signs_nobody_in(sqlite_world: World, alice: Principal) -> None:
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret
    typed = code(sqlite_world, secret)
    sqlite_world.house.sign_in.confirm_totp(alice, typed)

    with pytest.raises(errors.InvalidCredentials, match="used before"):
        enter(sqlite_world, typed)


def test_of_two_doors_at_once_one_takes_the_code(world: World) -> None:
    typed = code(world, enrol(world, world.person("alice")))
    second = open_world(world.url, world.folder)
    second.clock.at = world.clock.at
    start, ended = threading.Barrier(2), list[str]()

    def race(door: World) -> None:
        start.wait(10)
        try:
            ended.append(enter(door, typed))
        except errors.InvalidCredentials as error:
            ended.append(error.message)

    runners = [threading.Thread(target=race, args=(door,)) for door in (world, second)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)
    second.close()

    assert sorted(ended) == ["This one-time code was used before.", "alice"]


@pytest.mark.parametrize("skew", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(sqlite_world: World, alice: Principal, skew: int) -> None:
    secret = enrol(sqlite_world, alice)
    sqlite_world.clock.advance(minutes=2)

    assert enter(sqlite_world, code(sqlite_world, secret, skew)) == "alice"


@pytest.mark.parametrize("skew", [-3, -2, 2, 3])
def test_a_clock_may_not_be_two_steps_off(sqlite_world: World, alice: Principal, skew: int) -> None:
    secret = enrol(sqlite_world, alice)
    sqlite_world.clock.advance(minutes=2)

    with pytest.raises(errors.InvalidCredentials):
        enter(sqlite_world, code(sqlite_world, secret, skew))


def test_a_code_older_than_one_that_was_used_is_refused(sqlite_world: World, alice: Principal) -> None:
    secret = enrol(sqlite_world, alice)
    sqlite_world.clock.advance(minutes=2)
    enter(sqlite_world, code(sqlite_world, secret, 1))

    with pytest.raises(errors.InvalidCredentials, match="used before"):
        enter(sqlite_world, code(sqlite_world, secret))


def test_a_code_may_be_typed_with_spaces(sqlite_world: World, alice: Principal) -> None:
    typed = code(sqlite_world, enrol(sqlite_world, alice))

    assert enter(sqlite_world, f" {typed[:3]} {typed[3:]} ") == "alice"


@pytest.mark.promise("OPS-3.15")
def test_wrong_codes_lock_the_account_like_wrong_passwords(sqlite_world: World, alice: Principal) -> None:
    secret = enrol(sqlite_world, alice)
    for _ in range(10):
        with pytest.raises(errors.InvalidCredentials):
            enter(sqlite_world, "no code")
        sqlite_world.clock.advance(seconds=61)
    sqlite_world.clock.advance(seconds=-10)

    with pytest.raises(errors.InvalidCredentials):
        enter(sqlite_world, code(sqlite_world, secret))


@pytest.mark.promise("APR-4.07")
def test_the_secret_is_sealed_in_the_store(sqlite_world: World, alice: Principal) -> None:
    secret = enrol(sqlite_world, alice)
    person = sqlite_world.house.people.get("alice")
    sqlite_world.store.close()

    raw = b"".join(file.read_bytes() for file in sqlite_world.folder.parent.glob("openpact.db*"))
    assert person.totp_sealed is not None
    assert person.totp_sealed.encode() in raw
    assert secret.encode() not in raw
    assert secret not in repr(person)


@pytest.mark.promise("APR-4.07")
def test_a_sealed_secret_moved_to_another_person_opens_nothing(sqlite_world: World, alice: Principal) -> None:
    """Who can write to the store puts an authenticator of their own into an administrator's place."""
    secret = enrol(sqlite_world, alice)
    sqlite_world.person("boss", Role.ADMIN)
    connection = sqlite_world.store.engine.connect()
    connection.execute(
        "UPDATE people SET totp_sealed = (SELECT totp_sealed FROM people WHERE username = 'alice') "
        "WHERE username = 'boss'"
    )
    connection.close()

    with pytest.raises(errors.KeyUnusable):
        enter(sqlite_world, code(sqlite_world, secret), "boss")
    assert enter(sqlite_world, code(sqlite_world, secret)) == "alice"


def test_one_takes_one_s_own_authenticator_away(sqlite_world: World, alice: Principal) -> None:
    secret = enrol(sqlite_world, alice)

    sqlite_world.house.sign_in.remove_totp(alice, "ALICE")

    with pytest.raises(errors.InvalidCredentials):
        enter(sqlite_world, code(sqlite_world, secret))
    (event,) = sqlite_world.events(action="totp.remove")
    assert (event.target, event.outcome) == ("alice", "done")


def test_an_administrator_takes_a_lost_authenticator_away(sqlite_world: World, alice: Principal) -> None:
    enrol(sqlite_world, alice)
    boss = sqlite_world.person("boss", Role.ADMIN)

    sqlite_world.house.sign_in.remove_totp(boss, "alice")

    assert sqlite_world.house.people.get("alice").totp_sealed is None
    (event,) = sqlite_world.events(action="person.reset_password")
    assert (event.actor, event.target, event.details) == (boss.id, "alice", '{"totp":"removed"}')


def test_nobody_else_takes_it_away(sqlite_world: World, alice: Principal) -> None:
    enrol(sqlite_world, alice)
    bob = sqlite_world.person("bob", Role.REVIEWER)

    with pytest.raises(errors.Forbidden):
        sqlite_world.house.sign_in.remove_totp(bob, "alice")

    assert sqlite_world.house.people.get("alice").totp_sealed is not None


def test_a_new_authenticator_takes_the_place_of_the_old_one(sqlite_world: World, alice: Principal) -> None:
    old = enrol(sqlite_world, alice)
    new = enrol(sqlite_world, alice)

    with pytest.raises(errors.InvalidCredentials):
        enter(sqlite_world, code(sqlite_world, old))
    assert enter(sqlite_world, code(sqlite_world, new)) == "alice"


def test_a_disabled_person_enrols_nothing(sqlite_world: World, alice: Principal) -> None:
    secret = sqlite_world.house.sign_in.enrol_totp(alice, PASSWORD).secret
    boss = sqlite_world.person("boss", Role.ADMIN)
    sqlite_world.house.people.disable(boss, "alice")

    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.confirm_totp(alice, code(sqlite_world, secret))
    assert sqlite_world.house.people.get("alice").totp_sealed is None


def test_the_password_signs_in_beside_the_authenticator(sqlite_world: World, alice: Principal) -> None:
    enrol(sqlite_world, alice)

    person = sqlite_world.house.sign_in.person(LOCAL, "alice", Proof(password=PASSWORD), "local/1000")

    assert person.username == "alice"
