"""People: who may change them, what a change ends, and that somebody is always left who may."""

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from openpact.adapters.store.people import Person
from openpact.domain import errors
from openpact.domain.principal import Principal, Role
from openpact.services import standing
from openpact.services.sign_in import Proof
from tests.services.authenticator import enrol
from tests.waiting import until
from tests.world import LOCAL, PASSWORD, World, open_world, peer_at

NEW = "a third one, also quite long"


@pytest.fixture
def boss(sqlite_world: World) -> Principal:
    return sqlite_world.person("boss", Role.ADMIN)


def role_of(world: World, name: str) -> Role:
    return world.house.people.get(name).role


@pytest.mark.promise("OPS-3.27", "OPS-3.28")
def test_an_administrator_adds_a_person_with_role_and_groups(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)

    made = world.house.people.add(boss, "Alice", PASSWORD, Role.REVIEWER, ("ops", "night-shift", "ops"), "req_9")

    assert world.house.people.get("alice") == made
    assert (made.username, made.role, made.groups, made.state) == (
        "alice",
        Role.REVIEWER,
        ("night-shift", "ops"),
        "active",
    )
    assert (made.created_by, made.created_at) == (boss.id, world.clock.at)
    (event,) = world.events(action="person.add")
    assert (event.actor, event.target, event.outcome, event.request_id) == (boss.id, "alice", "done", "req_9")
    assert event.details == f'{{"groups":["night-shift","ops"],"person":"{made.id}","role":"reviewer"}}'


@pytest.mark.parametrize("name", ["alice", "ALICE"])
def test_a_name_belongs_to_one_person(world: World, name: str) -> None:
    boss = world.person("boss", Role.ADMIN)
    world.person("alice")

    with pytest.raises(errors.AlreadyExists):
        world.house.people.add(boss, name, PASSWORD, Role.VIEWER, ())

    assert len(world.house.people.everyone()) == 2
    assert world.events(action="person.add")[-1].outcome == "failed"


@pytest.mark.parametrize("name", ["", "per_1", "root", "a b", "ålice", "x" * 65, "-a"])
def test_what_is_no_username_is_refused(sqlite_world: World, boss: Principal, name: str) -> None:
    with pytest.raises(errors.Invalid):
        sqlite_world.house.people.add(boss, name, PASSWORD, Role.VIEWER, ())


@pytest.mark.promise("API-1.12", "OPS-5.03")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_who_is_no_administrator_changes_nobody_and_the_try_is_recorded(sqlite_world: World, role: Role) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    eve = sqlite_world.person("eve", role)
    sqlite_world.person("alice")
    before = sqlite_world.house.people.everyone()
    people = sqlite_world.house.people
    tries: dict[str, Callable[[], Person]] = {
        "person.add": lambda: people.add(eve, "mallory", PASSWORD, Role.ADMIN, ()),
        "person.set_role": lambda: people.set_role(eve, "eve", Role.ADMIN),
        "person.regroup": lambda: people.regroup(eve, "eve", ("approvers",)),
        "person.disable": lambda: people.disable(eve, "boss"),
        "person.enable": lambda: people.enable(eve, "alice"),
        "person.reset_password": lambda: people.reset_password(eve, "boss", NEW, None),
    }

    for action, attempt in tries.items():
        with pytest.raises(errors.Forbidden):
            attempt()
        last = sqlite_world.events()[-1]
        assert (last.action, last.outcome, last.actor) == (action, "refused", eve.id)

    assert sqlite_world.house.people.everyone() == before


def test_authority_is_that_of_now_and_not_of_sign_in(sqlite_world: World, boss: Principal) -> None:
    second = sqlite_world.person("second", Role.ADMIN)
    sqlite_world.house.people.set_role(boss, "second", Role.VIEWER)

    assert second.role is Role.ADMIN  # what was carried along still says so
    with pytest.raises(errors.Forbidden):
        sqlite_world.house.people.disable(second, "boss")


@pytest.mark.promise("OPS-3.27")
def test_a_role_is_changed_and_both_are_recorded(sqlite_world: World, boss: Principal) -> None:
    sqlite_world.person("alice")

    after = sqlite_world.house.people.set_role(boss, "Alice", Role.REVIEWER)

    assert after.role is role_of(sqlite_world, "alice") is Role.REVIEWER
    assert sqlite_world.events(action="person.set_role")[0].details == '{"before":"viewer","role":"reviewer"}'


@pytest.mark.promise("OPS-3.28")
def test_groups_are_put_in_place_whole(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)
    world.person("alice", groups=("ops",))

    after = world.house.people.regroup(boss, "alice", ("night", "day"))

    assert after.groups == ("day", "night")
    assert world.house.people.regroup(boss, "alice", ()).groups == ()
    assert world.events(action="person.regroup")[0].details == '{"before":["ops"],"groups":["day","night"]}'


@pytest.mark.promise("OPS-3.28")
@pytest.mark.parametrize(
    "groups", [("Ops",), ("a b",), ("",), ("-",), ("x" * 65,), ("gröup",), tuple(f"g{number}" for number in range(33))]
)
def test_what_is_no_group_is_refused(sqlite_world: World, boss: Principal, groups: tuple[str, ...]) -> None:
    with pytest.raises(errors.Invalid):
        sqlite_world.house.people.regroup(boss, "boss", groups)


@pytest.mark.promise("OPS-3.23", "OPS-3.31")
def test_a_disabled_person_loses_terminals_and_tokens_at_once(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)
    alice = world.person("alice", Role.REVIEWER)
    _, text = world.house.tokens.create(alice, "ci", ("audit:read",), 10)
    world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    after = world.house.people.disable(boss, "alice")

    assert after.state == "disabled"
    assert world.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"
    assert world.ask("GET", "/api/auth/me", headers={"authorization": f"Bearer {text}"}).status == 401
    with pytest.raises(errors.InvalidCredentials):
        world.house.people.reset_password(alice, "alice", NEW, PASSWORD)
    assert world.events(action="person.disable")[0].details == '{"tokens_revoked":1}'


@pytest.mark.promise("OPS-3.31")
def test_who_is_enabled_again_signs_in_anew_and_has_no_tokens(sqlite_world: World, boss: Principal) -> None:
    alice = sqlite_world.person("alice")
    _, text = sqlite_world.house.tokens.create(alice, "ci", ("audit:read",), 10)
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))
    sqlite_world.house.people.disable(boss, "alice")

    assert sqlite_world.house.people.enable(boss, "alice").active

    assert sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"
    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.token(text)
    proof = Proof(password=PASSWORD)
    assert sqlite_world.house.sign_in.person(LOCAL, "alice", proof, "local/0").username == "alice"


def test_a_state_that_is_there_already_is_an_illegal_move(sqlite_world: World, boss: Principal) -> None:
    sqlite_world.person("alice")

    with pytest.raises(errors.IllegalMove):
        sqlite_world.house.people.enable(boss, "alice")
    sqlite_world.house.people.disable(boss, "alice")
    with pytest.raises(errors.IllegalMove):
        sqlite_world.house.people.disable(boss, "alice")


def test_nobody_by_that_name_is_not_found(sqlite_world: World, boss: Principal) -> None:
    with pytest.raises(errors.NotFound):
        sqlite_world.house.people.set_role(boss, "nobody-here", Role.VIEWER)
    with pytest.raises(errors.NotFound):
        sqlite_world.house.people.get("nobody-here")


def test_the_last_administrator_is_kept(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)
    world.person("gone", Role.ADMIN)
    world.house.people.disable(boss, "gone")  # an administrator who may not act does not count

    with pytest.raises(errors.LastAdministrator):
        world.house.people.disable(boss, "boss")
    with pytest.raises(errors.LastAdministrator):
        world.house.people.set_role(boss, "boss", Role.REVIEWER)

    kept = world.house.people.get("boss")
    assert (kept.role, kept.active) == (Role.ADMIN, True)
    assert [event.outcome for event in world.events()[-2:]] == ["failed", "failed"]


def test_one_of_two_administrators_may_go(sqlite_world: World, boss: Principal) -> None:
    sqlite_world.person("second", Role.ADMIN)

    sqlite_world.house.people.set_role(boss, "boss", Role.VIEWER)

    assert role_of(sqlite_world, "boss") is Role.VIEWER


def test_the_last_administrator_stays_one_when_named_so_again(sqlite_world: World, boss: Principal) -> None:
    assert sqlite_world.house.people.set_role(boss, "boss", Role.ADMIN).role is Role.ADMIN


@pytest.mark.promise("OPS-7.05")
@pytest.mark.parametrize("take_away", ["disable", "set_role"])
def test_two_administrators_who_take_each_other_s_place_at_once_do_not_both_succeed(
    world: World, take_away: str
) -> None:
    """Each of two daemons sees two administrators when it begins."""
    world.person("one", Role.ADMIN)
    world.person("two", Role.ADMIN)
    second = open_world(world.url, world.folder)
    second.clock.at = world.clock.at
    start, ended = threading.Barrier(2), list[str]()

    def race(door: World, name: str, other: str) -> None:
        who = standing.of_person(door.house.people.get(name))
        start.wait(10)
        try:
            if take_away == "disable":
                door.house.people.disable(who, other)
            else:
                door.house.people.set_role(who, other, Role.VIEWER)
        except errors.OpenPactError as error:
            ended.append(error.code)
        else:
            ended.append("done")

    pairs = ((world, "one", "two"), (second, "two", "one"))
    runners = [threading.Thread(target=race, args=pair) for pair in pairs]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)
    second.close()

    assert ended.count("done") == 1, ended
    left = [each for each in world.house.people.everyone() if each.role is Role.ADMIN and each.active]
    assert len(left) == 1


def test_who_counts_the_other_administrators_waits_for_the_one_who_is_taking_one_away(
    postgres_url: str, tmp_path: Path
) -> None:
    """Without that wait the count is of a moment ago, and the last administrator goes."""
    world = open_world(postgres_url, tmp_path / "secure")
    world.person("one", Role.ADMIN)
    two = world.person("two", Role.ADMIN)
    ended: list[str] = []

    def leave() -> None:
        try:
            world.house.people.set_role(two, "two", Role.VIEWER)
        except errors.OpenPactError as error:
            ended.append(error.code)
        else:
            ended.append("done")

    leaving = threading.Thread(target=leave)
    with psycopg.connect(postgres_url) as other, psycopg.connect(postgres_url, autocommit=True) as watch:
        other.execute("UPDATE people SET state = 'disabled' WHERE username = 'one'")
        leaving.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        until(lambda: ended or watch.execute(waiting).fetchone())
        other.commit()
    leaving.join(20)

    assert ended == ["last_administrator"]
    assert role_of(world, "two") is Role.ADMIN
    world.close()


@pytest.mark.promise("OPS-3.23")
def test_one_s_own_password_is_changed_with_the_current_one_and_locks_every_terminal(sqlite_world: World) -> None:
    alice = sqlite_world.person("alice")
    for number in (1, 2):
        sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(number))

    sqlite_world.house.people.reset_password(alice, "Alice", NEW, PASSWORD)

    kinds = [sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(number)).json["kind"] for number in (1, 2)]
    assert kinds == ["local", "local"]
    (event,) = sqlite_world.events(action="password.change")
    assert (event.actor, event.outcome) == (alice.id, "done")
    assert sqlite_world.house.sign_in.person(LOCAL, "alice", Proof(password=NEW), "local/0").id == alice.id
    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.person(LOCAL, "alice", Proof(password=PASSWORD), "local/0")


@pytest.mark.promise("OPS-3.13", "OPS-5.03")
@pytest.mark.parametrize("current", [None, "", "an otter sleeps under the bridge"])
def test_without_the_current_password_it_stays_and_cannot_be_guessed(sqlite_world: World, current: str | None) -> None:
    """A terminal that was left unlocked must not be enough to keep the account."""
    boss = sqlite_world.person("boss", Role.ADMIN)
    for _ in range(5):
        with pytest.raises(errors.InvalidCredentials):
            sqlite_world.house.people.reset_password(boss, "boss", NEW, current)
    with pytest.raises(errors.LimitExceeded):
        sqlite_world.house.people.reset_password(boss, "boss", NEW, PASSWORD)

    assert [event.outcome for event in sqlite_world.events(action="password.change")] == ["refused"] * 5
    sqlite_world.clock.advance(minutes=1)
    assert sqlite_world.house.sign_in.person(LOCAL, "boss", Proof(password=PASSWORD), "local/0").id == boss.id


def test_an_administrator_resets_another_s_password_without_knowing_it(sqlite_world: World, boss: Principal) -> None:
    sqlite_world.person("alice")
    sqlite_world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))

    sqlite_world.house.people.reset_password(boss, "alice", NEW, None)

    assert sqlite_world.ask("GET", "/api/auth/me", peer=peer_at(1)).json["kind"] == "local"
    (event,) = sqlite_world.events(action="person.reset_password")
    assert (event.target, NEW in event.details) == ("alice", False)


@pytest.mark.promise("OPS-3.23", "OPS-3.31")
@pytest.mark.parametrize("by", ["alice", "boss"])
def test_a_new_password_ends_what_somebody_else_may_have_enrolled_or_made(sqlite_world: World, by: str) -> None:
    who = {"boss": sqlite_world.person("boss", Role.ADMIN), "alice": sqlite_world.person("alice")}
    enrol(sqlite_world, who["alice"])
    _, text = sqlite_world.house.tokens.create(who["alice"], "ci", ("audit:read",), 10)

    after = sqlite_world.house.people.reset_password(who[by], "alice", NEW, PASSWORD)

    assert after.totp_sealed is None
    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.token(text)
    assert sqlite_world.events()[-1].details == '{"tokens_revoked":1}'


def test_a_token_does_not_take_its_owner_s_account_over(sqlite_world: World, boss: Principal) -> None:
    _, text = sqlite_world.house.tokens.create(boss, "ci", ("people:write",), 10)
    who = sqlite_world.house.sign_in.token(text)
    before = sqlite_world.house.people.get("boss")

    with pytest.raises(errors.Forbidden):
        sqlite_world.house.people.reset_password(who, "boss", NEW, None)

    assert sqlite_world.house.people.get("boss") == before


def test_who_may_not_act_is_told_so_before_anything_about_the_password(sqlite_world: World) -> None:
    eve = sqlite_world.person("eve")

    with pytest.raises(errors.Forbidden):
        sqlite_world.house.people.add(eve, "no name!", "short", Role.VIEWER, ())
    with pytest.raises(errors.Forbidden):
        sqlite_world.house.people.reset_password(eve, "founder", "short", None)

    assert [event.outcome for event in sqlite_world.events()[-2:]] == ["refused", "refused"]


def test_a_new_password_keeps_the_rules(sqlite_world: World, boss: Principal) -> None:
    sqlite_world.person("alice")
    before = sqlite_world.house.people.get("alice")

    with pytest.raises(errors.PasswordInvalid):
        sqlite_world.house.people.reset_password(boss, "alice", "short", None)

    assert sqlite_world.house.people.get("alice") == before
