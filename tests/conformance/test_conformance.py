"""The public Starlark specification, asserted line by line: what holds, what must fail, and what is known to differ."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.adapters.sandbox.language.conftest import Language, language

__all__ = ["language"]  # the fixture, shared with the tests of the language

ROOT = Path(__file__).parents[2]

# Told line by line, so that one assertion that does not hold hides no other.
ASSERTIONS = """
def eq(found, wanted):
    same = type(found) == type(wanted) and found == wanted
    print("ok" if same else "found %r, wanted %r" % (found, wanted))

def true(found):
    eq(found, True)
"""
LOAD = 'load("assert.star", "eq", "true")'
ERROR = "### error: "
DEVIATES = "### deviates: "

# Where the language of this product differs from the specification, and why that stays.
KNOWN = {
    "float text": "the engine writes 7 digits of a large float; print, format and json.encode write all of them",
    "big float comparison": "an integer and a float are compared as floats; integers among themselves are exact",
    "float keys": "a float key beyond 32 bits is another key than the integer; JSON has text keys only",
    "no sets": "the engine has none; an error says to use a dict",
    "no bytes": "all data of scripts is text",
    "function text": "the engine writes the file and the name",
    "hash": "`hash` is the namespace of hash functions here",
    "augmented shift of elements": "`<<` is rewritten to be exact; this form is refused rather than evaluated twice",
    "startswith range": "the engine takes no range here; slice the string first",
    "adjacent tabs": "the engine indents with spaces only; an error says so",
}


class Chunk(NamedTuple):
    """A piece of a file that is run on its own."""

    name: str
    source: str
    error: str | None
    deviates: str | None


def _chunks() -> Iterator[Chunk]:
    for path in sorted(Path(__file__).parent.glob("*.star")):
        for number, source in enumerate(path.read_text(encoding="utf-8").split("\n---\n")):
            marks = {
                mark: line.removeprefix(mark)
                for line in source.splitlines()
                for mark in (ERROR, DEVIATES)
                if line.startswith(mark)
            }
            yield Chunk(f"{path.stem}-{number}", source, marks.get(ERROR), marks.get(DEVIATES))


CHUNKS = list(_chunks())
HOLDING = [chunk for chunk in CHUNKS if chunk.error is None and chunk.deviates is None]


def _wrong(language: Language, chunk: Chunk) -> tuple[int, list[str]]:
    """Run a chunk and give how many assertions it made, and those that do not hold."""
    told = language.run(f"{LOAD}\n{chunk.source}\n", files={"assert.star": ASSERTIONS})
    wrong = [line for line in told.logs if line != "ok"]
    assert told.answer is not None, f"{chunk.name} broke the process"
    made = len(told.logs)
    if told.answer["t"] == "failed":
        wrong.append(f"line {told.answer['line']}: {told.message}")
        made += 1
    return made, wrong


@pytest.mark.promise("SCR-2.01")
@pytest.mark.parametrize("chunk", HOLDING, ids=lambda chunk: chunk.name)
def test_the_specification_holds(language: Language, chunk: Chunk) -> None:
    assert _wrong(language, chunk)[1] == []


@pytest.mark.parametrize("chunk", [chunk for chunk in CHUNKS if chunk.error], ids=lambda chunk: chunk.name)
def test_what_the_specification_forbids_fails(language: Language, chunk: Chunk) -> None:
    told = language.run(chunk.source)
    assert str(chunk.error) in told.message
    assert told.answer["line"]


@pytest.mark.parametrize("chunk", [chunk for chunk in CHUNKS if chunk.deviates], ids=lambda chunk: chunk.name)
def test_a_known_difference_is_still_one(language: Language, chunk: Chunk) -> None:
    assert chunk.deviates in KNOWN
    assert _wrong(language, chunk)[1] != [], "this holds now: move it to the others"


def test_every_known_difference_is_shown() -> None:
    assert {chunk.deviates for chunk in CHUNKS if chunk.deviates} == set(KNOWN)


def test_the_specification_is_asserted_widely(
    language: Language, record_property: Callable[[str, object], None]
) -> None:
    made = failed = 0
    for chunk in CHUNKS:
        if chunk.error is not None:
            continue  # each is a test of its own
        assertions, wrong = _wrong(language, chunk)
        made += assertions
        failed += len(wrong) if chunk.deviates else 0
        assert chunk.deviates or not wrong
    record_property("assertions", made)
    record_property("pass_rate", (made - failed) / made)
    stated = f"{made - failed} of {made} assertions"
    assert stated in (ROOT / "docs" / "guides" / "write-a-script.md").read_text(encoding="utf-8"), stated
