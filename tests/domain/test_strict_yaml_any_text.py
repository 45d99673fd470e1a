"""Strict YAML: what no text at all may ever do, whatever is in it."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.document import plain
from openpact.domain.strict_yaml import Document, read

PIECES = st.sampled_from(
    [
        *(
            "a",
            "b: ",
            "- ",
            "? ",
            ": ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            '"',
            "|",
            ">",
            "#",
            "&a ",
            "*a ",
            "!t ",
            "%",
            "@",
        ),
        *("\n", "\n  ", "\n\t", "\t", "\r\n", "\r", "---\n", "...\n", "~", "012", "1.5", "yes", "<<: ", "\\", "\\u12"),
        *("\ufeff", "\x00", "\u2028", "\ud800", "ü", "😀", "\x85", "\\ud800", "\\U99999999", "${X}", "=", "`"),
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def assert_parsed_or_refused(document: Document, lines: int) -> None:
    for each in document.faults:
        assert 1 <= each.line <= lines
        assert each.column >= 1
        assert each.message
        assert each.hint
    if document.root is None:
        return
    if not document.faults:
        plain(document.root)


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@given(text=TEXTS | st.text())
def test_every_text_is_parsed_or_refused_with_a_place(text: str, loader: type[Any]) -> None:
    assert_parsed_or_refused(read(text, loader=loader), text.count("\n") + 1)


@given(st.binary())
def test_all_bytes_are_parsed_or_refused_with_a_place(data: bytes) -> None:
    assert_parsed_or_refused(read(data), data.count(b"\n") + 1)


@given(TEXTS)
def test_what_both_parsers_accept_they_read_alike(text: str) -> None:
    fast, slow = read(text, loader=yaml.CSafeLoader), read(text, loader=yaml.SafeLoader)
    if fast.faults or slow.faults:
        return
    assert (fast.root and plain(fast.root)) == (slow.root and plain(slow.root))


SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


class Plainly(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return data is not NotImplemented


@given(TREES, st.booleans())
def test_what_another_program_writes_is_read_back(tree: object, flow: bool) -> None:  # noqa: FBT001
    text = yaml.dump(tree, Dumper=Plainly, default_flow_style=flow, allow_unicode=False)
    document = read(text)
    assert not document.faults, (text, document.faults)
    assert (document.root and plain(document.root)) == tree
