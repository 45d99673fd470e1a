"""Both engines hold the same schema, refuse the same rows, and keep the record from being rewritten."""

import re
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from openpact.adapters.store import ConstraintBroken, Store, Transaction, audit, people
from openpact.adapters.store.transaction import Snapshot
from openpact.domain.audit import Checkpoint
from tests.adapters.store.rows import draft, person

HASH = "0" * 64

# What a row may be: each line is a row that a CHECK, a key or NOT NULL refuses.
IMPOSSIBLE = [
    "INSERT INTO store_identity (one, id, created_at) VALUES (2, 'x', 1)",
    "INSERT INTO store_identity (one, id, created_at) VALUES (1, 'x', 1)",
    "INSERT INTO audit_chains SELECT 'c9', -1, head FROM audit_chains",
    "INSERT INTO audit_chains (chain, seq, head) VALUES ('c9', 0, 'short')",
    "INSERT INTO audit_checkpoints SELECT 0, at, body, hash, key_id, signature FROM audit_checkpoints",
    "INSERT INTO audit_checkpoints VALUES (2, 1, '', 'short', 'k', 's')",
    "INSERT INTO effects VALUES ('e', 'a', 'n', 'x', 't', 'h', 'begun', 1, 2)",
    "INSERT INTO effects VALUES ('e', 'a', 'n', 'x', 't', 'h', 'done', 1, NULL)",
    "INSERT INTO effects VALUES ('e', 'a', 'n', 'x', 't', 'h', 'failed', 1, NULL)",
    "INSERT INTO effects VALUES ('e', 'a', 'n', 'x', 't', 'h', 'unknown', 1, NULL)",
    "INSERT INTO effects VALUES ('e', 'a', 'n', 'x', 't', 'h', 'paused', 1, 2)",
    "INSERT INTO leases VALUES ('l', 'h', 0, 1)",
    "INSERT INTO outbox VALUES ('o', 't', 'p', 'pending', 1, 1, 0, NULL, 0, NULL, 5)",
    "INSERT INTO outbox VALUES ('o', 't', 'p', 'delivered', 1, 1, 0, NULL, 0, NULL, NULL)",
    "INSERT INTO outbox VALUES ('o', 't', 'p', 'dead', 1, 1, 0, NULL, 0, NULL, NULL)",
    "INSERT INTO outbox VALUES ('o', 't', 'p', 'lost', 1, 1, 0, NULL, 0, NULL, 5)",
    "INSERT INTO outbox VALUES ('o', 't', 'p', 'pending', 1, 1, -1, NULL, 0, NULL, NULL)",
    "INSERT INTO throttles VALUES ('n', 1, -1)",
    "INSERT INTO memberships VALUES ('per_nobody', 'ops')",
    "INSERT INTO memberships VALUES ('per_1', 'ops')",
    "DELETE FROM people",
    "INSERT INTO tokens VALUES ('t', 'n', 'per_nobody', 'h', '', 1, 2, NULL, NULL)",
    "INSERT INTO setup_code VALUES (2, NULL, 1, NULL)",
    "UPDATE people SET role = 'owner'",
    "UPDATE people SET role = 'ADMIN'",
    "UPDATE people SET state = 'deleted'",
    "UPDATE people SET failures = -1",
    "UPDATE people SET password_hash = NULL",
]
EVENT = (
    "INSERT INTO audit_events SELECT 'c9', 1, 'evt_new', at, type, actor, actor_name, action, target, {outcome}, "
    "NULL, NULL, NULL, details, {prev}, {hash} FROM audit_events"
)
IMPOSSIBLE_EVENTS = [
    EVENT.format(outcome="'perhaps'", prev="prev", hash="hash"),
    EVENT.format(outcome="outcome", prev="'short'", hash="hash"),
    EVENT.format(outcome="outcome", prev="prev", hash="'short'"),
    EVENT.format(outcome="outcome", prev="prev", hash="NULL"),
    EVENT.replace("'c9', 1", "'c9', 0").format(outcome="outcome", prev="prev", hash="hash"),
    EVENT.replace("'c9', 1", "chain, seq").format(outcome="outcome", prev="prev", hash="hash"),
    EVENT.replace("'evt_new'", "id").format(outcome="outcome", prev="prev", hash="hash"),
]
REWRITES = [
    "UPDATE audit_events SET target = 'another'",
    "UPDATE audit_events SET seq = seq WHERE seq = 1",
    "DELETE FROM audit_events",
    "DELETE FROM audit_events WHERE seq = 2",
    "UPDATE audit_checkpoints SET signature = ''",
    "DELETE FROM audit_checkpoints",
]


def _fill(tx: Transaction) -> None:
    people.add(tx, person(1, groups=("ops",)))
    for name in ("evt_1", "evt_2"):
        audit.append(tx, draft(name))
    sealed = Checkpoint(number=1, at=1, body="{}", hash=HASH, key_id="k", signature="s")
    audit.add_checkpoint(tx, sealed)


_Columns = dict[str, list[tuple[object, ...]]]


def _sqlite_columns(snapshot: Snapshot) -> _Columns:
    tables = [name for (name,) in snapshot.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found: _Columns = {}
    for table in tables:
        rows = snapshot.rows('SELECT name, type, "notnull" = 1 OR pk > 0, pk FROM pragma_table_info(?)', table)
        found[table] = [(name, kind.lower(), bool(needed), place) for name, kind, needed, place in rows]
    return found


def _postgres_columns(snapshot: Snapshot) -> _Columns:
    found: _Columns = {}
    rows = snapshot.rows(
        "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'NO', coalesce(k.ordinal_position, 0) "
        "FROM information_schema.columns c "
        "LEFT JOIN information_schema.table_constraints p "
        "ON p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY' AND p.table_schema = 'public' "
        "LEFT JOIN information_schema.key_column_usage k "
        "ON k.constraint_name = p.constraint_name AND k.column_name = c.column_name AND k.table_schema = 'public' "
        "WHERE c.table_schema = 'public' ORDER BY c.table_name, c.ordinal_position"
    )
    for table, *column in rows:
        found.setdefault(table, []).append(tuple(column))
    return found


def _sqlite_texts(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    yield from snapshot.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")


@pytest.mark.promise("OPS-7.02")
def test_tables_and_columns_are_the_same_on_both_engines(sqlite_store: Store, postgres_store: Store) -> None:
    with sqlite_store.reading() as one, postgres_store.reading() as other:
        columns = _sqlite_columns(one)
        assert columns == _postgres_columns(other)
    assert {"people", "audit_events", "outbox", "leases"} < set(columns)


@pytest.mark.promise("OPS-7.02")
def test_each_table_has_as_many_checks_on_both_engines(sqlite_store: Store, postgres_store: Store) -> None:
    with sqlite_store.reading() as one, postgres_store.reading() as other:
        here = {name: len(re.findall(r"\bCHECK \(", sql)) for name, sql in _sqlite_texts(one)}
        there: dict[str, int] = dict(
            other.rows(
                "SELECT r.relname, count(c.oid) FROM pg_class r "
                "LEFT JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype = 'c' "
                "WHERE r.relkind = 'r' AND r.relnamespace = 'public'::regnamespace GROUP BY r.relname"
            )
        )
    assert here == there
    assert sum(here.values()) >= 20


@pytest.mark.promise("OPS-7.02")
def test_indexes_have_the_same_names_on_both_engines(sqlite_store: Store, postgres_store: Store) -> None:
    with sqlite_store.reading() as one, postgres_store.reading() as other:
        here = one.rows("SELECT name, sql LIKE '%WHERE%' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        there = other.rows(
            "SELECT indexname, indexdef LIKE '%WHERE%' FROM pg_indexes WHERE schemaname = 'public' "
            "AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'"
        )
    assert {(name, bool(partial)) for name, partial in here} == set(there)


@pytest.mark.promise("ARC-4.13", "OPS-7.02")
def test_rows_that_cannot_be_are_refused(store: Store) -> None:
    store.write(_fill)
    taken = []
    for statement in IMPOSSIBLE + IMPOSSIBLE_EVENTS:
        try:
            store.write(lambda tx, statement=statement: tx.run(statement))  # type: ignore[misc]
        except ConstraintBroken:
            continue
        taken.append(statement)
    assert taken == []


@pytest.mark.promise("ARC-4.13")
def test_every_outcome_of_the_domain_is_taken(store: Store) -> None:
    outcomes = [
        "done",
        "refused",
        "failed",
        "begun",
        "unknown",
        "allowed",
        "denied",
        "approval_required",
        "malformed",
        "error",
    ]
    store.write(lambda tx: [audit.append(tx, replace(draft(f"evt_{one}"), outcome=one)) for one in outcomes])
    with store.reading() as snapshot:
        assert [event.outcome for event in audit.walk(snapshot)] == outcomes


@pytest.mark.parametrize("statement", REWRITES)
def test_the_record_is_not_rewritten(store: Store, statement: str) -> None:
    store.write(_fill)
    with pytest.raises(ConstraintBroken, match="never"):
        store.write(lambda tx: tx.run(statement))
    with store.reading() as snapshot:
        assert [event.id for event in audit.walk(snapshot)] == ["evt_1", "evt_2"]
        assert [checkpoint.signature for checkpoint in audit.checkpoints(snapshot)] == ["s"]


@pytest.mark.parametrize("table", ["audit_events", "audit_checkpoints"])
def test_the_record_is_not_emptied_on_postgres(postgres_store: Store, table: str) -> None:
    postgres_store.write(_fill)
    with pytest.raises(ConstraintBroken, match="never changed or deleted"):
        postgres_store.write(lambda tx: tx.run(f"TRUNCATE {table}"))
    with postgres_store.reading() as snapshot:
        assert len(list(audit.walk(snapshot))) == 2
        assert len(audit.checkpoints(snapshot)) == 1
