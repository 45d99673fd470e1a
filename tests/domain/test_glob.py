"""Globs on names: what they match is what people expect of a shell, and no pattern takes long."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.errors import Invalid
from openpact.domain.glob import LONGEST, check, matches

patterns = st.lists(
    st.sampled_from(["a", "b", "-", "/", ".", "*", "?", "[ab]", "[!a]", "[a-b]", "[]]", "[!]]", "[a-]"]),
    min_size=1,
    max_size=8,
).map("".join)
names = st.text(st.sampled_from("abc-/.]["), max_size=8)


@given(patterns, names)
def test_a_pattern_matches_what_a_shell_s_would(pattern: str, name: str) -> None:
    assert matches(pattern, name) is fnmatch.fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        *(
            ("weather.star", "weather.star", True),
            ("weather.star", "weather_star", False),
            ("weather", "weathers", False),
        ),
        *(
            ("*", "trusted/report.star", True),
            ("trusted/*", "trusted/report.star", True),
            ("trusted/*", "trusted", False),
        ),
        *(("r?port.star", "report.star", True), ("r?port.star", "rport.star", False), ("*.star", "x.star.py", False)),
        *(("[a-c]x", "bx", True), ("[!a-c]x", "bx", False), ("[!a-c]x", "x", False), ("a*b*c", "a-b-b-c", True)),
        *(("A", "a", False), ("a**", "a", True), ("", "a", None)),
    ],
)
def test_stars_cross_folders_and_case_counts(pattern: str, name: str, expected: bool | None) -> None:  # noqa: FBT001
    if expected is None:
        with pytest.raises(Invalid):
            matches(pattern, name)
    else:
        assert matches(pattern, name) is expected


@pytest.mark.parametrize("pattern", ["", "[a", "[", "[!", "[]", "[!]", "[z-a]", "a\n", "a\0", "x" * (LONGEST + 1)])
def test_what_is_no_whole_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check(pattern)
    assert refusal.value.hint


def test_a_pattern_of_many_stars_takes_no_longer_than_others() -> None:
    assert matches("*a" * 127 + "*", "a" * 260)
    assert not matches("*a" * 127 + "b", "a" * 260)  # with a regular expression this would never end
