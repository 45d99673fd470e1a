"""Trees with places: paths, plain values, layers, and variables put into values."""

import pytest

from openpact.domain.document import (
    Broken,
    Entry,
    Items,
    Node,
    Scalar,
    Table,
    interpolate,
    join,
    leaves,
    overlay,
    plain,
    quoted,
)
from openpact.domain.strict_yaml import read


def tree(text: str) -> Node:
    document = read(text)
    assert document.root is not None
    assert not document.faults
    return document.root


def filled(text: str, **variables: str) -> object:
    node, faults = interpolate(tree(text), variables)
    assert not faults, faults
    return plain(node)


def test_a_path_has_dots_brackets_and_quotes_where_a_dot_would_mislead() -> None:
    assert join("", "server") == "server"
    assert join("server", "port") == "server.port"
    assert join(join("rules", 3), "max-age") == "rules[3].max-age"
    assert join("tools", "a.b") == 'tools["a.b"]'
    assert join("", "") == '[""]'


def test_a_key_in_a_message_is_short_and_cannot_command_a_terminal() -> None:
    assert quoted("grün") == '"grün"'
    assert quoted("a\x1b[2J\u202eb\n") == r'"a\u001b[2J\u202eb\n"'
    assert quoted("x" * 1000) == '"' + "x" * 60 + '…"'


def test_a_tree_becomes_plain_values_in_order() -> None:
    assert plain(tree("b: [1, {c: null}]\na: text")) == {"b": [1, {"c": None}], "a": "text"}
    assert list(plain(tree("b: 1\na: 2"))) == ["b", "a"]  # type: ignore[call-overload]


def test_a_broken_node_has_no_value() -> None:
    with pytest.raises(ValueError, match="broken"):
        plain(Items(1, 1, (Broken(1, 2),)))


def test_every_leaf_is_told_with_the_place_of_its_key() -> None:
    found = [(path, place.line, place.column) for path, place in leaves(tree("a:\n  b: 1\n  c: [2]\nd:\n"))]
    assert found == [("a.b", 2, 3), ("a.c", 3, 3), ("d", 4, 1)]
    assert [path for path, _ in leaves(tree("text"))] == [""]


def test_a_value_is_laid_over_a_tree_and_the_tree_stays_as_it_was() -> None:
    before = tree("server: {port: 1, host: h}\nstore: 5")
    five = Scalar(0, 0, 5, "5")
    assert plain(overlay(before, ("server", "port"), five)) == {"server": {"port": 5, "host": "h"}, "store": 5}
    assert plain(overlay(before, ("store", "url"), five)) == {"server": {"port": 1, "host": "h"}, "store": {"url": 5}}
    assert plain(overlay(None, ("a", "b"), five)) == {"a": {"b": 5}}
    assert plain(before) == {"server": {"port": 1, "host": "h"}, "store": 5}


def test_variables_fill_values_at_every_depth() -> None:
    text = "a: ${X}\nb: ['pre-${X}-post', {c: '${X}${Y}'}]\nd: 5\ne: no variable"
    assert filled(text, X="1", Y="2") == {"a": "1", "b": ["pre-1-post", {"c": "12"}], "d": 5, "e": "no variable"}


def test_a_default_stands_for_a_variable_that_is_unset_or_empty() -> None:
    assert filled("a: ${X:-d}") == {"a": "d"}
    assert filled("a: ${X:-d}", X="") == {"a": "d"}
    assert filled("a: ${X:-d}", X="x") == {"a": "x"}
    assert filled("a: '${X:-}'") == {"a": ""}
    assert filled("a: '${X}'", X="") == {"a": ""}
    assert filled("a: '${URL:-postgresql://h:1/d}'") == {"a": "postgresql://h:1/d"}


def test_two_dollars_are_one_and_a_dollar_without_a_brace_is_itself() -> None:
    assert filled("a: '$${X}'") == {"a": "${X}"}
    assert filled("a: '$$$${X}'") == {"a": "$${X}"}
    assert filled("a: '$$${X}'", X="x") == {"a": "$x"}
    assert filled("a: ^x$\nb: $X\nc: 5$") == {"a": "^x$", "b": "$X", "c": "5$"}


def test_what_a_variable_holds_is_not_looked_at_again() -> None:
    assert filled("a: ${X}", X="${Y}$$: {b: 1}\nc: 2") == {"a": "${Y}$$: {b: 1}\nc: 2"}


def test_keys_are_never_filled() -> None:
    assert filled("'${X}': 1", X="security") == {"${X}": 1}


def test_only_a_value_with_a_variable_leaves_its_type_open() -> None:
    node, _ = interpolate(tree("[a, '${X}', '$$', '${X:-d}']"), {"X": "1"})
    assert isinstance(node, Items)
    assert [isinstance(each, Scalar) and each.loose for each in node.nodes] == [False, True, False, True]


def test_a_missing_variable_is_reported_with_its_place_and_path() -> None:
    node, faults = interpolate(tree("a: 1\nb:\n  - x\n  - ${GONE}"), {})
    (fault,) = faults
    assert (fault.line, fault.column, fault.path) == (4, 5, "b[1]")
    assert fault.message == "the environment variable GONE is not set"
    assert fault.hint == "Set it, or give a default: ${GONE:-default}."
    assert isinstance(node, Table)
    assert node.entries["b"].node == Items(3, 3, (Scalar(3, 5, "x", "x"), Broken(4, 5)))


def test_every_missing_variable_is_reported() -> None:
    _, faults = interpolate(tree("a: ${X} ${Y}\nb: ${Z}"), {})
    assert [fault.message.split()[3] for fault in faults] == ["X", "Y", "Z"]


@pytest.mark.parametrize("text", ["${", "${X", "${}", "${1X}", "${X-d}", "${X:?no}", "${X }", "${ünder}", "x${X:=d}y"])
def test_a_reference_that_names_no_variable_is_refused_without_repeating_it(text: str) -> None:
    _, faults = interpolate(Scalar(3, 4, text, text), {"X": "x"}, "a")
    (fault,) = faults
    assert (fault.line, fault.column, fault.path) == (3, 4, "a")
    assert fault.message == "a ${ that names no variable"


def test_a_variable_that_is_not_utf_8_is_refused() -> None:
    _, faults = interpolate(tree("a: ${X}"), {"X": "secret\udcff"})
    (fault,) = faults
    assert fault.message == "the environment variable X is not UTF-8 text"


def test_what_is_broken_stays_broken() -> None:
    broken = Table(1, 1, {"a": Entry(1, 1, Broken(1, 4))})
    assert interpolate(broken, {}) == (broken, [])
