"""Trees become structs: values whose type the target decides, what is not known here, and whatever else comes."""

from decimal import Decimal
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from openpact.domain.document import Entry, Scalar, Table
from openpact.domain.strict_yaml import read
from openpact.domain.typed import convert
from tests.domain.typed_examples import Colour, Everything, Limits, faults, said

# Loose values


def test_a_loose_value_is_read_as_its_target_needs_it() -> None:
    def found(key: str, text: str) -> object:
        made, wrong = convert(Table(1, 1, {key: Entry(1, 1, Scalar(1, 1, text, text, loose=True))}), Everything)
        assert not wrong
        return made and getattr(made, {"evenOrNone": "even_or_none"}.get(key, key))

    assert found("whole", "8") == 8
    assert found("number", "1.50") == Decimal("1.50")
    assert found("flag", "true") is True
    assert found("maybe", "8") == "8"
    assert found("maybe", "") == ""
    assert found("maybe", "null") == "null"
    assert found("either", "8") == "8"
    assert found("level", "debug") == "debug"
    assert found("size", "2") == 2
    assert found("colour", "green") is Colour.GREEN
    assert found("evenOrNone", "4") == 4
    assert found("evenOrNone", "") is None
    assert found("anything", "8") == "8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("whole: ${X}", "expected a whole number, got a string"),
        ("flag: ${X}", "expected true or false, got a string"),
        ("level: ${X}", "must be one of debug, info, warning"),
        ("named: ${X}", "does not have the form that is expected here"),
        ("names: ${X}", "expected a list, got a string"),
        ("limits: ${X}", "expected keys with values, got a string"),
    ],
)
def test_a_loose_value_of_the_wrong_type_is_refused_without_being_repeated(text: str, message: str) -> None:
    (found,) = faults(text, X="hunter2")
    assert found.message == message
    assert "hunter" not in f"{found.message} {found.hint}"


def test_a_loose_number_with_two_readings_is_refused() -> None:
    assert said("whole: ${X}", X="012")[0] == "a number with a leading zero, which some readers take for octal"
    assert said("flag: ${X}", X="yes")[0] == "expected true or false, got a string"


# What this file does not know


def test_a_type_that_cannot_be_kept_exactly_is_our_error() -> None:
    class Inexact(Struct, frozen=True):
        ratio: float = 0.5

    with pytest.raises(TypeError, match="FloatType"):
        convert(read("ratio: 1.5").root, Inexact)


def test_a_bound_that_is_not_known_is_our_error() -> None:
    class Odd(Struct, frozen=True):
        number: Annotated[int, Meta(multiple_of=3)] = 3

    with pytest.raises(TypeError, match="multiple_of"):
        convert(read("number: 4").root, Odd)


# Whatever comes


KEYS = st.sampled_from([*(field.encode_name for field in msgspec.structs.fields(Everything)), "nope", "whole"])
VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "99",
        "1.5",
        "true",
        "yes",
        "abc",
        "''",
        "'8'",
        "null",
        "",
        "[1]",
        "[a]",
        "{}",
        "{amount: 1}",
        "red",
        "012",
    ]
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_every_tree_becomes_a_struct_or_faults_with_places(pairs: dict[str, str]) -> None:
    document = read("".join(f"{key}: {text}\n" for key, text in pairs.items()))
    made, wrong = convert(document.root, Everything)
    assert (made is None) == bool([*wrong, *document.faults])
    for fault in wrong:
        assert 1 <= fault.line <= len(pairs)
        assert fault.path.split(".")[0].split("[")[0] in pairs


@given(st.from_type(Limits).filter(lambda made: made.amount.is_finite() and abs(made.amount.adjusted()) < 90))
def test_every_struct_that_is_written_is_read_back(made: Limits) -> None:
    digits = format(made.amount, "f").lstrip("0") or "0"
    text = f"amount: {'0' + digits if digits.startswith('.') else digits}\ncount: {made.count}\n"
    found, wrong = convert(read(text).root, Limits)
    assert (found == made) == (not wrong) == (1 <= made.count <= 9)
