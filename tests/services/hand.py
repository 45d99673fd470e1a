"""A hand at the database's console in tests: past the product, its checks and its triggers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from openpact.adapters.store import outbox
from openpact.services.ledger import Act
from tests.world import World

# For what does not touch anything that differs between the engines.
on_one_engine = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)

KEEPERS = ("audit_events_keep", "audit_events_stay", "audit_checkpoints_keep", "audit_checkpoints_stay")


def run(url: str, sql: str, *params: object) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own, and commit it."""
    if url.startswith("sqlite"):
        raw = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            return raw.execute(sql, params).fetchall()
        finally:
            raw.close()
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.replace("?", "%s").encode(), params)
        return cursor.fetchall() if cursor.description is not None else []


def drop_keepers(url: str) -> None:
    """Take the triggers away that keep the record from being changed."""
    for name in KEEPERS:
        table = name.rpartition("_")[0]
        run(url, f"DROP TRIGGER {name}" + ("" if url.startswith("sqlite") else f" ON {table}"))


@contextmanager
def away(url: str, table: str) -> Iterator[None]:
    """Let a table be missing for the length of the block."""
    run(url, f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        run(url, f"ALTER TABLE {table}_away RENAME TO {table}")


def refuse_inserts(url: str, table: str) -> None:
    """Let a trigger refuse every new row of the table."""
    if url.startswith("sqlite"):
        run(url, f"CREATE TRIGGER no_more BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END")
        return
    run(url, "CREATE FUNCTION no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more' "
        "USING ERRCODE = 'integrity_constraint_violation'; END; $$")  # fmt: skip
    run(url, f"CREATE TRIGGER no_more BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no_more()")


def pack(act: Act) -> str:
    """Change something that is easily looked for: one parcel in the outbox, whose id is the act's target."""
    act.target = act.new_id("out")
    outbox.add(act.tx, act.target, "test", "{}", act.now)
    return act.target


def parcels(world: World) -> set[str]:
    """Give the ids of what `pack` put into the outbox."""
    with world.store.reading() as snapshot:
        return {row[0] for row in snapshot.rows("SELECT id FROM outbox")}
