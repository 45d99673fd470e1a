"""A tree becomes frozen structs, or every fault at once: unknown and missing keys, wrong types, values out of bounds.

Rules of this file:
- The struct is the whole truth: keys, types, bounds and defaults are read from its annotations; nothing is listed
  twice. `Meta(extra={"check": f})` adds what a type cannot say: `f(value)` raises Invalid.
- Nothing is converted silently: no text becomes a number, no number a text. Only a `loose` value, whose source knows
  nothing but text, is read as its target needs it.
- No message repeats a value, since it may be a secret.
- A key left empty (`server:`) is an empty table where a struct is expected; everywhere else it is nothing.
- A type or a bound that this file does not know is an error of ours (TypeError), never a bound that is not kept.
"""

import difflib
import functools
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import msgspec.inspect as mi

from openpact.domain.document import Broken, Fault, Items, Node, Place, Scalar, Table, join, plain, quoted
from openpact.domain.errors import Invalid
from openpact.domain.yaml_scalar import resolve

S = TypeVar("S", bound=msgspec.Struct)

_WRONG: Final = object()  # stands for a value whose fault is reported
_OLD_BOOLS = frozenset({"yes", "no", "on", "off", "y", "n"})
_LONGEST_GUESS = 64  # characters; comparing two texts takes time that grows with the product of their lengths


def convert(node: Node | None, target: type[S]) -> tuple[S | None, list[Fault]]:
    """Give the struct that the tree describes, or None and everything that is wrong, in the order of the text."""
    conversion = _Conversion()
    value = conversion.value(Table(1, 1, {}) if node is None else node, _information(target), "")
    conversion.faults.sort(key=lambda fault: (fault.line, fault.column))
    return (value if isinstance(value, target) else None), conversion.faults


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was probably meant, if one is near; case does not count."""
    if len(word) > _LONGEST_GUESS:
        return None
    folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[found[0]] if found else None


def _as_yaml(example: object) -> str:
    return str(example).lower() if isinstance(example, bool) else str(example)


@functools.cache
def _information(target: type[msgspec.Struct]) -> mi.Type:
    return mi.type_info(target)


class _Conversion:
    """One conversion: the faults so far, and one method for each kind of target; those take only nodes that fit."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def value(self, node: Node, info: mi.Type, path: str) -> object:
        """Give the value of a node as its type says, or `_WRONG` once its fault is reported."""
        if isinstance(info, mi.Metadata):
            return self._annotated(node, info, path)
        kind = _kind(info)
        if isinstance(node, Broken):
            return _WRONG
        if isinstance(node, Scalar) and node.loose:
            return self._settled(node, info, path)
        if not kind.fits(node, info):
            return self._wrong(node, path, f"expected {kind.words(info)}, got {_got(node)}", _type_hint(node, info))
        return kind.read(self, node, info, path)

    def _wrong(self, place: Place, path: str, message: str, hint: str | None = None) -> object:
        self.faults.append(place.fault(path, message, hint))
        return _WRONG

    def _annotated(self, node: Node, info: mi.Metadata, path: str) -> object:
        before = len(self.faults)
        value = self.value(node, info.type, path)
        examples = (info.extra_json_schema or {}).get("examples")
        if examples and len(self.faults) > before and self.faults[-1].hint is None:
            self.faults[-1] = msgspec.structs.replace(self.faults[-1], hint=f"For example: {_as_yaml(examples[0])}")
        check = (info.extra or {}).get("check")
        if check is None or value is None or value is _WRONG:
            return value
        try:
            check(value)
        except Invalid as error:
            return self._wrong(node, path, error.message, error.hint)
        return value

    def _settled(self, node: Scalar, info: mi.Type, path: str) -> object:
        """Read a loose value: as a text where the target takes texts, else as unquoted YAML."""
        value = node.value
        if not _kind(info).fits(node, info):
            try:
                value = resolve(node.text)
            except Invalid as error:
                return self._wrong(node, path, error.message, error.hint)
        return self.value(Scalar(node.line, node.column, value, node.text), info, path)

    def anything(self, node: Node, _info: mi.AnyType, _path: str) -> object:
        """Take any tree as plain values."""
        try:
            return plain(node)
        except ValueError:
            return _WRONG  # something in it is broken

    def same(self, node: Scalar, _info: mi.Type, _path: str) -> object:
        """Take a value that can only be right."""
        return node.value

    def decimal(self, node: Scalar, _info: mi.DecimalType, _path: str) -> object:
        """Take a number, exactly."""
        return Decimal(str(node.value))

    def whole(self, node: Scalar, info: mi.IntType, path: str) -> object:
        """Take a whole number between its bounds."""
        if info.multiple_of is not None:
            raise TypeError(f"{path}: multiple_of is not known here")
        low = info.ge if info.gt is None else info.gt + 1
        high = info.le if info.lt is None else info.lt - 1
        within = self._within(node, path, node.value, (low, high), "must be {}")
        return node.value if within else _WRONG

    def string(self, node: Scalar, info: mi.StrType, path: str) -> object:
        """Take a text of the right length and form."""
        text = str(node.value)
        bounds = (info.min_length, info.max_length)
        if not self._within(node, path, len(text), bounds, "must have {} characters"):
            return _WRONG
        # Python's `$` also matches before a last line break, JSON Schema's does not; the schema is what we publish.
        if info.pattern is not None and re.search(re.sub(r"(?<!\\)\$$", r"\\Z", info.pattern), text) is None:
            return self._wrong(node, path, "does not have the form that is expected here")
        return text

    def choice(self, node: Scalar, info: mi.LiteralType | mi.EnumType, path: str) -> object:
        """Take one of the allowed values."""
        choices = _choices(info)
        if node.value in choices:
            return choices[node.value]
        near = nearest(str(node.value), map(str, choices))
        hint = None if near is None else f"Did you mean {quoted(near)}?"
        return self._wrong(node, path, f"must be {_one_of(info)}", hint)

    def items(self, node: Items, info: mi.ListType | mi.VarTupleType, path: str) -> object:
        """Take a list in which every item is right."""
        values = [self.value(each, info.item_type, join(path, index)) for index, each in enumerate(node.nodes)]
        within = self._within(node, path, len(values), (info.min_length, info.max_length), "must have {} items")
        if not within or any(value is _WRONG for value in values):
            return _WRONG
        return values if isinstance(info, mi.ListType) else tuple(values)

    def table(self, node: Table, info: mi.DictType, path: str) -> object:
        """Take a table in which every key and every value is right."""
        values: dict[object, object] = {}
        for key, entry in node.entries.items():
            beneath = join(path, key)
            read_key = self.value(Scalar(entry.line, entry.column, key, key), info.key_type, beneath)
            values[read_key] = self.value(entry.node, info.value_type, beneath)
        bounds = (info.min_length, info.max_length)
        within = self._within(node, path, len(node.entries), bounds, "must have {} keys")
        wrong = _WRONG in values or any(value is _WRONG for value in values.values())
        return values if within and not wrong else _WRONG

    def struct(self, node: Table | Scalar, info: mi.StructType, path: str) -> object:
        """Take a table that has the keys of a struct, and no others."""
        entries = node.entries if isinstance(node, Table) else {}
        fields = {field.encode_name: field for field in info.fields}
        values: dict[str, object] = {}
        before = len(self.faults)
        for key, entry in entries.items():
            if key in fields:
                values[fields[key].name] = self.value(entry.node, fields[key].type, join(path, key))
            else:
                self._wrong(entry, join(path, key), f"unknown key {quoted(key)}", _key_hint(key, fields))
        for name, field in fields.items():
            if field.required and name not in entries:
                self._wrong(node, join(path, name), f"the key {quoted(name)} is missing")
        if len(self.faults) > before or any(value is _WRONG for value in values.values()):
            return _WRONG
        try:
            return info.cls(**values)
        except Invalid as error:  # from the struct's own __post_init__
            return self._wrong(node, path, error.message, error.hint)

    def union(self, node: Node, info: mi.UnionType, path: str) -> object:
        """Take what the first member that fits takes; msgspec allows no two of one shape."""
        return self.value(node, next(member for member in info.types if _kind(member).fits(node, member)), path)

    def _within(self, node: Node, path: str, count: Any, bounds: tuple[int | None, int | None], message: str) -> bool:
        low, high = bounds
        if (low is None or count >= low) and (high is None or count <= high):
            return True
        ends = f"at most {high}" if low is None else f"at least {low}" if high is None else f"from {low} to {high}"
        self._wrong(node, path, message.format(ends))
        return False


class _Kind(NamedTuple):
    """What a kind of target is called, which nodes fit it, and how one is read."""

    words: Callable[[Any], str]
    fits: Callable[[Any, Any], bool]
    read: Callable[[_Conversion, Any, Any, str], object]


def _kind(info: mi.Type) -> _Kind:
    bare = info.type if isinstance(info, mi.Metadata) else info
    found = _KINDS.get(type(bare))
    if found is None:
        raise TypeError(f"no text is read as {type(bare).__name__}")
    return found


def _scalar(*types: type) -> Callable[[Node, mi.Type], bool]:
    """Make the test for a scalar of exactly one of these types: True is no whole number."""
    return lambda node, _info: isinstance(node, Scalar) and type(node.value) in types


def _fits_choice(node: Node, info: mi.LiteralType | mi.EnumType) -> bool:
    return isinstance(node, Scalar) and type(node.value) in {type(each) for each in _choices(info)}


def _fits_struct(node: Node, _info: mi.StructType) -> bool:
    return isinstance(node, Table) or (isinstance(node, Scalar) and node.value is None and not node.text)


def _fits_union(node: Node, info: mi.UnionType) -> bool:
    return any(_kind(member).fits(node, member) for member in info.types)


def _choices(info: mi.LiteralType | mi.EnumType) -> dict[Any, Any]:
    if isinstance(info, mi.LiteralType):
        return {value: value for value in info.values}
    return {member.value: member for member in info.cls}


def _one_of(info: mi.LiteralType | mi.EnumType) -> str:
    return "one of " + ", ".join(map(str, _choices(info)))


def _either(info: mi.UnionType) -> str:
    return " or ".join(_kind(each).words(each) for each in info.types if not isinstance(each, mi.NoneType))


def _called(words: str) -> Callable[[mi.Type], str]:
    return lambda _info: words


_KINDS: dict[type[mi.Type], _Kind] = {
    mi.AnyType: _Kind(_called("anything"), lambda _node, _info: True, _Conversion.anything),
    mi.NoneType: _Kind(_called("nothing"), _scalar(type(None)), _Conversion.same),
    mi.BoolType: _Kind(_called("true or false"), _scalar(bool), _Conversion.same),
    mi.IntType: _Kind(_called("a whole number"), _scalar(int), _Conversion.whole),
    mi.DecimalType: _Kind(_called("a number"), _scalar(int, Decimal), _Conversion.decimal),
    mi.StrType: _Kind(_called("a string"), _scalar(str), _Conversion.string),
    mi.LiteralType: _Kind(_one_of, _fits_choice, _Conversion.choice),
    mi.EnumType: _Kind(_one_of, _fits_choice, _Conversion.choice),
    mi.ListType: _Kind(_called("a list"), lambda node, _info: isinstance(node, Items), _Conversion.items),
    mi.VarTupleType: _Kind(_called("a list"), lambda node, _info: isinstance(node, Items), _Conversion.items),
    mi.DictType: _Kind(_called("keys with values"), lambda node, _info: isinstance(node, Table), _Conversion.table),
    mi.StructType: _Kind(_called("keys with values"), _fits_struct, _Conversion.struct),
    mi.UnionType: _Kind(_either, _fits_union, _Conversion.union),
}
_GOT = {bool: "true or false", int: "a whole number", Decimal: "a number with a point or an exponent", str: "a string"}


def _got(node: Node) -> str:
    if isinstance(node, Scalar):
        return _GOT.get(type(node.value), "nothing")
    return "a list" if isinstance(node, Items) else "keys with values"


def _type_hint(node: Node, info: mi.Type) -> str | None:
    """Say what was probably meant by a value of the wrong type."""
    if not isinstance(node, Scalar):
        return None
    if node.value is None:
        return "Give a value, or leave the key out."
    fits = _kind(info).fits
    if not isinstance(node.value, str):
        return "Put it in quotes." if fits(Scalar(0, 0, node.text, node.text), info) else None
    if node.value.casefold() in _OLD_BOOLS and fits(Scalar(0, 0, value=True, text=""), info):
        return "Write true or false; yes, no, on and off are plain words."
    for text, hint in ((node.value, "Leave the quotes out."), (node.value.replace("_", ""), "Leave the _ out.")):
        try:
            if fits(Scalar(0, 0, resolve(text), text), info):
                return hint
        except Invalid:
            continue
    return None


def _key_hint(key: str, fields: Iterable[str]) -> str:
    near = nearest(key, fields)
    return f"Did you mean {quoted(near)}?" if near else "Known here: " + ", ".join(fields) + "."
