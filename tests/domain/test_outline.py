"""An outline comes from a process that read hostile text: whatever is no tree is refused before it is looked at."""

from typing import Any

import msgspec
import pytest

from openpact.domain.errors import ScriptInvalid
from openpact.domain.outline import MOST_NODES, Outline, Tree, read_outline
from tests.domain.outlines import given, outline

SOURCE = '"""doc"""\nx = http.get("https://a.example" + y["z"].w, *rest, k = 1)\n(a, [b, *c]), d.e = 1, 2\n'
NODE = ["Name", 0, "value", 1, 1, 1, 2, "x"]
ROOT = ["Module", -1, "", 1, 1, 1, 1, None]


def tree(source: str) -> Tree:
    return Tree(outline(source).nodes or ())


def test_an_outline_is_read_as_it_is() -> None:
    sent = given(
        SOURCE,
        diagnostics=[
            {
                "severity": "warning",
                "code": "unused",
                "message": "y",
                "line": 1,
                "column": 1,
                "end_line": 1,
                "end_column": 2,
            }
        ],
        functions=[
            {
                "name": "f",
                "line": 1,
                "public": True,
                "doc": None,
                "params": [{"name": "a", "kind": "positional", "default": None}],
            }
        ],
        loads=[{"path": "lib/util.star", "line": 1, "names": ["f"]}],
    )
    read = read_outline(sent)
    assert msgspec.json.decode(msgspec.json.encode(read)) == {**sent, "truncated": False}
    assert read.analysable


@pytest.mark.parametrize(
    "changed",
    [
        {"ok": 1},
        {"ok": None},
        {"surprise": 1},
        {"diagnostics": None},
        {"diagnostics": [{"severity": "fatal"}]},
        {"diagnostics": [{}] * 1001},
        {"functions": {}},
        {"functions": [{"name": 1}]},
        {"loads": [{"path": "a", "line": 1, "names": [1]}]},
        {"loads": [{"path": "a", "line": -1, "names": []}]},
        {"nodes": "Module"},
        {"nodes": [ROOT] * 2},
        {"nodes": [NODE]},
        {"nodes": [[*ROOT, 1]]},
        {"nodes": [ROOT[:7]]},
        {"nodes": [ROOT, ["Name", 1, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", 2, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", -1, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", -2, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, NODE, NODE, ["Name", 1, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", True, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", "0", "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", 0, "value", 0, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, ["Name", 0, "value", 1, 1, 10**9, 2, "x"]]},
        {"nodes": [ROOT, ["Name", 0, "value", 1, 1, 1, 2, 5]]},
        {"nodes": [ROOT, ["N" * 65, 0, "value", 1, 1, 1, 2, "x"]]},
        {"nodes": [ROOT, *[NODE] * MOST_NODES]},
    ],
    ids=lambda changed: repr(changed)[:60],
)
def test_whatever_is_no_outline_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ScriptInvalid, match="The sandbox gave"):
        read_outline(given("x = 1", **changed))


@pytest.mark.parametrize("sent", [None, [], "text", 5, {}])
def test_what_is_no_object_at_all_is_refused_too(sent: object) -> None:
    with pytest.raises(ScriptInvalid):
        read_outline(sent)


def test_only_a_whole_tree_of_a_sound_script_can_be_analysed() -> None:
    assert outline("x = 1").analysable
    assert not outline("x = 1", ok=False).analysable
    assert not outline("x = 1", nodes=None).analysable
    assert not outline("x = 1", nodes=[]).analysable
    assert not outline("x = 1", truncated=True).analysable


def test_one_finds_the_way_around_in_a_tree() -> None:
    walk = tree(SOURCE)
    call = next(walk.of_kind("Call"))
    assert walk.nodes[walk.child(call, "func") or 0].value == "get"
    assert [walk.nodes[each].kind for each in walk.children(call)] == ["Attribute", "BinOp", "Starred", "keyword"]
    assert [walk.nodes[each].kind for each in walk.children(call, "args")] == ["BinOp", "Starred"]
    assert walk.child(call, "nothing") is None
    assert [walk.nodes[each].kind for each in walk.parents(call)] == ["Assign", "Module"]
    assert walk.place(call) == (2, 5)
    assert len(walk) == len(walk.nodes)


def test_the_text_of_a_docstring_is_not_that_of_a_string() -> None:
    walk = tree(SOURCE)
    texts = [walk.text(each) for each in walk.of_kind("Constant")]
    assert texts == [None, "https://a.example", "z", "1", "1", "2"]
    assert walk.text(None) is None
    assert walk.text(0) is None


def test_what_is_assigned_to_is_told_from_what_is_read() -> None:
    walk = tree(SOURCE)
    names = [walk.name(each) for each in sorted(walk.targets) if walk.name(each)]
    assert names == ["x", "a", "b", "c"]
    assert walk.name(None) is None


def test_the_name_at_the_bottom_of_a_chain_is_found() -> None:
    walk = tree('a.b["c"].d\n(1).e\n')
    roots = [walk.root_name(each) for each in walk.of_kind("Attribute")]
    assert [walk.name(each) for each in roots] == ["a", "a", None]


def test_a_tree_may_be_as_deep_as_it_is_long() -> None:
    deep = [ROOT, *(["BinOp", number, "left", 1, 1, 1, 1, "Add"] for number in range(20_000))]
    read: Outline = read_outline(given("x = 1", nodes=deep))
    assert sum(1 for _ in Tree(read.nodes or ()).parents(20_000)) == 20_000
