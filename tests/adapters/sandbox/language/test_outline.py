"""Outlines: what is found out about a script without running it."""

import ast
import time
from typing import Any

import pytest

from openpact.domain.outline import read_outline
from tests.adapters.sandbox.language.conftest import Language
from tests.domain.outlines import flattened


def _codes(outline: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    return [(one["severity"], one["code"], one["line"], one["column"]) for one in outline["diagnostics"]]


def test_functions_and_loads_are_listed(language: Language) -> None:
    outline = language.outline(
        'load("lib/a.star", "x", z = "w")\n'
        'def f(a, /, b = "é", *rest, c, d = [1], **more):\n    """What it does."""\n    return x\n'
        "if z:\n    def _g():\n        def inner():\n            pass\n        return inner\n"
    )
    assert outline["ok"], outline
    assert outline["loads"] == [{"path": "lib/a.star", "line": 1, "names": ["x", "z"]}]
    assert outline["functions"] == [
        {
            "name": "f",
            "line": 2,
            "public": True,
            "doc": "What it does.",
            "params": [
                {"name": "a", "kind": "positional", "default": None},
                {"name": "b", "kind": "positional", "default": "'é'"},
                {"name": "rest", "kind": "rest", "default": None},
                {"name": "c", "kind": "keyword_only", "default": None},
                {"name": "d", "kind": "keyword_only", "default": "[1]"},
                {"name": "more", "kind": "keywords", "default": None},
            ],
        },
        {"name": "_g", "line": 6, "public": False, "doc": None, "params": []},
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\ny = (", [("error", "syntax_error")]),
        ("x = unknown", [("error", "undefined_name")]),
        ("def f():\n    return nope(1)", [("error", "undefined_name")]),
        ("x = {'a': 1, 'a': 2}", [("warning", "duplicate_key")]),
        ("def f(x):\n    return x\n    print(x)", [("warning", "unreachable")]),
        ("def f(x):\n    return x\ndef g():\n    f()", [("warning", "type_mismatch")]),
        ("x = [1]\nx[0] <<= 1", [("error", "syntax_error")]),
        ("http.get('u')\nprint(json.encode(time.now()))\ndef f(x):\n    if x:\n        return 1", []),
        ("def f():\n    return g()\ndef g():\n    return 1", []),
        ("#" * 262_145, [("error", "syntax_error")]),
    ],
)
def test_what_is_wrong_is_found_without_running(language: Language, source: str, found: list[tuple[str, str]]) -> None:
    outline = language.outline(source)
    assert [(severity, code) for severity, code, _, _ in _codes(outline)] == found
    assert outline["ok"] is not any(severity == "error" for severity, _ in found)


def test_places_are_counted_from_one_in_characters(language: Language) -> None:
    assert _codes(language.outline("x = ['é', unknown]")) == [("error", "undefined_name", 1, 11)]
    assert _codes(language.outline("x = ['é', ")) == [("error", "syntax_error", 1, 11)]


def test_the_parsed_source_is_listed_parents_first(language: Language) -> None:
    nodes = language.outline('"""Doc."""\nx = "é" + f(y, k = 1.5)\n')["nodes"]
    assert nodes == [
        ["Module", -1, "", 1, 1, 3, 1, None],
        ["Expr", 0, "body", 1, 1, 1, 11, None],
        ["Constant", 1, "docstring", 1, 1, 1, 11, "Doc."],
        ["Assign", 0, "body", 2, 1, 2, 24, None],
        ["Name", 3, "targets", 2, 1, 2, 2, "x"],
        ["BinOp", 3, "value", 2, 5, 2, 24, "Add"],
        ["Constant", 5, "left", 2, 5, 2, 8, "é"],
        ["Call", 5, "right", 2, 11, 2, 24, None],
        ["Name", 7, "func", 2, 11, 2, 12, "f"],
        ["Name", 7, "args", 2, 13, 2, 14, "y"],
        ["keyword", 7, "keywords", 2, 16, 2, 23, "k"],
        ["Constant", 10, "value", 2, 20, 2, 23, "1.5"],
    ]


def test_every_node_of_the_tree_is_there_once(language: Language) -> None:
    source = "def f(a, *b):\n    return [x if a else {1: -x} for x in b if not a < x][0:1]\nf.a[1] += 2\n"
    hidden = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
    kinds = [type(node).__name__ for node in ast.walk(ast.parse(source)) if not isinstance(node, hidden)]
    nodes = language.outline(source)["nodes"]
    assert sorted(node[0] for node in nodes) == sorted(kinds)
    assert all(node[1] < number for number, node in enumerate(nodes))


def test_the_outline_is_one_that_the_review_reads(language: Language) -> None:
    source = '''"""Doc."""
load("lib/a.star", "x")
def f(a, b = 0xff, *c, d = None, **e):
    "What."
    for i, j in [(1, 2)]:
        if not a or i:
            b += a[1:2].x
    return f"{a}{b}" + (lambda q: {"k": q})(c)["k"]
result = http.get("https://a.test/" + x, headers = {"h": secrets.get("A")})
'''
    given = language.outline(source)
    assert read_outline(given).analysable
    assert given["nodes"] == flattened(source)


def test_vast_and_strange_sources_are_outlined_in_good_time(language: Language) -> None:
    began = time.monotonic()
    for source in (
        "x = 'é' + [" + "1 << 1, " * 20_000 + "1][0]",
        "x = [" + "ä, " * 10 + "a, " * 40_000 + "1]",
        "x = 0x" + "f" * 20_000,
        "def f(a = 0x" + "f" * 20_000 + "):\n    return a",
        "x = 1\n" * 40_000,
        "\n".join(f"x{number} = unknown{number}" for number in range(500)),
        "x = '\ud800'",
    ):
        assert language.outline(source)["diagnostics"] is not None
        assert language.run(source).answer is not None
    assert time.monotonic() - began < 30


def test_a_tree_that_is_too_large_is_left_out_and_said_to_be(language: Language) -> None:
    outline = language.outline("x = [" + "1," * 60_000 + "]")
    assert (outline["nodes"], outline["truncated"]) == (None, True)
    assert outline["ok"]
    deep = language.outline("x = " + "(" * 300 + "1" + ")" * 300)
    assert (deep["nodes"], deep["truncated"], deep["ok"]) == (None, True, False)
