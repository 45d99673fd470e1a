"""How a run ends when it does not end with a result: what each end is called, and what people are told.

Rules of this file:
- Every way in which a process can end has one code; what nobody can explain is a violation, never a success.
- What a worker says of a failure is kept short; a code that only the host can give is the host's alone.
"""

import os
import signal

from openpact.adapters.sandbox import message
from openpact.adapters.sandbox.inside import worker
from openpact.domain.run import Code, Denied, Failure, Frame, Limits

_BY_SIGNAL = {
    signal.SIGSYS: Code.SANDBOX_VIOLATION,
    signal.SIGSEGV: Code.RECURSION_LIMIT,
    signal.SIGABRT: Code.MEMORY_LIMIT,
    signal.SIGBUS: Code.MEMORY_LIMIT,
    signal.SIGKILL: Code.MEMORY_LIMIT,  # not ours: the kernel's, when the machine has no memory left
    signal.SIGXCPU: Code.TIMEOUT,
}
_OF_A_SCRIPT = frozenset(
    {
        *(Code.SCRIPT_ERROR, Code.SYNTAX_ERROR, Code.TIMEOUT, Code.MEMORY_LIMIT, Code.STEP_LIMIT),
        *(Code.RECURSION_LIMIT, Code.OUTPUT_LIMIT, Code.INVALID_RESULT, Code.CAPABILITY_DENIED, Code.HTTP_ERROR),
    }
)
_LONGEST_TEXT, _MOST_FRAMES = 4_000, 50


def died(exit_: message.Exit, limits: Limits) -> Failure:
    """Say why a worker ended without a last message."""
    if exit_.late:
        return of(Code.TIMEOUT, limits)
    if exit_.status == -1:
        return of(Code.BUSY, limits)
    if os.WIFSIGNALED(exit_.status):
        return of(_BY_SIGNAL.get(signal.Signals(os.WTERMSIG(exit_.status)), Code.SANDBOX_VIOLATION), limits)
    match os.WEXITSTATUS(exit_.status):
        case worker.OUT_OF_MEMORY | worker.NO_MEMORY_THERE:
            return of(Code.MEMORY_LIMIT, limits)
        case worker.FAULT:
            return Failure(
                code=Code.SCRIPT_ERROR,
                message="The engine failed while it ran the script.",
                hint="This is a fault of OpenPact, not of the script; please report it with the script.",
            )
    return of(Code.SANDBOX_VIOLATION, limits)


def failed(said: message.Failed, denied: Denied | None) -> Failure | None:
    """Read what a worker says of its failure; None when it claims what it cannot know."""
    text, hint = said.message, said.hint
    if denied is not None:  # what the host said is what ended the run, whatever the worker makes of it
        code, text, hint = denied.code, denied.message, denied.hint
    elif said.code in _OF_A_SCRIPT:
        code = Code(said.code)
    else:
        return None
    return Failure(
        code=code,
        message=text[:_LONGEST_TEXT],
        hint=hint[:_LONGEST_TEXT] if hint else None,
        line=said.line,
        column=said.column,
        snippet=said.snippet[:_LONGEST_TEXT] if said.snippet else None,
        frames=tuple(Frame(file[:256], line, name[:256]) for file, line, name in said.frames[-_MOST_FRAMES:]),
    )


def of(code: Code, limits: Limits) -> Failure:
    """Say in words that a limit was reached, or what else ended the run."""
    text, hint = {
        Code.TIMEOUT: (
            f"The script ran longer than {limits.wall_ms} ms.",
            "Do less in one run, or raise its `@timeout` up to the maximum that is configured.",
        ),
        Code.MEMORY_LIMIT: (
            f"The script used more than {limits.memory_mb} MB.",
            "Collect in a list and join once: nothing that a run makes is freed before it ends.",
        ),
        Code.RECURSION_LIMIT: (
            "The script or its data is too deeply nested.",
            "Break long expressions into steps, and keep data flat.",
        ),
        Code.STEP_LIMIT: (
            f"The script asked its host more than {limits.host_calls} times.",
            "Ask for more at once, or do less in one run.",
        ),
        Code.OUTPUT_LIMIT: (
            f"The script gave out over {limits.result_bytes} bytes, {limits.log_lines} lines or a line too long.",
            "Return and print less: a summary, a page, a count.",
        ),
        Code.BUSY: ("So many scripts run or wait that this one was not started.", "Try again in a moment."),
        Code.SANDBOX_LOST: (
            "The sandbox ended under the run.",
            "Look at what the script had done until then before you run it again; the sandbox starts by itself.",
        ),
    }.get(
        code,
        (
            "The script's process did what no script can do, and was ended.",
            "Treat the script as hostile: disable it, look at its source, and tell an administrator.",
        ),
    )
    return Failure(code=code, message=text, hint=hint)
