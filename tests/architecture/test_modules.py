"""Every module says what it is and under which rules; the domain is pure; nothing is swallowed, slept or mocked.

Rules of this file:
- An excuse stands in a table here, with its reason, and falls when the module it excuses needs it no longer.
"""

import ast
import io
import re
import tokenize

import pytest

from tests.architecture.source import HOUSE, Source, dotted, imports, parse, python
from tests.architecture.test_names import of_all

SHORT = 60  # lines; a longer module states its rules
RULES = "Rules of this file:"

_COMMANDS = "each command is told by its own help; the rules of all commands stand in cli/main.py and cli/output.py"
_URLS = "one function for each URL; the rules of all URLs stand in web/app.py"
WITHOUT_RULES = {
    HOUSE + "cli/audit.py": _COMMANDS,
    HOUSE + "cli/config.py": _COMMANDS,
    HOUSE + "cli/scripts.py": _COMMANDS,
    HOUSE + "cli/token.py": _COMMANDS,
    HOUSE + "cli/up.py": _COMMANDS,
    HOUSE + "cli/user.py": _COMMANDS,
    HOUSE + "web/audit.py": _URLS,
    HOUSE + "web/people.py": _URLS,
}

# All that the domain may import: values and text, nothing that reaches the world.
DOMAIN_MAY = frozenset(
    {
        *("calendar", "collections", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools"),
        *("hashlib", "hmac", "itertools", "json", "math", "operator", "pathlib.PurePosixPath", "re", "string"),
        *("textwrap", "typing", "types", "unicodedata", "urllib.parse", "base64", "binascii", "bisect", "heapq"),
        *("ahocorasick_rs", "html.entities", "ipaddress", "msgspec", "re2", "yaml", "openpact.domain"),
    }
)
_REACHES_OUT = {"open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__"}
_CLOCKS = re.compile(r"\b(datetime|date|dt)(\.\w+)*\.(now|utcnow|today)$")

_MOCKS = (
    "unittest.mock",
    "mock",
    "pytest_mock",
    "mockito",
    "flexmock",
    "doublex",
    "freezegun",
    "time_machine",
    "responses",
)
# Tests that inject a fault which the real thing cannot be brought to, or whose delay is what they test.
MAY_PRETEND = {"tests/cli/test_exits.py": "raises each error where a command would; no command raises all of them"}
MAY_SLEEP: dict[str, str] = {}

FEWEST_WORDS_OF_A_REASON = 3


def without_docstring(source: Source) -> list[str]:
    return [] if ast.get_docstring(source.tree) else [f"{source.path} does not say what it is"]


def without_rules(source: Source) -> list[str]:
    long = len(source.text.splitlines()) > SHORT
    said = RULES in (ast.get_docstring(source.tree) or "")
    excused = source.path in WITHOUT_RULES
    if long and not said and not excused:
        return [f"{source.path} is longer than {SHORT} lines and does not state its rules"]
    return [f"{source.path} needs its excuse no longer"] if excused and (said or not long) else []


def left_for_later(source: Source) -> list[str]:
    return [
        f"{source.path}:{token.start[0]}: do it now, or write it down where it is seen"
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
        if token.type == tokenize.COMMENT and re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
    ]


def blind(source: Source) -> list[str]:
    """Find what catches everything: it must raise again at its end, or say in a comment why it may swallow."""
    lines = source.text.splitlines()
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {"everything"} if node.type is None else set(re.findall(r"\w+", ast.unparse(node.type)))
        if not caught & {"everything", "Exception", "BaseException"} or isinstance(node.body[-1], ast.Raise):
            continue
        comment = " ".join(lines[node.lineno - 1 : node.body[0].lineno - 1 or None]).partition("#")[2]
        if len(re.findall(r"[a-z]{2,}", comment.replace("noqa", ""))) < FEWEST_WORDS_OF_A_REASON:
            found.append(f"{source.at(node)}: catches everything without saying why")
    return found


def impure(source: Source) -> list[str]:
    found = []
    for node, name in imports(source.tree):
        if not any(name == known or name.startswith(known + ".") for known in DOMAIN_MAY):
            found.append(f"{source.at(node)}: the domain does not import {name}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"{source.at(node)}: the domain awaits nothing")
        if isinstance(node, ast.Name) and node.id in _REACHES_OUT:
            found.append(f"{source.at(node)}: the domain has no {node.id}")
        if isinstance(node, ast.Attribute) and _CLOCKS.search(dotted(node)):
            found.append(f"{source.at(node)}: the domain reads no clock")
    return found


def pretended(source: Source) -> list[str]:
    found = [
        f"{source.at(node)}: {name} stands in for the real thing"
        for node, name in imports(source.tree)
        if any(name == mock or name.startswith(mock + ".") for mock in _MOCKS)
    ]
    fixtures = [node for node in ast.walk(source.tree) if isinstance(node, ast.arg) and node.arg == "mocker"]
    patches = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and _replaces_code(node)]
    found += [f"{source.at(node)}: something stands in for the real thing" for node in (*fixtures, *patches)]
    return [] if source.path in MAY_PRETEND else found


def _replaces_code(call: ast.Call) -> bool:
    """Another value of a constant, such as a shorter patience, leaves the thing as real as it was; so does a stream."""
    if dotted(call.func) != "monkeypatch.setattr":
        return False
    if [ast.unparse(arg) for arg in call.args[:2]] in [
        ["sys", repr(name)] for name in ("argv", "stdin", "stdout", "stderr")
    ]:
        return False
    target = call.args[-2:-1]  # the name stands before the new value
    texts = [node.value for arg in target for node in ast.walk(arg) if isinstance(node, ast.Constant)]
    return not str(texts[-1] if texts else "").rpartition(".")[2].isupper()


def slept(source: Source) -> list[str]:
    names = {name for _node, name in imports(source.tree)} & {"time.sleep", "asyncio.sleep"}
    found = [f"{source.path}: imports {name}" for name in sorted(names)]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in {"time.sleep", "asyncio.sleep"}:
            given = node.args[0] if node.args else None
            turn = isinstance(given, ast.Constant) and given.value == 0  # lets others run, and waits for no time
            polls = isinstance(given, ast.Name | ast.Constant) and _inside_a_loop(source.tree, node)
            if not (turn or polls):
                found.append(f"{source.at(node)}: waits for a time, not for a thing")
    return [] if source.path in MAY_SLEEP else found


def _inside_a_loop(tree: ast.AST, wanted: ast.AST) -> bool:
    loops = (node for node in ast.walk(tree) if isinstance(node, ast.While | ast.For | ast.AsyncFor))
    return any(wanted in ast.walk(loop) for loop in loops)


def armed(source: Source) -> list[str]:
    used = {dotted(node) for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    used |= {name.removeprefix("openpact.") for _node, name in imports(source.tree)}
    return [f"{source.path}: only tests arm a fault"] if used & {"faults.arm", "faults._armed"} else []


@pytest.mark.promise("ARC-4.12")
def test_every_module_opens_by_saying_what_it_is() -> None:
    assert of_all(map(without_docstring, python())) == []


@pytest.mark.promise("ARC-4.12")
def test_every_longer_module_of_the_house_states_its_rules() -> None:
    assert of_all(map(without_rules, python(HOUSE))) == []
    assert set(WITHOUT_RULES) <= {source.path for source in python(HOUSE)}


def test_nothing_is_left_for_later() -> None:
    assert of_all(map(left_for_later, python())) == []


def test_nothing_of_the_house_swallows_every_error_without_a_reason() -> None:
    assert of_all(map(blind, python(HOUSE))) == []


@pytest.mark.promise("ARC-1.05", "ARC-1.06")
def test_the_domain_imports_values_and_reaches_for_nothing() -> None:
    assert of_all(map(impure, python(HOUSE + "domain/"))) == []


@pytest.mark.promise("ARC-4.15")
def test_tests_use_the_real_thing_and_wait_for_it() -> None:
    assert of_all(map(pretended, python("tests/"))) == []
    assert of_all(map(slept, python("tests/"))) == []


def test_nothing_of_the_house_arms_a_fault() -> None:
    house = [source for source in python(HOUSE) if source.path != HOUSE + "faults.py"]
    assert of_all(map(armed, house)) == []


def test_a_module_that_does_not_say_what_it_is_or_its_rules_is_found() -> None:
    assert without_docstring(parse("import os"))
    assert without_docstring(parse("# What it is.\nimport os"))
    assert not without_docstring(parse('"""What it is."""'))
    long = "\nx = 1" * SHORT
    assert without_rules(parse('"""What it is."""' + long))
    assert not without_rules(parse(f'"""What it is.\n\n{RULES}\n- One.\n"""' + long))
    assert not without_rules(parse('"""What it is."""'))
    excused = next(iter(WITHOUT_RULES))
    assert without_rules(parse('"""What it is."""', excused)) == [f"{excused} needs its excuse no longer"]


@pytest.mark.parametrize("mark", ["TODO", "FIXME", "XXX", "HACK"])
def test_what_is_left_for_later_is_found(mark: str) -> None:
    assert left_for_later(parse(f"x = 1  # {mark}: later"))
    assert not left_for_later(parse(f"x = '# {mark}-'"))


@pytest.mark.parametrize(
    ("caught", "body", "found"),
    [
        ("except:", "pass", True),
        ("except Exception:", "pass", True),
        ("except BaseException as fault:", "log(fault)", True),
        ("except (ValueError, Exception):", "pass", True),
        ("except Exception:  # noqa: BLE001", "pass", True),
        ("except Exception:  # noqa: BLE001 - told to the one who waits", "pass", False),
        ("except Exception:", "raise", False),
        ("except ValueError:", "pass", False),
    ],
)
def test_an_error_that_is_swallowed_blindly_is_found(caught: str, body: str, found: bool) -> None:  # noqa: FBT001
    assert bool(blind(parse(f"try:\n  f()\n{caught}\n  {body}"))) is found


@pytest.mark.promise("ARC-1.05", "ARC-1.06")
@pytest.mark.parametrize(
    "line",
    [
        *("import os", "import time", "from random import choice", "import secrets", "import urllib.request"),
        *("from pathlib import Path", "import pathlib", "import logging", "import asyncio", "import ctypes"),
        *("import requests", "from openpact.adapters import files", "import openpact.faults", "from . import os"),
        *("def f():\n  import socket", "open('x')", "print('x')", "async def f(): ...", "input()", "eval('1')"),
        *("dt.datetime.now()", "datetime.utcnow()", "dt.date.today()", "f = dt.datetime.now", "__import__('os')"),
    ],
)
def test_a_domain_that_reaches_for_the_world_is_found(line: str) -> None:
    assert impure(parse(line))


def test_a_pure_domain_is_left_alone() -> None:
    assert not impure(
        parse("import json\nfrom pathlib import PurePosixPath\nfrom openpact.domain import errors\nnow = 1")
    )


@pytest.mark.promise("ARC-4.15")
@pytest.mark.parametrize(
    "line",
    [
        "from unittest import mock",
        "from unittest.mock import Mock",
        "import mock",
        "import freezegun",
        "def f(mocker): ...",
        "monkeypatch.setattr(a, 'b', c)",
        "monkeypatch.setattr('a.B.c', 1)",
        "monkeypatch.setattr(a, name, c)",
    ],
)
def test_a_test_that_pretends_is_found(line: str) -> None:
    assert pretended(parse(line))
    real = (
        "import unittest\nimport mocking_bird\nmonkeypatch.setenv(a, b)\n"
        "monkeypatch.setattr(sys, 'stdin', x)\nmonkeypatch.setattr(f'a.{b}.PATIENCE', 1)"
    )
    assert not pretended(parse(real))


@pytest.mark.promise("ARC-4.15")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time\ntime.sleep(1)", True),
        ("from time import sleep", True),
        ("async def f():\n  await asyncio.sleep(2)", True),
        ("while True:\n  time.sleep(seconds())", True),
        ("while not ready():\n  time.sleep(0.01)", False),
        ("async def f():\n  await asyncio.sleep(0)", False),
    ],
)
def test_a_test_that_waits_for_a_time_is_found(text: str, found: bool) -> None:  # noqa: FBT001
    assert bool(slept(parse(text))) is found


def test_a_fault_armed_in_the_house_is_found() -> None:
    assert armed(parse("faults.arm('store.begun', 'crash')"))
    assert armed(parse("from openpact.faults import arm"))
    assert not armed(parse("from openpact import faults\nfaults.point('store.begun')"))
