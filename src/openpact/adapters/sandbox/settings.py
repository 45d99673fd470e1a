"""How a pool is set up, and which layers of the sandbox it demands.

Rules of this file:
- `strict` demands every layer that is reported; `basic` the one without which a worker could reach anything.
"""

import sys
from collections.abc import Mapping
from typing import Literal

import msgspec

from openpact.adapters.sandbox.inside.lockdown import OK

ENTRY = "openpact.adapters.sandbox.inside.engine"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while a pool is open."""

    max_active: int
    memory_mb: int = 128
    max_workers: int = 600
    max_pending: int = 1_000
    room_bytes: int = 67_108_864  # for all messages of workers together that are not small
    warm: int = 4  # workers that wait, forked and locked, for the next run
    require: Literal["strict", "basic", "none"] = "basic"
    largest_ms: int = 300_000  # the longest wall clock that a run may have
    entry: str = ENTRY  # the module that answers requests inside
    engine: str = "starlark"  # the package that it needs


def missing(report: Mapping[str, str], require: str, *, linux: bool = sys.platform == "linux") -> list[str]:
    """Give the layers that are demanded and do not hold."""
    if require == "strict":
        demanded = list(report)
    elif require == "basic" and linux:
        demanded = ["seccomp"]
    else:
        demanded = []
    return [layer for layer in demanded if report.get(layer) != OK]
