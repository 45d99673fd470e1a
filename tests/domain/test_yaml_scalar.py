"""What an unquoted text means, and every number that two readers would read differently."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.errors import Invalid
from openpact.domain.yaml_scalar import resolve


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "OFF", "tRUE", "nUll"])
def test_the_booleans_of_old_yaml_are_words(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    "text", ["1:30", "190:20:30", "1_000", "0b101", "2026-02-05", "1.2.3", "0o8", "0xg", "-", "+", "."]
)
def test_what_only_old_yaml_takes_for_a_number_or_a_date_is_a_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_the_words_and_whole_numbers_of_yaml_1_2_have_their_types(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize("text", ["1.10", "1.0", ".5", "5.", "1e3", "-2.5E-3", "0.1", "1e308"])
def test_a_number_with_a_point_or_an_exponent_is_an_exact_decimal(text: str) -> None:
    value = resolve(text)
    assert isinstance(value, Decimal)
    assert str(value) == str(Decimal(text))


@pytest.mark.parametrize("text", ["012", "00", "-012", "+007", "0000"])
def test_a_leading_zero_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="leading zero") as refused:
        resolve(text)
    assert refused.value.hint is not None
    assert "quotes" in refused.value.hint


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN"])
def test_what_is_no_number_is_refused_as_one(text: str) -> None:
    with pytest.raises(Invalid, match="infinity or NaN"):
        resolve(text)


@pytest.mark.parametrize("text", ["1e309", "1e-309", "0e99999999999999999999999", "-1E+400"])
def test_a_magnitude_that_other_readers_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="too large or too small"):
        resolve(text)


@pytest.mark.parametrize("text", ["9" * 101, "0x" + "f" * 99, "1." + "0" * 5000, "9" * 100_000])
def test_a_number_without_end_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="more than 100 characters"):
        resolve(text)


def test_a_number_of_a_hundred_digits_is_kept_exactly() -> None:
    assert resolve("9" * 100) == 10**100 - 1


@given(st.text(alphabet="0123456789+-._eExoabfintyru:~ ", max_size=12) | st.text())
def test_every_text_is_resolved_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        value = resolve(text)
        assert value is None or type(value) in {bool, int, Decimal, str}
        assert not isinstance(value, str) or value == text


@given(st.integers(min_value=-(10**90), max_value=10**90))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert resolve(str(number)) == number
