"""What the engine finds wrong with a script before it is run.

Rules of this file:
- An error here is one that the run would meet for sure; what the engine only suspects is a warning.
- Nothing is evaluated: a script is parsed, looked through and checked for names and arguments.
"""

from typing import Any

import starlark

from openpact.adapters.sandbox.inside import literals, shift, trace, tree
from openpact.adapters.sandbox.inside.builtins import PUBLIC
from openpact.adapters.sandbox.inside.dialect import DIALECT, GLOBALS, PRELUDE, Language
from openpact.adapters.sandbox.inside.evaluation import fault_of

SYNTAX_ERROR = "syntax_error"
_MOST = 200
_Span = tuple[int, int, int, int]
# Rules of the engine's that are of no use here: `missing-return` is how most helpers are written.
_SILENT = frozenset({"missing-return", "misplaced-load", "unused-argument", "unused-assign"})
_UNRESOLVED = "unresolved ident"  # how the type checker calls an unknown name that stands alone
_AS_NOTE = frozenset({"unused-load"})


def diagnostic(severity: str, code: str, message: str, span: _Span) -> dict[str, Any]:
    """Make one diagnostic."""
    line, column, end_line, end_column = span
    return {
        "severity": severity,
        "code": code,
        "message": message,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def diagnose(language: Language, name: str, source: str) -> list[dict[str, Any]]:
    """Find what is wrong with a script, in the order of its lines."""
    fault = fault_of(source)
    if fault is not None:
        return [diagnostic("error", SYNTAX_ERROR, fault.message, (1, 1, 1, 1))]
    try:
        parsed = starlark.parse(name, source, DIALECT)
    except starlark.StarlarkError as error:
        return [_of_error(str(error), SYNTAX_ERROR, "error", None)]
    found = [*_refused(source), *_lints(parsed), *_checked(language, name, source)]
    return sorted(found, key=lambda one: (one["line"], one["column"]))[:_MOST]


def _refused(source: str) -> list[dict[str, Any]]:
    """Find what the engine would take and a run refuses."""
    try:
        shift.rewritten(source, "_")
    except shift.NotExact as error:
        return [_refusal(error)]
    except tree.Unreadable:
        return [diagnostic("error", SYNTAX_ERROR, "The left shifts of this script cannot be read.", (1, 1, 1, 1))]
    try:
        literals.check(source, tree.parsed(source))
    except literals.NotTheSame as error:
        return [_refusal(error)]
    except tree.Unreadable:
        return []  # the outline says so
    return []


def _refusal(error: shift.NotExact | literals.NotTheSame) -> dict[str, Any]:
    return diagnostic("error", SYNTAX_ERROR, error.message, (error.line, error.column, error.line, error.column))


def _lints(parsed: starlark.AstModule) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for lint in parsed.lint()[: 10 * _MOST]:
        code = lint.short_name
        if code not in _SILENT:
            severity = "note" if code in _AS_NOTE else "warning"
            span = _span(lint.resolved_location.span)
            found.append(
                diagnostic(severity, code.replace("-", "_"), f"{lint.problem.split(', also used at')[0]}.", span)
            )
    return found


def _checked(language: Language, name: str, source: str) -> list[dict[str, Any]]:
    """Check names and arguments. The predeclared names come in through a load behind the last line."""
    names = ", ".join(f'"{public}"' for public in PUBLIC)
    text = f'{source}\nload("{PRELUDE}", {names})\n'
    lines = source.split("\n")
    try:
        errors, _, _ = starlark.parse(name, text, DIALECT).typecheck(GLOBALS, {PRELUDE: language.interface})
    except starlark.StarlarkError as error:
        return [_of_error(str(error), "script_error", "error", None)]
    found: list[dict[str, Any]] = []
    for wrong in errors[:_MOST]:
        span = None if wrong.span is None else _span(wrong.span.span)
        if span is None or span[0] > len(lines):
            continue
        one = _of_error(str(wrong), "undefined_name", "error", span)
        if _UNRESOLVED in one["message"]:
            word = lines[span[0] - 1][span[1] - 1 : span[3] - 1]
            one |= {"message": f"Variable `{word}` not found."}
        if not one["message"].startswith("Variable "):  # the engine guesses types: what it suspects may well work
            one |= {"severity": "warning", "code": "type_mismatch"}
        found.append(one)
    return found


def _of_error(text: str, code: str, severity: str, span: _Span | None) -> dict[str, Any]:
    told = trace.read(text)
    message, hint = trace.plain(told.message)
    if span is None:
        line, column = (told.place.line, told.place.column) if told.place else (1, 1)
        span = (line, column, line, column)
    return diagnostic(severity, code, f"{message} {hint}" if hint else message, span)


def _span(span: starlark.ResolvedSpan) -> _Span:
    return span.begin.line + 1, span.begin.column + 1, span.end.line + 1, span.end.column + 1
