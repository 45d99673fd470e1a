"""The bench as a frame: order, medians, what is written and where. What it measures on this machine is never judged.

Rules of this file:
- Synthetic rows answer figures that are given to them, so that every median here is known beforehand.
- Real rows are run for what they leave behind, never for how long they took.
"""

import ast
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import report
from bench.__main__ import ROOT, ROUNDS, choose, main
from bench.frame import HEAVY_ROUNDS, Bar, Result, Round, Row, run
from bench.lab import Lab, fill
from bench.rows import ROWS
from openpact.adapters.store import audit, open_store
from openpact.adapters.store.chain import store_id
from openpact.domain.audit_check import check

PAGE = f"# Speed\n\nBefore.\n\n{report.BEGIN}\nan old table\n{report.END}\n\nAfter.\n"
# `monotonic` is not among them: it bounds how long a test waits for what must come, which is no speed.
CLOCKS = {f"{clock}{unit}" for clock in ("perf_counter", "process_time", "thread_time") for unit in ("", "_ns")}


class Told(Row):
    """A row that gives the figures it was told, and writes down when it was asked."""

    what = "a row that is told"

    def __init__(
        self,
        name: str,
        diary: list[str] | None = None,
        *,
        values: Sequence[float] = (1.0,),
        beside: Sequence[float] = (),
        bar: Bar | None = None,
        heavy: bool = False,
        rate: str | None = None,
    ) -> None:
        self.name, self.bar, self.heavy, self.rate = name, bar, heavy, rate
        self.against = "another row that is told" if beside else None
        self._diary = [] if diary is None else diary
        warm_up = 0 if heavy else 1
        self._values = _cycle([values[0]] * warm_up, values)
        self._beside = _cycle(list(beside[:1]) * warm_up, beside)

    def measure(self) -> float:
        self._diary.append(self.name)
        return next(self._values)

    def compare(self) -> float:
        self._diary.append(f"beside {self.name}")
        return next(self._beside)


class Broken(Row):
    name = "broken"
    what = "a row that fails"

    def open(self, lab: Lab) -> None:
        (lab.place() / "something").write_text("left behind?")

    def measure(self) -> float:
        raise RuntimeError("it broke")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(quick=True) as opened:
        yield opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a checkout as far as the bench writes into one."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "performance.md").write_text(PAGE)
    return tmp_path


def rounds_of(diary: list[str], rows: int) -> list[list[str]]:
    """Split a diary into its rounds, without the warm-up before them."""
    measured = diary[rows:]
    return [measured[first : first + rows] for first in range(0, len(measured), rows)]


@pytest.mark.promise("QUA-1.01")
def test_every_row_has_its_round_before_any_row_has_the_next(lab: Lab) -> None:
    diary: list[str] = []
    run([Told(name, diary) for name in "abcdef"], lab, rounds=5, seed=1)
    found = rounds_of(diary, 6)
    assert len(found) == 5
    assert all(sorted(one) == list("abcdef") for one in found)


@pytest.mark.promise("QUA-1.01")
def test_each_round_has_an_order_of_its_own_and_the_seed_brings_it_back(lab: Lab) -> None:
    def diary_of(seed: int) -> list[str]:
        diary: list[str] = []
        run([Told(name, diary, beside=[1.0]) for name in "abcdef"], lab, rounds=5, seed=seed)
        return diary

    assert diary_of(7) == diary_of(7)
    assert diary_of(7) != diary_of(8)
    orders = ["".join(word for word in one if "beside" not in word) for one in rounds_of(diary_of(7), 12)]
    assert len(set(orders)) > 1


@pytest.mark.promise("QUA-1.01")
def test_a_row_and_what_it_is_compared_with_stand_side_by_side_in_either_order(lab: Lab) -> None:
    diary: list[str] = []
    run([Told(name, diary, beside=[1.0]) for name in "abc"], lab, rounds=20, seed=3)
    pairs = [diary[first : first + 2] for first in range(0, len(diary), 2)]
    assert all(sorted(one) == sorted([name, f"beside {name}"]) for one in pairs for name in one if "beside" not in name)
    assert {one[0].startswith("beside") for one in pairs} == {True, False}


@pytest.mark.promise("QUA-1.01")
def test_a_figure_is_the_median_between_the_smallest_and_the_largest_round(lab: Lab) -> None:
    (result,) = run([Told("a", values=[9.0, 2.0, 4.0, 3.0, 100.0])], lab, rounds=5, seed=1)
    assert (result.value.median, result.value.low, result.value.high) == (4.0, 2.0, 100.0)
    assert result.beside is None
    assert result.ratio is None


@pytest.mark.promise("QUA-1.01")
def test_the_ratio_is_taken_within_each_round_before_the_median(lab: Lab) -> None:
    row = Told("a", values=[20.0, 40.0, 30.0], beside=[10.0, 1.0, 30.0])  # the medians' ratio would be 3
    (result,) = run([row], lab, rounds=3, seed=1)
    assert result.ratio is not None
    assert (result.ratio.median, result.ratio.low, result.ratio.high) == (2.0, 1.0, 40.0)


def test_the_warm_up_counts_for_nothing_and_a_heavy_row_has_none(lab: Lab) -> None:
    diary: list[str] = []
    rows = [Told("light", diary, values=[5.0]), Told("heavy", diary, heavy=True)]
    light, heavy = run(rows, lab, rounds=HEAVY_ROUNDS + 2, seed=1)
    assert len(light.rounds) == HEAVY_ROUNDS + 2
    assert len(heavy.rounds) == HEAVY_ROUNDS
    assert diary.count("light") == HEAVY_ROUNDS + 3
    assert diary.count("heavy") == HEAVY_ROUNDS


@pytest.mark.parametrize(
    ("bar", "holds"),
    [
        (None, None),
        (Bar(4.0, "≤ 4"), True),
        (Bar(3.9, "≤ 3.9"), False),
        (Bar(2.0, "ratio ≤ 2", of="ratio"), True),
        (Bar(1.9, "ratio ≤ 1.9", of="ratio"), False),
    ],
)
def test_a_bar_is_kept_by_the_median_of_what_it_is_about(bar: Bar | None, holds: bool | None) -> None:  # noqa: FBT001
    row = Told("a", beside=[1.0], bar=bar)
    assert Result(row, (Round(4.0, 2.0), Round(1.0, 0.5), Round(9.0, 1.0))).holds is holds


def test_a_row_that_fails_ends_the_run_and_leaves_nothing_behind() -> None:
    opened = Lab()
    with pytest.raises(RuntimeError, match="it broke"), opened:
        run([Broken()], opened, rounds=1, seed=1)
    assert not opened.folder.exists()


@pytest.mark.promise("QUA-1.02")
def test_a_full_run_writes_the_results_and_the_table_between_the_markers(root: Path) -> None:
    rows = [
        Told("group.a", values=[50.0], beside=[100.0], rate="acts", bar=Bar(0.4, "ratio ≤ 0.4", of="ratio")),
        Told("plain", values=[1234.0]),
    ]
    main([], root=root, rows=[Told("gone", values=[77.0])])  # what an earlier run wrote gives way
    assert main([], root=root, rows=rows) == 0  # a bar that is missed is shown, and is no failure
    said = json.loads((root / "bench" / "results" / "latest.json").read_text())
    assert said["format"] == report.FORMAT
    assert said["rounds"] == ROUNDS
    assert said["quick"] is False
    assert {"cpu", "cores", "memory", "kernel", "python", "sqlite"} <= said["machine"].keys()
    assert {"before", "after"} == said["load"].keys()
    assert said["rows"] == [
        {
            "name": "group.a",
            "what": "a row that is told",
            "against": "another row that is told",
            "unit": "µs",
            "command": 'make bench ARGS="--only group.a"',
            "bar": {"limit": 0.4, "of": "ratio", "text": "ratio ≤ 0.4"},
            "holds": False,
            "value": {"median": 50.0, "min": 50.0, "max": 50.0},
            "beside": {"median": 100.0, "min": 100.0, "max": 100.0},
            "ratio": {"median": 0.5, "min": 0.5, "max": 0.5},
            "rate": {"of": "acts", "a_second": 20000.0},
            "rounds": [[50.0, 100.0]] * ROUNDS,
        },
        {
            "name": "plain",
            "what": "a row that is told",
            "unit": "µs",
            "command": 'make bench ARGS="--only plain"',
            "value": {"median": 1234.0, "min": 1234.0, "max": 1234.0},
            "rounds": [[1234.0, None]] * ROUNDS,
            **dict.fromkeys(("against", "bar", "holds", "beside", "ratio", "rate")),
        },
    ]
    page = (root / "docs" / "performance.md").read_text()
    before, after = PAGE.split(f"{report.BEGIN}\nan old table\n{report.END}")
    assert page.startswith(before + report.BEGIN)
    assert page.endswith(report.END + after)
    assert "an old table" not in page
    assert "77.0" not in page
    assert (
        "| a row that is told | 50.0 µs (50.0 - 50.0) = 20,000 acts/s | another row that is told: 100 µs (100 - 100) "
        '| 0.50 (0.50 - 0.50) | ratio ≤ 0.4: MISSED | `make bench ARGS="--only group.a"` |'
    ) in page.splitlines()
    assert '| 1,234 µs (1,234 - 1,234) | nothing |  | no bar | `make bench ARGS="--only plain"` |' in page
    assert f"seed {said['seed']}" in page


@pytest.mark.parametrize(
    "page", ["no marker", report.BEGIN, report.END + report.BEGIN, PAGE + report.END, PAGE + report.BEGIN]
)
def test_a_page_without_its_two_markers_is_told_before_anything_is_measured(root: Path, page: str) -> None:
    diary: list[str] = []
    (root / "docs" / "performance.md").write_text(page)
    with pytest.raises(report.PageUnusable, match="needs the two lines"):
        main([], root=root, rows=[Told("a", diary)])
    assert diary == []
    assert (root / "docs" / "performance.md").read_text() == page


@pytest.mark.parametrize("arguments", [["--only", "a"], ["--quick", "--rounds", "9"], ["--rounds", "2"]])
def test_what_is_no_full_run_leaves_the_figures_of_the_last_full_run(root: Path, arguments: list[str]) -> None:
    main(arguments, root=root, rows=[Told("a")])
    assert (root / "docs" / "performance.md").read_text() == PAGE
    assert [file.name for file in (root / "bench" / "results").iterdir()] == ["part.local.json"]


def test_an_unknown_row_is_refused_with_the_names_of_all_rows(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diary: list[str] = []
    with pytest.raises(SystemExit) as end:
        main(["--only", "a", "c"], root=root, rows=[Told("a", diary), Told("b.x", diary), Told("b.y", diary)])
    assert end.value.code == 2
    assert "no row is named c. The rows are: a, b.x, b.y" in capsys.readouterr().err
    assert diary == []


def test_a_name_without_its_variant_means_all_its_variants() -> None:
    assert [row.name for row in choose(ROWS, ["up", "select.sqlite"])] == [
        "fsync", "select.sqlite", "up.new", "up.again",
    ]  # fmt: skip


def test_no_rounds_at_all_are_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--rounds", "0"], root=root, rows=[Told("a")])
    assert end.value.code == 2
    assert "at least one round" in capsys.readouterr().err


@pytest.mark.promise("QUA-1.03")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_names_a_command_that_measures_it_and_its_bar_or_none(row: Row) -> None:
    found = re.fullmatch(r'make bench ARGS="--only (\S+)"', row.command)
    assert found is not None
    assert [chosen for chosen in choose(ROWS, [found[1]]) if chosen.name != "fsync"] == [row] * (row.name != "fsync")
    assert row.what
    assert report.bar_of(row)


def test_the_command_lists_every_row() -> None:
    command = [sys.executable, "-m", "bench", "--list"]
    shown = subprocess.check_output(command, cwd=ROOT, timeout=60).decode()  # noqa: S603
    assert all(f" {row.name} " in shown for row in ROWS)
    assert all(report.bar_of(row) in shown for row in ROWS)


def test_a_real_row_is_measured_and_the_work_is_told_on_a_terminal(root: Path, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    arguments = ["--only", "parse.250B", "--rounds", "1", "--quick", "--seed", "5"]
    program = f"from pathlib import Path; from bench.__main__ import main; main({arguments}, root=Path({str(root)!r}))"
    terminal, inside = os.openpty()
    os.set_blocking(terminal, False)
    try:
        command = [sys.executable, "-c", program]
        env = {**os.environ, "TMPDIR": str(tmp_path / "t")}
        shown = subprocess.check_output(command, cwd=ROOT, env=env, stderr=inside, timeout=60).decode()  # noqa: S603
        progress = os.read(terminal, 10_000).decode()
    finally:
        os.close(terminal)
        os.close(inside)
    said = json.loads((root / "bench" / "results" / "part.local.json").read_text())
    assert [row["name"] for row in said["rows"]] == ["fsync", "parse.250B"]
    assert said["seed"] == 5
    assert said["rows"][1]["value"]["median"] > 0
    assert said["rows"][1]["beside"]["median"] > 0
    assert "µs" in said["machine"]["fsync"]
    assert "parse.250B" in shown
    assert "round 1 of 1, 2 of 2" in progress
    assert list((tmp_path / "t").iterdir()) == []  # the bench's folder is gone


def test_progress_is_not_shown_where_there_is_no_terminal(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], root=root, rows=[Told("a")])
    assert capsys.readouterr().err == ""


def test_the_machine_is_told_without_its_name_and_without_folders(root: Path) -> None:
    main(["--only", "fsync"], root=root, rows=ROWS[:1])
    said = json.loads((root / "bench" / "results" / "part.local.json").read_text())
    text = json.dumps(said["machine"])
    assert not re.search(rf"\b{re.escape(platform.node())}\b", text)
    assert "/" not in text


@pytest.mark.promise("QUA-1.15", "QUA-1.17")
def test_start_and_memory_of_the_daemon_are_measured_against_their_bounds(root: Path) -> None:
    rows = [row for row in ROWS if row.name in {"up.new", "up.again", "idle-memory"}]
    main(["--rounds", "1", "--quick"], root=root, rows=rows)
    said = json.loads((root / "bench" / "results" / "part.local.json").read_text())
    found: dict[str, Any] = {row["name"]: row for row in said["rows"]}
    for name in ("up.new", "up.again"):
        assert found[name]["unit"] == "ms"
        assert found[name]["bar"] == {"limit": 1500.0, "of": "value", "text": "≤ 1.5 s"}
        assert found[name]["value"]["median"] > found[name]["beside"]["median"] > 0
        assert found[name]["holds"] in {True, False}
    assert found["idle-memory"]["bar"] == {"limit": 110.0, "of": "value", "text": "≤ 110 MB"}
    assert found["idle-memory"]["value"]["median"] > 10


def test_the_past_that_is_laid_down_is_a_record_that_verifies(store_url: str) -> None:
    store = open_store(store_url)
    try:
        fill(store_url, store, 30)
        with store.reading() as snapshot:
            found = check(store_id(snapshot), [], audit.walk(snapshot), lambda *_: True)
            ends = audit.heads(snapshot)
    finally:
        store.close()
    assert found.intact
    assert found.events == 30
    assert found.heads == ends


@pytest.mark.promise("QUA-1.04")
def test_no_test_asserts_a_time() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert [fault for file in files for fault in timed(file.read_text("utf-8"), file.name)] == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("assert time.perf_counter() - began < 1", 1),
        ("spent = time.perf_counter_ns() - began\n    assert spent < 1", 1),
        ("spent = process_time() - began\n    half = spent / 2\n    assert half < 1", 1),
        ("spent = time.perf_counter() - began\n    assert report.intact", 0),
        ("assert world.ledger.now() == clock.at", 0),
    ],
)
def test_an_asserted_time_is_found(body: str, faults: int) -> None:
    assert len(timed(f"def test_x():\n    {body}\n", "x.py")) == faults


def timed(source: str, where: str) -> list[str]:
    """Give the assertions about what a stopwatch said, directly or by way of a name."""
    faults: list[str] = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        spent = set(CLOCKS)
        steps = sorted((node for node in ast.walk(function) if isinstance(node, ast.stmt)), key=lambda one: one.lineno)
        for step in steps:
            if isinstance(step, ast.Assign) and _names(step.value) & spent:
                spent |= {name for target in step.targets for name in _names(target)}
            if isinstance(step, ast.Assert) and _names(step.test) & spent:
                faults.append(f"{where}:{step.lineno}: {function.name} asserts a time")
    return faults


def _names(node: ast.AST) -> set[str]:
    plain = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return plain | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def _cycle(first: Sequence[float], values: Sequence[float]) -> Iterator[float]:
    yield from first
    while True:
        yield from values
