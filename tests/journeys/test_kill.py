"""kill -9, at any moment and at every named point: what was acknowledged is there, nothing is there by half."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from openpact.domain.audit import Event
from openpact.domain.audit_check import Report
from openpact.domain.principal import SYSTEM, Action, Role
from openpact.services.ledger import LEASE_SECONDS
from tests.journeys.killed import ACTION, EFFECT
from tests.waiting import until
from tests.world import World, open_world

ROOT = Path(__file__).parents[2]
KILLED = -9
ACTS = 1000
ROUNDS = 3
# (parcels, open deeds, checkpoints) when the first passing of the point kills: before the commit nothing, after it all.
NOTHING, ONE_ACT, A_DEED = (0, 0, 0), (1, 0, 0), (7, 1, 0)
AFTER_THE_FIRST = {
    "store.begun": NOTHING,
    "store.job_done": NOTHING,
    "store.before_commit": NOTHING,
    "store.committed": ONE_ACT,
    "ledger.authorised": NOTHING,
    "ledger.changed": NOTHING,
    "ledger.recorded": NOTHING,
    "ledger.begun": A_DEED,
    "ledger.deed_done": A_DEED,
    "audit.sealed": (7, 0, 1),
}


def start(url: str, folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - a program of ours
        [sys.executable, "-m", "tests.journeys.killed", url, str(folder), *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def found(world: World) -> Report:
    return world.house.audit.verify([])


def assert_nothing_is_lost_and_nothing_is_half(world: World, lines: list[str]) -> None:
    told = [tuple(line.split()) for line in lines if line.endswith("\n")]  # a line cut short was not acknowledged
    with world.store.reading() as snapshot:
        parcels = {row[0] for row in snapshot.rows("SELECT id FROM outbox")}
        states = {row[0]: row[1] for row in snapshot.rows("SELECT id, state FROM effects")}
    changes = Counter(event.target for event in world.events() if is_change(event))
    assert set(changes.values()) <= {1}, "an act was recorded twice"
    assert set(changes) == parcels, "a change without its record, or a record without its change"
    assert {name for what, name in told if what == "act"} <= parcels
    ended = {name for what, name in told if what == "effect"}
    assert {states[name] for name in ended} <= {"done"}
    assert {name for what, name in told if what == "begun"} <= states.keys()
    report = found(world)
    assert report.faults == []
    assert report.events == len(world.events())


def is_change(event: Event) -> bool:
    return (event.action, event.outcome) in {(ACTION.value, "done"), (EFFECT.value, "begun")}


def assert_a_new_process_goes_on(world: World) -> None:
    """What the dead one began becomes unknown once its lease has ended, exactly once; the record grows on."""
    with world.store.reading() as snapshot:
        open_ = {row[0] for row in snapshot.rows("SELECT id FROM effects WHERE state = 'begun'")}
    assert world.ledger.recover() == 0, "the dead process may still be alive, for all that we know"
    world.clock.advance(seconds=LEASE_SECONDS + 1)
    before = len(world.events())
    assert world.ledger.recover() == len(open_)
    assert world.ledger.recover() == 0
    said = [event for event in world.events()[before:] if event.outcome == "unknown"]
    assert sorted(open_) == sorted(event.details.split('"effect":"')[1][:30] for event in said)
    with world.store.reading() as snapshot:
        assert snapshot.rows("SELECT id FROM effects WHERE state = 'begun'") == []
    world.ledger.act(SYSTEM, Action.DAEMON_START, "daemon", lambda _act: None)
    world.house.audit.seal()
    report = found(world)
    assert (report.faults, report.unsealed) == ([], 0)
    assert {chain: head.seq for chain, head in report.heads.items()} == {"c1": len(world.events())}, "one chain goes on"


def prepared(url: str, folder: Path) -> None:
    world = open_world(url, folder)
    world.person("founder", Role.ADMIN)
    world.close()
    with_server_at_rest(url)


@pytest.mark.promise("OPS-7.15", "OPS-5.10", "OPS-5.12", "ARC-1.17", "QUA-2.09")
def test_kill_9_at_any_moment_of_a_thousand_acts_loses_nothing_that_was_acknowledged(
    store_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "secure"
    prepared(store_url, folder)
    lines: list[str] = []
    for _ in range(ROUNDS):
        child = start(store_url, folder, 10 * ACTS)  # it is dead long before
        assert child.stdout is not None
        try:
            moment = random.randint(1, 2 * ACTS // ROUNDS)  # noqa: S311 - any will do
            lines += [child.stdout.readline() for _ in range(moment)]
        finally:
            child.kill()
            lines += child.stdout.readlines()  # told before it died
            ended(child, store_url)
        world = open_world(store_url, folder)
        assert_nothing_is_lost_and_nothing_is_half(world, lines)
        world.close()
    world = open_world(store_url, folder)
    assert_a_new_process_goes_on(world)
    world.close()


@pytest.mark.promise("QUA-2.09", "OPS-7.15", "OPS-5.10", "OPS-5.12", "ARC-1.17")
@pytest.mark.parametrize("point", sorted(AFTER_THE_FIRST))  # those of the master key: test_secrets.py
def test_kill_9_at_each_named_point_leaves_all_of_an_act_or_nothing(point: str, store_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "secure"
    prepared(store_url, folder)
    lines: list[str] = []
    for hit in (1, random.randint(2, 3)):  # noqa: S311 - the first act, then a later one
        child = start(store_url, folder, 30, point, hit)
        assert child.stdout is not None
        try:
            lines += child.stdout.readlines()
        finally:
            ended(child, store_url)
        assert "end -\n" not in lines, "the point was never passed"
        world = open_world(store_url, folder)
        assert_nothing_is_lost_and_nothing_is_half(world, lines)
        if hit == 1:
            assert left(world) == AFTER_THE_FIRST[point]
        world.close()
    world = open_world(store_url, folder)
    assert_a_new_process_goes_on(world)
    world.close()


def left(world: World) -> tuple[int, int, int]:
    with world.store.reading() as snapshot:
        parcels = snapshot.rows("SELECT id FROM outbox")
        open_ = snapshot.rows("SELECT id FROM effects WHERE state = 'begun'")
        sealed = snapshot.rows("SELECT number FROM audit_checkpoints")
    return len(parcels), len(open_), len(sealed)


def ended(child: "subprocess.Popen[str]", url: str) -> None:
    """See the child dead of the kill, and its sessions at the server ended with it."""
    try:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(timeout=30) == KILLED
    finally:
        child.kill()
        child.wait()
    with_server_at_rest(url)


def with_server_at_rest(url: str) -> None:
    """Wait until the server has seen that its clients are gone: a commit may still be running, a lock still held."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            until(lambda: connection.execute(others).fetchone() is None)
