"""Names say what things are: no drawers for anything, `get_` never answers None, instants end in `_at`.

Rules of this file:
- A name that a library prescribes is excused by name, with its reason.
"""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator

import pytest

from openpact.domain import identity, instant
from tests.architecture.source import HOUSE, Source, dotted, functions, named, parse, python, read

REFUSED = frozenset({"manager", "helper", "util", "base", "handler", "common", "misc"})
FEWEST_WORDS = 3
EXCUSED = {"get_command": "click asks a group for a command by this name, and None says that there is none"}

# What an instant would be called if nobody had agreed on `_at` and `_until`.
_OTHERWISE = re.compile(r"(^|_)(time|date|when|ts|timestamp|instant|created|updated|expires|expiry|deadline)$|_on$")
_INSTANT = re.compile(r"(^|_)(at|until)$")


def words(name: str) -> list[str]:
    """Split `_FooBar`, `foo_bar` and `foo.bar` into their words, without a plural's s."""
    return [word.lower().removesuffix("s") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def refused_files(paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        bad = REFUSED & set(words(path.rpartition(".")[0]))
        found += [f"{path}: nothing here is called {word}" for word in sorted(bad)]
    return found


def refused_classes(source: Source) -> list[str]:
    classes = (node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef))
    return [
        f"{source.at(node)}: {node.name} says nothing of what it is"
        for node in classes
        if REFUSED & set(words(node.name))
    ]


def getters_that_may_find_nothing(source: Source) -> list[str]:
    found = []
    for function in functions(source.tree):
        name = function.name.lstrip("_")
        if not re.match(r"get(_|$)", name) or name in EXCUSED:
            continue
        answer = ast.unparse(function.returns) if function.returns else "nothing that is said"
        if function.returns is None or re.search(r"\bNone\b|\bOptional\b", answer):
            found.append(
                f"{source.at(function)}: {function.name} gives {answer}; `find_` may answer None, `get_` raises"
            )
    return found


def _whole_numbers(tree: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node, node.target.id, ast.unparse(node.annotation)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            yield node, node.arg, ast.unparse(node.annotation)


def instants_named_otherwise(source: Source) -> list[str]:
    return [
        f"{source.at(node)}: {name} is an instant; it ends in _at or _until"
        for node, name, kind in _whole_numbers(source.tree)
        if kind in {"int", "int | None"} and _OTHERWISE.search(name)
    ]


def instants_of_another_type(source: Source) -> list[str]:
    """A float loses microseconds, a datetime without a zone loses the zone; a text is for answers only."""
    return [
        f"{source.at(node)}: {name} is {kind}; an instant is whole microseconds in UTC"
        for node, name, kind in _whole_numbers(source.tree)
        if _INSTANT.search(name) and re.search(r"\bfloat\b|\bdatetime\b", kind)
    ]


def columns_named_otherwise(sql: str) -> list[str]:
    columns = re.findall(r"^\s+(\w+) (BIGINT|INTEGER|REAL|TIMESTAMPTZ?|DATETIME|TEXT)\b", sql, re.MULTILINE)
    return [
        f"the column {name} {kind} is an instant, or is named as one"
        for name, kind in columns
        if _OTHERWISE.search(name) or (_INSTANT.search(name) and kind != "BIGINT")
    ]


def kinds_nobody_knows(source: Source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not re.search(r"(^|\.)(new_id|identity\.make)$", dotted(node.func)):
            continue
        kind = node.args[0] if node.args else None
        if isinstance(kind, ast.Constant) and kind.value not in identity.KINDS:
            found.append(f"{source.at(node)}: {kind.value!r} is no kind of thing")
    return found


def names_that_are_no_sentences(source: Source) -> list[str]:
    return [
        f"{source.at(function)}: {function.name} is no sentence"
        for function in functions(source.tree)
        if function.name.startswith("test") and len(function.name.removeprefix("test_").split("_")) < FEWEST_WORDS
    ]


def of_all(check: Iterable[list[str]]) -> list[str]:
    return list(itertools.chain.from_iterable(check))


@pytest.mark.promise("ARC-1.10")
def test_no_file_of_ours_has_a_name_for_anything() -> None:
    assert refused_files(named(".py", ".sql", ".ts", ".tsx")) == []


def test_no_class_of_ours_has_a_name_for_anything() -> None:
    assert of_all(map(refused_classes, python())) == []


@pytest.mark.promise("ARC-1.10")
@pytest.mark.parametrize(
    "path",
    [
        *(
            "src/openpact/utils.py",
            "src/openpact/services/store_manager.py",
            "tests/helpers.py",
            "src/openpact/common/a.py",
        ),
        *("src/openpact/web/base.py", "src/openpact/miscHandlers.py"),
    ],
)
def test_a_file_with_a_name_for_anything_is_found(path: str) -> None:
    assert refused_files([path])


@pytest.mark.parametrize("name", ["PolicyManager", "_BaseStore", "HTTPHandler", "Utils", "CommonThings"])
def test_a_class_with_a_name_for_anything_is_found(name: str) -> None:
    assert refused_classes(parse(f"class {name}: ..."))
    assert not refused_classes(parse("class Database: ...\nclass Commoner: ..."))


@pytest.mark.promise("ARC-4.09")
def test_nothing_that_gets_may_find_nothing() -> None:
    assert of_all(map(getters_that_may_find_nothing, python(HOUSE))) == []


@pytest.mark.promise("ARC-4.09")
@pytest.mark.parametrize("answer", ["-> int | None", "-> Optional[int]", "-> 'int | None'", ""])
@pytest.mark.parametrize("name", ["get", "get_person", "_get_person"])
def test_a_getter_that_may_find_nothing_is_found(name: str, answer: str) -> None:
    assert getters_that_may_find_nothing(parse(f"class A:\n  async def {name}(self) {answer}: ..."))
    assert not getters_that_may_find_nothing(parse(f"def {name}() -> int: ...\ndef find_it() -> int | None: ..."))


@pytest.mark.promise("ARC-4.10")
def test_every_instant_is_named_as_one() -> None:
    assert of_all(map(instants_named_otherwise, python(HOUSE))) == []
    assert of_all(map(instants_of_another_type, python(HOUSE))) == []
    assert of_all(columns_named_otherwise(read(path)) for path in named(".sql")) == []


@pytest.mark.promise("ARC-4.10")
def test_an_instant_without_a_zone_is_refused_and_shown_in_utc() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        instant.from_text("2026-02-05T10:30:00")
    assert instant.as_text(instant.from_text("2026-02-05T11:30:00+01:00")) == "2026-02-05T10:30:00.000000Z"


def test_an_instant_with_another_name_or_type_is_found() -> None:
    for line in ("created: int", "expires: int | None = None", "valid_on: int", "def f(deadline: int): ..."):
        assert instants_named_otherwise(parse(line)), line
    assert not instants_named_otherwise(parse("created_at: int\nlocked_until: int\nlifetime: int\ncreated: bool"))
    assert instants_of_another_type(parse("seen_at: float"))
    assert instants_of_another_type(parse("def f(until: dt.datetime | None): ..."))
    assert not instants_of_another_type(parse("seen_at: int | None\nseen_at: str"))
    assert columns_named_otherwise("CREATE TABLE x (\n    created BIGINT NOT NULL,\n    seen_at TEXT\n);") == [
        "the column created BIGINT is an instant, or is named as one",
        "the column seen_at TEXT is an instant, or is named as one",
    ]
    assert not columns_named_otherwise("CREATE TABLE x (\n    created_at BIGINT NOT NULL,\n    name TEXT\n);")


@pytest.mark.promise("ARC-4.11")
def test_every_id_that_is_made_has_a_kind_that_is_known() -> None:
    assert of_all(map(kinds_nobody_knows, python(HOUSE))) == []
    assert identity.make("evt", 0, bytes(10)).startswith("evt_")
    with pytest.raises(ValueError, match="no kind"):
        identity.make("foo", 0, bytes(10))
    assert all(re.fullmatch("[a-z]{3}", kind) for kind in identity.KINDS)


def test_an_id_of_an_unknown_kind_is_found() -> None:
    assert kinds_nobody_knows(parse("ledger.new_id('foo')"))
    assert kinds_nobody_knows(parse("identity.make('foo', 0, b'')"))
    assert not kinds_nobody_knows(parse("ledger.new_id('evt')\nself.new_id(kind)\nperson.make('foo')"))


@pytest.mark.promise("ARC-4.16")
def test_the_name_of_every_test_is_a_sentence() -> None:
    assert of_all(map(names_that_are_no_sentences, python("tests/"))) == []


@pytest.mark.promise("ARC-4.16")
@pytest.mark.parametrize("name", ["test", "test_1", "test_policy", "test_store_write"])
def test_a_test_that_is_named_by_a_word_is_found(name: str) -> None:
    assert names_that_are_no_sentences(parse(f"class TestA:\n  def {name}(self): ..."))
    assert not names_that_are_no_sentences(parse("def test_a_role_reaches_down(): ...\ndef attested(): ..."))
