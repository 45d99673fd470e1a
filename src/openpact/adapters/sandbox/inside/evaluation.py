"""One run: a script is evaluated, what it loads before it, and its entry is called.

Rules of this file:
- A run ends with a result or with one failure, whose place is the script's own line.
- Each file is evaluated once, however often it is loaded; circles, depth, number and size have bounds.
- An engine that panics is not asked again: the process is used once.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import starlark

from openpact.adapters.sandbox.inside import entry, json_text, literals, shift, trace, tree
from openpact.adapters.sandbox.inside.dialect import DIALECT, GLOBALS, PRELUDE, Language
from openpact.adapters.sandbox.inside.failure import NOWHERE, Failed, Files
from openpact.adapters.sandbox.inside.world import Fault, World

MAX_SOURCE = 262_144
_MAX_DEPTH = 8
_MAX_FILES = 32
_MAX_LOADED = 1 << 20
_DEEPEST_CALL = 400
_ENTRY = "<entry>"
_OVERFLOW = "Starlark call stack overflow"
_NO_MEMORY = ("out of memory", "capacity overflow", "AlignedSize", "memory allocation", "PyObject pointer is null")
_PLAIN_SHIFT = "Write `x = x << n` with x as a plain expression."


def fault_of(source: str) -> Fault | None:
    """Say what keeps a source from being read at all."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        return Fault("The source holds half of a surrogate pair, which is no text.", code="syntax_error")
    if "\0" in source:  # the engine takes it inside of texts, the other reader nowhere
        return Fault("The source holds a NUL character.", code="syntax_error", hint="In a text, write `\\x00`.")
    return Fault(f"A script has {MAX_SOURCE} bytes at most.", code="syntax_error") if size > MAX_SOURCE else None


class Hidden(NamedTuple):
    """Names that a module has beside the predeclared ones; its source holds none of them."""

    shift: str
    finish: str
    arguments: str

    @classmethod
    def beside(cls, source: str) -> "Hidden":
        """Choose them for a source."""
        number = 0
        while f"_hidden{number}_" in source:
            number += 1
        return cls(*(f"_hidden{number}_{field}" for field in cls._fields))


class Evaluation:
    """One script and the files that it loads."""

    def __init__(self, language: Language, world: World, name: str) -> None:
        language.builtins.world = world
        self._language = language
        self._world = world
        self._name = name
        self._files = Files(name)
        self._loaded: dict[str, starlark.FrozenModule] = {}
        self._loading: list[str] = []
        self._size = 0
        self._loader = starlark.FileLoader(self._load)
        self._options = starlark.EvalOptions(check_cancelled=world.check, max_callstack_size=_DEEPEST_CALL)

    def run(self, source: str, function: str | None, args: str | None) -> str:
        """Run the script and give its result as JSON text. Raises Failed."""
        name = self._name
        hidden = Hidden.beside(source)
        with self._told():
            module, parsed, whole = self._prepared(name, source, hidden)
            given = None if args is None else self._arguments(args)
            begin = entry.find(whole, function, given)
            del whole  # the run needs the memory
            self._loading.append(name)
            self._evaluate(module, parsed)
            if begin is None:
                return "null"
            module[hidden.arguments] = begin.given
            call = f"{hidden.finish}({begin.expression(hidden.arguments)})"
            self._evaluate(module, starlark.parse(_ENTRY, call, DIALECT))
        return self._world.result or "null"

    def _arguments(self, args: str) -> Any:
        try:
            return json_text.read(args)
        except Fault as fault:
            raise Fault(f"The arguments cannot be read: {fault.message}") from None

    def _evaluate(self, module: starlark.Module, parsed: starlark.AstModule) -> None:
        starlark.eval_with(self._options, module, parsed, GLOBALS, file_loader=self._loader)

    def _prepared(
        self, name: str, source: str, hidden: Hidden
    ) -> tuple[starlark.Module, starlark.AstModule, ast.Module]:
        self._files.add(name, source, shift.Rewritten(source, {}))
        fault = fault_of(source)
        if fault is not None:
            raise fault
        try:
            changed = shift.rewritten(source, hidden.shift)
        except shift.NotExact as error:
            self._parsed(name, source)
            raise self._refused(name, error, _PLAIN_SHIFT) from None
        except tree.Unreadable:
            self._parsed(name, source)  # the engine says better what is wrong, if it is wrong
            raise Fault(
                "The left shifts of this script cannot be read.", code="syntax_error", hint=_PLAIN_SHIFT
            ) from None
        self._files.add(name, source, changed)
        parsed = self._parsed(name, changed.text)
        whole = self._tree(source)
        try:
            literals.check(source, whole)
        except literals.NotTheSame as error:
            raise self._refused(name, error, None) from None
        return self._language.module(hidden.shift, hidden.finish), parsed, whole

    def _refused(self, name: str, error: shift.NotExact | literals.NotTheSame, hint: str | None) -> Failed:
        fault = Fault(error.message, code="syntax_error", hint=hint)
        return Failed(self._files.failure_at(fault, trace.Place(name, error.line, error.column)))

    def _parsed(self, name: str, text: str) -> starlark.AstModule:
        try:
            return starlark.parse(name, text, DIALECT)
        except starlark.StarlarkError as error:
            told = trace.read(str(error))
            message, hint = trace.plain(told.message)
            raise Failed(self._files.failure(Fault(message, code="syntax_error", hint=hint), told)) from None

    def _tree(self, source: str) -> ast.Module:
        try:
            return tree.parsed(source)
        except tree.Unreadable:
            raise Fault(
                "The script is too deeply nested, or is written in a way that its functions cannot be listed.",
                code="syntax_error",
                hint="Write it more simply.",
            ) from None

    def _load(self, path: str) -> starlark.FrozenModule:
        try:
            return self._loaded_file(path)
        except Fault as fault:
            self._world.fault = self._world.fault or fault
            raise
        except Failed as failed:
            self._world.failure = self._world.failure or failed.failure
            raise

    def _loaded_file(self, path: str) -> starlark.FrozenModule:
        if path in self._loaded:
            return self._loaded[path]
        if path in self._loading or path in (PRELUDE, _ENTRY):
            raise Fault(f"{path} loads itself: {' → '.join([*self._loading, path])}.")
        if len(self._loading) > _MAX_DEPTH:
            raise Fault(f"Files load one another more than {_MAX_DEPTH} deep.")
        if len(self._loaded) + len(self._loading) > _MAX_FILES:
            raise Fault(f"A run loads {_MAX_FILES} files at most.")
        answer = self._world.ask("load", {"path": path})
        # One script may be written in two ways, with and without its ending, and is one module all the same.
        path, source = answer.get("path", path), answer["source"]
        if path in self._loaded:
            return self._loaded[path]
        if path in self._loading:
            raise Fault(f"{path} loads itself: {' → '.join([*self._loading, path])}.")
        self._size += len(source.encode())
        if self._size > _MAX_LOADED:
            raise Fault("The loaded files have more than 1 MiB together.")
        self._loading.append(path)
        with self._told():
            module, parsed = self._prepared(path, source, Hidden.beside(source))[:2]
            self._evaluate(module, parsed)
            frozen = module.freeze()
        self._loading.pop()
        self._loaded[path] = frozen
        return frozen

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn whatever ends an evaluation into one failure with its place."""
        try:
            yield
        except Fault as fault:
            raise Failed(self._files.failure(fault, NOWHERE)) from None
        except starlark.StarlarkError as error:
            raise Failed(self._ended(trace.read(str(error)))) from None
        except MemoryError:
            raise Failed(self._files.failure(self._world.memory_fault(), NOWHERE)) from None
        except Exception:
            raise
        except BaseException as panic:
            # A panic of the engine is no Exception, and its class cannot be imported; all else is not ours to judge.
            if type(panic).__name__ != "PanicException":
                raise
            raise Failed(self._files.failure(self._panicked(str(panic)), NOWHERE)) from None

    def _panicked(self, text: str) -> Fault:
        if any(words in text for words in _NO_MEMORY):
            return self._world.memory_fault()
        return Fault("The engine gave up on this script.", hint="Make the values of the script smaller.")

    def _ended(self, told: trace.Trace) -> dict[str, Any]:
        if self._world.failure is not None:  # of a loaded file: its place counts, our frames lead there
            return self._files.failure_behind(self._world.failure, told)
        if self._world.fault is not None:
            return self._files.failure(self._world.fault, told)
        if told.message.startswith(_OVERFLOW):
            fault = Fault(
                f"Functions call one another more than {_DEEPEST_CALL} deep.",
                code="recursion_limit",
                hint="Use a loop and a list of what is still to be done.",
            )
            return self._files.failure(fault, told)
        message, hint = trace.plain(told.message)
        if told.place is not None and told.place.file == PRELUDE and told.frames[-1].function == "json_decode":
            message = f"Not JSON: {message}"
        return self._files.failure(Fault(message, hint=hint), told)
