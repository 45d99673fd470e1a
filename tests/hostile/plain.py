"""A stand-in for the script engine that is honest and does at once what a word of its source says."""

from typing import Any

from openpact.adapters.sandbox.inside.host import Host, Refused

ERROR = {
    "t": "failed",
    "code": "script_error",
    "message": "no such name",
    "line": 3,
    "column": 1,
    "snippet": "x",
    "frames": [["test.star", 9, "<module>"], ["test.star", 3, "inner"]],
}


def warm() -> None:
    """Have nothing left to load."""


def settle() -> None:
    """Need nothing."""


def answer(request: dict[str, Any], host: Host) -> dict[str, Any]:
    """Do what the source says; a text that says nothing is the result itself."""
    match request["source"]:
        case "fine":
            return {"t": "checked", "outline": {"name": request["name"]}}
        case "error":
            return ERROR
        case "fault":
            return {"t": str(1 // 0)}
        case "deny" | "long" as op:
            return asked(host, op)
        case "host_fault":
            return asked(host, "fault")
    return {"t": "done", "result": request["source"]}


def asked(host: Host, op: str) -> dict[str, Any]:
    try:
        return {"t": "done", "result": host.call(op, {})}
    except Refused as no:
        return {"t": "failed", "code": no.code, "message": no.message, "hint": no.hint, "line": 7}
