"""YAML read strictly: text becomes a tree with places, or faults; never anything else.

Rules of this file:
- One reading only: what two readers of YAML could read differently is refused (unquoted values: yaml_scalar.py).
- What lets one place change another is refused: anchors and aliases (so nothing can grow), merge keys, tags,
  directives, a second document, a key that is set twice, a key that is no text.
- What the eye cannot see is refused: control, direction and hidden line-break characters, a tab as indentation.
- Every fault that can be found is reported. After a syntax error nothing more can: the rest has no structure.
- The bounds of `Limits` are checked before anything is built.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import yaml

from openpact.domain.document import Broken, Entry, Fault, Items, Node, Place, Scalar, Table, join, quoted
from openpact.domain.errors import Invalid
from openpact.domain.yaml_scalar import resolve

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser where it is built in

# Controls, and the breaks of YAML 1.1 (U+0085, U+2028, U+2029): there a comment ends for the parser, and goes on for
# whoever reads the file. Direction marks show a line in another order than it is read.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HALF = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(
    rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTION}\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)"
)
_NO_CONTENT = re.compile(r"\s*(?:#.*)?")

_TAB = ("a tab as indentation", "Indent with spaces.")
_ALIAS = ("an alias or an anchor", "Write the value out; put a text that begins with * or & in quotes.")
_TAG = ("a tag", "Leave it out; put a text that begins with ! in quotes.")
_DIRECTIVE = ("a % directive, which changes how the text is read", "Leave the line out.")
_SECOND = ("a second document", "Leave one document in the file.")
_KEY = ("a key that is no text", "Put the key in quotes.")
_MERGE = ("a merge key", "Write the keys out.")
_ESCAPE = ("a backslash in double quotes that makes no character", "Write it as \\\\, or use single quotes.")
_OPEN = ("a quote that is not closed", "Close it before the next line of --- or the end of the file.")
_BLOCK = ("something after | or >", "Begin the text on the next line; quote a text that begins with | or >.")
_BRACKETS = (
    "brackets that are not closed, or lack a comma",
    "Close them on the same level; put a text that contains brackets, as ${NAME} does, in quotes.",
)
_LEVEL = (
    "something that does not fit the lines above",
    "Give keys of one level the same indentation, and let nothing follow a closing quote or bracket.",
)
# What the two parsers say, and what is meant by it; the first that occurs counts.
_SYNTAX = (
    ("tab character", _TAB),
    ("cannot start any token", ("a character that no value begins with", "Put the text in quotes.")),
    ("values are not allowed", ("a colon where no key can be", 'Check the indentation; quote a text with ": " in it.')),
    ("entries are not allowed", ("a list item where no list can be", "Begin the list on a line of its own.")),
    ("expected ':'", ("a key without a colon", "Put a colon and a space after the key.")),
    ("',' or", _BRACKETS),
    ("end of stream", _OPEN),
    ("unexpected document", _OPEN),
    ("comment or line break", _BLOCK),
    ("a comment or a line break", _BLOCK),
    ("chomping or indentation", _BLOCK),
    ("alphabetic or numeric", _ALIAS),
    ("escape", _ESCAPE),
    ("hexdecimal", _ESCAPE),  # libyaml's spelling
    ("node content", ("a bracket or a comma where a value must be", "Put a text that begins so in quotes.")),
    ("incompatible YAML", _DIRECTIVE),
    ("<document start>", _SECOND),
    ("nesting depth", ("nested too deep", "Flatten it.")),  # libyaml looks a thousand brackets ahead
    ("tag", _TAG),
    ("expected key", _LEVEL),
    ("'-' indicator", _LEVEL),
    ("<block end>", _LEVEL),
)
_UNKNOWN = ("not YAML", "Check the indentation, quotes and brackets here and just above.")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How large a text may be, and how much is said about it."""

    size: int = 1 << 20  # bytes of UTF-8
    depth: int = 64
    nodes: int = 100_000
    faults: int = 100


class Document(msgspec.Struct, frozen=True):
    """What was read: the tree (None for an empty text, or after what ends the reading) and every fault, in order."""

    root: Node | None
    faults: tuple[Fault, ...]


def read(source: str | bytes, limits: Limits | None = None, *, loader: type[Any] = LOADER) -> Document:
    """Read one YAML document. What is wrong stands in `faults`; nothing is raised."""
    reading = _Reading(limits or Limits(), loader)
    root = None
    try:
        root = reading.document(reading.text(source))
    except _Enough:
        pass
    except yaml.MarkedYAMLError as error:
        reading.note_syntax(error)
    except (yaml.YAMLError, ValueError, OverflowError):
        # The pure parser gives chr() whatever an escape says.
        reading.faults.append(reading.last.fault("", *_ESCAPE))
    return Document(root, tuple(sorted(reading.faults, key=lambda fault: (fault.line, fault.column))))


class _Enough(Exception):
    """Nothing more can be read, or need be said."""


class _Reading:
    """One reading of one text: the parser's events, consumed into nodes and faults."""

    def __init__(self, limits: Limits, loader: type[Any]) -> None:
        self.limits = limits
        self.loader = loader
        self.faults: list[Fault] = []
        self.last = Place(1, 1)
        self._count = 0
        self._text = ""
        self._events: Iterator[Any] = iter(())
        self._tabbed: dict[int, int] = {}  # line → width of its indentation, where that has a tab

    def _fault(self, place: Place, path: str, message: str, hint: str) -> None:
        self.faults.append(place.fault(path, message, hint))
        if len(self.faults) >= self.limits.faults:
            self._stop(place, path, "too many errors; the rest is not shown", "Correct these first.")

    def _stop(self, place: Place, path: str, message: str, hint: str) -> NoReturn:
        self.faults.append(place.fault(path, message, hint))
        raise _Enough

    def text(self, source: str | bytes) -> str:
        """Give the source as text that is short enough and holds nothing unseen."""
        size = len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "surrogatepass"))
        if size > self.limits.size:
            self._stop(self.last, "", f"more than {self.limits.size} bytes", "Split it, or leave something out.")
        text = self._decoded(source) if isinstance(source, bytes) else source
        if text.startswith("\ufeff"):
            self._fault(self.last, "", "a byte order mark", "Save the file as UTF-8 without it.")
            text = text[1:]
        unseen = False
        for match in _UNSEEN.finditer(text):
            unseen = True
            self._fault(_place_in(text, match.start()), "", *_named(match[0]))
        if unseen:
            raise _Enough
        return text

    def _decoded(self, source: bytes) -> str:
        try:
            return source.decode()
        except UnicodeDecodeError as error:
            before = source[: error.start].decode()
            self._stop(_place_in(before, len(before)), "", "a byte that is not UTF-8", "Save the file as UTF-8.")

    def document(self, text: str) -> Node | None:
        """Build the one document of the text; None when there is nothing in it."""
        self._text = text
        lines = text.split("\n")
        for number, line in enumerate(lines):
            width = len(line) - len(line.lstrip(" \t"))
            if "\t" in line[:width]:
                self._tabbed[number] = width
        first = next((number for number, line in enumerate(lines) if not _NO_CONTENT.fullmatch(line)), 0)
        if lines[first].startswith("%"):
            self._stop(Place(first + 1, 1), "", *_DIRECTIVE)
        self._events = yaml.parse(text, Loader=self.loader)
        self._next()  # the stream begins
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        root = self._node(self._next(), "", 0)
        self._next()  # the document ends
        if not isinstance(self._next(), yaml.StreamEndEvent):
            self._fault(self.last, "", *_SECOND)
        empty = isinstance(root, Scalar) and root.value is None and not root.text
        return None if empty else root

    def note_syntax(self, error: yaml.MarkedYAMLError) -> None:
        """Say in our words what the parser could not read."""
        problem = str(error.problem)
        message, hint = next((said for words, said in _SYNTAX if words in problem), _UNKNOWN)
        mark, context = error.problem_mark, error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else self.last
        if place.column <= self._tabbed.get(place.line - 1, 0):
            message, hint = _TAB
        elif mark and not self._text[mark.index :].strip():
            # Something is missing at the end: the place is where it was opened, or the last that there is.
            opened = context.index if context and context.index < mark.index else len(self._text.rstrip()) - 1
            place = _place_in(self._text, opened)
            message, hint = _BRACKETS if "node content" in problem else (message, hint)
        elif context and context.line < place.line - 1:
            hint += f" It began on line {context.line + 1}."
        self.faults.append(place.fault("", message, hint))

    def _next(self) -> Any:
        event = next(self._events)
        mark = event.start_mark
        self.last = Place(mark.line + 1, mark.column + 1)
        if self._tabbed.get(mark.line) == mark.column:
            del self._tabbed[mark.line]
            self._fault(self.last, "", *_TAB)
        return event

    def _node(self, event: Any, path: str, depth: int) -> Node:
        place = self.last
        self._count += 1
        if self._count > self.limits.nodes:
            self._stop(place, path, f"more than {self.limits.nodes} values", "Split it, or leave something out.")
        if event.anchor is not None:  # an alias too
            self._fault(place, path, *_ALIAS)
        if isinstance(event, yaml.AliasEvent):
            return Broken(place.line, place.column)
        if event.tag is not None:
            self._fault(place, path, *_TAG)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place, path)
        elif depth >= self.limits.depth:
            self._stop(place, path, f"nested more than {self.limits.depth} deep", "Flatten it.")
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._items(place, path, depth + 1)
        else:
            node = self._table(place, path, depth + 1)
        return node if event.tag is None else Broken(place.line, place.column)

    def _scalar(self, event: yaml.ScalarEvent, place: Place, path: str) -> Node:
        text = event.value
        if _HALF.search(text):
            self._fault(place, path, *_ESCAPE)
            return Broken(place.line, place.column)
        if event.style:
            return Scalar(place.line, place.column, text, text)
        try:
            return Scalar(place.line, place.column, resolve(text), text)
        except Invalid as error:
            self._fault(place, path, error.message, error.hint or "")
            return Broken(place.line, place.column)

    def _items(self, place: Place, path: str, depth: int) -> Items:
        nodes: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            nodes.append(self._node(event, join(path, len(nodes)), depth))
        return Items(place.line, place.column, tuple(nodes))

    def _table(self, place: Place, path: str, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            at = self.last
            key = self._key(event, path, depth)
            beneath = path if key is None else join(path, key)
            node = self._node(self._next(), beneath, depth)
            if key is None:
                continue
            if key in entries:
                message = f"the key {quoted(key)} is set already on line {entries[key].line}"
                self._fault(at, beneath, message, "Keep one of the two.")
                continue
            entries[key] = Entry(at.line, at.column, node)
        return Table(place.line, place.column, entries)

    def _key(self, event: Any, path: str, depth: int) -> str | None:
        at = self.last
        node = self._node(event, path, depth)
        if isinstance(node, Broken):
            return None
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._fault(at, path, *_KEY)
            return None
        if node.value == "<<" and not event.style:
            self._fault(at, path, *_MERGE)
            return None
        return node.value


def _place_in(text: str, index: int) -> Place:
    return Place(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _named(character: str) -> tuple[str, str]:
    number = ord(character)
    if character == "\r":
        return "a carriage return without a line feed", "End lines with LF or CRLF."
    if _HALF.match(character):
        return f"half a character (U+{number:04X})", "Leave it out."
    return (
        f"a character that cannot be seen (U+{number:04X})",
        f'Leave it out, or write it as "\\u{number:04x}" in double quotes.',
    )
