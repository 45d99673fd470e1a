"""`python -m bench`: measure, write down, show.

Rules of this file:
- Only a full run of every row, in no fewer rounds than usual, writes bench/results/latest.json and the table of
  docs/performance.md: figures of different runs never stand side by side. Any other run writes
  bench/results/part.local.json, which is not committed.
- A bar that is missed is shown, and is no failure of the bench.
"""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

import openpact
from bench import machine, report
from bench.frame import Row, run
from bench.lab import Lab
from bench.rows import ROWS
from bench.rows.disk import Fsync

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, QUICK_ROUNDS = 7, 2
_PIPED_WIDTH = 200


def main(argv: Sequence[str] | None = None, *, root: Path = ROOT, rows: Sequence[Row] = ROWS) -> int:
    """Run the bench as the arguments say."""
    parser = _parser()
    given = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    if given.list:
        console.print(report.listing(list(rows)))
        return 0
    try:
        chosen = choose(rows, given.only)
    except ValueError as fault:
        parser.error(str(fault))
    page = root / "docs" / "performance.md"
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    whole = given.only is None and not given.quick and rounds >= ROUNDS
    if whole:
        report.into_page(page.read_text("utf-8"), "")  # a page that cannot take the table is told before the work
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    progress = Progress()
    began, before = time.monotonic(), machine.load()
    with Lab(quick=given.quick) as lab:
        results = run(chosen, lab, rounds=rounds, seed=seed, tell=progress.tell)
        described = machine.describe(lab.folder, lab.postgres_version())
    progress.end()
    fsync = next((result for result in results if isinstance(result.row, Fsync)), None)
    if fsync is not None:
        described["fsync"] = report.shown(fsync.value.median, fsync.row.unit)
    said = report.document(
        results,
        version=openpact.__version__,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        rounds=rounds,
        seed=seed,
        quick=given.quick,
        seconds=round(time.monotonic() - began, 1),
        machine=described,
        load={"before": before, "after": machine.load()},
    )
    file = root / "bench" / "results" / ("latest.json" if whole else "part.local.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if whole:
        page.write_text(report.into_page(page.read_text("utf-8"), report.markdown(said, results)), "utf-8")
    console.print(report.table(results))
    missed = [result.row.name for result in results if result.holds is False]
    console.print(f"Bars missed: {', '.join(missed) or 'none'}. {said['seconds']} s, seed {seed}.", highlight=False)
    console.print(f"Written: {file.relative_to(root)}" + (f" and {page.relative_to(root)}" if whole else ""))
    return 0


def choose(rows: Sequence[Row], only: Sequence[str] | None) -> list[Row]:
    """Give the rows of these names, in the order of the table. A name without its variant means all variants.

    The cost of an fsync is measured in every run. Raises ValueError with the names that there are.
    """
    if only is None:
        return list(rows)
    unknown = [name for name in only if not any(_is_named(row, name) for row in rows)]
    if unknown:
        names = ", ".join(row.name for row in rows)
        raise ValueError(f"no row is named {', '.join(unknown)}. The rows are: {names}")
    return [row for row in rows if isinstance(row, Fsync) or any(_is_named(row, name) for name in only)]


class Progress:
    """Where the bench is, on the terminal's error stream alone."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()

    def tell(self, said: str) -> None:
        """Show this instead of what was shown before."""
        if self._on:
            print(f"\r{said}\033[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        self.tell("")


def _is_named(row: Row, name: str) -> bool:
    return name in {row.name, row.name.partition(".")[0]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure OpenPact, side by side.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these rows alone (see --list)")
    parser.add_argument("--rounds", type=_positive, metavar="N", help=f"how many rounds; {ROUNDS} unless told")
    parser.add_argument("--quick", action="store_true", help="few rounds, little data: shows that it works, no more")
    parser.add_argument("--seed", type=int, metavar="N", help="draw the order of this earlier run again")
    parser.add_argument("--list", action="store_true", help="list the rows")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


if __name__ == "__main__":
    sys.exit(main())
