"""The page of the ways a run ends, from the codes that there are and the limits in force unless changed.

Rules of this file:
- A code that has no sentence here raises KeyError, so that none goes untold.
"""

from docs.reference.markdown import block, code, heading, section, table
from openpact.config import Config
from openpact.domain.run import Code, Limits

SENTENCES = {
    Code.SCRIPT_ERROR: ("The script failed, or called `fail`.", "Mend it at the line that is named."),
    Code.SYNTAX_ERROR: ("It cannot be read.", "`openpact scripts lint` says where."),
    Code.TIMEOUT: ("It ran longer than it may.", "Do less in one run; ask an operator for more time."),
    Code.MEMORY_LIMIT: ("It needed more memory than it has.", "Collect in a list and join once; keep less."),
    Code.STEP_LIMIT: ("It looped or called, or asked its host, more often than it may.", "Loop less."),
    Code.RECURSION_LIMIT: (
        "Functions call one another too deeply, or the text or the data is nested too deeply.",
        "Use a loop and a list of what is still to be done.",
    ),
    Code.OUTPUT_LIMIT: ("It printed or returned more than it may.", "Give a summary, a page, a count."),
    Code.BUSY: ("So many runs wait that this one was not begun.", "Try again."),
    Code.CAPABILITY_DENIED: ("It asked for what it does not declare.", "Declare it; the hint says how."),
    Code.SECRET_NOT_GRANTED: (
        "A secret may not be used by this script, at this host or in this place, or it has ended.",
        "Ask its owner for a grant.",
    ),
    Code.HTTP_ERROR: (
        "A request was refused, did not arrive, or was not answered whole.",
        "The message says which; a request that may have arrived is never repeated by itself.",
    ),
    Code.INVALID_RESULT: ("The result has no JSON form; the path is named.", "Return texts, numbers, lists, dicts."),
    Code.APPROVAL_REQUIRED: ("A tool that it called needs a person. For the gateway, which is not built yet.", ""),
    Code.SANDBOX_VIOLATION: (
        "Its process did what no script can do, and was killed.",
        "Take the script for hostile: look at its source, and tell an administrator.",
    ),
    Code.SANDBOX_LOST: (
        "The sandbox itself ended under the run.",
        "Look at what the script had done until then before you run it again.",
    ),
}


def page() -> str:
    """Give the page."""
    rows = [(code(each.value), *SENTENCES[each]) for each in Code]
    return (
        heading(
            "How a run ends",
            "A run ends once: with a result, or with one of these codes. A script can catch none of them "
            "([why](../decisions/0020-refusals-cannot-be-caught.md)).",
            table(("code", "what happened", "what to do"), rows),
        )
        + section(
            "What is told of a run",
            "`openpact scripts test --json` gives this. Without success there are `error`, `code`, `hint`, `line`, "
            "`column`, `snippet` and `traceback` in the place of `result`.",
            block(_TOLD, "json"),
        )
        + section("Limits", "Unless the [configuration](configuration.md) says otherwise.", _limits())
    )


def _limits() -> str:
    limits, config = Limits(), Config()
    return table(
        ("what", "limit", "set by"),
        [
            ("time from dispatch", f"{limits.wall_ms:,} ms", "`starlark.max_execution_ms`, `@timeout`"),
            ("memory", f"{limits.memory_mb} MiB", "`starlark.max_memory_mb`"),
            ("steps: rounds of a loop, calls", f"{limits.steps:,}", "`starlark.max_steps`"),
            ("result", f"{limits.result_bytes:,} bytes", ""),
            ("log lines", f"{limits.log_lines:,}, each of {limits.log_chars:,} characters", ""),
            ("requests", str(limits.http_calls), "`http.max_calls`"),
            ("an answer's body", f"{config.http.max_body:,} bytes", "`http.max_body`"),
            ("questions to the host, requests included", f"{limits.host_calls:,}", ""),
            ("runs that wait", f"{config.sandbox.max_pending:,}", "`sandbox.max_pending`"),
        ],
    )


_TOLD = """
{"success": true, "result": {"city": "Bern"}, "duration_ms": 23.1, "logs": ["days: 1"],
 "http_calls": [{"method": "GET", "url": "https://api.weather.example/v1/forecast?q=Bern", "status": 200,
                 "error": null, "duration_ms": 0.2, "secrets": ["WEATHER_KEY"]}],
 "secrets_used": ["WEATHER_KEY"], "hosts": ["https://api.weather.example"], "closure": {},
 "steps": 0, "peak_memory": 5197824}
"""
