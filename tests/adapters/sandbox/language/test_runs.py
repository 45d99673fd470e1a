"""Runs: the dialect, where they enter, how they fail, and the limits that end them."""

import json
import signal

import pytest

from tests.adapters.sandbox.language.conftest import Language


@pytest.mark.promise("SCR-2.01")
def test_the_language_has_what_it_promises(language: Language) -> None:
    source = """
name = "é"
def f(a, /, b = 2, *rest, c = 3, **more):
    return [a, b, list(rest), c, more]
total = 0
for i in range(4):
    if i % 2:
        total += i
R = record(a = int)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
result = [f"hi {name}", f(1, 5, 6, c = 7, d = 8), total, (lambda x: x * 2)(4), fib(15), R(a = 1).a,
    struct(a = 1).a, list(map(lambda x: x + 1, [1])), partial(f, 9)(1)[:2], [x for x in "ab".elems()]]
"""
    assert language.run(source).result == [
        "hi é",
        [1, 5, [6], 7, {"d": 8}],
        4,
        8,
        610,
        1,
        1,
        [2],
        [9, 1],
        ["a", "b"],
    ]


@pytest.mark.promise("SCR-2.01")
@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("while True:\n    pass", "range"),
        ("import os", "load"),
        ("try:\n    pass\nexcept:\n    pass", "caught"),
        ("class A:\n    pass", "struct"),
        ("x = f'{1 + 1}'", "name first"),
        ("x = 2 ** 3", "multiply"),
        ("if True:\n\tx = 1", "spaces"),
        ("x = 1\nassert x", "fail"),
    ],
)
def test_what_the_language_lacks_is_a_syntax_error_with_advice(language: Language, source: str, hint: str) -> None:
    told = language.run(source)
    assert told.code == "syntax_error"
    assert hint in told.answer["hint"]
    assert told.answer["line"]


@pytest.mark.promise("SCR-2.02")
def test_a_source_over_its_bytes_is_refused(language: Language) -> None:
    assert language.run("#" * 262_144).result is None
    assert language.run("#" * 262_145).code == "syntax_error"


@pytest.mark.promise("SCR-2.15")
@pytest.mark.parametrize(
    ("source", "function", "args", "result"),
    [
        ("def main(a, b = 2):\n    return [a, b]", None, "[1]", [1, 2]),
        ("def main(a, b = 2):\n    return [a, b]", None, '{"b": 3, "a": 1}', [1, 3]),
        ("def main():\n    return 1\ndef other():\n    return 2\nresult = 3", "other", None, 2),
        ("def main():\n    return 1\nresult = 3", None, None, 1),
        ("def only(x):\n    return x\ndef _hidden():\n    pass\nresult = 3", None, "[5]", 5),
        ("def only():\n    return 1\nresult = 3", None, None, 3),
        ("def only():\n    return 1\nresult = 3", None, "{}", 3),
        ("if True:\n    result = 4", None, None, 4),
        ("main = lambda x: x + 1", None, "[1]", 2),
        ("print(1)", None, None, None),
        ("def f():\n    print(1)\nf()", None, None, None),
        ("def f():\n    print(1)\ny = f()", None, None, None),
        ("def f():\n    print(1)\ny = [f() for _ in range(2)]", None, None, None),
        ("seen = []\ndef main():\n    seen.append(1)\n    return seen", None, None, [1]),
        ("def main(*rest, **more):\n    return [rest, more]", None, "[1, 2]", [[1, 2], {}]),
        ("def main(*, k):\n    return k", None, '{"k": {"a": [12345678901234567890]}}', {"a": [12345678901234567890]}),
    ],
)
def test_a_run_enters_where_it_should(
    language: Language, source: str, function: str | None, args: str | None, result: object
) -> None:
    assert language.run(source, function=function, args=args).result == result


@pytest.mark.promise("SCR-2.16")
@pytest.mark.parametrize(
    ("function", "args", "why"),
    [
        ("nothing", None, "no function 'nothing'"),
        ("_hidden", None, "no function '_hidden'"),
        ("print", None, "no function 'print'"),
        ("f(1)", None, "no function 'f(1)'"),
        ("f", "[]", "without a"),
        ("f", "[1, 2, 3]", "2 arguments, not 3"),
        ("f", '{"a": 1, "z": 2}', "no parameter 'z'"),
        (None, "[1]", "more than one function"),
        (None, None, "only defines functions"),
        ("f", "7", "list or an object"),
        ("f", "[", "arguments cannot be read"),
        ("f", "[1e999]", "arguments cannot be read"),
    ],
)
def test_what_does_not_fit_is_told_with_the_functions_before_anything_runs(
    language: Language, function: str | None, args: str | None, why: str
) -> None:
    source = "def f(a, b = [1, 2]):\n    return a\ndef g(*, c):\n    return c\ndef _hidden():\n    return 1\n"
    told = language.run(source, function=function, args=args)
    assert told.code == "script_error"
    assert why in told.message
    if args not in ("7", "[", "[1e999]"):
        assert told.answer["hint"] == "Functions: f(a, b=[1, 2]); g(*, c)."


def test_an_error_is_told_with_its_place_and_the_calls_that_led_to_it(language: Language) -> None:
    told = language.run("def inner(x):\n    y = 1\n    return y // x\n\ndef outer():\n    return inner(0)\n\nouter()")
    assert told.message == "Floor division by zero: 1 // 0."
    assert told.place == (3, 12)
    assert told.answer["snippet"] == "    return y // x"
    assert told.answer["frames"] == [
        ["test.star", 8, "<module>"],
        ["test.star", 6, "outer"],
        ["test.star", 3, "inner"],
    ]


def test_of_many_calls_both_ends_are_told(language: Language) -> None:
    told = language.run("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\ndef main():\n    f(1)")
    assert told.code == "recursion_limit"
    assert [frame[2] for frame in told.answer["frames"]] == ["main", *"fgfgfgfgf", *"fgfgfgfgfg"]


@pytest.mark.parametrize("name", ["hidden0_finish", "_hidden0_finis", "_hidden0_shif", "_hidden0_argument"])
def test_no_name_of_ours_is_suggested(language: Language, name: str) -> None:
    told = language.run(f"def f():\n    return {name}\nf()")
    assert told.message == f"Variable `{name}` not found."


def test_a_source_that_one_reader_cannot_hold_is_refused_in_plain_words(language: Language) -> None:
    told = language.run("x = '\0'")
    assert (told.code, told.message) == ("syntax_error", "The source holds a NUL character.")
    assert language.run(r"result = len('\x00')").result == 1


@pytest.mark.promise("SCR-3.05")
def test_a_source_whose_tree_does_not_fit_is_no_nested_one(language: Language) -> None:
    assert language.run("x=1;" * 60_000).code == "memory_limit"
    assert "nested" in language.run("x = " + "not " * 10_000 + "1").message


@pytest.mark.parametrize(
    "words",
    [
        "plain",
        "two\nlines",
        "error: x\n --> other.star:9:9\n  |\n9 | x",
        "ValueError: x",
        "Starlark call stack overflow",
    ],
)
def test_the_words_of_fail_come_through_as_given(language: Language, words: str) -> None:
    told = language.run("def main(words):\n    fail(words, 1)", args=json.dumps([words]))
    assert (told.code, told.message) == ("script_error", f"{words} 1")
    assert told.place == (2, 5)


def test_a_name_of_the_prelude_is_the_scripts_to_reuse(language: Language) -> None:
    source = (
        "def format(x):\n    return 1\njson_text = json.encode([1])\njson = 2\nresult = [format(0), json, json_text]"
    )
    assert language.run(source).result == [1, 2, "[1]"]
    assert language.run("def _odd(v, r):\n    return None\nresult = [float('nan')]").code == "invalid_result"


@pytest.mark.promise("SCR-3.05")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("def f(x):\n    return f(x + 1)\nf(1)", "recursion_limit"),
        ("def f(x):\n    return [f(y) for y in [x]]\nf(1)", "recursion_limit"),
        ("for i in range(1000000000):\n    pass", "step_limit"),
        ("x = []\nfor i in range(10000000):\n    x.append('a' * 100)", "memory_limit"),
        ("x = [1]\nfor i in range(60):\n    x = x + x", "memory_limit"),
        ("for i in range(2000):\n    print(i)", "output_limit"),
        ("result = 'x' * 1100000", "output_limit"),
    ],
)
def test_a_broken_limit_ends_the_run_with_its_code(language: Language, source: str, code: str) -> None:
    assert language.run(source).code == code


@pytest.mark.promise("SCR-3.05")
@pytest.mark.parametrize("source", ["x = [1] * 1000000000", "x = list(range(1000000000))", "x = 'a' * 2000000000"])
def test_one_vast_value_is_a_memory_fault_or_the_end_of_the_process(language: Language, source: str) -> None:
    told = language.run(source)
    assert told.signal == signal.SIGABRT or told.code == "memory_limit"


@pytest.mark.promise("SCR-3.05")
def test_a_run_past_its_time_ends_at_the_line_where_it_is(language: Language) -> None:
    told = language.run("x = 0\nfor i in range(1000000000):\n    x = i", wall_ms=100, steps=10_000_000_000)
    assert told.code == "timeout"
    assert told.answer["line"] == 2
    assert told.answer["steps"] > 0


def test_no_hostile_text_breaks_the_answer(language: Language) -> None:
    for source in (
        "x = " + "(" * 5_000 + "1" + ")" * 5_000,
        "x = " + "[" * 100_000,
        "x = " + "-" * 3_000 + "1",
        "x = 1" + " + 1" * 3_000,
        "x = 1" + " << 1" * 3_000,
        "\0",
        "x = '\0'\nresult = x + '\\0'",
        "\ufeffx = 1",
        "x = 1\r\nresult = x\r\n",
        "x = 1\rresult = x",
        "def f():\n" + "    pass\n" * 20_000,
        "x = " + "lambda: " * 500 + "1",
    ):
        told = language.run(source)
        assert told.signal == 0, source[:40]
        assert told.answer["t"] in ("done", "failed")
        assert language.outline(source)["diagnostics"] is not None
