"""The set-up code: what is printed can be typed back, and nothing else can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.errors import SetupCodeInvalid
from openpact.domain.setup_code import format_code, parse_code

RAW = bytes(range(16))
CODE = "0004-1061-050R-3GG2-8A1C-60T3-GF"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (bytes(16), "0000-0000-0000-0000-0000-0000-00"),
        (bytes(15) + b"\x01", "0000-0000-0000-0000-0000-0000-01"),
        (b"\xff" * 16, "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZ"),
        (RAW, CODE),
    ],
)
def test_a_code_is_written_in_groups_of_four(raw: bytes, code: str) -> None:
    assert format_code(raw) == code


@pytest.mark.parametrize("length", [0, 15, 17])
def test_only_sixteen_bytes_make_a_code(length: int) -> None:
    with pytest.raises(ValueError, match="sixteen"):
        format_code(bytes(length))


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        CODE.replace("-", "\N{EN DASH}"),
        CODE.replace("0", "O"),
        CODE.replace("0", "o"),
        f"  {CODE}\r\n",
        " ".join(CODE),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert parse_code(typed) == RAW


@pytest.mark.parametrize("letter", ["1", "I", "i", "L", "l"])
def test_i_and_l_are_read_as_one(letter: str) -> None:
    assert parse_code("0" * 25 + letter) == bytes(15) + b"\x01"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "----",
        CODE[:-1],
        CODE + "0",
        "0" + CODE,
        CODE.replace("F", "U"),  # the letter that the alphabet leaves out
        CODE.replace("F", "_"),
        CODE.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}"),
        CODE.replace("F", "\uff26"),
        "0" * 25 + "\N{LATIN SMALL LETTER DOTLESS I}",  # its capital is I
        "8" + "0" * 25,  # 2 ** 128
        "Z" * 26,
        " " * 100 + CODE,
        pytest.param("0" * 10_000_000, id="10 million"),
        CODE + "\ud800",
        f"Setup code: {CODE}",
    ],
)
def test_what_does_not_spell_a_code_is_refused(typed: str) -> None:
    with pytest.raises(SetupCodeInvalid) as caught:
        parse_code(typed)
    assert caught.value.message == "This is not a set-up code."
    assert caught.value.hint == "Type the 26 letters and digits that the terminal shows after `Setup code:`."
    assert caught.value.details == {}


@given(st.binary(min_size=16, max_size=16))
def test_what_is_written_is_read_back(raw: bytes) -> None:
    code = format_code(raw)
    assert len(code) == 32
    assert parse_code(code) == parse_code(code.lower()) == raw


@given(st.text(st.characters(), max_size=40) | st.text(st.sampled_from("0189AILOUZalouz -"), min_size=24, max_size=34))
def test_a_text_is_a_code_or_refused_as_one(text: str) -> None:
    try:
        raw = parse_code(text)
    except SetupCodeInvalid:
        return
    assert parse_code(format_code(raw)) == raw
    assert len(raw) == 16
