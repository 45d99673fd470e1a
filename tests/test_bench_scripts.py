"""The rows about scripts, run for what they say and leave behind, never for how long they took."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import report
from bench.__main__ import ROOT, main
from bench.frame import run
from bench.lab import Lab
from bench.rows import ROWS
from bench.rows.script_host import Redact
from bench.stage import COLD, TRIVIAL, children, locks, stage
from openpact.domain.run import Code
from openpact.services.runs import Script

SCRIPTS = [row for row in ROWS if row.name.startswith(("script-", "redact.", "egress."))]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all these rows once, as quickly as they can be, and give what was written of each."""
    root = tmp_path_factory.mktemp("root")
    (root / "docs").mkdir()
    (root / "docs" / "performance.md").write_text(f"{report.BEGIN}\n{report.END}\n")
    before = children()[os.getpid()]
    assert main(["--rounds", "1", "--quick", "--seed", "3"], root=root, rows=SCRIPTS) == 0
    said = json.loads((root / "bench" / "results" / "part.local.json").read_text())
    rows: dict[str, Any] = {row["name"]: row for row in said["rows"]}
    return rows | {"left behind": children()[os.getpid()] - before}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(quick=True) as opened:
        yield opened


@pytest.mark.promise("QUA-1.12")
def test_a_script_is_measured_against_three_milliseconds_a_spawned_process_and_300_a_second(
    measured: dict[str, Any],
) -> None:
    assert measured["script-run.engine"]["bar"] == {"limit": 3.0, "of": "value", "text": "≤ 3 ms"}
    assert measured["script-run.engine"]["unit"] == "ms"
    assert measured["script-run.engine"]["beside"]["median"] > 0
    assert measured["script-run.spawn"]["bar"] == {"limit": 0.1, "of": "ratio", "text": "ratio ≤ 1/10"}
    assert measured["script-run.spawn"]["beside"]["median"] > 0
    assert measured["script-run.fork"]["beside"]["median"] > 0
    at_once = measured["script-run.16-at-once"]
    assert at_once["unit"] == "µs"
    assert at_once["bar"]["text"] == "≥ 300 runs/s"
    assert 1e6 / at_once["bar"]["limit"] == pytest.approx(300)
    assert at_once["rate"]["a_second"] == pytest.approx(1e6 / at_once["value"]["median"], rel=0.01)


@pytest.mark.promise("QUA-1.13")
def test_many_scripts_that_sleep_are_measured_against_four_seconds(measured: dict[str, Any]) -> None:
    row = measured["script-sleepers"]
    assert row["bar"] == {"limit": 4.0, "of": "value", "text": "≤ 4 s"}
    assert row["value"]["median"] >= 2  # they did sleep
    assert {row.name: row.what for row in ROWS}["script-sleepers"].startswith("10 scripts")  # of 500 when not quick


@pytest.mark.promise("QUA-1.14")
def test_bombs_loops_and_their_neighbours_are_measured_against_their_bounds(measured: dict[str, Any]) -> None:
    ended = [row for name, row in measured.items() if name.startswith(("script-bomb.", "script-loop."))]
    assert len(ended) == 4
    assert all(row["bar"] == {"limit": 1000.0, "of": "value", "text": "≤ 1 s"} for row in ended)
    assert all(row["unit"] == "ms" for row in ended)
    beside = [row for name, row in measured.items() if name.startswith("script-neighbours.")]
    assert len(beside) == 3
    assert all(row["bar"] == {"limit": 3.0, "of": "ratio", "text": "ratio ≤ 3"} for row in beside)
    assert all(row["beside"]["median"] > 0 for row in beside)


def test_every_row_is_measured_and_judged_where_it_has_a_bar(measured: dict[str, Any]) -> None:
    for row in SCRIPTS:
        found = measured[row.name]
        assert found["value"]["median"] > 0
        assert (found["beside"] is None) == (row.against is None)
        assert found["holds"] in ({None} if row.bar is None else {True, False})


def test_a_warm_worker_holds_less_than_the_zygote_that_it_is_a_copy_of(measured: dict[str, Any]) -> None:
    row = measured["script-memory"]
    assert row["unit"] == "KB"
    assert 100 < row["value"]["median"] < 1.5 * row["beside"]["median"]


def test_nothing_that_ran_for_a_row_is_left_behind(measured: dict[str, Any]) -> None:
    assert measured["left behind"] == set()


def test_rows_with_the_same_settings_share_one_sandbox(lab: Lab) -> None:
    assert stage(lab) is stage(lab)
    assert stage(lab) is not stage(lab, COLD)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"seccomp": "ok", "landlock": "ok"}, "all locks on"),
        (
            {"seccomp": "ok", "landlock": "Function not implemented", "net_namespace": "Operation not permitted"},
            "without landlock, net namespace",
        ),
    ],
)
def test_a_lock_that_this_machine_lacks_is_told(found: dict[str, str], told: str) -> None:
    assert locks(found) == told


def test_a_script_that_fails_gives_no_figure(lab: Lab) -> None:
    broken = Script(name="broken.star", source="fail('it broke')\n")
    with pytest.raises(RuntimeError, match=r"broken\.star failed.*it broke"):
        stage(lab).spent(1, broken)


def test_a_bomb_that_does_not_go_off_gives_no_figure(lab: Lab) -> None:
    opened = stage(lab)
    with pytest.raises(RuntimeError, match="was not refused with memory_limit"):
        opened.do(opened.refused(Script(name="harmless.star", source="result = 1\n"), Code.MEMORY_LIMIT))
    with pytest.raises(RuntimeError, match="was not refused with memory_limit"):
        opened.do(opened.refused(Script(name="broken.star", source="fail('x')\n"), Code.MEMORY_LIMIT))


def test_a_spawned_process_that_lacks_a_lock_of_the_pool_runs_nothing(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    config = json.dumps({"memory_mb": 128, "cpu_seconds": 10})
    command = [sys.executable, "-m", "bench.spawned", str(theirs.fileno()), str(os.getpid())]
    command += [str(tmp_path / "nowhere"), '{"chroot": "ok"}', config]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)  # noqa: S603
    theirs.close()
    with ours, process:
        assert ours.recv(1) == b""
        process.wait(30)
        assert process.stderr is not None
        assert process.stderr.read() == b""  # it ended by its own judgment, not by a fault


def test_what_redaction_is_compared_with_finds_the_same_secrets(lab: Lab) -> None:
    (result,) = run([Redact("found")], lab, rounds=1, seed=1)
    assert result.value.median > 0  # the row refuses to be measured where the two disagree


def test_the_script_of_the_rows_is_run_as_the_product_runs_it(lab: Lab) -> None:
    opened = stage(lab)
    outcome = opened.do(opened.run(TRIVIAL, '{"a": 20, "b": 22}'))
    assert outcome.ended.result == '{"sum":42}'
