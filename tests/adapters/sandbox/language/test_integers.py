"""Integers are exact everywhere, or an error: arithmetic, shifts, texts, JSON."""

import json
import random

import pytest

from tests.adapters.sandbox.language.conftest import Language

EDGES = [
    0,
    1,
    2,
    3,
    7,
    255,
    *((1 << bits) + more for bits in (15, 30, 31, 32, 33, 53, 63, 64, 100) for more in (-1, 0, 1)),
]
OPERATORS = ("+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>")


def _written(chance: random.Random, depth: int, *, top: bool = True) -> str:
    if depth == 0:
        number = chance.choice(EDGES) if chance.random() < 0.7 else chance.getrandbits(chance.choice((20, 40, 90)))
        return f"({-number})" if chance.random() < 0.3 else str(number)
    operator = chance.choice((*OPERATORS, "<<", "<<"))
    left = _written(chance, depth - 1, top=False)
    if operator in ("<<", ">>"):
        right = str(chance.randrange(0, 70))
    elif operator in ("//", "%"):
        right = str(chance.choice(EDGES[1:]))
    else:
        right = _written(chance, chance.randrange(depth), top=False)
    text = f"{left}{chance.choice(('', ' '))}{operator} {right}"
    # What is shifted by stays a small number, so that nothing grows out of all bounds.
    return f"({text})" if chance.random() < 0.5 or (operator in ("<<", ">>") and not top) else text


@pytest.mark.promise("SCR-2.03")
@pytest.mark.parametrize("seed", range(8))
def test_integer_arithmetic_is_that_of_exact_integers(language: Language, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (examples, not keys)
    texts = [_written(chance, chance.randrange(1, 5)) for _ in range(150)]
    lines = ",\n".join(f"    {text}" for text in texts)
    told = language.run(f"result = [\n{lines}\n]")
    for text, found in zip(texts, told.result, strict=True):
        assert found == eval(text), text  # noqa: S307  (an expression made above)


@pytest.mark.promise("SCR-2.03")
@pytest.mark.parametrize("value", [1 << 31, (1 << 31) + 1, 1 << 32, 1 << 63, 1 << 64, 10**30, -(10**30)])
def test_an_integer_keeps_its_digits_through_text_json_and_arguments(language: Language, value: int) -> None:
    source = f'def main(n):\n    return [n, {value}, int(str(n)), int("{value}"), json.decode(json.encode(n)), n + 0]'
    assert language.run(source, args=json.dumps([value])).result == [value] * 6
    words = language.result(f"[str({value}), '%d' % {value}, format('%d', {value}), '{{}}'.format({value})]")
    assert words == [str(value)] * 4


@pytest.mark.promise("SCR-2.03")
def test_shifts_stand_wherever_expressions_stand(language: Language) -> None:
    source = """
x = 1
x <<= 30 + 1  # a << b
def shifted(by = 1 << 31, *, more = [2 << 30]):
    "1 << 2 in a text"
    y = (by  # a comment << here
         ) << (
        1)
    y <<= 1 if by else 2
    return [y, more[0], {"a<<b": 1 << 33}["a<<b"], (lambda v: v << 31)(1), [v << 32 for v in [1] if 1 << v == 2]]
result = [x, shifted(), 'é' and 1 << 2 << 29, -1 << 31, not 1 << 3, 1 << 2 | 1 << 3, "%d<<%d" % (1 << 31, 2)]
"""
    expected = [
        1 << 31,
        [1 << 33, 1 << 31, 1 << 33, 1 << 31, [1 << 32]],
        1 << 31,
        -(1 << 31),
        False,
        12,
        "2147483648<<2",
    ]
    assert language.run(source).result == expected


@pytest.mark.promise("SCR-2.03")
@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 << -1", "Negative left shift."),
        ("'a' << 1", "not supported for types `string` and `int`"),
        ("1 << 1.0", "not supported for types `int` and `float`"),
        ("True << 1", "not supported"),
        ("1 << 1000000000", "too large"),
        ("1 << 1 << 1000000000", "too large"),
    ],
)
def test_a_shift_that_cannot_be_is_an_error_at_its_place(language: Language, expression: str, why: str) -> None:
    told = language.run(f"x = 1\nresult = {expression}")
    assert told.code == "script_error"
    assert why in told.message
    assert told.place[0] == 2
    assert told.answer["snippet"] == f"result = {expression}"


def test_a_shift_that_cannot_be_made_exact_is_refused_before_anything_runs(language: Language) -> None:
    told = language.run("print('ran')\nx = [1]\nx[0] <<= 40")
    assert (told.code, told.place, told.logs) == ("syntax_error", (3, 6), [])


def test_columns_behind_a_shift_are_those_of_the_source(language: Language) -> None:
    told = language.run("def f(a):\n    y = 'é'; return [a << 3, (a << 1) << 2, a // 0]\nf(1)")
    assert told.place == (2, 45)
    assert language.run("x = [1 << 2, unknown]").place == (1, 14)
    assert language.run("x = [1 << 2, unknown").place[0] == 1
