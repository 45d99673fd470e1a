"""Trees become structs, or every fault at once; no message ever repeats a value."""

from decimal import Decimal
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from openpact.domain.document import Broken, Entry, Fault, Node, Table
from openpact.domain.strict_yaml import read
from openpact.domain.typed import convert, nearest
from tests.domain.typed_examples import Colour, Everything, Holder, Limits, Root, Step, faults, said, value


def test_every_kind_of_value_is_read() -> None:
    text = """
text: hello
named: apple
whole: 10
above: 5
below: -5
even: 4
evenOrNone: 2
number: 1.10
flag: true
level: debug
size: 2
colour: green
step: 2
maybe:
either: 5
boundless: 5
names: [a, "1"]
pair: [1, 2]
byName: {x: {amount: 1}, y: {amount: 2.5, count: 9}}
byColour: {red: 1}
limits: {amount: 0}
anything: [1, {a: null}]
oneOrMany: [a]
"""
    assert value(text, Everything) == Everything(
        text="hello",
        named="apple",
        whole=10,
        above=5,
        below=-5,
        even=4,
        even_or_none=2,
        number=Decimal("1.10"),
        flag=True,
        level="debug",
        size=2,
        colour=Colour.GREEN,
        step=Step.TWO,
        maybe=None,
        either=5,
        boundless=5,
        names=["a", "1"],
        pair=(1, 2),
        by_name={"x": Limits(amount=Decimal(1)), "y": Limits(amount=Decimal("2.5"), count=9)},
        by_colour={Colour.RED: 1},
        limits=Limits(amount=Decimal(0)),
        anything=[1, {"a": None}],
        one_or_many=["a"],
    )


def test_an_empty_text_leaves_every_default() -> None:
    assert value("", Everything) == Everything()
    assert value("# nothing", Root) == Root()


def test_a_decimal_is_exact_and_a_decimal() -> None:
    found = value("{amount: 0.1}", Limits)
    assert (found.amount, type(found.amount)) == (Decimal("0.1"), Decimal)
    assert type(value("{amount: 7}", Limits).amount) is Decimal


def test_an_enumeration_gives_its_members() -> None:
    assert value("{colour: green}", Everything).colour is Colour.GREEN


# Keys


def test_an_unknown_key_is_refused_at_its_place_with_the_nearest_known_one() -> None:
    (found,) = faults("server:\n  prot: 1\n", Root)
    assert found == Fault(2, 3, "server.prot", 'unknown key "prot"', 'Did you mean "port"?')


def test_a_key_in_other_case_is_unknown_and_guessed() -> None:
    assert said("Server: {}", Root) == ('unknown key "Server"', 'Did you mean "server"?')


def test_an_unknown_key_that_resembles_nothing_is_answered_with_the_known_ones() -> None:
    assert said("zzz: 1", Root) == ('unknown key "zzz"', "Known here: server, limits, tools.")


def test_a_struct_is_described_by_the_names_of_its_keys_and_not_of_its_attributes() -> None:
    assert said("by_name: {}") == ('unknown key "by_name"', 'Did you mean "byName"?')


def test_a_missing_key_is_reported_where_it_is_missing() -> None:
    (found,) = faults("tools: {a: 1}\nlimits:\n  count: 2\n", Root)
    assert found == Fault(3, 3, "limits.amount", 'the key "amount" is missing', None)


def test_a_very_long_key_costs_no_time_and_is_not_guessed() -> None:
    assert nearest("s" * 65, ["server"]) is None
    assert nearest("servr", ["store", "server"]) == "server"
    assert nearest("x", []) is None


# Types


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("whole: abc", "expected a whole number, got a string", None),
        ("whole: '8'", "expected a whole number, got a string", "Leave the quotes out."),
        ("whole: 1_000", "expected a whole number, got a string", "Leave the _ out."),
        ("whole: '012'", "expected a whole number, got a string", None),
        ("whole: 1.0", "expected a whole number, got a number with a point or an exponent", None),
        ("whole: true", "expected a whole number, got true or false", None),
        ("whole:", "expected a whole number, got nothing", "Give a value, or leave the key out."),
        ("whole: [1]", "expected a whole number, got a list", None),
        ("whole: {a: 1}", "expected a whole number, got keys with values", None),
        (
            "flag: yes",
            "expected true or false, got a string",
            "Write true or false; yes, no, on and off are plain words.",
        ),
        (
            "flag: Off",
            "expected true or false, got a string",
            "Write true or false; yes, no, on and off are plain words.",
        ),
        ("flag: 'true'", "expected true or false, got a string", "Leave the quotes out."),
        ("flag: 1", "expected true or false, got a whole number", None),
        ("maybe: 5", "expected a string, got a whole number", "Put it in quotes."),
        ("maybe: true", "expected a string, got true or false", "Put it in quotes."),
        ("maybe: 1.50", "expected a string, got a number with a point or an exponent", "Put it in quotes."),
        ("maybe: [a]", "expected a string, got a list", None),
        ("number: '1.5'", "expected a number, got a string", "Leave the quotes out."),
        ("number: false", "expected a number, got true or false", None),
        ("level: 5", "expected one of debug, info, warning, got a whole number", "Put it in quotes."),
        ("size: true", "expected one of 1, 2, got true or false", None),
        ("size: 1.0", "expected one of 1, 2, got a number with a point or an exponent", None),
        ("colour: [red]", "expected one of red, green, got a list", None),
        (
            "either: 1.5",
            "expected a whole number or a string, got a number with a point or an exponent",
            "Put it in quotes.",
        ),
        ("names: a", "expected a list, got a string", None),
        ("names:", "expected a list, got nothing", "Give a value, or leave the key out."),
        ("pair: {a: 1}", "expected a list, got keys with values", None),
        ("byName: [a]", "expected keys with values, got a list", None),
        ("limits: yes", "expected keys with values, got a string", None),
    ],
)
def test_a_wrong_type_is_refused_and_nothing_is_converted(text: str, message: str, hint: str | None) -> None:
    assert said(text) == (message, hint)


def test_the_root_must_be_keys_with_values() -> None:
    assert said("[1]", Root) == ("expected keys with values, got a list", None)
    assert said("just text", Root)[0] == "expected keys with values, got a string"
    assert said("null", Root)[0] == "expected keys with values, got nothing"


def test_a_section_without_anything_beneath_is_empty_but_null_is_no_section() -> None:
    assert value("server:\n", Root) == Root()
    assert said("server: null", Root)[0] == "expected keys with values, got nothing"
    assert said("server: ''", Root)[0] == "expected keys with values, got a string"
    assert said("tools:\n", Root)[0] == "expected keys with values, got nothing"
    assert said("limits:\n", Root)[0] == 'the key "amount" is missing'


# Bounds and choices


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("whole: 11", "must be from 0 to 10"),
        ("whole: -1", "must be from 0 to 10"),
        ("above: 0", "must be at least 1"),
        ("below: 0", "must be at most -1"),
        ("text: a", "must have from 2 to 5 characters"),
        ("text: abcdef", "must have from 2 to 5 characters"),
        ("text: ABC", "does not have the form that is expected here"),
        ('text: "abc\\n"', "does not have the form that is expected here"),
        ("pair: []", "must have from 1 to 2 items"),
        ("pair: [1, 2, 3]", "must have from 1 to 2 items"),
        ("byColour: {red: 1, green: 2}", "must have at most 1 keys"),
        ("boundless: 6", "must be from 1 to 5"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(text: str, message: str) -> None:
    assert said(text) == (message, None)


def test_the_end_of_a_pattern_is_the_very_end_as_in_json_schema() -> None:
    class Dollar(Struct, frozen=True):
        price: Annotated[str, Meta(pattern=r"^[0-9]+\$")] = "1$"

    assert value("{price: 5$}", Dollar).price == "5$"
    assert value("{price: 5$ each}", Dollar).price == "5$ each"


def test_an_example_is_the_hint_where_there_is_no_better_one() -> None:
    assert said("named: b") == ("does not have the form that is expected here", "For example: apple")
    assert said("named: 5") == ("expected a string, got a whole number", "Put it in quotes.")


def test_a_value_that_is_not_allowed_is_answered_with_the_nearest_that_is() -> None:
    assert said("level: INFOS") == ("must be one of debug, info, warning", 'Did you mean "info"?')
    assert said("level: zzz") == ("must be one of debug, info, warning", None)
    assert said("colour: gren") == ("must be one of red, green", 'Did you mean "green"?')
    assert said("size: 3") == ("must be one of 1, 2", None)


def test_a_check_of_the_struct_is_reported_at_the_value() -> None:
    assert faults("even: 3") == [Fault(1, 7, "even", "an odd number", "Take an even one.")]
    assert said("evenOrNone: 3") == ("an odd number", "Take an even one.")
    assert value("evenOrNone:", Everything).even_or_none is None


def test_a_check_sees_only_values_of_the_right_type() -> None:
    assert said("even: x")[0] == "expected a whole number, got a string"


def test_what_a_struct_says_about_its_keys_together_is_reported_at_the_struct() -> None:
    assert faults("range:\n  low: 5\n  high: 1\n", Holder) == [Fault(2, 3, "range", "low is above high", "Swap them.")]


# Structures


def test_every_item_and_every_value_is_checked_with_its_path() -> None:
    text = "names: [a, 1, b, 2]\nbyName:\n  a.b: {amount: x}\n  c: {}\n"
    assert [(each.line, each.path) for each in faults(text)] == [
        (1, "names[1]"),
        (1, "names[3]"),
        (3, 'byName["a.b"].amount'),
        (4, "byName.c.amount"),
    ]


def test_the_keys_of_a_table_are_checked_too() -> None:
    (found,) = faults("byColour: {gren: 1}")
    assert (found.column, found.path, found.message) == (12, "byColour.gren", "must be one of red, green")
    assert found.hint == 'Did you mean "green"?'


def test_the_shape_of_the_text_says_which_member_of_a_union_is_meant() -> None:
    assert value("oneOrMany: [a]", Everything).one_or_many == ["a"]
    assert value("oneOrMany: a", Everything).one_or_many == "a"
    assert said("oneOrMany: [1]") == ("expected a string, got a whole number", "Put it in quotes.")
    assert said("oneOrMany: {a: 1}") == ("expected a string or a list, got keys with values", None)


def test_all_faults_are_reported_at_once_in_the_order_of_the_text() -> None:
    text = "whole: 11\nflag: yes\nunknown: 1\nlevel: x\nlimits: {count: 0, nope: 1}\n"
    assert [(each.line, each.path) for each in faults(text)] == [
        (1, "whole"),
        (2, "flag"),
        (3, "unknown"),
        (4, "level"),
        (5, "limits.amount"),
        (5, "limits.count"),
        (5, "limits.nope"),
    ]


def test_what_could_not_be_read_is_not_reported_again() -> None:
    def converted(node: Node) -> tuple[Everything | None, list[Fault]]:
        return convert(Table(1, 1, {"anything": Entry(1, 1, node), "names": Entry(1, 1, node)}), Everything)

    assert converted(Broken(1, 4)) == (None, [])
    document = read("anything: [012]\nnames: [a, 013]")
    assert len(document.faults) == 2
    assert convert(document.root, Everything) == (None, [])
