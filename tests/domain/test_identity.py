"""Identifiers: they carry their kind, sort by time and are never taken for another kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import identity

CHANCE = bytes(range(10))
instants = st.integers(min_value=0, max_value=((1 << 48) - 1) * 1000)
chances = st.binary(min_size=10, max_size=10)


@pytest.mark.promise("ARC-4.11")
@pytest.mark.parametrize("kind", sorted(identity.KINDS))
def test_an_id_carries_its_kind_and_is_known_as_that_kind_alone(kind: str) -> None:
    made = identity.make(kind, 1_770_287_400_000_000, CHANCE)
    assert made.startswith(kind + "_")
    assert [known for known in sorted(identity.KINDS) if identity.is_kind(made, known)] == [kind]


def test_an_id_is_the_known_text_for_known_time_and_chance() -> None:
    # 48 bits of milliseconds and 80 of chance, five bits a letter, by hand.
    assert identity.make("evt", 0, bytes(10)) == "evt_" + "0" * 26
    assert identity.make("evt", 1000, bytes(10)) == "evt_" + "0" * 9 + "1" + "0" * 16
    assert identity.make("evt", 0, b"\xff" * 10) == "evt_" + "0" * 10 + "z" * 16
    assert identity.make("evt", ((1 << 48) - 1) * 1000, b"\xff" * 10) == "evt_7" + "z" * 25


@given(instants, instants, chances, chances)
def test_ids_sort_by_the_millisecond_in_which_they_were_made(at: int, later: int, one: bytes, two: bytes) -> None:
    first, second = identity.make("evt", at, one), identity.make("evt", later, two)
    if at // 1000 != later // 1000:
        assert (first < second) == (at < later)
    else:
        assert (first < second) == (one < two)


@given(instants, chances, chances)
def test_other_chance_makes_another_id(at: int, one: bytes, two: bytes) -> None:
    assert (identity.make("tok", at, one) == identity.make("tok", at, two)) == (one == two)


def test_a_clock_beyond_48_bits_still_makes_an_id_of_the_one_form() -> None:
    assert identity.is_kind(identity.make("evt", 1 << 70, CHANCE), "evt")
    assert identity.is_kind(identity.make("evt", -1, CHANCE), "evt")


@pytest.mark.promise("ARC-4.11")
@pytest.mark.parametrize("kind", ["", "x", "EVT", "evt_", "person"])
def test_a_kind_that_is_not_in_the_table_makes_no_id(kind: str) -> None:
    with pytest.raises(ValueError, match="no kind of thing"):
        identity.make(kind, 0, CHANCE)


@pytest.mark.parametrize("chance", [b"", bytes(9), bytes(11), bytes(16)])
def test_too_little_or_too_much_chance_makes_no_id(chance: bytes) -> None:
    with pytest.raises(ValueError, match="ten bytes"):
        identity.make("evt", 0, chance)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "evt",
        "evt_",
        "evt_" + "0" * 25,
        "evt_" + "0" * 27,
        "evt_" + "0" * 25 + "i",
        "evt_" + "0" * 25 + "l",
        "evt_" + "0" * 25 + "o",
        "evt_" + "0" * 25 + "u",
        "evt_" + "0" * 25 + "A",
        "evt_" + "0" * 25 + "_",
        "evt_" + "0" * 25 + "\n",
        "evt_" + "0" * 25 + "٣",
        "per_" + "0" * 26,
        " evt_" + "0" * 26,
        "evt-" + "0" * 26,
    ],
    ids=ascii,
)
def test_another_form_is_not_taken_for_an_id(text: str) -> None:
    assert not identity.is_kind(text, "evt")
