"""A store that is lost while it commits: nobody can say whether it happened, and nobody is told that it did not."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from openpact.domain import errors
from openpact.domain.principal import Action, Principal, Role
from tests.services import hand
from tests.services.hand import pack, parcels
from tests.world import World, open_world

ACTION = Action.PERSON_REGROUP


def by_act(world: World, who: Principal) -> None:
    world.ledger.act(who, ACTION, "x", pack)


def by_act_soon(world: World, who: Principal) -> None:
    asyncio.run(world.ledger.act_soon(who, ACTION, "x", pack))


def by_effect(world: World, who: Principal) -> None:
    async def deed() -> None:
        async with world.ledger.effect(who, ACTION, "x", pack):
            pytest.fail("the deed left")

    asyncio.run(deed())


WAYS = [by_act, by_act_soon, by_effect]


@pytest.fixture
def world(postgres_url: str, tmp_path: Path) -> Iterator[World]:
    opened = open_world(postgres_url, tmp_path / "secure")
    yield opened
    opened.close()


@contextmanager
def lost_at_commit(url: str) -> Iterator[None]:
    """Let the server end the connection in the middle of the COMMIT of whatever puts a parcel into the outbox."""
    hand.run(url, "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END; $$")  # fmt: skip
    hand.run(url, "CREATE CONSTRAINT TRIGGER leaving AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION leave()")  # fmt: skip
    yield
    hand.run(url, "DROP TRIGGER leaving ON outbox")


@pytest.mark.promise("OPS-5.10", "OPS-5.03")
@pytest.mark.parametrize("way", WAYS)
def test_an_act_whose_commit_was_not_seen_is_recorded_as_unknown_and_not_as_failed(
    world: World, way: Callable[[World, Principal], None]
) -> None:
    boss = world.person("anna", Role.ADMIN)
    with lost_at_commit(world.url), pytest.raises(errors.OutcomeUnknown) as said:
        way(world, boss)
    assert said.value.hint
    assert [event.outcome for event in world.events(action=ACTION.value)] == ["unknown"]
    assert parcels(world) == set()
    assert world.ledger.act(boss, ACTION, "x", pack) in parcels(world)
    assert world.house.audit.verify([]).intact


@pytest.mark.promise("OPS-5.10")
@pytest.mark.parametrize("way", WAYS)
def test_a_store_that_stays_away_does_not_turn_unknown_into_nothing_has_happened(
    world: World, postgres: str, way: Callable[[World, Principal], None]
) -> None:
    boss = world.person("anna", Role.ADMIN)
    name = psycopg.conninfo.conninfo_to_dict(world.url)["dbname"]
    with lost_at_commit(world.url):
        hand.run(postgres, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            with pytest.raises(errors.OutcomeUnknown):
                way(world, boss)
        finally:
            hand.run(postgres, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert world.events(action=ACTION.value) == []
