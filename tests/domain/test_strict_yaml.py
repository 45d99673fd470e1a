"""Strict YAML: each trap by its name."""

from decimal import Decimal
from typing import Any

import pytest
import yaml

from openpact.domain.document import Broken, Fault, Items, Scalar, Table, plain
from openpact.domain.strict_yaml import LOADER, Limits, read

LOADERS = [pytest.param(yaml.CSafeLoader, id="libyaml"), pytest.param(yaml.SafeLoader, id="pure")]
both_parsers = pytest.mark.parametrize("loader", LOADERS)


def value(text: str | bytes, loader: type[Any] = LOADER) -> object:
    document = read(text, loader=loader)
    assert not document.faults, document.faults
    assert document.root is not None
    return plain(document.root)


def fault(text: str | bytes, loader: type[Any] = LOADER) -> Fault:
    (found,) = read(text, loader=loader).faults
    return found


def said(text: str | bytes, loader: type[Any] = LOADER) -> tuple[int, int, str]:
    found = fault(text, loader)
    assert found.hint
    return found.line, found.column, found.message


@both_parsers
def test_an_ordinary_text_is_read(loader: type[Any]) -> None:
    text = (
        "# a comment\nserver:\n  port: 8080\n  names: [a, 'b', \"c\\n\"]\nempty:\nratio: 1.10\nbig: |\n  two\n  lines\n"
    )
    assert value(text, loader) == {
        "server": {"port": 8080, "names": ["a", "b", "c\n"]},
        "empty": None,
        "ratio": Decimal("1.10"),
        "big": "two\nlines\n",
    }


def test_the_fast_parser_is_used_where_it_is_built_in() -> None:
    assert LOADER is yaml.CSafeLoader


def test_every_node_knows_its_place() -> None:
    root = read("a: 1\nb:\n  - x\n  - {c: ü, d: e}\n").root
    assert isinstance(root, Table)
    assert [(key, entry.line, entry.column) for key, entry in root.entries.items()] == [("a", 1, 1), ("b", 2, 1)]
    listed = root.entries["b"].node
    assert isinstance(listed, Items)
    assert (listed.line, listed.column) == (3, 3)
    assert listed.nodes[0] == Scalar(3, 5, "x", "x")
    inner = listed.nodes[1]
    assert isinstance(inner, Table)
    assert (inner.entries["d"].line, inner.entries["d"].column) == (4, 12)
    assert inner.entries["d"].node == Scalar(4, 15, "e", "e")


@both_parsers
@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "\ufeff", b""])
def test_an_empty_text_has_no_tree(text: str | bytes, loader: type[Any]) -> None:
    document = read(text, loader=loader)
    assert document.root is None
    assert bool(document.faults) is (text == "\ufeff")


def test_null_written_out_is_not_an_empty_text() -> None:
    assert read("null").root == Scalar(1, 1, None, "null")


@both_parsers
def test_windows_line_ends_are_read(loader: type[Any]) -> None:
    assert value(b"a: 1\r\nb: yes\r\n", loader) == {"a": 1, "b": "yes"}


# One reading only


@both_parsers
def test_yes_no_on_off_and_their_like_are_strings(loader: type[Any]) -> None:
    assert value("[yes, no, on, off, y, n, 1:30, 1_000, 2026-02-05]", loader) == [
        *("yes", "no", "on", "off", "y", "n", "1:30", "1_000", "2026-02-05")
    ]


@both_parsers
def test_on_is_a_key_and_not_true(loader: type[Any]) -> None:
    assert value("on: push\nno: way", loader) == {"on": "push", "no": "way"}


@both_parsers
def test_a_number_with_a_leading_zero_is_refused_and_a_quoted_one_is_a_string(loader: type[Any]) -> None:
    assert said("a:\n  b: 012", loader) == (2, 6, "a number with a leading zero, which some readers take for octal")
    assert value("a: '012'", loader) == {"a": "012"}


@both_parsers
def test_numbers_are_exact(loader: type[Any]) -> None:
    found = value("[1.10, 9007199254740993, 0.1, 1e3]", loader)
    assert isinstance(found, list)
    assert [str(each) for each in found] == ["1.10", "9007199254740993", "0.1", "1E+3"]


@both_parsers
@pytest.mark.parametrize("text", ["a: .inf", "a: -.Inf", "a: .nan", "a: 1e999"])
def test_a_number_that_is_none_is_refused(text: str, loader: type[Any]) -> None:
    assert said(text, loader)[:2] == (1, 4)


# What lets one place change another


@both_parsers
def test_a_duplicate_key_is_refused_with_both_lines(loader: type[Any]) -> None:
    document = read("server:\n  port: 1\n  host: h\n  port: 2\n", loader=loader)
    (found,) = document.faults
    assert (found.line, found.column, found.path) == (4, 3, "server.port")
    assert found.message == 'the key "port" is set already on line 2'
    assert document.root is not None
    assert plain(document.root) == {"server": {"port": 1, "host": "h"}}


@both_parsers
@pytest.mark.parametrize("text", ["{a: 1, 'a': 2}", 'a: 1\n"\\x61": 2', "a: 1\n? a\n: 2"])
def test_a_duplicate_key_is_refused_in_every_spelling(text: str, loader: type[Any]) -> None:
    assert "set already" in fault(text, loader).message


@both_parsers
@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "~", "? [a]\n", "? {a: 1}\n"])
def test_a_key_that_is_no_text_is_refused(key: str, loader: type[Any]) -> None:
    found = fault(f"ok: 1\n{key}: x\n", loader)
    assert (found.line, found.message, found.hint) == (2, "a key that is no text", "Put the key in quotes.")


@both_parsers
def test_a_key_that_is_left_out_is_refused(loader: type[Any]) -> None:
    assert fault("?\n: x", loader).message == "a key that is no text"


@both_parsers
def test_a_quoted_number_is_a_key(loader: type[Any]) -> None:
    assert value("'1': a\n'<<': b", loader) == {"1": "a", "<<": "b"}


@both_parsers
def test_a_second_document_is_refused(loader: type[Any]) -> None:
    assert said("a: 1\n---\nb: 2\n", loader) == (2, 1, "a second document")
    assert said("a: 1\n...\nb: 2\n", loader) == (3, 1, "a second document")
    assert said("a: 1\n--- # nothing in it\n", loader) == (2, 1, "a second document")


@both_parsers
def test_anchors_and_aliases_are_refused_one_by_one(loader: type[Any]) -> None:
    document = read("a: &x 1\nb: *x\nc: [*undefined]\n*x : 2\n&y d: 3\n", loader=loader)
    assert {each.message for each in document.faults} == {"an alias or an anchor"}
    assert [(each.line, each.column) for each in document.faults] == [(1, 4), (2, 4), (3, 5), (4, 1), (5, 1)]


@both_parsers
def test_a_billion_laughs_are_not_laughed(loader: type[Any]) -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    document = read("\n".join(lines), loader=loader)
    assert document.faults[-1].message == "too many errors; the rest is not shown"
    assert document.root is None


@both_parsers
def test_an_anchor_that_contains_itself_is_refused(loader: type[Any]) -> None:
    assert len(read("a: &a [*a]", loader=loader).faults) == 2


@both_parsers
def test_a_merge_key_is_refused(loader: type[Any]) -> None:
    assert said("<<: {a: 1}\nb: 2", loader) == (1, 1, "a merge key")


@both_parsers
@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!str", "!secret", "!", "!<tag:yaml.org,2002:int>", "!!binary"]
)
def test_every_tag_is_refused(tag: str, loader: type[Any]) -> None:
    document = read(f"a: {tag} x\nb: 1", loader=loader)
    (found,) = document.faults
    assert (found.line, found.column, found.path, found.message) == (1, 4, "a", "a tag")
    assert isinstance(document.root, Table)
    assert document.root.entries["a"].node == Broken(1, 4)


@both_parsers
@pytest.mark.parametrize("text", ["!!map {a: 1}", "!!seq [a]", "a: !undefined!x b"])
def test_a_tag_on_anything_is_refused(text: str, loader: type[Any]) -> None:
    assert fault(text, loader).message == "a tag"


@both_parsers
@pytest.mark.parametrize("line", ["%YAML 1.1", "%YAML 1.2", "%YAML 2.0", "%TAG ! tag:x,2000:", "%OTHER x", "%"])
def test_a_directive_is_refused(line: str, loader: type[Any]) -> None:
    assert said(f"# comment\n\n{line}\n---\na: 1", loader) == (
        3,
        1,
        "a % directive, which changes how the text is read",
    )


@both_parsers
def test_a_percent_sign_elsewhere_is_a_text(loader: type[Any]) -> None:
    assert value("a: 5%\nb: '%x'", loader) == {"a": "5%", "b": "%x"}


# What the eye cannot see


@both_parsers
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ufffe", "\uffff"])
def test_a_control_character_is_refused_with_its_place(character: str, loader: type[Any]) -> None:
    place = said(f"a: 1\nb: x{character}y", loader)
    assert place == (2, 5, f"a character that cannot be seen (U+{ord(character):04X})")


@both_parsers
@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_hidden_line_break_cannot_end_a_comment(character: str, loader: type[Any]) -> None:
    assert "cannot be seen" in fault(f"# all is well{character}security: {{strict: false}}\n", loader).message


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200f", "\u061c"])
def test_a_direction_mark_cannot_reorder_what_is_read(character: str) -> None:
    assert fault(f"a: x # {character}").hint == (
        f'Leave it out, or write it as "\\u{ord(character):04x}" in double quotes.'
    )
    assert value(f'a: "\\u{ord(character):04x}"') == {"a": character}


def test_a_carriage_return_alone_cannot_overwrite_a_line() -> None:
    assert said("a: 1 # nothing\rb: 2\n") == (1, 15, "a carriage return without a line feed")


@both_parsers
def test_a_byte_order_mark_is_refused_and_the_rest_is_still_checked(loader: type[Any]) -> None:
    document = read(b"\xef\xbb\xbfa: 1\na: 2", loader=loader)
    assert [(each.line, each.column) for each in document.faults] == [(1, 1), (2, 1)]
    assert document.faults[0].message == "a byte order mark"
    assert "U+FEFF" in fault("a: \ufeffb", loader).message


def test_bytes_that_are_not_utf_8_are_refused_with_their_place() -> None:
    assert said("a: ü\nbc: ü".encode() + b"\xff") == (2, 6, "a byte that is not UTF-8")
    assert said("a: 1".encode("utf-16")) == (1, 1, "a byte that is not UTF-8")


def test_half_characters_are_refused() -> None:
    assert said("a: \ud800") == (1, 4, "half a character (U+D800)")


@both_parsers
@pytest.mark.parametrize("escape", ["\\q", "\\ud800", "\\U00110000", "\\UFFFFFFFF", "\\u12", "\\x"])
def test_an_escape_that_makes_no_character_is_refused(escape: str, loader: type[Any]) -> None:
    assert fault(f'a: "{escape}"', loader).message == "a backslash in double quotes that makes no character"


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        "\ta: 1",
        "a:\n\t- b",
        "a: |\n\tx",
        "a: {b: c,\n\td: e}",
        "a: [b,\n \tc]",
        "a: [b\n\t]",
        "a: 1\n\t\n",
        "a:\n  \tb: 1",
    ],
)
def test_a_tab_as_indentation_is_refused(text: str, loader: type[Any]) -> None:
    found = fault(text, loader)
    assert (found.message, found.hint) == ("a tab as indentation", "Indent with spaces.")
    assert found.line == text.count("\n", 0, text.index("\t")) + 1


def test_each_line_with_a_tab_is_reported_once() -> None:
    faults = read("a: [b,\n\tc,\n\t[d, e]\n\t]").faults
    assert [each.line for each in faults] == [2, 3, 4]
    assert len(read("a: [b,\n\tc: d]").faults) == 1


@both_parsers
def test_a_tab_inside_a_text_is_part_of_it(loader: type[Any]) -> None:
    assert value("a: 'b\tc'\nd: |\n  e\n  \tf\n", loader) == {"a": "b\tc", "d": "e\n\tf\n"}


# Syntax


@both_parsers
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: b: c", 1, "a colon where no key can be"),
        ("a\nb: c", 2, "a colon where no key can be"),
        ("a: 1\n b: 2", 2, "a colon where no key can be"),
        ("a: - b", 1, "a list item where no list can be"),
        ("a: 1\nfoo\nb: 2", 3, "a key without a colon"),
        ("a: [1, 2", 1, "brackets that are not closed, or lack a comma"),
        ("a:\n  {b: 1\n", 2, "brackets that are not closed, or lack a comma"),
        ("a:\n  [\n\n", 2, "brackets that are not closed, or lack a comma"),
        ("a: {b: ", 1, "brackets that are not closed, or lack a comma"),
        ("a: [1\nb: c", 2, "brackets that are not closed, or lack a comma"),
        ("{a: ${PORT}}", 1, "brackets that are not closed, or lack a comma"),
        ("a: 'x\n\n", 1, "a quote that is not closed"),
        ('a: "x\n---\nb"', 2, "a quote that is not closed"),
        ("a: @x", 1, "a character that no value begins with"),
        ("a: `x`", 1, "a character that no value begins with"),
        ("a: *", 1, "an alias or an anchor"),
        ("hide: [*]", 1, "an alias or an anchor"),
        ("a: }", 1, "a bracket or a comma where a value must be"),
        ("- a\nb: c", 2, "something that does not fit the lines above"),
        ("a: 1\n- b", 2, "something that does not fit the lines above"),
        ("a:\n  - b\n c: d", 3, "something that does not fit the lines above"),
        ("a: 'b' c", 1, "something that does not fit the lines above"),
        ("a: |z\n x", 1, "something after | or >"),
        ("a: >=1.5", 1, "something after | or >"),
        ("a: |2 z\n", 1, "something after | or >"),
        ("a: !<tag:x b", 1, "not YAML"),
    ],
)
def test_a_syntax_error_is_told_in_plain_words(text: str, line: int, message: str, loader: type[Any]) -> None:
    document = read(text, loader=loader)
    assert document.root is None
    (found,) = document.faults
    assert (found.line, found.message) == (line, message)
    assert found.hint


def test_a_syntax_error_tells_where_the_thing_began() -> None:
    assert (fault("a: [1,\n2\nb: 1").hint or "").endswith("It began on line 1.")


def test_what_was_wrong_before_a_syntax_error_is_told_too() -> None:
    faults = read("a: 012\na: 1\nb: 'x\n").faults
    assert [each.line for each in faults] == [1, 2, 3]


# All of it, and not too much


def test_all_faults_are_reported_in_the_order_of_the_text() -> None:
    text = "1: x\na: 012\nb: {c: !t x, c: 1}\n<<: y\nd: [.inf, *z]\na: 2\n---\n"
    assert [(each.line, each.column) for each in read(text).faults] == [
        *((1, 1), (2, 4), (3, 8), (3, 14), (4, 1), (5, 5), (5, 11), (6, 1), (7, 1))
    ]


def test_the_number_of_faults_is_bounded() -> None:
    faults = read("a: 1\n" * 5000, Limits(faults=10)).faults
    assert len(faults) == 11
    assert faults[-1].message == "too many errors; the rest is not shown"


def test_a_text_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    limits = Limits(size=10)
    assert read("a: 1234567", limits).faults == ()
    assert read("a: 12345678", limits).faults[0].message == "more than 10 bytes"
    assert read("a: üüüü", limits).faults[0].message == "more than 10 bytes"
    assert read(b"a: 12345678", limits).root is None


@both_parsers
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[a: {b: "])
def test_nesting_without_end_is_refused(opening: str, loader: type[Any]) -> None:
    document = read(opening * 2000, loader=loader)
    assert document.root is None
    assert document.faults[-1].message in {"nested more than 64 deep", "nested too deep"}


@both_parsers
def test_nesting_is_allowed_up_to_the_limit(loader: type[Any]) -> None:
    limits = Limits(depth=5)
    assert read("[" * 5 + "]" * 5, limits, loader=loader).faults == ()
    (found,) = read("a: " + "[" * 5 + "]" * 5, limits, loader=loader).faults
    assert (found.line, found.column, found.path) == (1, 8, "a[0][0][0][0]")
    assert found.message == "nested more than 5 deep"


def test_the_number_of_values_is_bounded() -> None:
    limits = Limits(nodes=4)
    assert read("[a, b, c]", limits).faults == ()
    assert read("[a, b, c, d]", limits).faults[0].message == "more than 4 values"
