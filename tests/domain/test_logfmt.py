"""A line stays one line, reads in one direction, and its values come back as they were."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import logfmt


@pytest.mark.promise("OPS-5.23")
@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        ("plain", "plain"),
        ("a-b_c.d:e/f@g", "a-b_c.d:e/f@g"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("it's", '"it\'s"'),
        ("null", "null"),
        ("line\nend", '"line\\nend"'),
        ("a\r\tb", '"a\\r\\tb"'),
        ("\x1b[2J", '"\\u001b[2J"'),
        ("a\u202eb", '"a\\u202eb"'),
        ("a\u200bb", '"a\\u200bb"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("a\u00a0b", '"a\\u00a0b"'),
        ("\U000e0041", '"\\U000e0041"'),
        ("\ud800", '"\\ud800"'),
        ("\ufeff", '"\\ufeff"'),
        ("müller", '"müller"'),
        ("日本", '"日本"'),
        (["a", 1], "a,1"),
    ],
    ids=ascii,
)
def test_a_value_is_shown_so(thing: object, shown: str) -> None:
    assert logfmt.value(thing) == shown


@pytest.mark.promise("OPS-5.23")
def test_fields_stand_side_by_side_in_their_order() -> None:
    assert logfmt.pairs({"b": 1, "a": "two words", "c": None}) == 'b=1 a="two words" c=null'
    assert logfmt.pairs({}) == ""


def test_visible_text_keeps_spaces_and_letters_of_every_script() -> None:
    text = "Grüße, 東京 — ok? (é, ü) 🙂"

    assert logfmt.visible(text) == text


@given(st.text(st.characters(exclude_categories=[])))
def test_a_line_stays_one_line_that_moves_nothing(text: str) -> None:
    for line in (logfmt.value(text), logfmt.visible(text)):
        assert len(line.splitlines()) <= 1
        line.encode()
        hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert not [c for c in line if unicodedata.category(c) in hidden or (c.isspace() and c != " ")]


@given(st.dictionaries(st.from_regex("[a-z_]{1,8}", fullmatch=True), st.text(st.characters(exclude_categories=[]))))
def test_every_value_comes_back_from_the_line(fields: dict[str, str]) -> None:
    assert _read(logfmt.pairs(fields)) == fields


def _read(line: str) -> dict[str, str]:
    """Read a line as a careful reader of logfmt does."""
    found = {}
    while line:
        match = re.match(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "=]+))(?: |$)', line)
        assert match is not None, line
        key, quoted, plain = match.groups()
        found[key] = plain if quoted is None else _unescape(quoted)
        line = line[match.end() :]
    return found


def _unescape(text: str) -> str:
    short = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}

    def one(match: re.Match[str]) -> str:
        code = match[1]
        return short[code] if code in short else chr(int(code[1:], 16))

    return re.sub(r'\\(U[0-9a-f]{8}|u[0-9a-f]{4}|[nrt\\"])', one, text)
