"""API tokens: shown once, kept as a hash, never more than their scopes and never more than their owner."""

import re
import threading

import pytest

from openpact.domain import errors, instant
from openpact.domain.principal import SCOPES, Action, Kind, Principal, Role
from openpact.services import standing
from tests.world import LOCAL, World

ALL = tuple(SCOPES)


def make(world: World, who: Principal, *scopes: str, name: str = "ci", days: int = 10) -> tuple[str, str]:
    token, text = world.house.tokens.create(who, name, scopes or ("audit:read",), days, "req_1")
    return token.id, text


def may(world: World, who: Principal, action: Action) -> bool:
    with world.store.reading() as snapshot:
        try:
            standing.authorise(snapshot, who, action, world.clock.at)
        except errors.Forbidden:
            return False
    return True


@pytest.fixture
def boss(sqlite_world: World) -> Principal:
    return sqlite_world.person("boss", Role.ADMIN)


@pytest.mark.promise("OPS-3.29")
def test_a_token_is_shown_when_it_is_made_and_only_its_hash_is_kept(sqlite_world: World, boss: Principal) -> None:
    made, text = make(sqlite_world, boss)

    assert re.fullmatch(r"opt_[A-Za-z0-9_-]{43}", text)  # 256 bits
    said = repr(sqlite_world.house.tokens.everything()) + repr(sqlite_world.events())
    assert made in said
    assert text not in said
    assert text[4:20] not in said
    sqlite_world.store.close()
    raw = b"".join(file.read_bytes() for file in sqlite_world.folder.parent.glob("openpact.db*"))
    assert made.encode() in raw
    assert text.encode() not in raw
    assert text[4:].encode() not in raw


def test_no_two_tokens_are_alike(sqlite_world: World, boss: Principal) -> None:
    assert len({make(sqlite_world, boss, name=f"t{number}")[1] for number in range(20)}) == 20


@pytest.mark.promise("OPS-3.30", "APR-4.04")
def test_a_token_signs_in_as_itself_with_its_owner_s_standing(world: World) -> None:
    alice = world.person("alice", Role.REVIEWER, ("ops",))
    made, text = make(world, alice, "audit:read", "status:read")

    who = world.house.sign_in.token(text)

    assert who == Principal(
        kind=Kind.TOKEN,
        id=made,
        name="alice/ci",
        role=Role.REVIEWER,
        scopes=frozenset({"audit:read", "status:read"}),
        groups=frozenset({"ops"}),
        owner=alice.id,
    )
    (event,) = world.events(action="token.create")
    assert (event.actor, event.target, event.request_id) == (alice.id, made, "req_1")
    assert '"scopes":["audit:read","status:read"]' in event.details


@pytest.mark.promise("OPS-3.30")
@pytest.mark.parametrize("scope", ALL)
def test_an_administrator_s_token_reaches_its_scope_and_nothing_else(
    sqlite_world: World, boss: Principal, scope: str
) -> None:
    _, text = make(sqlite_world, boss, scope)
    who = sqlite_world.house.sign_in.token(text)

    assert {action for action in Action if may(sqlite_world, who, action)} == set(SCOPES[scope])


@pytest.mark.promise("OPS-3.30")
def test_a_role_that_is_lowered_lowers_the_tokens_that_exist(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)
    other = world.person("other", Role.ADMIN)
    _, text = make(world, other, *ALL)
    carried = world.house.sign_in.token(text)
    assert may(world, carried, Action.PERSON_ADD)

    world.house.people.set_role(boss, "other", Role.VIEWER)

    for who in (carried, world.house.sign_in.token(text)):  # also what signed in a moment before
        reached = {action for action in Action if may(world, who, action)}
        assert reached == {
            *(Action.AUDIT_READ, Action.PERSON_READ, Action.SECRET_READ, Action.STATUS_READ, Action.TOKEN_READ)
        }


@pytest.mark.promise("OPS-3.30")
def test_a_viewer_s_token_is_no_more_than_a_viewer(sqlite_world: World) -> None:
    viewer = sqlite_world.person("viewer")
    _, text = make(sqlite_world, viewer, "people:write", "audit:read")
    who = sqlite_world.house.sign_in.token(text)

    assert {action for action in Action if may(sqlite_world, who, action)} == {Action.PERSON_READ, Action.AUDIT_READ}
    with pytest.raises(errors.Forbidden):
        sqlite_world.house.people.set_role(who, "viewer", Role.ADMIN)


@pytest.mark.promise("OPS-3.31")
def test_a_token_ends_at_its_expiry(world: World) -> None:
    alice = world.person("alice")
    _, text = make(world, alice, days=1)
    world.clock.advance(days=1, seconds=-1)
    carried = world.house.sign_in.token(text)
    assert may(world, carried, Action.AUDIT_READ)

    world.clock.advance(seconds=1)

    with pytest.raises(errors.InvalidCredentials):
        world.house.sign_in.token(text)
    with pytest.raises(errors.InvalidCredentials):
        may(world, carried, Action.AUDIT_READ)


@pytest.mark.promise("OPS-3.31")
def test_a_token_ends_when_revoked(world: World) -> None:
    alice = world.person("alice")
    made, text = make(world, alice)
    carried = world.house.sign_in.token(text)

    world.house.tokens.revoke(alice, made, "req_2")

    with pytest.raises(errors.InvalidCredentials):
        world.house.sign_in.token(text)
    with pytest.raises(errors.InvalidCredentials):
        may(world, carried, Action.AUDIT_READ)
    (event,) = world.events(action="token.revoke")
    assert (event.actor, event.target, event.request_id) == (alice.id, made, "req_2")
    with pytest.raises(errors.IllegalMove):
        world.house.tokens.revoke(alice, made)


@pytest.mark.promise("OPS-3.31")
def test_a_token_that_a_disabled_person_still_has_opens_nothing(sqlite_world: World, boss: Principal) -> None:
    """Made in the moment when its owner was being disabled, so that it was not ended with the others."""
    alice = sqlite_world.person("alice")
    _, text = make(sqlite_world, alice)
    carried = sqlite_world.house.sign_in.token(text)
    sqlite_world.house.people.disable(boss, "alice")
    connection = sqlite_world.store.engine.connect()
    connection.execute("UPDATE tokens SET revoked_at = NULL")
    connection.close()

    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.token(text)
    with pytest.raises(errors.InvalidCredentials):
        may(sqlite_world, carried, Action.AUDIT_READ)


def test_an_administrator_ends_anybody_s_token_and_others_only_their_own(sqlite_world: World, boss: Principal) -> None:
    alice, bob = sqlite_world.person("alice", Role.REVIEWER), sqlite_world.person("bob", Role.REVIEWER)
    made, text = make(sqlite_world, alice)

    with pytest.raises(errors.Forbidden):
        sqlite_world.house.tokens.revoke(bob, made)
    assert sqlite_world.house.sign_in.token(text).owner == alice.id

    assert sqlite_world.house.tokens.revoke(boss, made).owner == alice.id
    assert f'"owner":"{alice.id}"' in sqlite_world.events(action="token.revoke")[-1].details


def test_an_administrator_of_yesterday_ends_only_their_own(sqlite_world: World, boss: Principal) -> None:
    yesterday = sqlite_world.person("yesterday", Role.ADMIN)
    made, _ = make(sqlite_world, boss)
    sqlite_world.house.people.set_role(boss, "yesterday", Role.REVIEWER)

    with pytest.raises(errors.Forbidden):
        sqlite_world.house.tokens.revoke(yesterday, made)


def test_what_does_not_exist_is_not_found(sqlite_world: World, boss: Principal) -> None:
    with pytest.raises(errors.NotFound):
        sqlite_world.house.tokens.revoke(boss, "tok_0000000000000000000000000a")


@pytest.mark.promise("OPS-3.30")
def test_a_token_makes_and_ends_no_token(sqlite_world: World, boss: Principal) -> None:
    made, text = make(sqlite_world, boss, *ALL)
    who = sqlite_world.house.sign_in.token(text)

    with pytest.raises(errors.Forbidden):
        make(sqlite_world, who, name="child")
    with pytest.raises(errors.Forbidden):
        sqlite_world.house.tokens.revoke(who, made)

    assert len(sqlite_world.house.tokens.everything()) == 1


@pytest.mark.promise("APR-4.05")
@pytest.mark.parametrize("role", [None, Role.ADMIN])
def test_the_machine_s_account_owns_no_token(sqlite_world: World, role: Role | None) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    local = Principal(kind=Kind.LOCAL, id=LOCAL.id, name=LOCAL.name, role=role)

    with pytest.raises(errors.UnlockRequired):
        make(sqlite_world, local)


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [
        ("ci", (), 10),
        ("ci", ("audit:write",), 10),
        ("ci", ("audit:read", "*"), 10),
        ("ci", ("mcp:call",), 10),
        ("ci", ("audit:read",), 0),
        ("ci", ("audit:read",), -1),
        ("ci", ("audit:read",), 367),
        ("ci", ("audit:read",), 10**40),
        ("", ("audit:read",), 10),
        ("   ", ("audit:read",), 10),
        ("x" * 65, ("audit:read",), 10),
        ("line\nend", ("audit:read",), 10),
        ("right\u202eleft", ("audit:read",), 10),
    ],
)
def test_what_makes_no_sense_is_refused(
    sqlite_world: World, boss: Principal, name: str, scopes: tuple[str, ...], days: int
) -> None:
    with pytest.raises(errors.Invalid):
        sqlite_world.house.tokens.create(boss, name, scopes, days)

    assert sqlite_world.house.tokens.everything() == []


def test_an_unknown_scope_is_answered_with_those_there_are(sqlite_world: World, boss: Principal) -> None:
    with pytest.raises(errors.Invalid, match="'audit:red'") as refusal:
        make(sqlite_world, boss, "audit:red")

    assert refusal.value.hint is not None
    assert all(scope in refusal.value.hint for scope in SCOPES)


def test_a_name_is_free_again_once_its_token_has_ended(world: World) -> None:
    alice = world.person("alice")
    bob = world.person("bob")
    made, _ = make(world, alice)
    make(world, bob)  # another's of the same name is no matter

    with pytest.raises(errors.AlreadyExists):
        make(world, alice, name=" ci ")
    world.house.tokens.revoke(alice, made)
    make(world, alice)

    assert [owner for _, owner in world.house.tokens.everything()].count("alice") == 2


def test_of_two_tokens_of_one_name_made_at_once_one_is_made(world: World) -> None:
    alice, ended = world.person("alice"), list[str]()
    start = threading.Barrier(4)

    def race() -> None:
        start.wait(10)
        try:
            make(world, alice)
        except errors.AlreadyExists as error:
            ended.append(error.code)
        else:
            ended.append("done")

    runners = [threading.Thread(target=race) for _ in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)

    assert sorted(ended) == ["already_exists"] * 3 + ["done"]


@pytest.mark.parametrize(
    "text", ["", "opt_", "opt_" + "A" * 43, "opt_\ud800", "opt_ö", "x" * 100_000, "' OR 1=1 --", "opt_%"]
)
def test_what_is_no_token_is_refused(sqlite_world: World, boss: Principal, text: str) -> None:
    make(sqlite_world, boss)

    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.token(text)


def test_the_use_of_a_token_is_noted_once_a_minute(sqlite_world: World, boss: Principal) -> None:
    _, text = make(sqlite_world, boss)
    seen = []
    for seconds in (0, 30, 31):
        sqlite_world.clock.advance(seconds=seconds)
        sqlite_world.house.sign_in.token(text)
        at = sqlite_world.house.tokens.everything()[0][0].seen_at
        assert at is not None
        seen.append((sqlite_world.clock.at - at) // instant.SECOND)

    assert seen == [0, 30, 0]
