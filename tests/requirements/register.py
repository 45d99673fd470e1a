"""The register read both ways: which promises no test keeps, and which tests keep what nobody promised.

Rules of this file:
- Pure: text and values in, sentences about what is wrong out. Finding the files is the test's business.
- Tests are parsed, never imported, so the answer is the same whatever part of them a run selects.
- A mark that cannot be read for certain is a fault: a mark passed over would be a promise kept by nobody.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.requirements.promise import PARTLY, Promise

LONGEST = 160
ID = re.compile(r"(?P<page>[A-Z]{2,3})-(?P<section>[1-9][0-9]?)\.(?P<number>[0-9]{2})")
ASLEEP = frozenset({"skip", "xfail"})  # skipif may depend on the machine; these two show nothing on any


@dataclass(frozen=True, slots=True)
class Mark:
    """One promise that one test says it keeps."""

    id: str
    test: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the marks of one or several files say, and where they could not be read."""

    marks: tuple[Mark, ...] = ()
    faults: tuple[str, ...] = ()

    def __add__(self, other: "Reading") -> "Reading":
        return Reading(self.marks + other.marks, self.faults + other.faults)


def read_marks(source: str, where: str) -> Reading:
    """Read the promise marks of one file: on tests, on their classes, in their parameters and for the whole module."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return Reading(faults=(f"{where}:{error.lineno}: this file cannot be parsed",))
    marks: list[Mark] = []
    faults: list[str] = []
    found = [node for node in ast.walk(tree) if _is_mark(node, "promise")]
    read: set[int] = set()
    for test, decorators in _tests(tree, where):
        nodes = [node for decorator in decorators for node in ast.walk(decorator)]
        calls = [node for node in nodes if isinstance(node, ast.Call) and _is_mark(node.func, "promise")]
        read.update(id(call.func) for call in calls)
        if calls and any(_is_mark(node, word) for node in nodes for word in ASLEEP):
            faults.append(f"{test}: a test that is skipped, or may fail, keeps no promise")
            continue
        for call in calls:
            ids = [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            if call.keywords or not call.args or len(ids) != len(call.args):
                faults.append(f"{where}:{call.lineno}: a mark names its promises as plain strings, at least one")
            marks.extend(Mark(promise, test) for promise in ids)
    faults.extend(
        f"{where}:{getattr(node, 'lineno', 0)}: this mark stands where no collected test carries it"
        for node in found
        if id(node) not in read
    )
    return Reading(tuple(dict.fromkeys(marks)), tuple(dict.fromkeys(faults)))


def ill_formed(pages: Mapping[str, Sequence[Promise]]) -> list[str]:
    """Say which promises break the form: id, order, page, text, gap."""
    faults = []
    for page, promises in pages.items():
        last = (0, 0)
        for promise in promises:
            form = ID.fullmatch(promise.id)
            if form is None or form["page"] != page:
                faults.append(f"{promise.id!r} is not an id of the page {page}: {page}-section.number, as {page}-3.04")
                continue
            place = (int(form["section"]), int(form["number"]))
            if place <= last:
                faults.append(f"{promise.id} stands out of order or twice")
            last = place
            faults.extend(f"{promise.id}: its text {fault}" for fault in _faults_of_text(promise.text))
            if promise.gap is not None:
                faults.extend(f"{promise.id}: its gap {fault}" for fault in _faults_of_text(promise.gap))
                if not promise.gap.removeprefix(PARTLY.rstrip()).strip():
                    faults.append(f"{promise.id}: its gap does not say what is missing")
    return faults


def unkept(promises: Iterable[Promise], marks: Iterable[Mark]) -> list[str]:
    """Say which promises want a test and are carried by none."""
    kept = {mark.id for mark in marks}
    return [f"{p.id} is kept by no test: {p.text}" for p in promises if p.wants_a_test and p.id not in kept]


def unknown(promises: Iterable[Promise], marks: Iterable[Mark]) -> list[str]:
    """Say which marks name a promise that nobody made."""
    made = {promise.id for promise in promises}
    return [f"{mark.test} keeps {mark.id}, which is no promise" for mark in marks if mark.id not in made]


def kept_in_spite_of_a_gap(promises: Iterable[Promise], marks: Iterable[Mark]) -> list[str]:
    """Say which tests keep a promise that is said to be missing as a whole."""
    missing = {promise.id: promise.gap for promise in promises if not promise.wants_a_test}
    return [
        f"{mark.test} keeps {mark.id}, whose gap says: {missing[mark.id]}; take the gap away, or say which "
        f"part is missing with a gap that begins `{PARTLY.strip()}`"
        for mark in marks
        if mark.id in missing
    ]


def _faults_of_text(text: str) -> Iterator[str]:
    if not text or text != text.strip() or "\n" in text:
        yield "is not one plain line"
    if len(text) > LONGEST:
        yield f"has {len(text)} characters; at most {LONGEST}"


def _is_mark(node: ast.AST, word: str) -> bool:
    """Say whether this is `pytest.mark.word` or `mark.word`."""
    if not isinstance(node, ast.Attribute) or node.attr != word:
        return False
    owner = node.value
    return (isinstance(owner, ast.Attribute) and owner.attr == "mark") or (
        isinstance(owner, ast.Name) and owner.id == "mark"
    )


def _tests(tree: ast.Module, where: str) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield what pytest collects of a file, each with all that decorates it and what surrounds it."""
    if PurePosixPath(where).match("test_*.py"):
        yield from _tests_of(tree.body, where, [])


def _tests_of(body: list[ast.stmt], name: str, outer: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    around = [*outer, *_pytestmark(body)]
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test_"):
            yield f"{name}::{statement.name}", [*around, *statement.decorator_list]
        elif isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
            yield from _tests_of(statement.body, f"{name}::{statement.name}", [*around, *statement.decorator_list])
        elif isinstance(statement, ast.Assign):  # a state machine becomes a test by `TestX = Machine.TestCase`
            for target in statement.targets:
                if isinstance(target, ast.Name) and target.id.startswith("Test"):
                    yield f"{name}::{target.id}", around


def _pytestmark(body: list[ast.stmt]) -> Iterator[ast.expr]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=marks):
                yield marks
            case _:
                pass
