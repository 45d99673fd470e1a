"""What makes the text of a script look like what it is not: findings that need no more than its lines.

Rules of this file:
- It works on every source, also on one that nobody can parse.
- Of each kind, a line has one finding: a line full of them is one thing to look at.
"""

import re
from collections.abc import Iterator

from openpact.domain.characters import hidden, misleading
from openpact.domain.remark import Finding, Severity, shown

_LONG = 300  # characters; beyond it a screen does not show the line whole
_FAR = re.compile(r"[^ \t]([ \t]{40,})[^ \t]")


def appearance(source: str) -> Iterator[Finding]:
    """Yield what deceives the eye, line by line."""
    for number, text in enumerate(source.split("\n"), 1):
        line = text.removesuffix("\r")
        unseen = list(hidden(line))
        if unseen:
            first = unseen[0]
            more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
            message = f"Here stands a character that does not show: {first.escape}, {first.name}{more}."
            yield Finding("hidden_characters", Severity.HIGH, number, first.column, message, "Write it as an escape.")
        for column, word in misleading(line):
            message = f"{shown(word)} mixes letters that look alike: {word[:40]!a}."
            yield Finding("look_alike_letters", Severity.HIGH, number, column, message, "Write it with plain letters.")
            break
        far = _FAR.search(line)
        if far:
            message = f"Something stands behind {len(far[1])} blanks, where it is easily not seen."
            yield Finding("very_long_line", Severity.MEDIUM, number, far.end(), message, "Give it its own line.")
        elif len(line) > _LONG:
            message = f"The line has {len(line)} characters, more than a screen shows."
            yield Finding("very_long_line", Severity.LOW, number, _LONG + 1, message, "Split it.")
