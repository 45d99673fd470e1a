"""What a script looks like, without running anything of it: diagnostics, functions, loads and the parsed source.

Rules of this file:
- Lines and columns are counted from 1, columns in characters.
- What cannot be listed wholly is left out wholly and said to be (`truncated`): half a tree would hide the other half
  from whoever judges it.
- The tree is CPython's, which knows each place; a source that the engine takes and CPython does not has none.
"""

import ast
from collections.abc import Iterator
from typing import Any, TypeAlias

from openpact.adapters.sandbox.inside import diagnosis, tree
from openpact.adapters.sandbox.inside.dialect import Language

MOST_NODES = 50_000
_NAMED_IN_VALUE = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
_Node: TypeAlias = list[Any]
_Span: TypeAlias = tuple[int, int, int, int]
# Which attribute of a node is its value; what these name is not a node of its own.
_VALUES = {
    ast.Name: "id",
    ast.Attribute: "attr",
    ast.FunctionDef: "name",
    ast.arg: "arg",
    ast.keyword: "arg",
    ast.alias: "name",
}


def outline(language: Language, name: str, source: str) -> dict[str, Any]:
    """Outline a script."""
    found = diagnosis.diagnose(language, name, source)
    told: dict[str, Any] = {"ok": False, "diagnostics": found, "functions": [], "loads": [], "nodes": None}
    if any(one["code"] == diagnosis.SYNTAX_ERROR for one in found):
        return told  # what the engine does not take has no shape
    try:
        whole = tree.parsed(source)
    except tree.Unreadable:
        note = "This script is too deeply nested, or written in an unusual way: nothing could be found out about it."
        found.insert(0, diagnosis.diagnostic("error", "unreadable", note, (1, 1, 1, 1)))
        return told | {"truncated": True}
    nodes = _flattened(whole, source)
    told |= {
        "ok": not any(one["severity"] == "error" for one in found),
        "functions": list(_functions(whole)),
        "loads": list(_loads(whole)),
        "nodes": nodes,
    }
    return told if nodes is not None else told | {"truncated": True}


def _functions(whole: ast.Module) -> Iterator[dict[str, Any]]:
    for node in _top_level(whole):
        if isinstance(node, ast.FunctionDef):
            yield {
                "name": node.name,
                "line": node.lineno,
                "public": not node.name.startswith("_"),
                "doc": ast.get_docstring(node),
                "params": list(_params(node.args)),
            }


def _params(args: ast.arguments) -> Iterator[dict[str, Any]]:
    by_place = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(by_place) - len(args.defaults))
    for arg, default in zip(by_place, [*defaults, *args.defaults], strict=True):
        yield _param(arg, "positional", default)
    if args.vararg:
        yield _param(args.vararg, "rest", None)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _param(arg, "keyword_only", default)
    if args.kwarg:
        yield _param(args.kwarg, "keywords", None)


def _param(arg: ast.arg, kind: str, default: ast.expr | None) -> dict[str, Any]:
    return {"name": arg.arg, "kind": kind, "default": None if default is None else tree.written(default)}


def _loads(whole: ast.Module) -> Iterator[dict[str, Any]]:
    for node in _top_level(whole):
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "load":
            continue
        texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if texts:
            names = [*texts[1:], *(part.arg for part in call.keywords if part.arg)]
            yield {"path": texts[0], "line": node.lineno, "names": names}


def _top_level(whole: ast.Module) -> Iterator[ast.stmt]:
    waiting = list(reversed(whole.body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If | ast.For):
            waiting += reversed([*node.body, *node.orelse])


def _flattened(whole: ast.Module, source: str) -> list[_Node] | None:
    """List the tree's nodes, parents before children, or give None when there are too many."""
    positions = tree.Positions(source)
    nodes: list[_Node] = []
    waiting: list[tuple[ast.AST, int, str, _Span, bool]] = [(whole, -1, "", (1, 1, positions.lines, 1), False)]
    docstrings = {id(text) for text in _docstrings(whole)}
    while waiting:
        node, parent, field, outer, inside = waiting.pop()
        if len(nodes) == MOST_NODES:
            return None
        # Places inside an f-string are those of a text that is not there.
        span = outer if inside else _span(node, positions, outer)
        number = len(nodes)
        field = "docstring" if id(node) in docstrings else field
        nodes.append([type(node).__name__, parent, field, *span, _value(node)])
        inside = inside or isinstance(node, ast.JoinedStr)
        waiting += [(child, number, name, span, inside) for child, name in reversed(list(_children(node)))]
    return nodes


def _docstrings(whole: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(whole):
        if isinstance(node, ast.Module | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr):
            text = node.body[0].value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, _NAMED_IN_VALUE):
                yield child, field


def _span(node: ast.AST, positions: tree.Positions, outer: _Span) -> _Span:
    """Give where a node stands; what has no place of its own has that of what it stands in."""
    if not isinstance(node, ast.stmt | ast.expr | ast.arg | ast.keyword):
        return outer
    end_line, end_offset = node.end_lineno or node.lineno, node.end_col_offset or 0
    begin = node.lineno, positions.column(node.lineno, node.col_offset)
    return *begin, end_line, positions.column(end_line, end_offset)


def _value(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return tree.constant(node)
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.AugAssign):
        return type(node.op).__name__
    if isinstance(node, ast.Compare):
        return ",".join(type(op).__name__ for op in node.ops)
    attribute = _VALUES.get(type(node))
    value = getattr(node, attribute) if attribute else None
    return value if isinstance(value, str) else None
