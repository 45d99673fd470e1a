"""Where the values of a script come from: which value may hold which, and what a text may begin with.

Two relations over the nodes of the tree and a few points that stand for variables and for what functions give:
`holds` leads from a value to what it may become a part of, and errs on the side of too many; `begins` leads from a
text to what stands at its front, and errs on the side of too few: where that cannot be seen, the text is open.

Rules of this file:
- The order of statements is not looked at: a variable holds whatever is ever put into it.
- What can be changed may have many names; what is put in under one is held by all (sharing.py).
- Linear in the script: names meet in the point of their variable, never with each other. What would not be linear
  has a bound, and beyond it a text is open.
"""

import enum
from collections.abc import Callable, Iterable

from openpact.domain.outline import Tree
from openpact.domain.scope import Scopes

AFTER_HOST = ("/", "?", "#")  # what may follow the host in a URL, and ends it
_MOST_STEPS = 100


class Way(enum.Enum):
    """How a value comes to be where another stands."""

    SAME = enum.auto()  # it may be that very value
    INTO = enum.auto()  # it becomes a part of it
    OUT = enum.auto()  # it may be a part of it that was taken out


class Dataflow:
    """The flow of values in one script. It is filled by flow_reading.py, once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.scopes = Scopes(tree)
        self.holds: list[list[int]] = [[] for _ in tree.nodes]
        self.begins: list[list[int]] = [[] for _ in tree.nodes]
        self.open: set[int] = set()
        self.tails: list[tuple[int, int | str]] = []  # a text, and what follows upon its front: a node, or text
        self.made: set[int] = set()  # what may be, or begin as, something that can be changed
        self.shared: list[tuple[int, int, Way]] = []  # what passes a value on as it is, so that a change shows in both
        self.put_in: list[tuple[int, int]] = []  # a value, and what it may be put into by changing that
        self.groups: set[int] = set()  # the points of what is put into values that are shared
        self._points: dict[object, int] = {}
        self.given = self.point("given to unknown calls")
        self.gotten = self.point("gotten from unknown calls")
        self.open.add(self.gotten)
        self.made.add(self.gotten)

    def point(self, key: object) -> int:
        """Give the point that stands for a variable, or for something else in which values meet."""
        if key not in self._points:
            self._points[key] = len(self.holds)
            self.holds.append([])
            self.begins.append([])
        return self._points[key]

    def hold(self, source: int, target: int) -> None:
        """Say that one value may become a part of another."""
        self.holds[source].append(target)

    def share(self, source: int | None, target: int, way: Way = Way.SAME) -> None:
        """Say that one value may become another, or a part of it, as it is: a change of one is a change of both."""
        if source is not None:
            self.hold(source, target)
            self.shared.append((source, target, way))

    def put(self, value: int | None, place: int | None) -> None:
        """Say that something may be changed so that it holds a value."""
        if value is not None and place is not None:
            self.shared.append((value, place, Way.INTO))
            self.put_in.append((value, place))

    def group(self, key: object) -> int:
        """Give the point of what is put into the values of one group."""
        point = self.point(("put in", key))
        self.groups.add(point)
        return point

    def begin(self, target: int, source: int | None) -> None:
        """Say that a text may begin with another; with None, that nobody can see what it begins with."""
        if source is None:
            self.open.add(target)
        else:
            self.begins[target].append(source)

    def holders(self, values: Iterable[int], passes: Callable[[int, int], bool] | None = None) -> set[int]:
        """Give everything that any of these values may be a part of, themselves included; `passes` narrows the way."""
        return _closure(self.holds, values, passes)

    def feeding(self, texts: Iterable[int]) -> set[int]:
        """Give everything that any of these texts may begin with, themselves included."""
        return _closure(self.begins, texts, None)

    def fronts(self, text: int) -> tuple[list[int], bool]:
        """Give the constants that a text may begin with, and whether it may begin with something else too."""
        seen, ahead = {text}, [text]
        constants: list[int] = []
        while ahead:
            at = ahead.pop()
            if at in self.open or len(seen) + len(self.begins[at]) > _MOST_STEPS:
                return constants, True
            if at < len(self.tree) and self.tree.text(at) is not None:
                constants.append(at)
            elif not self.begins[at]:
                return constants, True
            ahead += [each for each in self.begins[at] if each not in seen]
            seen.update(self.begins[at])
        return constants, False

    def lengthened(self) -> set[int]:
        """Give every text upon whose end something may follow that does not evidently begin a path."""
        behind = [(text, self._ends_host(tail)) for text, tail in self.tails]
        # A variable that is lengthened in one place (`url += "/a"`) may be used before: only an expression seals.
        sealed = {text for text, ends in behind if ends and text < len(self.tree)}
        ahead = [text for text, ends in behind if not ends]
        found = set(ahead)
        while ahead:
            at = ahead.pop()
            sources = [each for each in self.begins[at] if each not in found]
            found.update(sources)
            ahead += [each for each in sources if each not in sealed]
        return found

    def _ends_host(self, tail: int | str) -> bool:
        if isinstance(tail, str):
            return tail.startswith(AFTER_HOST)
        constants, is_open = self.fronts(tail)
        return not is_open and all((self.tree.text(each) or "").startswith(AFTER_HOST) for each in constants)


def _closure(edges: list[list[int]], starts: Iterable[int], passes: Callable[[int, int], bool] | None) -> set[int]:
    seen = set(starts)
    ahead = list(seen)
    while ahead:
        at = ahead.pop()
        fresh = {each for each in edges[at] if each not in seen and (passes is None or passes(at, each))}
        seen |= fresh
        ahead += fresh
    return seen
