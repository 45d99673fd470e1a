"""The register of promises and the tests, held against each other in both directions.

Rules of this file:
- The marks are read from the sources of all tests, so that running a part of them asks the same questions.
- The checks are proven on small registers that are broken on purpose: a check that never fails checks nothing.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.requirements import PAGES, PROMISES, Promise
from tests.requirements.register import (
    Mark,
    Reading,
    ill_formed,
    kept_in_spite_of_a_gap,
    read_marks,
    unkept,
    unknown,
)

TESTS = Path(__file__).parent
ROOT = TESTS.parent

KEPT = Promise("ARC-1.01", "Arrows point down")
PARTLY_KEPT = Promise(
    "ARC-1.02", "Arrows point down in both halves", gap="partly: the other half arrives with the roof"
)
MISSING = Promise("ARC-1.03", "The roof is red", gap="arrives with the roof")


@pytest.fixture(scope="module")
def reading() -> Reading:
    files = sorted(TESTS.rglob("*.py"))
    return sum((read_marks(f.read_text(encoding="utf-8"), f.relative_to(ROOT).as_posix()) for f in files), Reading())


@pytest.mark.promise("ARC-4.17")
def test_every_promise_without_a_gap_is_kept_by_a_test(reading: Reading) -> None:
    faults = unkept(PROMISES.values(), reading.marks)
    assert not faults, _lines(faults)


@pytest.mark.promise("ARC-4.17")
def test_every_mark_names_a_promise(reading: Reading) -> None:
    faults = unknown(PROMISES.values(), reading.marks)
    assert not faults, _lines(faults)


@pytest.mark.promise("ARC-4.17")
def test_no_test_keeps_a_promise_that_is_said_to_be_missing(reading: Reading) -> None:
    faults = kept_in_spite_of_a_gap(PROMISES.values(), reading.marks)
    assert not faults, _lines(faults)


@pytest.mark.promise("ARC-4.17")
def test_every_mark_can_be_read(reading: Reading) -> None:
    faults = reading.faults
    assert not faults, _lines(faults)


@pytest.mark.promise("ARC-4.17")
def test_every_promise_is_well_formed() -> None:
    faults = ill_formed(PAGES)
    assert not faults, _lines(faults)


def test_every_promise_written_in_a_page_is_in_the_register() -> None:
    written = sum(f.read_text(encoding="utf-8").count("    Promise(") for f in (TESTS / "requirements").glob("*.py"))
    assert len(PROMISES) == sum(len(page) for page in PAGES.values()) == written


def test_a_promise_that_no_test_keeps_is_found() -> None:
    assert unkept([KEPT], []) == ["ARC-1.01 is kept by no test: Arrows point down"]
    assert unkept([KEPT], [Mark("ARC-1.01", "t")]) == []


def test_a_promise_that_is_partly_kept_wants_a_test_too() -> None:
    assert len(unkept([PARTLY_KEPT], [])) == 1
    assert unkept([PARTLY_KEPT], [Mark("ARC-1.02", "t")]) == []


def test_a_promise_with_a_gap_wants_no_test() -> None:
    assert unkept([MISSING], []) == []


def test_a_mark_that_names_no_promise_is_found() -> None:
    assert unknown([KEPT], [Mark("ARC-9.99", "t")]) == ["t keeps ARC-9.99, which is no promise"]
    assert unknown([KEPT], [Mark("ARC-1.01", "t")]) == []


def test_a_test_that_keeps_a_missing_promise_is_found() -> None:
    assert len(kept_in_spite_of_a_gap([MISSING], [Mark("ARC-1.03", "t")])) == 1


def test_a_test_may_keep_a_part_of_a_promise() -> None:
    assert kept_in_spite_of_a_gap([PARTLY_KEPT], [Mark("ARC-1.02", "t")]) == []


@pytest.mark.parametrize(
    "promise",
    [
        pytest.param(Promise("ARC-1.1", "Short number"), id="number"),
        pytest.param(Promise("ARC-1.011", "Long number"), id="longer number"),
        pytest.param(Promise("ARC-0.01", "No section"), id="section"),
        pytest.param(Promise("OPS-1.01", "Another page's id"), id="page"),
        pytest.param(Promise("ARC-1.01", ""), id="empty text"),
        pytest.param(Promise("ARC-1.01", " \t"), id="blank text"),
        pytest.param(Promise("ARC-1.01", "Two\nlines"), id="two lines"),
        pytest.param(Promise("ARC-1.01", "x" * 161), id="long text"),
        pytest.param(Promise("ARC-1.01", "Text", gap=""), id="empty gap"),
        pytest.param(Promise("ARC-1.01", "Text", gap="partly: "), id="gap that says nothing"),
        pytest.param(Promise("ARC-1.01", "Text", gap="partly:"), id="gap without its reason"),
    ],
)
def test_an_ill_formed_promise_is_found(promise: Promise) -> None:
    assert ill_formed({"ARC": [promise]})


def test_a_text_of_the_greatest_length_is_well_formed() -> None:
    assert ill_formed({"ARC": [Promise("ARC-1.01", "x" * 160)]}) == []


@pytest.mark.parametrize("second", ["ARC-1.01", "ARC-1.02"])
def test_an_id_given_twice_or_out_of_order_is_found(second: str) -> None:
    pages = {"ARC": [Promise("ARC-1.02", "First"), Promise(second, "Second")]}
    assert ill_formed(pages) == [f"{second} stands out of order or twice"]


MARK = "pytest.mark.promise('ARC-1.01')"


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        (f"@{MARK}\ndef test_a(): ...", ["test_a"]),
        (f"@{MARK}\nasync def test_a(): ...", ["test_a"]),
        (
            f"@{MARK}\nclass TestA:\n  def test_a(self): ...\n  def test_b(self): ...",
            ["TestA::test_a", "TestA::test_b"],
        ),
        (f"class TestA:\n  pytestmark = {MARK}\n  def test_a(self): ...", ["TestA::test_a"]),
        (f"class TestA:\n  @{MARK}\n  def test_a(self): ...", ["TestA::test_a"]),
        (f"pytestmark = [pytest.mark.slow, {MARK}]\ndef test_a(): ...", ["test_a"]),
        (f"pytestmark = {MARK}\nTestA = Machine.TestCase", ["TestA"]),
        (f"@pytest.mark.parametrize('x', [pytest.param(1, marks={MARK})])\ndef test_a(x): ...", ["test_a"]),
        (f"@{MARK}\n@pytest.mark.skipif(OLD, reason='')\ndef test_a(): ...", ["test_a"]),
        ("@mark.promise('ARC-1.01')\ndef test_a(): ...", ["test_a"]),
    ],
)
def test_a_mark_is_read_wherever_pytest_honours_it(source: str, tests: list[str]) -> None:
    reading = read_marks(source, "tests/test_x.py")
    assert reading.faults == ()
    assert reading.marks == tuple(Mark("ARC-1.01", f"tests/test_x.py::{test}") for test in tests)


def test_what_only_looks_like_a_mark_is_none() -> None:
    assert read_marks("@world.kept.promise('ARC-1.01')\ndef test_a(): ...", "tests/test_x.py") == Reading()


def test_one_mark_may_name_several_promises() -> None:
    reading = read_marks("@pytest.mark.promise('ARC-1.01', 'ARC-1.02')\ndef test_a(): ...", "test_x.py")
    assert [mark.id for mark in reading.marks] == ["ARC-1.01", "ARC-1.02"]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("@pytest.mark.promise(ID)\ndef test_a(): ...", id="computed id"),
        pytest.param("@pytest.mark.promise('ARC-1.01', *MORE)\ndef test_a(): ...", id="computed ids"),
        pytest.param("@pytest.mark.promise(id='ARC-1.01')\ndef test_a(): ...", id="keyword"),
        pytest.param("@pytest.mark.promise('ARC-1.01', x=1)\ndef test_a(): ...", id="keyword beside an id"),
        pytest.param("@pytest.mark.promise()\ndef test_a(): ...", id="no id"),
        pytest.param("@pytest.mark.promise\ndef test_a(): ...", id="not called"),
        pytest.param("keeps = pytest.mark.promise\n@keeps('ARC-1.01')\ndef test_a(): ...", id="another name"),
        pytest.param(f"@{MARK}\ndef check(): ...", id="not a test"),
        pytest.param(f"class Tools:\n  @{MARK}\n  def test_a(self): ...", id="not a test class"),
        pytest.param(f"pytestmark = {MARK}", id="a module without tests"),
        pytest.param(f"@{MARK}\n@pytest.mark.skip(reason='later')\ndef test_a(): ...", id="skipped"),
        pytest.param(f"@{MARK}\n@pytest.mark.xfail\ndef test_a(): ...", id="expected to fail"),
        pytest.param(f"pytestmark = pytest.mark.skip\n@{MARK}\ndef test_a(): ...", id="skipped as a whole"),
        pytest.param(
            f"@pytest.mark.parametrize('x', [pytest.param(1, marks=[pytest.mark.skip, {MARK}])])\ndef test_a(x): ...",
            id="skipped case",
        ),
        pytest.param("def test_a(:", id="not Python"),
    ],
)
def test_a_mark_that_may_keep_nothing_is_a_fault(source: str) -> None:
    assert read_marks(source, "tests/test_x.py").faults


def test_a_mark_in_a_file_that_is_not_collected_is_a_fault() -> None:
    source = f"@{MARK}\ndef test_a(): ..."
    assert read_marks(source, "tests/world.py") == Reading(
        faults=("tests/world.py:1: this mark stands where no collected test carries it",)
    )


def _lines(faults: Sequence[str]) -> str:
    return "\n".join(faults)
