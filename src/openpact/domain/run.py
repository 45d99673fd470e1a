"""One run of a script: its limits, how it ended, and what people are told of it.

Rules of this file:
- A run ends once, with a result or with one code of the table below; there is no third way.
- What a person or an agent reads here has been redacted before.
"""

import enum

import msgspec


class Code(enum.StrEnum):
    """Why a run did not end with a result."""

    SCRIPT_ERROR = "script_error"
    SYNTAX_ERROR = "syntax_error"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    STEP_LIMIT = "step_limit"
    RECURSION_LIMIT = "recursion_limit"
    OUTPUT_LIMIT = "output_limit"
    BUSY = "busy"
    CAPABILITY_DENIED = "capability_denied"
    SECRET_NOT_GRANTED = "secret_not_granted"
    HTTP_ERROR = "http_error"
    INVALID_RESULT = "invalid_result"
    APPROVAL_REQUIRED = "approval_required"
    SANDBOX_VIOLATION = "sandbox_violation"  # the worker did what no script can: it is killed, and people are told
    SANDBOX_LOST = "sandbox_lost"  # the sandbox itself ended under the run; what the script had done stays done


class Denied(Exception):
    """The host says no to what a script asks of it; the run ends with this code, at the line that asked."""

    def __init__(self, code: Code, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may use."""

    wall_ms: int = 30_000
    memory_mb: int = 128
    steps: int = 100_000_000
    result_bytes: int = 1_048_576
    log_lines: int = 1_000
    log_chars: int = 4_096
    http_calls: int = 50
    host_calls: int = 10_000  # everything that a script asks of its host, http included


class Frame(msgspec.Struct, frozen=True):
    """One call that led to a failure; the innermost is last."""

    file: str
    line: int
    function: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run failed, and where."""

    code: Code
    message: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None
    snippet: str | None = None
    frames: tuple[Frame, ...] = ()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a run used."""

    duration_ms: float = 0.0
    steps: int = 0  # rounds of a loop and calls, counted in whole thousands: 0 is fewer than a thousand
    peak_memory: int = 0  # bytes that the run added to what the engine takes for itself


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the result as JSON text, or a failure."""

    result: str | None = None
    failure: Failure | None = None
    usage: Usage = Usage()


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a run, as people are told of it."""

    method: str
    url: str
    status: int | None
    error: str | None
    duration_ms: float
    secrets: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A run as people and agents see it: redacted, and whole."""

    ended: Ended
    logs: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    secrets_used: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    closure: dict[str, str] = {}  # what was loaded: name → hash

    @property
    def success(self) -> bool:
        """Say whether there is a result."""
        return self.ended.failure is None

    def as_document(self) -> dict[str, object]:
        """Give the answer to a test of a script; `result` is JSON text that is put in as it is."""
        failure, usage = self.ended.failure, self.ended.usage
        said: dict[str, object] = {"success": self.success}
        if failure is None:
            said["result"] = msgspec.Raw((self.ended.result or "null").encode())
        else:
            said |= {"error": failure.message, "code": failure.code.value}
            optional = {
                "hint": failure.hint,
                "line": failure.line,
                "column": failure.column,
                "snippet": failure.snippet,
            }
            said |= {name: value for name, value in optional.items() if value is not None}
            said["traceback"] = [msgspec.to_builtins(frame) for frame in failure.frames]
        return said | {
            "duration_ms": usage.duration_ms,
            "logs": list(self.logs),
            "http_calls": [msgspec.to_builtins(exchange) for exchange in self.exchanges],
            "secrets_used": list(self.secrets_used),
            "hosts": list(self.hosts),
            "closure": dict(self.closure),
            "steps": usage.steps,
            "peak_memory": usage.peak_memory,
        }
