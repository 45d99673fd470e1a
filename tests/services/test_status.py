"""How the whole is doing: asked now, not remembered, and with nothing in it that helps a stranger."""

import sqlite3

import pytest

import openpact
from openpact.domain import instant
from openpact.domain.principal import Role
from tests.world import World, open_world


def break_record(world: World) -> None:
    connection = sqlite3.connect(world.folder.parent / "openpact.db")
    connection.execute("DROP TABLE audit_chains")
    connection.close()


@pytest.mark.promise("OPS-6.01")
def test_a_store_that_answers_is_healthy(world: World) -> None:
    checks = world.house.status.health()

    assert [(check.name, check.ok) for check in checks] == [("store", True), ("audit", True)]


@pytest.mark.promise("OPS-6.01", "APR-8.04")
def test_a_store_that_cannot_record_is_not_healthy_and_the_code_says_why(sqlite_world: World) -> None:
    assert sqlite_world.house.status.health()[0].ok
    break_record(sqlite_world)

    (check,) = sqlite_world.house.status.health()

    assert (check.name, check.ok) == ("store", False)
    assert check.message.startswith("store_")


@pytest.mark.promise("OPS-6.12")
def test_the_summary_tells_what_runs_here(world: World) -> None:
    started = world.clock.at
    empty = world.house.status.summary()
    assert (empty.setup_required, empty.people) == (True, 0)
    world.person("boss", Role.ADMIN)
    world.clock.advance(minutes=5)

    summary = world.house.status.summary()

    assert (summary.version, summary.store) == (openpact.__version__, world.store.engine.name)
    assert (summary.setup_required, summary.people, summary.separated) == (False, 1, False)
    assert summary.started_at == instant.as_text(started)
    assert summary.schema == world.store.schema >= 1


@pytest.mark.promise("OPS-6.12")
def test_the_summary_counts_what_no_checkpoint_has_sealed_yet(sqlite_world: World) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    before = sqlite_world.house.status.summary()
    assert before.audit_sealed_at is None
    assert before.audit_events == before.audit_unsealed == len(sqlite_world.events()) > 0

    sqlite_world.house.audit.seal()
    sealed = sqlite_world.house.status.summary()

    assert (sealed.audit_unsealed, sealed.audit_sealed_at) == (0, instant.as_text(sqlite_world.clock.at))
    sqlite_world.person("alice")
    assert sqlite_world.house.status.summary().audit_unsealed == 1


@pytest.mark.promise("OPS-6.12")
def test_the_summary_lists_every_daemon_that_lives_on_the_store(world: World) -> None:
    second = open_world(world.url, world.folder)
    second.clock.at = world.clock.at
    for each in (world, second):
        each.ledger.live()

    living = world.house.status.summary().instances
    assert sorted(living) == sorted(f"process/{each.ledger.holder}" for each in (world, second))

    second.ledger.close()
    second.close()
    assert world.house.status.summary().instances == [f"process/{world.ledger.holder}"]
    world.clock.advance(minutes=5)
    assert world.house.status.summary().instances == []
