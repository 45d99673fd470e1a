"""The record in use: sealed, exported, verified, and every tampering with the live store found at its place."""

# ruff: noqa: S608 - the columns and tables in these texts are ours

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openpact.adapters import seal
from openpact.adapters.store import audit as records
from openpact.domain import audit, errors
from openpact.domain.principal import SYSTEM, Action, Principal, Role
from openpact.services.audit import verify_export
from tests.services import hand
from tests.world import World, open_world


def act(world: World, times: int = 1, ledger_of: World | None = None) -> None:
    for _ in range(times):
        (ledger_of or world).ledger.act(SYSTEM, Action.DAEMON_START, "daemon", lambda _act: None)


def found(world: World, *heads: str) -> list[tuple[str, str, int]]:
    return [(fault.kind.value, fault.chain, fault.seq) for fault in world.house.audit.verify(list(heads)).faults]


def newest(world: World) -> audit.Checkpoint:
    with world.store.reading() as snapshot:
        last = records.last_checkpoint(snapshot)
    assert last is not None
    return last


@pytest.fixture
def sealed(world: World) -> World:
    """Give events 1 to 8, sealed at 5 and at 7; 8 is not sealed; the triggers are gone."""
    act(world, 5)
    world.house.audit.seal()
    world.clock.advance(seconds=1)
    act(world, 2)
    world.house.audit.seal()
    act(world)
    hand.drop_keepers(world.url)
    return world


def renumber(url: str, rows: list[tuple[int, int]]) -> None:
    for old, new in rows:
        hand.run(url, "UPDATE audit_events SET seq = ? WHERE seq = ?", 1000 + new, old)
    hand.run(url, "UPDATE audit_events SET seq = seq - 1000 WHERE seq > 1000")


@pytest.mark.promise("OPS-5.14", "OPS-5.15", "OPS-5.16")
def test_a_checkpoint_is_signed_names_the_chains_end_and_is_the_head(world: World) -> None:
    act(world, 3)
    made = world.house.audit.seal()
    assert made == newest(world)
    said = audit.read_body(made.body)
    last = world.events()[-1]
    assert (said.heads, said.number, made.at) == ({"c1": audit.Head(3, last.hash)}, 1, world.clock.at)
    trusted = seal.trust([world.folder / "audit" / "keys"])
    assert trusted.check(made.key_id, audit.signed_bytes(made.body), made.signature)
    assert json.loads((world.folder / "audit" / "head").read_text()) == msgspec.to_builtins(made)
    report = world.house.audit.verify([])
    assert (report.intact, report.unsealed, report.newest) == (True, 0, made.hash)


@hand.on_one_engine
@pytest.mark.promise("OPS-5.14")
def test_where_nothing_has_come_nothing_is_sealed_again(world: World) -> None:
    assert (world.house.audit.seal(), world.house.audit.unsealed()) == (None, 0)
    act(world, 2)
    assert world.house.audit.unsealed() == 2
    assert world.house.audit.seal() is not None
    assert (world.house.audit.seal(), world.house.audit.unsealed()) == (None, 0)


@pytest.mark.promise("OPS-5.18")
def test_an_untouched_record_raises_no_alarm(sealed: World) -> None:
    report = sealed.house.audit.verify([newest(sealed).hash, sealed.events()[-1].hash])
    assert (report.faults, report.events, report.checkpoints, report.unsealed) == ([], 8, 2, 1)


@pytest.mark.promise("OPS-5.18")
def test_the_store_itself_refuses_that_the_record_is_changed(world: World) -> None:
    act(world)
    world.house.audit.seal()
    for table in ("audit_events", "audit_checkpoints"):
        for deed in (f"UPDATE {table} SET hash = hash", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match="never"):
                hand.run(world.url, deed)
    assert found(world) == []


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("seq", [1, 4, 8])
def test_each_edited_field_of_a_stored_event_is_found_at_its_place(sealed: World, seq: int) -> None:
    for name in audit.Event.__struct_fields__[2:]:
        new: object = "f" * 64 if name in {"prev", "hash"} else 7 if name == "at" else "edited"
        new = "failed" if name == "outcome" else new
        old = hand.run(sealed.url, f"SELECT {name} FROM audit_events WHERE seq = ?", seq)[0][0]
        hand.run(sealed.url, f"UPDATE audit_events SET {name} = ? WHERE seq = ?", new, seq)
        assert ("edited", "c1", seq) in found(sealed), name
        hand.run(sealed.url, f"UPDATE audit_events SET {name} = ? WHERE seq = ?", old, seq)
        assert found(sealed) == []


def delete_and_close_the_gap(url: str) -> None:
    hand.run(url, "DELETE FROM audit_events WHERE seq = 4")
    renumber(url, [(5, 4), (6, 5), (7, 6), (8, 7)])


def insert(url: str) -> None:
    renumber(url, [(8, 9), (7, 8), (6, 7), (5, 6)])
    columns = ", ".join(audit.Event.__struct_fields__[2:])
    values = columns.replace("id,", "'evt_forged',", 1)
    hand.run(
        url,
        f"INSERT INTO audit_events (chain, seq, {columns}) SELECT 'c1', 5, {values} FROM audit_events WHERE seq = 4",
    )


MUSEUM: dict[str, tuple[Callable[[str], object], list[tuple[str, str, int]]]] = {
    "the first deleted": (lambda url: hand.run(url, "DELETE FROM audit_events WHERE seq = 1"), [("deleted", "c1", 1)]),
    "one deleted": (lambda url: hand.run(url, "DELETE FROM audit_events WHERE seq = 4"), [("deleted", "c1", 4)]),
    "several deleted": (
        lambda url: hand.run(url, "DELETE FROM audit_events WHERE seq IN (2, 3, 6)"),
        [("deleted", "c1", 2), ("deleted", "c1", 6)],
    ),
    "the tail cut off": (lambda url: hand.run(url, "DELETE FROM audit_events WHERE seq > 5"), [("truncated", "c1", 6)]),
    "all deleted": (lambda url: hand.run(url, "DELETE FROM audit_events"), [("truncated", "c1", 1)]),
    "one deleted and the rest moved up": (
        delete_and_close_the_gap,
        [("edited", "c1", 3), *(("edited", "c1", seq) for seq in (4, 5, 6, 7)), ("rewritten", "c1", 5)],
    ),
    "two exchanged": (
        lambda url: renumber(url, [(3, 4), (4, 3)]),
        [("edited", "c1", 2), ("edited", "c1", 3), ("edited", "c1", 4)],
    ),
    "one inserted": (insert, [("edited", "c1", 4), ("edited", "c1", 5)]),
    "one moved to another chain": (
        lambda url: hand.run(url, "UPDATE audit_events SET chain = 'c2', seq = 1 WHERE seq = 4"),
        [("deleted", "c1", 4), ("edited", "c2", 1)],
    ),
    "a checkpoint deleted": (
        lambda url: hand.run(url, "DELETE FROM audit_checkpoints WHERE number = 1"),
        [("checkpoint", "", 2)],
    ),
    "the last checkpoint deleted": (
        lambda url: hand.run(url, "DELETE FROM audit_checkpoints WHERE number = 2"),
        [("truncated", "", 0)],  # the file audit/head knows it
    ),
    "a checkpoint edited": (
        lambda url: hand.run(url, "UPDATE audit_checkpoints SET at = at + 1 WHERE number = 2"),
        [("checkpoint", "", 2)],
    ),
    "a checkpoint's body edited": (
        lambda url: hand.run(url, "UPDATE audit_checkpoints SET body = replace(body, '\"seq\":7', '\"seq\":6')"),
        [("checkpoint", "", 2)],
    ),
    "a checkpoint exchanged for the one before": (
        lambda url: hand.run(
            url, "UPDATE audit_checkpoints SET body = (SELECT body FROM audit_checkpoints WHERE number = 1)"
        ),
        [("checkpoint", "", 2)],
    ),
}


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("name", MUSEUM)
def test_what_a_hand_did_to_the_store_is_found_at_its_place(sealed: World, name: str) -> None:
    deed, places = MUSEUM[name]
    deed(sealed.url)
    said = found(sealed)
    assert said[0] == places[0]
    assert set(places) <= set(said)
    assert len(places) > 1 or said == places, "one deed at one place is one fault"


def rewrite(world: World, seq: int) -> None:
    """Change an event and compute everything behind it anew, the chain's stored end too."""
    prev = ""
    for event in world.events():
        if event.seq < seq:
            continue
        changed = msgspec.structs.replace(
            event, prev=prev or event.prev, target="mallory" if event.seq == seq else event.target
        )
        prev = audit.event_hash(changed)
        hand.run(
            world.url,
            "UPDATE audit_events SET target = ?, prev = ?, hash = ? WHERE seq = ?",
            changed.target, changed.prev, prev, event.seq,
        )  # fmt: skip
    hand.run(world.url, "UPDATE audit_chains SET head = ?", prev)


@hand.on_one_engine
@pytest.mark.promise("OPS-5.18", "OPS-5.15")
@pytest.mark.parametrize(("seq", "places"), [(1, [5, 7]), (6, [7]), (8, [])])
def test_a_chain_computed_anew_contradicts_the_checkpoints(sealed: World, seq: int, places: list[int]) -> None:
    head = sealed.events()[-1].hash
    rewrite(sealed, seq)
    assert found(sealed) == [("rewritten", "c1", place) for place in places]
    assert ("truncated", "", 0) in found(sealed, head)  # whoever kept the head elsewhere sees it in any case


@pytest.mark.promise("OPS-5.18", "OPS-5.14")
def test_a_record_rewritten_and_sealed_anew_by_another_key_is_not_believed(sealed: World, tmp_path: Path) -> None:
    rewrite(sealed, 2)
    (tmp_path / "mallory").mkdir()
    forger = seal.open_seal(tmp_path / "mallory")
    prev = audit.NOTHING
    for number, event in ((1, sealed.events()[4]), (2, sealed.events()[6])):
        with sealed.store.reading() as snapshot:
            old = audit.read_body(records.checkpoints(snapshot)[0].body)
        text = audit.body(
            number=number, at=event.at, store_id=old.store, heads={"c1": audit.Head(event.seq, event.hash)}, prev=prev,
            key_id=forger.key_id,
        )  # fmt: skip
        prev = audit.body_hash(text)
        hand.run(
            sealed.url,
            "UPDATE audit_checkpoints SET body = ?, hash = ?, key_id = ?, signature = ?, at = ? WHERE number = ?",
            text, prev, forger.key_id, forger.sign(audit.signed_bytes(text)), event.at, number,
        )  # fmt: skip
    assert found(sealed) == [("truncated", "", 0), ("checkpoint", "", 1), ("checkpoint", "", 2)]


@pytest.mark.promise("OPS-5.19")
def test_a_tail_cut_off_behind_the_last_checkpoint_is_found_with_its_head_only(sealed: World) -> None:
    head, before = sealed.events()[-1].hash, sealed.events()[-2]
    hand.run(sealed.url, "DELETE FROM audit_events WHERE seq = 8")
    hand.run(sealed.url, "UPDATE audit_chains SET seq = 7, head = ?", before.hash)
    assert found(sealed) == []
    assert found(sealed, head) == [("truncated", "", 0)]


@pytest.mark.promise("OPS-5.16", "OPS-5.19")
def test_an_older_copy_of_the_store_put_back_is_found_by_the_head_beside_it(sealed: World) -> None:
    fifth = sealed.events()[4]
    hand.run(sealed.url, "DELETE FROM audit_checkpoints WHERE number = 2")
    hand.run(sealed.url, "DELETE FROM audit_events WHERE seq > 5")
    hand.run(sealed.url, "UPDATE audit_chains SET seq = 5, head = ?", fifth.hash)
    assert found(sealed) == [("truncated", "", 0)]
    (sealed.folder / "audit" / "head").unlink()
    assert found(sealed) == []


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"hash": 7}', '{"hash"'])
def test_a_damaged_head_file_is_said_to_be_damaged(sqlite_world: World, text: str) -> None:
    (sqlite_world.folder / "audit" / "head").write_text(text)
    with pytest.raises(errors.KeyUnusable) as said:
        sqlite_world.house.audit.verify([])
    assert said.value.hint


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("column", ["seq", "target", "details", "hash"])
def test_a_value_of_a_kind_that_we_never_wrote_is_refused_by_name(sqlite_world: World, column: str) -> None:
    act(sqlite_world, 3)
    hand.drop_keepers(sqlite_world.url)
    # SQLite takes any value in any column.
    hand.run(sqlite_world.url, f"UPDATE audit_events SET {column} = CAST({column} || '' AS BLOB) WHERE seq = 2")
    with pytest.raises(errors.StoreCorrupt, match="c1/"):
        sqlite_world.house.audit.verify([])


def test_a_checkpoint_of_a_kind_that_we_never_wrote_is_refused_by_name(sqlite_world: World) -> None:
    act(sqlite_world)
    sqlite_world.house.audit.seal()
    hand.drop_keepers(sqlite_world.url)
    hand.run(sqlite_world.url, "UPDATE audit_checkpoints SET body = CAST(body AS BLOB)")
    with pytest.raises(errors.StoreCorrupt, match="Checkpoint 1"):
        sqlite_world.house.audit.verify([])


@pytest.mark.promise("OPS-5.13", "OPS-5.15", "OPS-7.05")
def test_two_writers_keep_a_chain_each_and_every_checkpoint_names_both(postgres_url: str, tmp_path: Path) -> None:
    one, two = open_world(postgres_url, tmp_path / "one"), open_world(postgres_url, tmp_path / "two")
    act(one, 2)
    act(two, 3)
    act(one)
    first = one.house.audit.seal()
    act(two)
    second = two.house.audit.seal()
    assert first is not None
    assert second is not None
    ends = [{name: head.seq for name, head in audit.read_body(made.body).heads.items()} for made in (first, second)]
    assert ends == [{"c1": 3, "c2": 3}, {"c1": 3, "c2": 4}]
    assert audit.read_body(second.body).prev == first.hash
    # Each trusts its own key alone, until the other's public key is laid beside it.
    assert found(one) == [("checkpoint", "", 2)]
    for key in (tmp_path / "two" / "audit" / "keys").iterdir():
        (tmp_path / "one" / "audit" / "keys" / key.name).write_bytes(key.read_bytes())
    report = one.house.audit.verify([first.hash, second.hash])
    assert (report.faults, report.unsealed, report.events) == ([], 0, 7)
    hand.drop_keepers(postgres_url)
    hand.run(postgres_url, "UPDATE audit_events SET chain = 'c9' WHERE chain = 'c1'")
    hand.run(postgres_url, "UPDATE audit_events SET chain = 'c1' WHERE chain = 'c2'")
    hand.run(postgres_url, "UPDATE audit_events SET chain = 'c2' WHERE chain = 'c9'")
    assert {("edited", "c1", 1), ("edited", "c2", 1)} <= set(found(one))
    one.close()
    two.close()


@hand.on_one_engine
@pytest.mark.promise("OPS-5.02", "OPS-5.03", "API-1.12")
def test_an_export_is_itself_an_act(world: World) -> None:
    reviewer, viewer = world.person("rita", Role.REVIEWER), world.person("vera")
    list(world.house.audit.export(reviewer, "req_1"))
    with pytest.raises(errors.Forbidden):
        world.house.audit.export(viewer)
    said = [(event.actor_name, event.outcome, event.request_id) for event in world.events(action="audit.export")]
    assert said == [("rita", "done", "req_1"), ("vera", "refused", None)]


@pytest.mark.promise("OPS-5.20")
def test_an_export_verifies_with_the_public_key_alone_and_not_with_another(world: World, tmp_path: Path) -> None:
    reviewer: Principal = world.person("rita", Role.REVIEWER)
    world.house.audit.seal()
    lines = list(world.house.audit.export(reviewer))
    world.close()
    (public,) = (world.folder / "audit" / "keys").iterdir()
    report = verify_export(lines, seal.trust([public]), [])
    assert (report.faults, report.checkpoints) == ([], 1)
    assert report.unsealed == 1  # the export's own event
    (tmp_path / "other").mkdir()
    seal.open_seal(tmp_path / "other")
    stranger = seal.trust([tmp_path / "other" / "keys"])
    assert [fault.kind.value for fault in verify_export(lines, stranger, []).faults] == ["checkpoint"]
    assert [fault.kind.value for fault in verify_export(lines, seal.Trust({}), []).faults] == ["checkpoint"]
