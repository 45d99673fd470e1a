"""Regular expressions for scripts, in time linear in the text.

Rules of this file:
- Only RE2 runs patterns that a script gives: a backtracking engine could be kept busy for hours by one of them.
- Places are counted in characters, as everywhere in a script.
"""

from typing import Any

import re2  # type: ignore[import-untyped]

from openpact.adapters.sandbox.inside.world import Fault

_LONGEST = 10_000
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def first(pattern: str, text: str, *, at_start: bool) -> dict[str, Any] | None:
    """Find the first match. Raises Fault."""
    compiled = _compiled(pattern)
    found = compiled.match(text) if at_start else compiled.search(text)
    return None if found is None else _told(found)


def every(pattern: str, text: str, most: int) -> list[dict[str, Any]]:
    """Find all matches, or the first so many when `most` is not 0. Raises Fault."""
    found = []
    for match in _compiled(pattern).finditer(text):
        found.append(_told(match))
        if len(found) == most:
            break
    return found


def substituted(pattern: str, replacement: str, text: str, most: int) -> str:
    r"""Replace matches; `\1` in the replacement is the first group. Raises Fault."""
    try:
        return str(_compiled(pattern).sub(replacement, text, most))
    except (re2.error, IndexError):
        raise Fault(f"The replacement {replacement[:60]!a} names a group that there is not.") from None


def split(pattern: str, text: str, most: int) -> list[str | None]:
    """Split a text at the matches. Raises Fault."""
    return list(_compiled(pattern).split(text, most))


def _compiled(pattern: str) -> Any:
    if len(pattern) > _LONGEST:
        raise Fault(f"A pattern has {_LONGEST} characters at most, not {len(pattern)}.")
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise Fault(
            f"The pattern {pattern[:60]!a} cannot be used: {_reason(error)}.",
            hint="Patterns are RE2's: no backreferences, no look-around.",
        ) from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _told(match: Any) -> dict[str, Any]:
    return {
        "groups": [match.group(), *match.groups()],
        "names": match.groupdict(),
        "start": match.start(),
        "end": match.end(),
    }
