"""The first administrator: made once, whole, and only by who holds the newest code."""

import threading
from collections.abc import Callable

import pytest

from openpact.domain import errors, instant
from openpact.domain.principal import Role
from tests.world import LOCAL, PASSWORD, World, open_world

SHORT = "a heron"


def opened(world: World) -> str:
    code = world.house.setup.open()
    assert code is not None
    return code


def finish(world: World, code: str, name: str = "founder", password: str = PASSWORD, again: str = PASSWORD) -> None:
    world.house.setup.finish(LOCAL, code, name, password, again, "req_1")


@pytest.mark.promise("OPS-3.02", "API-2.02")
def test_the_holder_of_the_code_becomes_the_first_administrator(world: World) -> None:
    assert world.house.setup.required()

    finish(world, opened(world))

    founder = world.house.people.get("founder")
    assert (founder.role, founder.active, founder.groups) == (Role.ADMIN, True, ())
    assert not world.house.setup.required()
    (event,) = world.events(action="setup.finish")
    assert (event.actor, event.target, event.outcome, event.request_id) == (LOCAL.id, "founder", "done", "req_1")


@pytest.mark.promise("OPS-3.07", "API-2.02")
def test_the_set_up_happens_once(world: World) -> None:
    code = opened(world)
    finish(world, code)

    with pytest.raises(errors.SetupCompleted):
        finish(world, code, "second")

    assert world.house.setup.open() is None
    assert [person.username for person in world.house.people.everyone()] == ["founder"]
    assert [event.outcome for event in world.events(action="setup.finish")] == ["done", "refused"]


@pytest.mark.promise("OPS-3.07")
def test_of_two_at_once_one_finishes_and_the_other_is_told_that_it_is_done(world: World) -> None:
    code = opened(world)
    doors = [world, open_world(world.url, world.folder.parent / "second")]  # two daemons on one database
    start, ended = threading.Barrier(2), dict[str, str]()

    def race(door: World, name: str) -> None:
        start.wait(10)
        try:
            finish(door, code, name)
        except errors.OpenPactError as error:
            ended[name] = error.code
        else:
            ended[name] = "done"

    runners = [threading.Thread(target=race, args=each) for each in zip(doors, ("one", "two"), strict=True)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)
    doors[1].close()

    assert sorted(ended.values()) == ["done", "setup_completed"]
    winner = next(name for name, how in ended.items() if how == "done")
    assert [person.username for person in world.house.people.everyone()] == [winner]


@pytest.mark.promise("OPS-3.02")
def test_a_wrong_code_is_refused_and_the_refusal_recorded(sqlite_world: World) -> None:
    right = opened(sqlite_world)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "4")

    with pytest.raises(errors.SetupCodeInvalid, match=r"not the set-up code") as refusal:
        finish(sqlite_world, wrong)

    assert refusal.value.hint is not None
    assert sqlite_world.house.setup.required()
    (event,) = sqlite_world.events(action="setup.finish")
    assert (event.outcome, "setup_code_invalid" in event.details) == ("refused", True)


@pytest.mark.promise("OPS-3.03")
def test_a_code_ends_after_a_day(sqlite_world: World) -> None:
    code = opened(sqlite_world)
    sqlite_world.clock.advance(hours=24)

    with pytest.raises(errors.SetupCodeInvalid, match="ended"):
        finish(sqlite_world, code)


@pytest.mark.promise("OPS-3.03")
def test_a_code_lives_until_its_last_moment(sqlite_world: World) -> None:
    code = opened(sqlite_world)
    sqlite_world.clock.advance(hours=24, seconds=-1)

    finish(sqlite_world, code)

    assert not sqlite_world.house.setup.required()


@pytest.mark.promise("OPS-3.02")
def test_a_second_start_ends_the_code_of_the_first(sqlite_world: World) -> None:
    first, second = opened(sqlite_world), opened(sqlite_world)

    with pytest.raises(errors.SetupCodeInvalid):
        finish(sqlite_world, first)

    finish(sqlite_world, second)


@pytest.mark.promise("OPS-3.04")
def test_the_sixth_wrong_code_of_a_minute_is_refused_and_strangers_do_not_keep_the_right_one_out(world: World) -> None:
    code = opened(world)
    for _ in range(5):
        with pytest.raises(errors.SetupCodeInvalid):
            finish(world, "0000-0000-0000-0000-0000-0000-00")
        world.clock.advance(seconds=5)

    with pytest.raises(errors.LimitExceeded) as refusal:
        finish(world, "0000-0000-0000-0000-0000-0000-00")

    assert refusal.value.retry_after == 35  # the minute of the first try has this left
    assert len(world.events(action="setup.finish", outcome="refused")) == 5  # and the record does not grow any more
    finish(world, code)


@pytest.mark.promise("OPS-3.04")
def test_a_restart_does_not_forget_the_tries(sqlite_world: World) -> None:
    code = opened(sqlite_world)
    for _ in range(5):
        with pytest.raises(errors.SetupCodeInvalid):
            finish(sqlite_world, "nonsense")
    sqlite_world.store.close()

    again = open_world(sqlite_world.url, sqlite_world.folder)
    with pytest.raises(errors.LimitExceeded):
        finish(again, "nonsense")
    finish(again, code)
    again.close()


@pytest.mark.promise("OPS-3.02")
@pytest.mark.parametrize(
    ("name", "password", "again"),
    [("founder", SHORT, SHORT), ("founder", PASSWORD, "another"), ("no name!", PASSWORD, PASSWORD)],
)
def test_without_the_code_nothing_else_is_told(sqlite_world: World, name: str, password: str, again: str) -> None:
    opened(sqlite_world)

    with pytest.raises(errors.SetupCodeInvalid):
        finish(sqlite_world, "0000-0000-0000-0000-0000-0000-00", name, password, again)


@pytest.mark.promise("OPS-3.07", "OPS-3.08", "API-2.02")
@pytest.mark.parametrize(
    ("name", "password", "again", "said"),
    [
        ("founder", SHORT, SHORT, errors.PasswordInvalid),
        ("founder", PASSWORD, "another", errors.PasswordMismatch),
        ("no name!", PASSWORD, PASSWORD, errors.Invalid),
    ],
)
def test_what_is_wrong_is_said_and_the_code_is_not_spent(
    sqlite_world: World, name: str, password: str, again: str, said: type[errors.OpenPactError]
) -> None:
    code = opened(sqlite_world)

    with pytest.raises(said):
        finish(sqlite_world, code, name, password, again)

    assert sqlite_world.house.people.everyone() == []
    finish(sqlite_world, code)


@pytest.mark.promise("OPS-3.07")
def test_a_set_up_that_fails_half_way_leaves_the_code_and_nobody(sqlite_world: World) -> None:
    code = opened(sqlite_world)
    # A trigger of the test's own fails the last step of the same transaction: the record.
    _refuse_records_of(sqlite_world, "setup.finish")

    with pytest.raises(Exception, match="the test says no"):
        finish(sqlite_world, code)

    assert sqlite_world.house.people.everyone() == []
    assert sqlite_world.house.setup.required()
    _run(sqlite_world, "DROP TRIGGER test_says_no")
    finish(sqlite_world, code)


@pytest.mark.promise("OPS-3.02", "OPS-3.06")
def test_only_the_hash_of_the_code_is_kept(sqlite_world: World) -> None:
    code = opened(sqlite_world)
    assert len(code.replace("-", "")) == 26  # 128 bits, five a letter
    with sqlite_world.store.reading() as snapshot:
        kept = snapshot.row("SELECT code_hash, expires_at FROM setup_code")

    assert kept is not None
    assert code not in kept[0]
    assert kept[1] == sqlite_world.clock.at + 24 * instant.HOUR
    finish(sqlite_world, code)
    with sqlite_world.store.reading() as snapshot:
        assert snapshot.row("SELECT code_hash FROM setup_code") == (None,)


@pytest.mark.promise("OPS-3.03")
def test_every_start_makes_another_code_and_records_no_part_of_it(sqlite_world: World) -> None:
    codes = {opened(sqlite_world) for _ in range(8)}

    assert len(codes) == 8
    said = "".join(event.details + event.target for event in sqlite_world.events(action="setup.open"))
    assert not [code for code in codes if code in said or code.replace("-", "") in said]


@pytest.mark.promise("OPS-3.02")
@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")])
def test_a_code_may_be_typed_as_hands_do(sqlite_world: World, typed: Callable[[str], str]) -> None:
    finish(sqlite_world, typed(opened(sqlite_world)))

    assert not sqlite_world.house.setup.required()


@pytest.mark.promise("OPS-3.06")
def test_a_new_store_knows_nobody_and_no_password(world: World) -> None:
    assert world.house.people.everyone() == []
    assert world.house.tokens.everything() == []


def _refuse_records_of(world: World, action: str) -> None:
    _run(
        world,
        f"CREATE TRIGGER test_says_no BEFORE INSERT ON audit_events WHEN NEW.action = '{action}' "
        "AND NEW.outcome = 'done' BEGIN SELECT RAISE(ABORT, 'the test says no'); END",
    )


def _run(world: World, sql: str) -> None:
    connection = world.store.engine.connect()
    connection.execute(sql)
    connection.close()
