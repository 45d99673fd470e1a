"""Where the secrets of a script go, and what of its answers comes back to whoever runs it.

Rules of this file:
- A flow that may be there is reported: it is the reviewer who knows better.
- A secret whose name is computed may be any of the declared ones, and is reported as such.
"""

from collections.abc import Iterable, Iterator

import msgspec

from openpact.domain.dataflow import Dataflow
from openpact.domain.http_call import HttpCall, Part

MOST_SECRETS = 64  # followed one by one; no script can declare more
# What gives on an answer whole: as it is, as another form of it, or inside of something else.
_PASSING = frozenset({"Name", "Dict", "List", "Tuple", "IfExp", "BoolOp", "keyword"})
_PASSING_CALLS = frozenset({"json.decode", "json.encode", "json.indent", "str", "dict", "list"})
_BODY = "body"


class SecretFlow(msgspec.Struct, frozen=True):
    """A secret that a call may take out of the script; `secret` is None where its name is computed."""

    secret: str | None
    call: int
    part: Part | None  # None: the call is not one of `http`


def secret_reads(flow: Dataflow) -> dict[str | None, list[int]]:
    """Give the calls of `secrets.get` by the name of the secret; None: the name is computed."""
    found: dict[str | None, list[int]] = {}
    for call in calls_of(flow, "secrets.get"):
        found.setdefault(first_text(flow, call, "name"), []).append(call)
    return found


def calls_of(flow: Dataflow, *members: str) -> Iterator[int]:
    """Yield the calls of these predeclared functions."""
    for call in flow.tree.of_kind("Call"):
        if flow.scopes.member(flow.tree.child(call, "func")) in members:
            yield call


def first_text(flow: Dataflow, call: int, name: str) -> str | None:
    """Find the text of the first argument of a call, or of the one with this name; None: it is computed."""
    tree = flow.tree
    named = [each for each in tree.children(call, "keywords") if tree.nodes[each].value == name]
    given = tree.children(call, "args")
    return tree.text(given[0] if given else tree.child(named[0], "value") if named else None)


def secret_flows(flow: Dataflow, calls: Iterable[HttpCall]) -> Iterator[SecretFlow]:
    """Yield every secret with every call that may send it, once for each part of the request."""
    exits: list[tuple[int, Part | None, int]] = [
        (call.index, part, value) for call in calls for part, value in call.parts
    ]
    exits += [
        (call, None, value)
        for call in [*calls_of(flow, "tools.call"), *loaded_calls(flow)]
        for value in _given(flow, call)
    ]
    for secret, reads in list(secret_reads(flow).items())[:MOST_SECRETS]:
        holders = flow.holders(reads)
        found = {(call, part) for call, part, value in exits if value in holders}
        yield from (SecretFlow(secret, call, part) for call, part in sorted(found, key=str))


def loaded_calls(flow: Dataflow) -> Iterator[int]:
    """Yield the calls of functions that another script defines."""
    for call in flow.tree.of_kind("Call"):
        called = flow.tree.child(call, "func")
        if called is not None and flow.tree.name(called) and flow.scopes.variable(called) in flow.scopes.loaded:
            yield call


def whole_responses(flow: Dataflow, calls: Iterable[HttpCall]) -> Iterator[int]:
    """Yield where an answer is given back whole: a `return` of a public function, or the global `result`."""
    tree, scopes = flow.tree, flow.scopes

    def passes(source: int, target: int) -> bool:
        if target >= len(tree):
            return target not in {flow.given, flow.gotten}
        kind = tree.nodes[target].kind
        if kind == "Subscript":
            return tree.text(tree.child(target, "slice")) == _BODY
        if kind != "Call":
            return kind in _PASSING
        member = scopes.member(tree.child(target, "func"))
        if source in flow.groups:  # what is put into something is not what a call of it gives
            return False
        return source >= len(tree) or member in _PASSING_CALLS

    whole = flow.holders((call.index for call in calls), passes)
    for index in tree.of_kind("Return", "Assign"):
        value = tree.child(index, "value")
        if value not in whole:
            continue
        function = scopes.scope(index)
        named_result = any(tree.name(each) == "result" for each in tree.children(index, "targets"))
        public = scopes.scope(function) == 0 and not (tree.nodes[function].value or "").startswith("_")
        if (tree.nodes[index].kind == "Return" and public) or (function == 0 and named_result):
            yield index


def _given(flow: Dataflow, call: int) -> list[int]:
    return flow.tree.children(call, "args") + flow.tree.children(call, "keywords")
