"""What is changed through one name and seen through another: `b = a`, then `b.append(key)`, and `a` holds the key.

Names that may stand for the same value are of one group, and what is put into any of them is held by all. A value that
may have been taken out of another one (`box[0]`, `for each in box`, what an unknown call gives) may be anything that
was ever near it: its group is all of that, which errs on the side of too many.

Rules of this file:
- Only what can be changed is in a group. A text never is: else what is put beside it would be held by it.
- Linear in the script: a group is one point, through which everything goes that is put into its members.
"""

from openpact.domain.dataflow import Dataflow, Way
from openpact.domain.outline import Tree

# What gives text, a number or nothing: whatever it is given, the result cannot be changed and shares nothing.
_PLAIN_CALLS = frozenset(
    """
    str repr format int float bool len type hash ord chr abs fail print hasattr any all range secrets.get secrets.has
    json.encode json.indent time.now time.unix time.sleep url.quote url.encode_query base64.encode base64.encode_url
    base64.decode hex.encode hash.sha256 hash.sha1 hash.sha512 hmac.sha256 http.basic_auth jwt.sign_hs256
    """.split()  # noqa: SIM905  (quoted words would hide the table)
)
_PLAIN_METHODS = frozenset(
    """
    append capitalize clear count endswith extend find format index insert isalnum isalpha isdigit islower isspace
    istitle isupper join lower lstrip remove removeprefix removesuffix replace rfind rindex rstrip startswith strip
    title update upper
    """.split()  # noqa: SIM905
)
_COPYING = frozenset({"dict", "list", "tuple", "enumerate", "reversed", "zip", "struct"})
_MAKING = frozenset({"List", "Set", "Dict", "ListComp", "SetComp", "DictComp"})
_OPERATORS = frozenset({"Add", "BitOr", "Mult"})  # those that give lists and dicts


def is_plain_call(member: str | None, method: str | None, *, makes_methods: bool) -> bool:
    """Say whether a call gives something that cannot be changed; a script that makes methods may give them any name."""
    return member in _PLAIN_CALLS or (method in _PLAIN_METHODS and not makes_methods)


def makes(kind: str) -> bool:
    """Say whether an expression of this kind makes something that can be changed."""
    return kind in _MAKING


def texts(tree: Tree) -> set[int]:
    """Give the expressions that evidently give something that cannot be changed, by their form alone."""
    found: set[int] = set()
    for index in range(len(tree) - 1, -1, -1):  # what stands in a node stands behind it
        node = tree.nodes[index]
        if node.kind in {"Constant", "JoinedStr", "FormattedValue", "UnaryOp", "Compare"} or (
            node.kind == "BinOp" and node.value not in _OPERATORS
        ):
            found.add(index)
        elif node.kind == "BinOp" and node.value == "Add" and not found.isdisjoint(tree.children(index)):
            found.add(index)  # a text is added to a text only
    return found


def way_of_part(kind: str) -> Way:
    """Say how a part of an expression of this kind becomes what the expression gives."""
    if kind in {"IfExp", "BoolOp"}:
        return Way.SAME
    return Way.OUT if kind in {"Subscript", "Attribute"} else Way.INTO


def way_of_argument(member: str | None) -> Way:
    """Say how an argument becomes what a call of this function gives."""
    return Way.INTO if member in _COPYING else Way.OUT


def settle(flow: Dataflow) -> None:
    """Let what is put into a value be held by everything that may be that value. Done once, when all is read."""
    changeable = _changeable(flow)
    same, near = _Groups(len(flow.holds)), _Groups(len(flow.holds))
    shared = [edge for edge in flow.shared if edge[0] in changeable and edge[1] in changeable]
    for one, other, way in shared:
        near.join(one, other)
        if way is Way.SAME:
            same.join(one, other)
    taken_out = {same.of(other) for _, other, way in shared if way is Way.OUT}
    filled: dict[tuple[bool, int], int] = {}
    for value, place in flow.put_in:
        if place in changeable:
            deep = same.of(place) in taken_out
            key = deep, (near if deep else same).of(place)
            if key not in filled:
                filled[key] = flow.group(key)
            flow.hold(value, filled[key])
    for member in changeable:
        for key in ((False, same.of(member)), (True, near.of(member))):
            if key in filled:
                flow.hold(filled[key], member)


def _changeable(flow: Dataflow) -> set[int]:
    leads: dict[int, list[int]] = {}
    for one, other, _ in flow.shared:
        leads.setdefault(one, []).append(other)
    found = set(flow.made)
    ahead = list(found)
    while ahead:
        fresh = {each for each in leads.pop(ahead.pop(), ()) if each not in found}
        found |= fresh
        ahead += fresh
    return found


class _Groups:
    """Which values are of one group."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, index: int) -> int:
        """Give the member that stands for the group of a value."""
        while self._above[index] != index:
            self._above[index] = self._above[self._above[index]]
            index = self._above[index]
        return index

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        self._above[self.of(one)] = self.of(other)
