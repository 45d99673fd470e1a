"""Files stay small enough to be read in one sitting.

Rules of this file:
- The limit counts lines as an editor does, comments and docstrings too: a reader reads those as well.
"""

from collections.abc import Mapping

import pytest

from tests.architecture.source import HOUSE, named, read

LONGEST = 400
USUAL = 150
MOST = 2 / 3  # of the files of the house are no longer than the usual
WRITTEN = (".py", ".sql", ".css", ".ts", ".tsx", "Makefile", ".ci/run", ".importlinter", ".toml")


def too_long(lengths: Mapping[str, int]) -> list[str]:
    return [f"{path} has {count} lines; {LONGEST} are the limit" for path, count in lengths.items() if count > LONGEST]


def share_of_usual(lengths: Mapping[str, int]) -> float:
    return sum(count <= USUAL for count in lengths.values()) / len(lengths)


def lengths(*suffixes: str, under: str = "") -> dict[str, int]:
    return {path: len(read(path).splitlines()) for path in named(*suffixes, under=under)}


@pytest.mark.promise("ARC-1.12")
def test_no_file_that_we_write_is_too_long() -> None:
    assert too_long(lengths(*WRITTEN)) == []


@pytest.mark.promise("ARC-1.12")
def test_most_files_of_the_house_are_short() -> None:
    assert share_of_usual(lengths(".py", under=HOUSE)) >= MOST


def test_the_files_are_really_counted() -> None:
    counted = lengths(*WRITTEN)
    assert {"Makefile", "pyproject.toml", HOUSE + "app.py", "tests/architecture/test_sizes.py"} <= counted.keys()
    assert min(counted.values()) >= 0
    assert max(counted.values()) > USUAL


def test_a_file_with_one_line_too_many_is_found() -> None:
    assert too_long({"a.py": LONGEST, "b.py": LONGEST + 1}) == ["b.py has 401 lines; 400 are the limit"]


def test_a_house_of_long_files_is_found() -> None:
    assert share_of_usual({"a.py": USUAL, "b.py": USUAL + 1, "c.py": USUAL + 1}) < MOST
