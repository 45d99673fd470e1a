"""Where a run enters a script, decided before anything of it runs.

In this order: the function that was named; `main`; the only public function, when arguments were given; the global
`result`. A script that only prints at top level gives null.

Rules of this file:
- A name that begins with `_` is the script's own business and is never entered.
- Whatever does not fit is an error that lists the functions with their parameters.
"""

import ast
from typing import Any, NamedTuple

from openpact.adapters.sandbox.inside import tree
from openpact.adapters.sandbox.inside.world import Fault

_Function = ast.FunctionDef


class Entry(NamedTuple):
    """What is evaluated once the file itself has been: a call with the arguments, or a name."""

    function: str | None
    given: list[Any] | dict[str, Any]

    def expression(self, arguments: str) -> str:
        """Write it, given the name under which the arguments are found."""
        if self.function is None:
            return "result"
        return f"{self.function}({'**' if isinstance(self.given, dict) else '*'}{arguments})"


def find(whole: ast.Module, named: str | None, given: Any) -> Entry | None:
    """Find the entry of a script. None when there is nothing to enter. Raises Fault."""
    if given is not None and not isinstance(given, list | dict):
        raise Fault("The arguments are a list or an object.")
    functions = {node.name: node for node in _statements(whole.body) if isinstance(node, _Function)}
    bound = _bound(whole)
    name = _name(functions, bound, named, given)
    if name is None:
        if given:
            raise _unfit("The script takes no arguments.", functions)
        if "result" in bound:
            return Entry(None, [])
        if functions and _only_defines(whole):
            raise _unfit("The script only defines functions; none of them was named.", functions)
        return None
    if name in functions:
        _check_fit(functions[name], [] if given is None else given, functions)
    return Entry(name, [] if given is None else given)


def _name(functions: dict[str, _Function], bound: set[str], named: str | None, given: Any) -> str | None:
    if named is not None:
        if named not in bound or named.startswith("_"):
            raise _unfit(f"The script has no function {named[:64]!a}.", functions)
        return named
    if "main" in bound:
        return "main"
    public = [name for name in functions if not name.startswith("_")]
    if given and len(public) == 1:
        return public[0]
    if given and public:
        raise _unfit("Arguments were given, but the script has no main and more than one function.", functions)
    return None


def _only_defines(whole: ast.Module) -> bool:
    """Say whether evaluating the file does nothing that anybody could see, so that null would be no answer."""
    return all(map(_is_quiet, whole.body))


def _is_quiet(node: ast.stmt) -> bool:
    if isinstance(node, _Function):
        return True
    if isinstance(node, ast.Assign):  # what is called may print, or ask the host for something
        return not any(isinstance(part, ast.Call) for part in ast.walk(node.value))
    if not isinstance(node, ast.Expr):
        return isinstance(node, ast.Pass)
    value = node.value
    return isinstance(value, ast.Constant) or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "load"
    )


def _bound(whole: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in _statements(whole.body):
        if isinstance(node, _Function):
            names.add(node.name)
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "load":
                names.update(str(part.value) for part in call.args[1:] if isinstance(part, ast.Constant))
                names.update(part.arg for part in call.keywords if part.arg)
        parts = ast.walk(node.target if isinstance(node, ast.For) else node)
        names.update(part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    return names


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.If | ast.For):
            waiting += reversed([*node.body, *node.orelse])
    return found


def _check_fit(function: _Function, given: list[Any] | dict[str, Any], functions: dict[str, _Function]) -> None:
    args = function.args
    by_place = [*args.posonlyargs, *args.args]
    needed = {arg.arg for arg in by_place[: len(by_place) - len(args.defaults)]}
    needed |= {arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None}
    if isinstance(given, list):
        if len(given) > len(by_place) and args.vararg is None:
            raise _unfit(f"{function.name} takes {len(by_place)} arguments, not {len(given)}.", functions)
        needed -= {arg.arg for arg in by_place[: len(given)]}
    else:
        known = {arg.arg for arg in [*args.args, *args.kwonlyargs]}
        foreign = [name for name in given if name not in known]
        if foreign and args.kwarg is None:
            raise _unfit(f"{function.name} has no parameter {foreign[0][:64]!a}.", functions)
        needed -= known & set(given)
    if needed:
        names = ", ".join(sorted(needed))
        raise _unfit(f"{function.name} was called without {names}.", functions)


def _unfit(message: str, functions: dict[str, _Function]) -> Fault:
    public = [f"{name}({tree.written(node.args)})" for name, node in functions.items() if not name.startswith("_")]
    return Fault(message, hint=f"Functions: {'; '.join(public)}." if public else "The script has no public functions.")
