"""What the text that an expression gives begins with: `a + b`, f"{a}/b", "{}/b".format(a), "%s/b" % a, format("%s", a).

Rules of this file:
- What follows upon the front is noted too: only so can be told whether it may lengthen the host of a URL.
- A template that does not begin with a placeholder is its own front; where its first one stands is in its text.
"""

import re

from openpact.domain.dataflow import Dataflow

_BRACES = re.compile(r"\{([A-Za-z_0-9]*)\}")
_PERCENT = re.compile(r"%[svd]")


def read_front(flow: Dataflow, index: int) -> None:
    """Read what an expression that puts texts together begins with."""
    tree, node = flow.tree, flow.tree.nodes[index]
    if node.kind == "JoinedStr":
        _joined(flow, index)
    elif node.kind == "BinOp":
        left, right = tree.child(index, "left"), tree.child(index, "right")
        operator = node.value
        if operator == "Mod" and left is not None and right is not None:
            given = tree.children(right, "elts") if tree.nodes[right].kind == "Tuple" else [right]
            read_template(flow, index, left, given, percent=True)
        elif operator != "Add":
            flow.open.add(index)
        else:
            flow.begin(index, left)
            flow.tails.append((index, "" if right is None else right))
    elif node.kind in {"IfExp", "BoolOp", "FormattedValue"}:
        for field in ("body", "orelse") if node.kind == "IfExp" else ("values", "value"):
            for each in tree.children(index, field):
                flow.begin(index, each)
    else:
        flow.open.add(index)


def read_template(flow: Dataflow, index: int, template: int, given: list[int], *, percent: bool) -> None:
    """Read what a template that is filled in begins with."""
    text = flow.tree.text(template) or ""
    found = (_PERCENT if percent else _BRACES).match(text)
    if not found:
        flow.begin(index, template)
        return
    flow.begin(index, _filled(flow, "" if percent else found[1], given))
    if text[found.end() :]:
        flow.tails.append((index, text[found.end() :]))


def _filled(flow: Dataflow, name: str, given: list[int]) -> int | None:
    """Find the argument that a first placeholder of this name stands for."""
    nodes = flow.tree.nodes
    if name and not name.isdigit():
        named = (each for each in given if nodes[each].kind == "keyword" and nodes[each].value == name)
        keyword = next(named, None)
        return None if keyword is None else flow.tree.child(keyword, "value")
    place = int(name or 0)
    plain = given[: place + 1]
    fits = len(plain) > place and not any(nodes[each].kind in {"Starred", "keyword"} for each in plain)
    return plain[place] if fits else None


def _joined(flow: Dataflow, index: int) -> None:
    parts = flow.tree.children(index, "values")
    flow.begin(index, parts[0] if parts else None)
    if len(parts) > 1:
        text = flow.tree.text(parts[1])
        flow.tails.append((index, parts[1] if text is None else text))
