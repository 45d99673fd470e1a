"""The language as it is switched on here, and the prelude that every file gets.

Rules of this file:
- The prelude is evaluated before the locks, once, and frozen: no script changes it for itself or for another file.
- Its names come in through a load of their own, so a script that gives one of them another meaning changes only
  what it sees itself.
"""

from pathlib import Path

import starlark

from openpact.adapters.sandbox.inside.builtins import PUBLIC, Builtins

PRELUDE = "<prelude>"
SHIFT = "shifted"  # in the prelude; what `<<` is read as
FINISH = "finish"  # in the prelude; takes the result of a run

_LIBRARY = starlark.LibraryExtension
_ENGINE_JSON = "_engine_json_decode = json.decode\n_engine_json_encode = json.encode"
_SOURCE = Path(__file__).with_name("prelude.star").read_text(encoding="utf-8")


def _dialect() -> starlark.Dialect:
    dialect = starlark.Dialect.extended()
    dialect.enable_f_strings = True
    dialect.enable_positional_only_arguments = True
    dialect.enable_load_reexport = False
    return dialect


def _globals(*more: starlark.LibraryExtension) -> starlark.Globals:
    return starlark.Globals.extended_by(
        [
            _LIBRARY.StructType,
            _LIBRARY.RecordType,
            _LIBRARY.EnumType,
            _LIBRARY.Map,
            _LIBRARY.Filter,
            _LIBRARY.Partial,
            _LIBRARY.Typing,
            *more,
        ]
    )


DIALECT = _dialect()
GLOBALS = _globals()


class Language:
    """The engine with its prelude, ready to evaluate files."""

    def __init__(self) -> None:
        self.builtins = Builtins()
        self._prelude = self._frozen_prelude()
        self._ready: dict[tuple[str, str], list[starlark.Module]] = {}
        self._loader = starlark.FileLoader(lambda _: self._prelude)
        # The functions of Python's are unknown names to the type checker; all others get their types.
        _, self.interface, _ = starlark.parse(PRELUDE, _SOURCE, DIALECT).typecheck(GLOBALS, {})

    def module(self, shift: str, finish: str) -> starlark.Module:
        """Make a module that has the predeclared names, and the two hidden ones under names that its source lacks."""
        ready = self._ready.get((shift, finish))
        return ready.pop() if ready else self._made(shift, finish)

    def prepare(self, shift: str, finish: str, count: int) -> None:
        """Make modules in advance, each for one file."""
        self._ready[shift, finish] = [self._made(shift, finish) for _ in range(count)]

    def _made(self, shift: str, finish: str) -> starlark.Module:
        module = starlark.Module()
        names = ", ".join(f'"{name}"' for name in PUBLIC)
        text = f'load("{PRELUDE}", {names}, {shift}="{SHIFT}", {finish}="{FINISH}")'
        starlark.eval(module, starlark.parse(PRELUDE, text, DIALECT), GLOBALS, self._loader)
        return module

    def _frozen_prelude(self) -> starlark.FrozenModule:
        module = starlark.Module()
        for name, function in self.builtins.functions().items():
            module.add_callable(name, function)
        # The prelude has its own `json`, so the engine's is taken hold of before.
        engine_json = starlark.parse(PRELUDE, _ENGINE_JSON, DIALECT)
        starlark.eval(module, engine_json, _globals(_LIBRARY.Json))
        starlark.eval(module, starlark.parse(PRELUDE, _SOURCE, DIALECT), GLOBALS)
        return module.freeze()
