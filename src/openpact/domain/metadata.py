"""What a script says of itself: the comments `# @key: value` at its top, and among them what it declares.

Rules of this file:
- Only the leading comment block is read: lines that are blank or begin with `#`, up to the first that is neither.
  Lines end at a line feed and nowhere else; a Unicode line end inside a comment does not make a line of its own.
- A list key given twice adds up; any other key given twice is an error, since two readers could take either.
- Every error is reported, with its line. Nothing runs on metadata with an error: `read_metadata` gives none.
- What is read may be shown as it is: characters that do not show stand as escapes.
"""

import re
from collections.abc import Callable

import msgspec

from openpact.domain import secret
from openpact.domain.destination import HostRule, read_rule
from openpact.domain.document import Fault, quoted
from openpact.domain.errors import Invalid, ScriptInvalid
from openpact.domain.logfmt import visible
from openpact.domain.typed import nearest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DEFAULT_METHODS = ("GET", "POST")
LISTS = ("secrets", "hosts", "methods", "tools")
TEXTS = ("name", "description", "author", "version", "approved_for")
KNOWN = (*TEXTS, *LISTS, "timeout")

_ENTRY = re.compile(r"#[ \t]*@([A-Za-z][A-Za-z0-9_-]*)[ \t]*:(.*)")
_ALMOST = re.compile(r"#[ \t]*@[ \t]*(" + "|".join(KNOWN) + r")\b", re.IGNORECASE)
_TIMEOUT = re.compile(r"([0-9]{1,6})[ ]?(ms|s)?")
_TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}")
_MOST = 64  # of each list: what is longer nobody reviews
_LONGEST = 1_000  # characters of a value that is shown
_MS = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One key with its value, and the line it stands on."""

    key: str
    value: str
    line: int


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a script says of itself."""

    name: str | None = None
    description: str | None = None
    author: str | None = None
    version: str | None = None
    approved_for: str | None = None
    secrets: tuple[str, ...] = ()
    hosts: tuple[HostRule, ...] = ()
    methods: tuple[str, ...] = DEFAULT_METHODS
    tools: tuple[str, ...] = ()
    timeout_ms: int | None = None
    unknown: tuple[Entry, ...] = ()
    declared: tuple[Entry, ...] = ()  # each item of a list key, as it is written in the fields above, with its line
    notes: tuple[Fault, ...] = ()


def read_metadata(source: str) -> Metadata:
    """Read the metadata of a script that is to run. Raises ScriptInvalid with every error in `fields`."""
    metadata, faults = draft_metadata(source)
    if faults:
        fields = [
            {
                "line": fault.line,
                "column": fault.column,
                "path": fault.path,
                "message": fault.message,
                **({"hint": fault.hint} if fault.hint else {}),
            }
            for fault in faults
        ]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ScriptInvalid(
            f"Line {faults[0].line} of the metadata: {faults[0].message}{more}.",
            hint=faults[0].hint,
            details={"fields": fields},
        )
    return metadata


def draft_metadata(source: str) -> tuple[Metadata, tuple[Fault, ...]]:
    """Read the metadata for people who look at the script: what is right in it, and everything that is wrong."""
    reading = _Reading()
    below = False
    for number, line in enumerate(source.split("\n"), 1):
        text = line.removesuffix("\r").strip(" \t")
        below = below or not (text == "" or text.startswith("#"))
        reading.line(text, number, len(line) - len(line.lstrip(" \t")) + 1, below=below)
    return reading.finished()


class _Reading:
    """One reading: the entries so far, with their faults and notes."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.lists: dict[str, dict[str, int]] = {key: {} for key in LISTS}  # each item with its line
        self.rules: dict[str, HostRule] = {}
        self.seen: dict[str, int] = {}
        self.timeout_ms: int | None = None
        self.unknown: list[Entry] = []
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []

    def line(self, text: str, number: int, column: int, *, below: bool) -> None:
        """Take one line, which is metadata, another comment, or stands below the block."""
        found = _ENTRY.fullmatch(text)
        if found and not below:
            self._entry(found[1], found[2].strip(" \t"), number, column)
        elif found and found[1] in KNOWN:
            message = f"@{found[1]} stands below the first line of code and is not read"
            self.notes.append(Fault(number, column, found[1], message, "Move it to the top of the file."))
        elif not found and not below and (almost := _ALMOST.match(text)):
            message = f"a comment that looks like @{almost[1].lower()} and is not read"
            self.notes.append(Fault(number, column, "", message, f"Write `# @{almost[1].lower()}: …`."))

    def finished(self) -> tuple[Metadata, tuple[Fault, ...]]:
        """Give what was read, and what is wrong."""
        for key, items in self.lists.items():
            if len(items) > _MOST:
                self.faults.append(Fault(self.seen[key], 1, key, f"@{key} lists more than {_MOST}"))
        declared = [Entry(key, text, line) for key, items in self.lists.items() for text, line in items.items()]
        metadata = Metadata(
            **self.texts,
            secrets=tuple(self.lists["secrets"]),
            hosts=tuple(self.rules[text] for text in self.lists["hosts"]),
            methods=tuple(self.lists["methods"]) if "methods" in self.seen else DEFAULT_METHODS,
            tools=tuple(self.lists["tools"]),
            timeout_ms=self.timeout_ms,
            unknown=tuple(self.unknown),
            declared=tuple(sorted(declared, key=lambda entry: entry.line)),
            notes=tuple(self.notes),
        )
        return metadata, tuple(sorted(self.faults, key=lambda fault: (fault.line, fault.column)))

    def _entry(self, key: str, value: str, line: int, column: int) -> None:
        if key in self.seen and key not in LISTS:
            message = f"@{visible(key)} stands on line {self.seen[key]} already"
            self.faults.append(Fault(line, column, key, message, "Keep one of the two."))
            return
        self.seen.setdefault(key, line)
        if key not in KNOWN:
            self._unknown(key, value, line, column)
        elif not value:
            self.faults.append(Fault(line, column, key, f"@{key} has no value", "Give one, or leave the line out."))
        elif key in LISTS:
            self._list(key, value, line, column)
        elif key == "timeout":
            self._timeout(value, line, column)
        elif len(value) > _LONGEST:
            self.faults.append(Fault(line, column, key, f"@{key} has more than {_LONGEST} characters"))
        else:
            self.texts[key] = visible(value)

    def _unknown(self, key: str, value: str, line: int, column: int) -> None:
        self.unknown.append(Entry(key, visible(value[:_LONGEST]), line))
        near = nearest(key, KNOWN)
        hint = f"Did you mean @{near}?" if near else "Known here: " + ", ".join(f"@{each}" for each in KNOWN) + "."
        self.notes.append(Fault(line, column, key, f"@{key} is not known here and changes nothing", hint))

    def _list(self, key: str, value: str, line: int, column: int) -> None:
        for text in filter(None, re.split(r"[, \t]+", value)):
            try:
                item = self._item(key, text)
            except Invalid as error:
                message = error.message.removesuffix(".")
                self.faults.append(Fault(line, column, key, f"@{key}: {message}", error.hint))
                continue
            if item in self.lists[key]:
                message = f"@{key}: {item} stands on line {self.lists[key][item]} already"
                self.notes.append(Fault(line, column, key, message, "One of the two is enough."))
            self.lists[key].setdefault(item, line)

    def _item(self, key: str, text: str) -> str:
        """Give one item of a list in its one spelling. Raises Invalid."""
        if key == "hosts":
            rule = read_rule(text)
            self.rules[str(rule)] = rule
            return str(rule)
        return _ITEMS[key](text)

    def _timeout(self, value: str, line: int, column: int) -> None:
        found = _TIMEOUT.fullmatch(value)
        self.timeout_ms = int(found[1]) * (1 if found[2] == "ms" else _MS) if found else 0
        if not self.timeout_ms:
            hint = "Write 5s or 500ms; a number alone means seconds."
            self.faults.append(Fault(line, column, "timeout", "@timeout is no time that a run could take", hint))


def _secret(text: str) -> str:
    secret.check_name(text)
    return text


def _method(text: str) -> str:
    if text.upper() not in METHODS:
        raise Invalid(f"{quoted(text[:80])} is no method of http", hint=f"There are: {', '.join(METHODS)}.")
    return text.upper()


def _tool(text: str) -> str:
    if not _TOOL.fullmatch(text):
        raise Invalid(
            f"{quoted(text[:80])} is not the name of a tool", hint="Write server.tool, each tool by its full name."
        )
    return text


_ITEMS: dict[str, Callable[[str], str]] = {"secrets": _secret, "methods": _method, "tools": _tool}
