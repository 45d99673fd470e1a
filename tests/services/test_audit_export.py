"""An exported record, far from its store: whatever was done to the file is found, or the file is refused."""

import base64
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.adapters import seal
from openpact.domain import errors, strict_json
from openpact.domain.principal import SYSTEM, Action, Role
from openpact.services.audit import verify_export
from tests.world import open_world


@lru_cache(maxsize=1)
def exported(folder: Path) -> tuple[tuple[bytes, ...], seal.Trust, str, str]:
    """Give the lines of a record, who is trusted, its newest checkpoint and its last event, made once for all."""
    world = open_world(f"sqlite:///{folder}/export.db", folder / "secure")
    reviewer = world.person("rita", Role.REVIEWER, ("ops",))
    for number in range(4):
        world.ledger.act(
            SYSTEM,
            Action.DAEMON_START,
            "d\u00e4mon \U0001f916",
            lambda _act: None,
            details={"n": number, "a": [True, None]},
        )
        if number in {1, 3}:
            world.clock.advance(seconds=1)
            world.house.audit.seal()
    lines = tuple(world.house.audit.export(reviewer))
    last = world.events()[-1].hash
    report = world.house.audit.verify([])
    world.close()
    assert report.newest is not None
    return lines, seal.trust([folder / "secure" / "audit" / "keys"]), report.newest, last


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("export")
    exported.cache_clear()


def found(folder: Path, lines: list[bytes], *heads: str) -> list[tuple[str, str, int]]:
    report = verify_export(lines, exported(folder)[1], list(heads))
    return [(fault.kind.value, fault.chain, fault.seq) for fault in report.faults]


@pytest.mark.promise("OPS-5.20")
def test_an_untouched_export_is_intact(folder: Path) -> None:
    lines, _, newest, last = exported(folder)
    assert found(folder, list(lines), newest, last) == []
    assert found(folder, [line.rstrip() for line in lines]) == []


HEADER, CHECKPOINTS = 1, 2  # the lines before the events


@pytest.mark.promise("OPS-5.18", "OPS-5.20")
def test_every_way_to_change_the_lines_is_found_at_its_place(folder: Path) -> None:
    lines, _, newest, last = exported(folder)
    first = HEADER + CHECKPOINTS
    count = len(lines) - first
    sealed = count - 1  # the export's own event came after the last checkpoint
    for seq in range(1, count):
        at = first + seq - 1
        gone = [*lines[:at], *lines[at + 1 :]]
        assert found(folder, gone) == [("deleted", "c1", seq)]
        twice = [*lines, lines[at]]
        assert found(folder, twice) == [("inserted", "c1", seq)]
        moved = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        assert found(folder, moved) == [("reordered", "c1", seq)]
        cut = list(lines[:at])
        assert found(folder, cut) == [("truncated", "c1", seq)]
    assert sealed == count - 1
    without_the_tail = list(lines[:-1])
    assert found(folder, without_the_tail) == [("truncated", "c1", count)]  # by the end that the first line tells
    assert found(folder, without_the_tail, last) == [("truncated", "", 0), ("truncated", "c1", count)]
    assert found(folder, [lines[0], *lines[2:]]) == [("checkpoint", "", 2)]
    without_the_last_checkpoint = [*lines[:2], *lines[3:]]
    assert found(folder, without_the_last_checkpoint) == []
    assert found(folder, without_the_last_checkpoint, newest) == [("truncated", "", 0)]
    assert ("checkpoint", "", 1) in found(folder, [lines[0], lines[2], lines[1], *lines[3:]])


@pytest.mark.promise("OPS-5.18", "OPS-5.20")
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), how=st.sampled_from(["put", "in", "out"]))
def test_any_single_byte_changed_is_found_or_makes_the_file_unreadable(
    folder: Path, place: float, byte: int, how: str
) -> None:
    lines, _, newest, last = exported(folder)
    whole = b"".join(lines[HEADER:])
    at = int(place * len(whole))
    changed = whole[:at] + (b"" if how == "out" else bytes([byte])) + whole[at + (how != "in") :]
    after = [lines[0], *changed.splitlines(keepends=True)]
    try:
        faults = found(folder, after, newest, last)
    except errors.Invalid:
        return
    if not faults:  # then it must say the very same thing: white space beside it, or another way to write a letter
        assert [read(line) for line in after if line.strip()] == [read(line) for line in lines]


def read(line: bytes) -> bytes:
    return strict_json.canonical(strict_json.parse(line.strip()))


@pytest.mark.promise("OPS-5.18", "OPS-5.20")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"event":', b'{"note":"approved","event":'),
        (b'"outcome":', b'"note":"approved","outcome":'),
        (b"T10:30:00.000000Z", b" 10:30:00.000000Z"),
        (b'"at":', b'"note":"approved","at":'),
        (b'{"checkpoint":', b'{"note":"approved","checkpoint":'),
        (b'{"checkpoint":', b'{"checkpoints":'),
        (b'{"event":', b'{"event":7,"events":'),
        (b'{"event":{', b'{"event":[],"x":{'),
    ],
)
def test_what_stands_beside_and_is_covered_by_no_hash_is_refused(folder: Path, old: bytes, new: bytes) -> None:
    lines = exported(folder)[0]
    at = next(place for place, line in enumerate(lines) if old in line)
    changed = [*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1 :]]
    with pytest.raises(errors.Invalid, match=f"Line {at + 1} "):
        found(folder, changed)


@pytest.mark.promise("OPS-5.18")
def test_a_signature_spelled_in_another_way_is_not_the_one_that_was_made(folder: Path) -> None:
    lines = exported(folder)[0]
    document = strict_json.parse(lines[1])
    assert isinstance(document, dict)
    assert isinstance(document["checkpoint"], dict)
    signature = str(document["checkpoint"]["signature"])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = signature[:-3] + letters[letters.index(signature[-3]) + 1] + "=="
    assert base64.b64decode(other) == base64.b64decode(signature)
    changed = [lines[0], lines[1].replace(signature.encode(), other.encode()), *lines[2:]]
    assert ("checkpoint", "", 1) in found(folder, changed)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b""],
        [b"{}"],
        [b"[]"],
        [b'{"format":"openpact-audit-2","store":"x"}'],
        [b'{"format":"openpact-audit-1"}'],
        [b'{"format":"openpact-audit-1","store":7}'],
        [b"not json"],
        [b"\xff"],
    ],
    ids=str,
)
def test_what_is_no_export_is_refused(folder: Path, lines: list[bytes]) -> None:
    with pytest.raises(errors.Invalid):
        found(folder, lines)


def test_a_checkpoint_among_the_events_is_refused(folder: Path) -> None:
    lines = exported(folder)[0]
    with pytest.raises(errors.Invalid, match=r"no event and no checkpoint"):
        found(folder, [*lines, lines[1]])


@pytest.mark.promise("OPS-5.19", "OPS-5.20")
def test_an_export_cut_down_to_its_checkpoints_lacks_every_event_that_they_sealed(folder: Path) -> None:
    lines = exported(folder)[0]
    assert found(folder, list(lines[:3])) == [("truncated", "c1", 1)]
    assert found(folder, [lines[0]]) == [("truncated", "c1", 1)]
    assert found(folder, [lines[0]], "f" * 64) == [("truncated", "", 0), ("truncated", "c1", 1)]
