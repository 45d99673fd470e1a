"""Turning the master key: everything is sealed anew or nothing, and nothing is ever without a key that opens it."""

import json
from pathlib import Path

import pyotp
import pytest
from structlog.testing import capture_logs

from openpact.adapters.keyring import open_keyring
from openpact.adapters.store import ConstraintBroken, people
from openpact.domain import errors
from openpact.domain.principal import Principal, Role
from openpact.services import key_rotation
from openpact.services.secrets import Secrets, Terms
from openpact.services.sign_in import Proof
from tests.world import LOCAL, PASSWORD, START, World, open_world

VALUES = {f"KEY_{number}": f"value number {number} of some" for number in range(5)}
OLD, NEW = bytes(range(32)), bytes(32)


def fill(world: World) -> Principal:
    boss = world.person("boss", Role.ADMIN)
    for name, value in VALUES.items():
        world.house.secrets.set(boss, name, value, Terms())
    return boss


def enrol(world: World, who: Principal) -> pyotp.TOTP:
    enrolment = world.house.sign_in.enrol_totp(who, PASSWORD)
    totp = pyotp.TOTP(enrolment.secret)
    world.house.sign_in.confirm_totp(who, totp.at(START // 1_000_000))
    return totp


def values(secrets: Secrets) -> dict[str, str]:
    found = {name: secrets.open(name) for name in VALUES}
    return {name: each.value for name, each in found.items() if each is not None}


def sealed_texts(world: World) -> list[str]:
    with world.store.reading() as snapshot:
        rows = [*snapshot.rows("SELECT sealed FROM secrets ORDER BY name")]
        rows += snapshot.rows("SELECT totp_sealed FROM people WHERE totp_sealed IS NOT NULL ORDER BY id")
        return [row[0] for row in rows]


@pytest.mark.promise("SCR-4.03")
def test_every_value_and_every_authenticator_is_sealed_anew_and_still_opens(world: World) -> None:
    boss = fill(world)
    totp = enrol(world, boss)
    before, old_key = sealed_texts(world), (world.folder / "master.key").read_bytes()

    done = world.house.secrets.rotate_key(boss, "req_1")

    after = sealed_texts(world)
    assert not set(before) & set(after)
    keys = open_keyring(world.folder / "master.key")
    assert all(map(keys.is_current, after))
    assert (done.resealed, done.key_id, done.turned) == (len(VALUES) + 1, keys.id, True)
    assert (world.folder / "master.key").read_bytes() != old_key
    assert sorted(file.name for file in world.folder.glob("master.key*")) == ["master.key"]
    assert values(world.house.secrets) == VALUES
    (event,) = world.events(action="secret.rotate_key")
    assert (event.target, event.outcome, event.request_id) == ("master-key", "done", "req_1")
    assert json.loads(event.details) == {"key": keys.id, "resealed": len(VALUES) + 1}
    world.clock.advance(minutes=5)
    code = totp.at(world.clock.at // 1_000_000)
    assert world.house.sign_in.person(LOCAL, "boss", Proof(otp=code), "local/1").username == "boss"


def test_a_code_that_was_used_is_not_good_again_after_a_rotation(sqlite_world: World) -> None:
    boss = fill(sqlite_world)
    totp = enrol(sqlite_world, boss)
    sqlite_world.house.secrets.rotate_key(boss)

    with pytest.raises(errors.InvalidCredentials):
        sqlite_world.house.sign_in.person(LOCAL, "boss", Proof(otp=totp.at(START // 1_000_000)), "local/1")


@pytest.mark.promise("SCR-4.03")
def test_what_cannot_be_opened_stops_it_before_a_key_has_turned_and_is_named(world: World) -> None:
    boss = fill(world)
    with_key = (world.folder / "master.key").read_bytes()
    before = sealed_texts(world)
    world.ledger.keep(lambda tx: tx.run("UPDATE secrets SET sealed = 'AgICAgIC' WHERE name = 'KEY_3'"))

    with pytest.raises(errors.KeyUnusable, match="the secret KEY_3"):
        world.house.secrets.rotate_key(boss)

    assert (world.folder / "master.key").read_bytes() == with_key
    assert not (world.folder / "master.key.previous").exists()
    assert [text for text in sealed_texts(world) if text not in before] == ["AgICAgIC"]
    world.house.secrets.delete(boss, "KEY_3")
    assert world.house.secrets.rotate_key(boss).resealed == len(VALUES) - 1


@pytest.mark.promise("SCR-4.03")
def test_a_rotation_that_failed_after_the_key_had_turned_is_ended_by_the_next(sqlite_world: World) -> None:
    world, boss = sqlite_world, fill(sqlite_world)
    connection = world.store.engine.connect()
    refusal = "WHEN NEW.name = 'KEY_3' BEGIN SELECT RAISE(ABORT, 'not now'); END"
    connection.execute(f"CREATE TRIGGER stuck BEFORE UPDATE ON secrets {refusal}")

    with pytest.raises(ConstraintBroken):
        world.house.secrets.rotate_key(boss)

    connection.execute("DROP TRIGGER stuck")
    connection.close()
    assert (world.folder / "master.key.previous").exists()
    assert values(world.house.secrets) == VALUES
    world.house.secrets.set(boss, "KEY_0", VALUES["KEY_0"], Terms())
    turned = open_keyring(world.folder / "master.key").id

    assert world.house.secrets.rotate_key(boss).key_id == turned

    assert not (world.folder / "master.key.previous").exists()
    assert values(world.house.secrets) == VALUES
    assert world.house.secrets.rotate_key(boss).key_id != turned


@pytest.mark.promise("SCR-4.03")
def test_a_key_of_the_environment_is_turned_by_giving_the_new_and_the_old_one(sqlite_world: World) -> None:
    world, boss = sqlite_world, sqlite_world.person("boss", Role.ADMIN)
    path = world.folder / "unused"
    old, new = {"OPENPACT_MASTER_KEY": OLD.hex()}, {"OPENPACT_MASTER_KEY": NEW.hex()}

    def secrets(environment: dict[str, str]) -> Secrets:
        keys = open_keyring(path, environment)
        return Secrets(world.store, world.ledger, keys, {}, require_grants=False)

    for name, value in VALUES.items():
        secrets(old).set(boss, name, value, Terms())
    with pytest.raises(errors.IllegalMove) as refusal:
        secrets(old).rotate_key(boss)
    assert "OPENPACT_MASTER_KEY_PREVIOUS" in str(refusal.value.hint)
    both = new | {"OPENPACT_MASTER_KEY_PREVIOUS": OLD.hex()}
    assert values(secrets(both)) == VALUES
    done = secrets(both).rotate_key(boss)
    assert (done.resealed, done.turned) == (len(VALUES), False)
    assert secrets(both).rotate_key(boss).resealed == 0
    assert values(secrets(new)) == VALUES
    with pytest.raises(errors.KeyUnusable):
        secrets(old).open("KEY_0")


def test_another_process_that_is_running_goes_on_with_the_new_key(store_url: str, tmp_path: Path) -> None:
    here = open_world(store_url, tmp_path / "secure")
    boss = fill(here)
    there = open_world(store_url, tmp_path / "secure")

    here.house.secrets.rotate_key(boss)
    there.house.secrets.set(boss, "LATE", "a late value", Terms())

    assert values(there.house.secrets) == VALUES
    late = here.house.secrets.open("LATE")
    assert late is not None
    assert late.value == "a late value"
    here.close()
    there.close()


def test_what_cannot_be_finished_at_a_start_is_told_and_both_keys_are_kept(sqlite_world: World) -> None:
    fill(sqlite_world)
    keys = open_keyring(sqlite_world.folder / "master.key")
    keys.turn()
    sqlite_world.ledger.keep(lambda tx: tx.run("UPDATE secrets SET sealed = 'AgICAgIC' WHERE name = 'KEY_3'"))

    with capture_logs() as lines:
        key_rotation.finish(sqlite_world.ledger, keys)

    assert [(line["log_level"], "KEY_3" in line["problem"]) for line in lines] == [("error", True)]
    assert (sqlite_world.folder / "master.key.previous").exists()
    opened = sqlite_world.house.secrets.open("KEY_1")
    assert opened is not None
    assert opened.value == VALUES["KEY_1"]


def test_a_start_without_anything_to_finish_records_nothing(sqlite_world: World) -> None:
    fill(sqlite_world)
    before = len(sqlite_world.events())
    sqlite_world.house.secrets.finish_rotation()
    assert len(sqlite_world.events()) == before
    with sqlite_world.store.reading() as snapshot:
        assert people.count(snapshot) == 1
