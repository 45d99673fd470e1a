"""The walls that imports cannot show: who writes to the store, where SQL stands, who builds what, who reads YAML.

Rules of this file:
- A name that is passed on counts as a use: `later = store.write` opens the door as wide as calling it.
"""

import ast
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from openpact.adapters import files
from openpact.app import App, open_app
from openpact.config import Config
from openpact.domain import errors, strict_yaml
from openpact.domain.document import leaves
from tests.architecture.source import HOUSE, Source, dotted, imports, parse, python
from tests.architecture.test_names import of_all

LEDGER = HOUSE + "services/ledger.py"
STORE = HOUSE + "adapters/store/"
WIRING = HOUSE + "app.py"

_SQL = re.compile(
    r"\s*(select\b.+\bfrom\b|select\s+[\w.]+\(|insert\s+into\b|update\s+\w+\s+set\b|delete\s+from\b|with\s+\w+\s+as\b"
    r"|(create|drop|alter)\s+(unique\s+)?(table|index|trigger|function|view|database|role)\b"
    r"|pragma\s+\w|(savepoint|release|rollback|vacuum|truncate|notify|listen)\s+\w|begin\s+(immediate|isolation))",
    re.IGNORECASE | re.DOTALL,
)
# A prose sentence may begin like a statement; SQL does not end in a full stop or hold a backtick.
_PROSE = re.compile(r"[.`…]\s*$|`")

# What is built once, and only in the wiring.
BUILT_ONCE = {
    *("open_store", "Ledger", "Audit", "People", "Setup", "SignIn", "Tokens", "Status", "Unlocks", "Passwords", "Care"),
    *("House", "App", "Live", "Runs", "Secrets"),
}


def writes(source: Source) -> list[str]:
    """Find the store's two doors used outside the ledger: by a receiver called store, or `submit` of anything."""
    if source.path == LEDGER or source.path.startswith(STORE):
        return []
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or node.attr not in {"write", "submit"}:
            continue
        holder = dotted(node.value).rpartition(".")[2] or ast.unparse(node.value)
        if node.attr == "submit" or "store" in holder.lower():
            found.append(f"{source.at(node)}: only the ledger calls the store's {node.attr}")
    named = {"write", "submit"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in {"getattr", "attrgetter", "operator.attrgetter"}:
            texts = {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
            found += [f"{source.at(node)}: only the ledger calls the store's {name}" for name in sorted(texts & named)]
    return found


def inner_writes(source: Source) -> list[str]:
    """The writer behind the store and its engines are the store's own."""
    if source.path.startswith(STORE):
        return []
    inner = ("openpact.adapters.store.writer", "openpact.adapters.store.postgres")
    return [
        f"{source.at(node)}: {name} is the store's own" for node, name in imports(source.tree) if name.startswith(inner)
    ]


def speaks_sql(source: Source) -> list[str]:
    if source.path.startswith(STORE):
        return []
    return [
        f"{source.at(node)}: SQL stands only in adapters/store"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _SQL.match(node.value)
        and not _PROSE.search(node.value)
    ]


def builds(source: Source) -> list[str]:
    if source.path == WIRING:
        return []
    return [
        f"{source.at(node)}: {dotted(node.func)} is built in app.py, once"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in BUILT_ONCE
    ]


def calls(source: Source, name: str) -> int:
    named = (dotted(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return sum(called.rpartition(".")[2] == name for called in named)


def importers(module: str) -> set[str]:
    return {
        source.path
        for source in python(HOUSE)
        for _node, name in imports(source.tree)
        if name == module or name.startswith(module + ".")
    }


def outside(*paths: str) -> list[Source]:
    return [source for source in python(HOUSE) if source.path not in paths]


@pytest.mark.promise("ARC-1.17")
def test_only_the_ledger_writes_to_the_store() -> None:
    assert of_all(map(writes, python(HOUSE))) == []
    assert of_all(map(inner_writes, python(HOUSE))) == []


@pytest.mark.promise("ARC-1.07")
def test_sql_stands_only_in_the_package_of_the_store() -> None:
    assert of_all(map(speaks_sql, python(HOUSE))) == []


@pytest.mark.promise("ARC-3.02")
def test_each_engine_is_known_to_one_file_alone() -> None:
    assert importers("sqlite3") == {STORE + "sqlite.py"}
    assert importers("psycopg") == {STORE + "postgres.py"}


@pytest.mark.promise("ARC-1.13")
def test_every_adapter_and_service_is_built_in_one_file() -> None:
    # config has sections of the same names, which are values.
    assert of_all(map(builds, outside(WIRING, HOUSE + "config/house.py", HOUSE + "config/__init__.py"))) == []
    wiring = parse((python(WIRING)[0]).text, WIRING)
    assert {name: calls(wiring, name) for name in BUILT_ONCE} == dict.fromkeys(BUILT_ONCE, 1)


@pytest.mark.promise("ARC-1.13")
def test_what_was_built_is_closed_in_reverse(tmp_path: Path) -> None:
    files.make(tmp_path / "w")
    opened = open_app(Config(), tmp_path / "w")
    order: list[str] = []
    with ExitStack() as stack:
        for name in ("first", "second", "third"):
            stack.callback(order.append, name)
        App(opened.house, opened.care, stack.pop_all()).close()
    assert order == ["third", "second", "first"]
    opened.close()
    with pytest.raises(errors.StoreUnavailable, match="closed"):
        opened.house.ledger.keep(lambda _tx: None)


@pytest.mark.promise("ARC-1.19")
def test_only_the_table_of_urls_makes_routes() -> None:
    assert importers("starlette.routing") == {HOUSE + "web/app.py"}


@pytest.mark.promise("ARC-3.07")
def test_yaml_is_read_by_the_strict_reader_alone() -> None:
    assert importers("yaml") == {HOUSE + "domain/strict_yaml.py"}
    twice = strict_yaml.read("server:\n  port: 1\n  port: 2\n")
    assert [(fault.line, fault.column) for fault in twice.faults] == [(3, 3)]
    once = strict_yaml.read("server:\n  port: 1\n  host: a\n")
    assert once.root is not None
    assert [(path, place.line) for path, place in leaves(once.root)] == [("server.port", 2), ("server.host", 3)]


@pytest.mark.promise("ARC-1.17")
@pytest.mark.parametrize(
    "line",
    [
        *("store.write(job)", "self._store.write(job)", "house.store.submit(job)", "later = self._store.write"),
        *("open_store(url).write(job)", "anything.submit(job)", "getattr(store, 'write')(job)"),
    ],
)
def test_a_write_past_the_ledger_is_found(line: str) -> None:
    assert writes(parse(line))
    assert not writes(parse(line, LEDGER))


def test_a_write_to_a_file_is_no_write_to_the_store() -> None:
    assert not writes(parse("file.write(b'x')\nsys.stdout.buffer.write(b'x')\nstore.reading()"))


def test_a_way_to_the_inside_of_the_store_is_found() -> None:
    assert inner_writes(parse("from openpact.adapters.store.writer import Writer"))
    assert not inner_writes(parse("from openpact.adapters.store import people"))


@pytest.mark.promise("ARC-1.07")
@pytest.mark.parametrize(
    "text",
    [
        *(
            "SELECT 1 FROM people",
            "select max(number) from x",
            "INSERT INTO people VALUES (1)",
            "\n  UPDATE people SET a = 1",
        ),
        *("DELETE FROM people", "CREATE TABLE x (a TEXT)", "CREATE UNIQUE INDEX i ON x (a)", "PRAGMA quick_check(1)"),
        *("SELECT pg_notify('a', 'b')", "BEGIN IMMEDIATE", "WITH x AS (SELECT 1) SELECT * FROM x"),
    ],
)
def test_sql_outside_the_store_is_found(text: str) -> None:
    assert speaks_sql(parse(f"run({text!r})"))
    assert speaks_sql(parse(f"run(f{text!r})"))
    assert not speaks_sql(parse(f"run({text!r})", STORE + "people.py"))


@pytest.mark.parametrize(
    "text", ["DELETE", "Create one with `openpact token create`.", "Begin it with /.", "Select a role."]
)
def test_prose_and_methods_are_no_sql(text: str) -> None:
    assert not speaks_sql(parse(f"run({text!r})"))


@pytest.mark.promise("ARC-1.13")
def test_a_second_house_is_found() -> None:
    assert builds(parse("Ledger(store)"))
    assert builds(parse("store = adapters.store.open_store(url)"))
    assert not builds(parse("Ledger(store)", WIRING))
