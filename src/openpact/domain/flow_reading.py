"""How the statements and expressions of a script make its values flow.

Rules of this file:
- What is not known here is open, and gives nothing it was given only where that is certain.
- A function that is used as a value may be called with whatever any unknown call is given, and its results may come
  out of any. A public function at the top may be called from outside with anything.
"""

from collections.abc import Callable

from openpact.domain.dataflow import Dataflow, Way
from openpact.domain.outline import Tree
from openpact.domain.scope import COMPREHENSIONS, Variable
from openpact.domain.sharing import is_plain_call, makes, settle, texts, way_of_argument, way_of_part
from openpact.domain.signature import Signature, pairs, read_signature, spreads
from openpact.domain.text_front import read_front, read_template

# What these give holds nothing of what they are given: answers from elsewhere, and facts about a value.
_FORGETTING = frozenset(
    """
    http.get http.head http.post http.put http.patch http.delete http.request tools.call secrets.get secrets.has
    secrets.list time.now time.unix time.sleep len type bool any all range dir hasattr
    """.split()  # noqa: SIM905  (quoted words would hide the table)
)
_APPLYING = frozenset({"map", "filter", "partial", "sorted", "max", "min"})  # they call what they are given
_METHODS = frozenset(
    """
    append capitalize clear count elems endswith extend find format get index insert isalnum isalpha isdigit islower
    isspace istitle isupper items join keys lower lstrip partition pop popitem remove removeprefix removesuffix replace
    rfind rindex rpartition rsplit rstrip setdefault split splitlines startswith strip title update upper values
    """.split()  # noqa: SIM905
)
_MAKING_METHODS = frozenset({"struct", "record"})  # with these a method of any name may be a function of the script
_PARTS = frozenset({"elts", "keys", "values", "left", "right", "operand", "body", "orelse", "value", "elt", "key"})
_HOLDING = COMPREHENSIONS | {
    *("List", "Tuple", "Set", "Dict", "BinOp", "UnaryOp", "IfExp", "BoolOp", "JoinedStr", "FormattedValue"),
    *("Starred", "Subscript", "Attribute", "keyword"),
}
_MOST_MEANINGS = 8  # a name that means more functions is followed like an unknown one


def read_flow(tree: Tree) -> Dataflow:
    """Give the flow of values in a script."""
    flow = Dataflow(tree)
    _Reading(flow).read()
    settle(flow)
    return flow


class _Reading:
    """One reading of a tree into its flow."""

    def __init__(self, flow: Dataflow) -> None:
        self.flow, self.tree, self.scopes = flow, flow.tree, flow.scopes
        self.called = {self.tree.child(call, "func") for call in self.tree.of_kind("Call")}
        self.escaped: set[Variable] = set()
        self.signatures: dict[int, Signature] = {}
        self.functions: dict[Variable, list[int]] = {}
        for function in self.tree.of_kind("FunctionDef"):
            self.functions.setdefault(self.scopes.defined(function), []).append(function)
        self.texts = texts(self.tree)
        self.makes_methods = any(self.scopes.predeclared(name) in _MAKING_METHODS for name in self.tree.of_kind("Name"))

    def read(self) -> None:
        """Read every node once."""
        readers: dict[str, Callable[[int], None]] = {
            "Name": self._name,
            "Assign": self._assign,
            "AnnAssign": self._assign,
            "AugAssign": self._augment,
            "For": self._loop,
            "comprehension": self._loop,
            "FunctionDef": self._function,
            "Lambda": self._function,
            "Return": self._return,
            "Call": self._call,
            "Constant": lambda _index: None,
        }
        for index, node in enumerate(self.tree.nodes):
            readers.get(node.kind, self._hold_parts if node.kind in _HOLDING else self.flow.open.add)(index)

    def _hold_parts(self, index: int) -> None:
        for part in self.tree.children(index):
            if self.tree.nodes[part].field in _PARTS:
                self._part(part, index)
        if makes(self.tree.nodes[index].kind):
            self.flow.made.add(index)
        read_front(self.flow, index)

    def _part(self, part: int, index: int) -> None:
        if part in self.texts or index in self.texts:
            self.flow.hold(part, index)
        else:
            self.flow.share(part, index, way_of_part(self.tree.nodes[index].kind))

    def _assign(self, index: int) -> None:
        for target in self.tree.children(index, "targets") + self.tree.children(index, "target"):
            self._bind(target, self.tree.child(index, "value"))

    def _return(self, index: int) -> None:
        self._result(self.scopes.scope(index), self.tree.child(index, "value"))

    def _name(self, index: int) -> None:
        if index in self.tree.targets:
            return
        variable = self.scopes.variable(index)
        if variable is None:
            self.flow.open.add(index)
            return
        point = self.flow.point(variable)
        self.flow.share(point, index)
        self.flow.begin(index, point)
        if variable in self.scopes.loaded:
            self.flow.open.add(index)
            self.flow.made.add(index)
        if index not in self.called:
            self._used_as_value(variable)

    def _bind(self, target: int, value: int | None, *, whole: bool = True) -> None:
        """Put a value into a target; not whole: the target gets a part of it that nobody can name."""
        ahead = [(target, value, whole)]
        while ahead:
            target, value, whole = ahead.pop()
            parts = self.tree.children(target, "elts")
            if parts:
                values = [] if value is None else self.tree.children(value, "elts")
                paired = whole and len(values) == len(parts) and not self._starred(parts + values)
                pairs = zip(parts, values, strict=True) if paired else ((part, value) for part in parts)
                ahead += [(part, each, paired) for part, each in pairs]
                continue
            name = self.tree.root_name(target)
            variable = None if name is None else self.scopes.variable(name)
            self.flow.put(value, self.tree.child(target, "value"))  # of `box[0] = value`; a plain name has no such part
            if variable is None:
                continue
            point = self.flow.point(variable)
            self.flow.share(value, point, Way.INTO if name != target else Way.SAME if whole else Way.OUT)
            if name == target:
                self.flow.begin(point, value if whole else None)

    def _augment(self, index: int) -> None:
        target, value = self.tree.child(index, "target"), self.tree.child(index, "value")
        name = None if target is None else self.tree.root_name(target)
        variable = None if name is None else self.scopes.variable(name)
        if name != target:
            self.flow.put(value, target)
        if variable is None or value is None:
            return
        point = self.flow.point(variable)
        self.flow.hold(value, point)
        if name == target and value not in self.texts:  # a list is made longer in place, under all of its names
            self.flow.put(value, point)
        if self.tree.nodes[index].value == "Add":
            self.flow.tails.append((point, value))
        else:
            self.flow.open.add(point)

    def _loop(self, index: int) -> None:
        target, over = self.tree.child(index, "target"), self.tree.child(index, "iter")
        if target is None or over is None:
            return
        items = self.tree.children(over, "elts")
        if not items or self._starred(items) or self.tree.name(target) is None:
            self._bind(target, over, whole=False)
            return
        for item in items:
            self._bind(target, item)

    def _starred(self, nodes: list[int]) -> bool:
        return any(self.tree.nodes[each].kind == "Starred" for each in nodes)

    def _result(self, function: int, value: int | None) -> None:
        point = self.flow.point(("result", function))
        self.flow.share(value, point)
        self.flow.begin(point, value)

    def _signature(self, function: int) -> Signature:
        if function not in self.signatures:
            self.signatures[function] = read_signature(self.tree, function)
        return self.signatures[function]

    def _parameter(self, function: int, argument: int) -> int:
        return self.flow.point((function, self.tree.nodes[argument].value or ""))

    def _function(self, index: int) -> None:
        signature = self._signature(index)
        for default, argument in signature.defaults:
            self.flow.share(default, self._parameter(index, argument))
            self.flow.begin(self._parameter(index, argument), default)
        self._anything(index, signature.rest)
        if self.tree.nodes[index].kind == "Lambda":
            self._result(index, self.tree.child(index, "body"))
            self._escape(index)
        elif self.scopes.scope(index) == 0 and not (self.tree.nodes[index].value or "").startswith("_"):
            self._anything(index, signature.everyone)

    def _anything(self, function: int, arguments: list[int]) -> None:
        """Say that nobody can see what these parameters are given."""
        points = [self._parameter(function, each) for each in arguments]
        self.flow.open.update(points)
        self.flow.made.update(points)

    def _used_as_value(self, variable: Variable) -> None:
        if variable not in self.escaped:
            self.escaped.add(variable)
            for function in self.functions.get(variable, ()):
                self._escape(function)

    def _escape(self, function: int) -> None:
        """Let a function be called by any unknown call."""
        everyone = self._signature(function).everyone
        self._anything(function, everyone)
        for argument in everyone:
            self.flow.share(self.flow.given, self._parameter(function, argument), Way.OUT)
        self.flow.share(self.flow.point(("result", function)), self.flow.gotten, Way.INTO)

    def _call(self, index: int) -> None:
        called = self.tree.child(index, "func")
        arguments = self.tree.children(index, "args") + self.tree.children(index, "keywords")
        member = self.scopes.member(called)
        variable = None if called is None or self.tree.name(called) is None else self.scopes.variable(called)
        functions = [] if variable is None else self.functions.get(variable, [])
        if variable is not None and len(functions) > _MOST_MEANINGS:
            self._used_as_value(variable)
            functions = []
        for function in functions:
            self._arguments(index, function)
            self.flow.share(self.flow.point(("result", function)), index)
            self.flow.begin(index, self.flow.point(("result", function)))
        plain = is_plain_call(member, self._method_name(called), makes_methods=self.makes_methods)
        if not plain and not functions:
            self.flow.made.add(index)
        if member in _FORGETTING:
            self.flow.open.add(index)
        elif member is not None:
            self._gives(index, arguments, None if plain else way_of_argument(member))
            if member in _APPLYING:
                self._unknown(index, arguments)
            elif member == "format" and arguments:
                read_template(self.flow, index, arguments[0], arguments[1:], percent=True)
            else:
                self.flow.begin(index, arguments[0] if member == "str" and arguments else None)
        elif called is not None and self.tree.nodes[called].kind == "Attribute":
            self._method(index, called, arguments)
        elif not functions or variable in self.scopes.assigned:
            self._unknown(index, arguments)

    def _gives(self, index: int, arguments: list[int], way: Way | None) -> None:
        for each in arguments:
            if way is None:
                self.flow.hold(each, index)
            else:
                self.flow.share(each, index, way)

    def _unknown(self, index: int, arguments: list[int]) -> None:
        """Read a call of which nobody knows what it does: it may put any argument into any other, or into itself."""
        for each in arguments:
            self.flow.share(each, self.flow.given, Way.INTO)
            self.flow.put(each, index)
        self.flow.share(
            self.tree.child(index, "func"), index, Way.OUT
        )  # `f = a.append`: what is called may be a part of `a`
        self._gives(index, arguments, Way.OUT)
        self.flow.share(self.flow.gotten, index, Way.OUT)
        self.flow.open.add(index)
        self.flow.made.add(index)

    def _method_name(self, called: int | None) -> str | None:
        return self.tree.nodes[called].value if called is not None and self.scopes.member(called) is None else None

    def _method(self, index: int, called: int, arguments: list[int]) -> None:
        receiver, name = self.tree.child(called, "value"), self.tree.nodes[called].value
        plain = is_plain_call(None, name, makes_methods=self.makes_methods)
        self._gives(index, [called, *arguments], None if plain else Way.OUT)
        for each in arguments:
            self.flow.put(each, receiver)
        root = self.tree.root_name(called)
        variable = None if root is None else self.scopes.variable(root)
        if variable is not None:
            for each in arguments:  # `list.append(value)`: what it is called on holds it from now on
                self.flow.hold(each, self.flow.point(variable))
        if name not in _METHODS or self.makes_methods:
            self._unknown(index, arguments)
        elif name == "format" and receiver is not None:
            read_template(self.flow, index, receiver, arguments, percent=False)
        else:
            self.flow.open.add(index)

    def _arguments(self, index: int, function: int) -> None:
        """Put the arguments of a call into the parameters of the function that it calls."""
        signature = self._signature(function)
        if spreads(self.tree, index):
            together = self.flow.point(("spread", function))
            for each in self.tree.children(index, "args") + self.tree.children(index, "keywords"):
                self.flow.share(each, together, Way.INTO)
            if not self.flow.holds[together]:
                for argument in signature.everyone:
                    self.flow.open.add(self._parameter(function, argument))
                    self.flow.share(together, self._parameter(function, argument), Way.OUT)
            return
        for value, argument in pairs(self.tree, index, signature):
            self.flow.share(value, self._parameter(function, argument))
            self.flow.begin(self._parameter(function, argument), value)
