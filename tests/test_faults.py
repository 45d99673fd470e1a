"""Fault points: off unless armed, and every place in the code is named in the table, and the other way round."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import openpact
from openpact import faults

PACKAGE = Path(openpact.__file__).parent
CALL = re.compile(r'faults\.point\("([^"]+)"\)')


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.disarm()


@pytest.mark.promise("QUA-2.09")
def test_every_point_of_the_table_is_passed_somewhere_and_no_other() -> None:
    passed = {name for file in PACKAGE.rglob("*.py") for name in CALL.findall(file.read_text())}
    assert passed == faults.POINTS


def test_nothing_in_the_product_arms_a_fault() -> None:
    arming = [file.name for file in PACKAGE.rglob("*.py") if re.search(r"faults\.arm|import arm", file.read_text())]
    assert arming == []


def test_a_point_that_is_not_in_the_table_cannot_be_armed() -> None:
    with pytest.raises(ValueError, match="no fault point"):
        faults.arm("ledger.nowhere", "crash")


def test_a_fault_that_is_neither_crash_nor_delay_cannot_be_armed() -> None:
    with pytest.raises(ValueError, match="crashes or delays"):
        faults.arm("ledger.begun", "explode")


def test_a_delay_holds_up_the_hit_it_was_armed_for() -> None:
    faults.arm("ledger.begun", "delay", seconds=0.05, hit=2)
    faults.point("ledger.begun")
    before = time.monotonic()
    faults.point("ledger.begun")
    assert time.monotonic() - before >= 0.05  # what it promises, not how quick it is


def test_a_fault_strikes_at_its_own_point_only() -> None:
    faults.arm("ledger.begun", "crash")
    for name in faults.POINTS - {"ledger.begun"}:
        faults.point(name)


def test_disarmed_a_point_does_nothing() -> None:
    faults.arm("ledger.begun", "crash")
    faults.disarm()
    faults.point("ledger.begun")


@pytest.mark.promise("QUA-2.09")
def test_a_crash_is_kill_9_at_the_hit_it_was_armed_for() -> None:
    program = (
        "from openpact import faults\n"
        "faults.arm('ledger.begun', 'crash', hit=2)\n"
        "faults.point('ledger.begun'); print('one', flush=True)\n"
        "faults.point('ledger.begun'); print('two', flush=True)\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, timeout=30, check=False)  # noqa: S603 - a program of ours
    assert (ended.returncode, ended.stdout) == (-9, b"one\n")
