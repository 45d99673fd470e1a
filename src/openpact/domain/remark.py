"""One thing that a reviewer should know of a script, and where it stands.

Rules of this file:
- A code never changes its meaning: people tell their tools which to show.
- A message is one sentence that names what it is about; what came from the script is shown with escapes.
"""

import enum

import msgspec

from openpact.domain.logfmt import visible

_SHOWN = 80


class Severity(enum.StrEnum):
    """How much a reviewer should care."""

    HIGH = "high"  # may be meant to deceive, or cannot be reviewed
    MEDIUM = "medium"  # look at it
    LOW = "low"
    NOTE = "note"  # how it is, for the reviewer to agree with


class Finding(msgspec.Struct, frozen=True):
    """One finding."""

    code: str
    severity: Severity
    line: int
    column: int
    message: str
    hint: str | None = None


def shown(text: str | None) -> str:
    """Give what a script wrote as it may stand in a message."""
    text = text or ""
    return visible(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
