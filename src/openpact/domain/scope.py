"""Which variable a name in a script means.

Rules of this file:
- A name means the binding of the innermost function, lambda or comprehension that binds it, else the file's, else
  what is predeclared. A default value, and what the first `for` of a comprehension runs over, stand outside of it.
- One variable may be bound in many places; which of them came last is not asked.
"""

from openpact.domain.outline import Tree

FUNCTIONS = frozenset({"FunctionDef", "Lambda"})
COMPREHENSIONS = frozenset({"ListComp", "SetComp", "DictComp", "GeneratorExp"})
Variable = tuple[int, str]  # the scope (the node that makes it) and the name


class Scopes:
    """The scopes of one tree, and what is bound in each."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._of: list[int] = [0] * len(tree)
        for index in range(1, len(tree)):
            self._of[index] = self._within(index)
        self.bound: set[Variable] = set()
        self.assigned: set[Variable] = set()  # bound by anything but a `def`
        self.loaded: set[Variable] = set()
        for index, node in enumerate(tree.nodes):
            variable = self._binding(index)
            if variable:
                self.bound.add(variable)
                if node.kind != "FunctionDef":
                    self.assigned.add(variable)
            if node.kind == "Call" and tree.name(tree.child(index, "func")) == "load":
                self._load(index)
        self.bound |= self.loaded
        self.assigned |= self.loaded
        self._known: dict[Variable, Variable | None] = {}

    def variable(self, index: int) -> Variable | None:
        """Find the variable that a Name means; None where the script binds no such name: it is predeclared."""
        name = self._tree.name(index) or ""
        scope, asked = self._of[index], []
        while (scope, name) not in self._known:
            asked.append((scope, name))
            if (scope, name) in self.bound:
                self._known[scope, name] = (scope, name)
            elif scope == 0:
                self._known[scope, name] = None
            else:
                scope = self._of[scope]
        found = self._known[scope, name]
        self._known.update(dict.fromkeys(asked, found))
        return found

    def scope(self, index: int) -> int:
        """Give the scope that a node is evaluated in: 0 is the file."""
        return self._of[index]

    def binds(self, index: int) -> bool:
        """Say whether a node gives a name a meaning."""
        return self._binding(index) is not None

    def defined(self, function: int) -> Variable:
        """Give the variable that holds a function that is defined with `def`."""
        return self._of[function], self._tree.nodes[function].value or ""

    def predeclared(self, index: int | None) -> str | None:
        """Find the predeclared name that a Name is."""
        name = self._tree.name(index)
        return name if index is not None and name is not None and self.variable(index) is None else None

    def member(self, index: int | None) -> str | None:
        """Find the predeclared function that an expression names: `http.get`, `format`."""
        if index is None:
            return None
        node = self._tree.nodes[index]
        if node.kind != "Attribute":
            return self.predeclared(index)
        before = self.predeclared(self._tree.child(index, "value"))
        return f"{before}.{node.value}" if before else None

    def _within(self, index: int) -> int:
        """Say in which scope a node is evaluated."""
        node, parent = self._tree.nodes[index], self._tree.nodes[index].parent
        kind = self._tree.nodes[parent].kind
        if kind in FUNCTIONS:
            return parent if node.field == "body" else self._of[parent]
        if kind in COMPREHENSIONS:
            return parent
        if kind == "comprehension" and node.field == "iter":
            comprehension = self._tree.nodes[parent].parent
            first = self._tree.child(comprehension, "generators") == parent
            return self._of[comprehension] if first else comprehension
        return self._of[parent]

    def _binding(self, index: int) -> Variable | None:
        """Find the variable that a node binds."""
        node = self._tree.nodes[index]
        name = node.value or ""
        if node.kind == "Name" and index in self._tree.targets:
            return self._of[index], name
        if node.kind == "FunctionDef":
            return self._of[index], name
        if node.kind == "arg":
            return self._tree.nodes[node.parent].parent, name
        return None

    def _load(self, index: int) -> None:
        for each in self._tree.children(index, "args")[1:]:
            self.loaded.add((0, self._tree.text(each) or ""))
        for each in self._tree.children(index, "keywords"):
            self.loaded.add((0, self._tree.nodes[each].value or ""))
