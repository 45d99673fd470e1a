"""The parameters of a function of a script, and which of them a call gives what.

Rules of this file:
- Where a call spreads a list or a dict (`f(*a)`), or gives what no parameter takes, everything may come in anywhere.
"""

from bisect import bisect

import msgspec

from openpact.domain.outline import Tree

Pair = tuple[int, int]  # a value and the parameter that it comes in as


class Signature(msgspec.Struct, frozen=True):
    """The parameters of one function, as nodes of the tree."""

    positional: list[int]
    named: list[int]
    rest: list[int]  # `*args` and `**kwargs`
    defaults: list[Pair]
    everyone: list[int]
    by_name: dict[str | None, list[int]]


def read_signature(tree: Tree, function: int) -> Signature:
    """Read the parameters of a function or a lambda."""
    arguments = tree.child(function, "args")

    def of(*fields: str) -> list[int]:
        return [] if arguments is None else [each for field in fields for each in tree.children(arguments, field)]

    positional, named = of("posonlyargs", "args"), of("kwonlyargs")
    defaults = list(zip(reversed(of("defaults")), reversed(positional), strict=False))
    places = [tree.place(each) for each in named]
    # Not every parameter behind a `*` has a default; one belongs to the parameter that it stands behind.
    named_defaults = of("kw_defaults") if named else []
    defaults += [(each, named[max(0, bisect(places, tree.place(each)) - 1)]) for each in named_defaults]
    rest = of("vararg", "kwarg")
    by_name = {tree.nodes[each].value: [each] for each in positional + named}
    return Signature(positional, named, rest, defaults, positional + named + rest, by_name)


def spreads(tree: Tree, call: int) -> bool:
    """Say whether a call gives arguments that cannot be counted."""
    starred = any(tree.nodes[each].kind == "Starred" for each in tree.children(call, "args"))
    return starred or any(tree.nodes[each].value is None for each in tree.children(call, "keywords"))


def pairs(tree: Tree, call: int, signature: Signature) -> list[Pair]:
    """Give each argument of a call that spreads nothing, with the parameters that it may come in as."""
    given = tree.children(call, "args")
    found = list(zip(given, signature.positional, strict=False))
    found += [(value, each) for value in given[len(signature.positional) :] for each in signature.rest]
    for keyword in tree.children(call, "keywords"):
        value = tree.child(keyword, "value")
        if value is not None:
            found += [(value, each) for each in signature.by_name.get(tree.nodes[keyword].value, signature.rest)]
    return found
