"""Shell globs on the names of scripts: `*` (also across `/`), `?`, `[a-z]` and `[!a-z]`.

Rules of this file:
- A pattern that people write never becomes a regular expression: the matcher steps back to the last `*` alone, so the
  time is bounded by pattern times name whatever the pattern says.
- What is no whole pattern (`[a`) is refused when it is read, never taken for something near it.
"""

from collections.abc import Sequence
from typing import TypeAlias

from openpact.domain.errors import Invalid

LONGEST = 256
_HINT = "Write a name, or one with * and ?: reports/*.star"

_Step: TypeAlias = str | tuple[bool, tuple[tuple[str, str], ...]] | None  # a character, a class, or `?`
_ANY_TEXT = "**"


def check(pattern: str) -> None:
    """Raise Invalid unless this is a pattern that can be matched."""
    if not 0 < len(pattern) <= LONGEST or not pattern.isprintable():
        raise Invalid(f"A pattern has 1 to {LONGEST} printable characters.", hint=_HINT)
    _steps(pattern)


def matches(pattern: str, name: str) -> bool:
    """Say whether the whole name is one of the pattern's. Raises Invalid for what `check` refuses."""
    check(pattern)
    steps = _steps(pattern)
    at = step = 0
    star = again_at = -1
    while at < len(name):
        if step < len(steps) and steps[step] == _ANY_TEXT:
            star, again_at = step, at
            step += 1
        elif step < len(steps) and _fits(steps[step], name[at]):
            at, step = at + 1, step + 1
        elif star >= 0:
            again_at += 1
            at, step = again_at, star + 1
        else:
            return False
    return all(left == _ANY_TEXT for left in steps[step:])


def _fits(step: _Step, character: str) -> bool:
    if isinstance(step, tuple):
        inverted, ranges = step
        return any(first <= character <= last for first, last in ranges) is not inverted
    return step is None or step == character


def _steps(pattern: str) -> Sequence[_Step]:
    steps: list[_Step] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "[":
            # As in a shell, a `]` that comes first is one of the characters.
            first = at + 2 if pattern[at + 1 : at + 2] == "!" else at + 1
            end = pattern.find("]", first + 1)
            if end < 0:
                raise Invalid(f"The pattern {pattern!r} has a [ without its ].", hint=_HINT)
            steps.append((first == at + 2, _ranges(pattern, pattern[first:end])))
            at = end
        else:
            steps.append({"*": _ANY_TEXT, "?": None}.get(pattern[at], pattern[at]))
        at += 1
    return steps


def _ranges(pattern: str, inside: str) -> tuple[tuple[str, str], ...]:
    found = []
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            found.append((inside[at], inside[at + 2]))
            at += 3
        else:
            found.append((inside[at], inside[at]))
            at += 1
    if any(first > last for first, last in found):
        raise Invalid(f"The pattern {pattern!r} has a range that runs backwards.", hint=_HINT)
    return tuple(found)
