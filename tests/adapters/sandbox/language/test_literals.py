"""A text that the reviewer's reader and the engine take differently is refused, when it is checked and when it runs."""

import ast
import itertools
import json

import pytest

from openpact.adapters.sandbox.inside import literals
from tests.adapters.sandbox.language.conftest import Language

REFUSED = [
    r'f"\x7bx\x7d"',
    r'f"\u007bx\u007d"',
    r'f"\U0000007bx\U0000007D"',
    r'f"\173x\175"',
    r'f"\173"',
    r'f"{x}\x7d\x7d"',
    r'f"\N{SOLIDUS}"',
    r'"\N{SOLIDUS}"',
    r'"\N{SOLIDUS}".format(SOLIDUS = x)',
    r'"""\N{SOLIDUS}"""',
    r'f"{x!r}"',
    r'f"{x!s}"',
    r'f"a{x!a}"',
    r'f"{x:>5}"',
    r'f"{x=}"',
    r'f"{True}"',
    r'r"a\"b"',
    "r'''a\\'b'''",
    r'fr"{x}\""',
    "fr'''a\\\r\nb'''",
    "'''a\rb'''",
]
TAKEN = [
    (r'f"{x}{{x}}\{x}\\{x}\n"', "XX{x}\\XX\\XX\n"),
    (r'f"\\x7bx\\x7d"', r"\x7bx\x7d"),
    (r'f"\x41\u0041\101\8"', r"AAA\8"),
    (r'"\x7bx\x7d"', "{x}"),
    (r'"\x7bx\x7d".format(x = x)', "XX"),
    (r'"\\N{SOLIDUS}"', r"\N{SOLIDUS}"),
    (r'r"\N{x}\d" + fr"\x7b{x}"', r"\N{x}\d\x7bXX"),
    ("'''a\r\nb'\"'''", "a\nb'\""),
    (r'"é" + "\'\""', "é'\""),
]


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize("text", REFUSED)
def test_what_two_readers_take_differently_is_refused(language: Language, text: str) -> None:
    source = f'x = "XX"\nSOLIDUS = "SS"\nresult = {text}\n'
    assert language.run(source).code == "syntax_error"
    outline = language.outline(source)
    assert (outline["ok"], outline["nodes"]) == (False, None)
    assert {one["line"] for one in outline["diagnostics"] if one["severity"] == "error"} <= {1, 3, 4}


@pytest.mark.parametrize(("text", "result"), TAKEN)
def test_what_both_take_alike_is_taken(language: Language, text: str, result: str) -> None:
    source = f'x = "XX"\nresult = {text}\n'
    assert language.run(source).result == result
    assert language.outline(source)["ok"]


def test_a_refusal_names_the_place_and_what_to_write(language: Language) -> None:
    source = 'x = 1\ny = ["é", f"\\x7bx\\x7d"]\n'
    told = language.run(source)
    assert told.place == (2, 11)
    assert "double it" in told.message
    (found,) = language.outline(source)["diagnostics"]
    assert (found["line"], found["column"], found["message"]) == (2, 11, told.message)
    assert language.run("x = '''\n\na\rb'''").place == (3, 2)


def test_a_shift_moves_no_place_of_a_refusal(language: Language) -> None:
    assert language.run(r'x = 1; y = [x << 2, f"{x!r}"]').place == (1, 21)


@pytest.mark.promise("SCR-8.03")
def test_a_loaded_file_is_held_to_the_same(language: Language) -> None:
    told = language.run('load("a.star", "y")', files={"a.star": 'x = "XX"\ny = f"\\x7bx\\x7d"\n'})
    assert told.code == "syntax_error"
    assert "a.star, line 2" in told.message


def test_every_short_text_means_one_thing(language: Language) -> None:
    parts = ["\\", "'", '"', "{x}", "{{", "}", "x7b", "N", "173", "\r\n"]
    texts = [
        f"{prefix}{quote}{''.join(body)}{quote}"
        for prefix, quote, size in itertools.product(("", "r", "f", "fr"), ('"', "'''"), (1, 2, 3))
        for body in itertools.product(parts, repeat=size)
    ]
    taken = []
    for text in texts:
        source = f"x = 'XX'\nr = {text}\n"
        try:
            whole = ast.parse(source)
            literals.check(source, whole)
        except (SyntaxError, literals.NotTheSame):
            continue
        ours: dict[str, str] = {}
        exec(compile(whole, "test", "exec"), ours)  # noqa: S102  (texts of our own)
        taken.append((text, ours["r"]))
    assert len(taken) > 1_000
    for text, meant in taken:
        told = language.run(f"x = 'XX'\nresult = {text}\n").answer
        assert told["t"] == "failed" or told["result"] == json.dumps(meant, ensure_ascii=False), text
