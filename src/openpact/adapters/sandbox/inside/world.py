"""What one evaluation may use and has used, and why it failed: the builtins' view of the run they belong to.

Rules of this file:
- A script cannot catch anything, so the first fault ends the run; it is kept here because the engine reports
  errors as text only, and a text can be forged by whoever chooses its words.
- Every limit is checked where its use is counted, and the parent checks them all again.
"""

import time
from typing import Any

from openpact.adapters.sandbox import wire
from openpact.adapters.sandbox.inside import memory
from openpact.adapters.sandbox.inside.host import Host, Refused

STEPS_A_CHECK = 1_000  # how often the engine asks whether to go on: once in so many loop turns and calls


class Fault(Exception):
    """What a builtin found wrong: the run ends with this code and these words, at the line of the call."""

    def __init__(self, message: str, *, code: str = "script_error", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint


class World:
    """One evaluation: its host, its limits, and what it has used."""

    def __init__(self, host: Host | None, limits: dict[str, int]) -> None:
        self._host = host
        self._limits = limits
        self._start = time.monotonic()
        self._base = memory.most_held()
        self._checks = 0
        self._lines = 0
        self.fault: Fault | None = None
        self.failure: dict[str, Any] | None = None  # of a loaded file, complete with its place
        self.result: str | None = None

    @property
    def steps(self) -> int:
        """Tell how many loop turns and calls were counted, in whole thousands."""
        return self._checks * STEPS_A_CHECK

    @property
    def peak(self) -> int:
        """Tell how far memory has grown since the beginning, in bytes."""
        return max(0, memory.most_held() - self._base)

    @property
    def result_bytes(self) -> int:
        """Tell how long the result may be."""
        return self._limits["result_bytes"]

    def check(self) -> bool:
        """Say whether the engine must stop. Called by the engine about once per thousand steps."""
        self._checks += 1
        if time.monotonic() - self._start > self._limits["wall_ms"] / 1_000:
            self.fault = Fault(
                f"The script ran longer than {self._limits['wall_ms']} ms.",
                code="timeout",
                hint="Do less in one run, or let an administrator raise the limit.",
            )
        elif self.steps > self._limits["steps"]:
            self.fault = Fault(
                f"The script took more than {self._limits['steps']} steps.", code="step_limit", hint="Loop less."
            )
        elif self.peak > self._limits["memory_mb"] << 20:
            self.fault = out_of_memory(self._limits["memory_mb"])
        return self.fault is not None

    def memory_fault(self) -> Fault:
        """Give the fault of a run whose memory is used up."""
        return out_of_memory(self._limits["memory_mb"])

    def ask(self, op: str, given: dict[str, Any]) -> Any:
        """Ask the host for something. Raises Fault when it refuses."""
        if self._host is None:
            raise Fault(f"{op} cannot be asked for here.", code="capability_denied")
        try:
            return self._host.call(op, given)
        except Refused as refused:
            raise Fault(refused.message, code=refused.code, hint=refused.hint) from None
        except wire.TooLong:
            raise Fault(
                f"{op} was given too much at once: one call has {wire.LONGEST >> 20} MiB at most.",
                hint="Send less at once, in several calls.",
            ) from None

    def log(self, text: str) -> None:
        """Write log lines. Raises Fault when there are too many."""
        if self._host is None:
            return
        longest = self._limits["log_chars"]
        for line in text.split("\n"):
            self._lines += 1
            if self._lines > self._limits["log_lines"]:
                raise Fault(
                    f"The script printed more than {self._limits['log_lines']} lines.",
                    code="output_limit",
                    hint="Print less.",
                )
            self._host.log(line if len(line) <= longest else _cut(line, longest))


def out_of_memory(megabytes: int) -> Fault:
    """Give the fault of a run that needed more memory than it has."""
    return Fault(
        f"The script needed more than {megabytes} MB of memory.",
        code="memory_limit",
        hint="Nothing is freed during a run: collect parts in a list and join them once, and keep less.",
    )


def _cut(line: str, longest: int) -> str:
    mark = f"… ({len(line)} more characters)"  # at its longest, so that the cut line never exceeds the limit
    kept = max(0, longest - len(mark))
    return line[:kept] + f"… ({len(line) - kept} more characters)"
