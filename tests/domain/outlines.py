"""Outlines as the sandbox makes them, from CPython's tree of a source: what the tests of the review begin with."""

import ast
from typing import Any

from openpact.domain.dataflow import Dataflow
from openpact.domain.flow_reading import read_flow
from openpact.domain.outline import Outline, Tree, read_outline

_OPERATIONS = ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.AugAssign
_NAMED_IN_VALUE = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
_NAMES = ("id", "attr", "name", "arg")


def flattened(source: str) -> list[list[Any]]:
    """Give the tree as a list of nodes, in pre-order."""
    nodes: list[list[Any]] = []
    lines = source.split("\n")
    tree = ast.parse(source)
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.FunctionDef)]
    docs = {id(node.body[0].value) for node in documented if node.body and isinstance(node.body[0], ast.Expr)}

    def add(node: ast.AST, parent: int, field: str, outer: list[int], *, inside: bool) -> None:
        place = outer if inside or not hasattr(node, "lineno") else _place(node, lines)
        number = len(nodes)
        is_doc = id(node) in docs and isinstance(node, ast.Constant) and isinstance(node.value, str)
        nodes.append([type(node).__name__, parent, "docstring" if is_doc else field, *place, _value(node)])
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, _NAMED_IN_VALUE):
                    add(child, number, name, place, inside=inside or isinstance(node, ast.JoinedStr))

    add(tree, -1, "", [1, 1, source.count("\n") + 1, 1], inside=False)
    return nodes


def _place(node: Any, lines: list[str]) -> list[int]:
    begin = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
    end = len(lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode())
    return [node.lineno, begin + 1, node.end_lineno, end + 1]


def _value(node: Any) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else repr(node.value)
    if isinstance(node, ast.Compare):
        return ",".join(type(op).__name__ for op in node.ops)
    if isinstance(node, _OPERATIONS):
        return type(node.op).__name__
    return next((getattr(node, name) for name in _NAMES if isinstance(getattr(node, name, None), str)), None)


def given(source: str, **changed: Any) -> dict[str, Any]:
    """Give the outline of a source as it comes from the sandbox."""
    loads = [
        {"path": node.args[0].value, "line": node.lineno, "names": [_text(each) for each in node.args[1:]]}
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load"
        if isinstance(node.args[0], ast.Constant)
    ]
    return {
        "ok": True,
        "diagnostics": [],
        "functions": [],
        "loads": loads,
        "nodes": flattened(source),
        **changed,
    }


def _text(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def outline(source: str, **changed: Any) -> Outline:
    """Give the outline of a source, read."""
    return read_outline(given(source, **changed))


def flow(source: str) -> Dataflow:
    """Give the flow of a source."""
    return read_flow(Tree(outline(source).nodes or ()))
