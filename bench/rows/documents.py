"""What strict JSON costs beside the readers and writers that are not strict.

Rules of this file:
- Both sides get the same document: a tool's call of 250 bytes, and a list of tools of 12 KB.
"""

import json

import rfc8785

from bench.frame import Row, median_of
from bench.lab import Lab
from openpact.domain import strict_json

_CALL = {
    "jsonrpc": "2.0",
    "id": 17,
    "method": "tools/call",
    "params": {
        "name": "create_issue",
        "arguments": {
            "owner": "octo",
            "repo": "pact",
            "title": "Something is broken",
            "labels": ["bug", "p1"],
            "priority": 3,
            "body": "The quick brown fox jumps over the lazy dog, and it rests.",
        },
    },
}
_TOOLS = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {
        "tools": [
            {
                "name": f"tool_{number}",
                "description": "What this tool does, in a sentence or two, as a server would say it. " * 2,
                "inputSchema": {
                    "type": "object",
                    "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}},
                    "required": ["path"],
                },
            }
            for number in range(41)
        ]
    },
}
_DOCUMENTS = {
    size: json.dumps(value, separators=(",", ":")).encode() for size, value in (("250B", _CALL), ("12KB", _TOOLS))
}
_TIMES = {"250B": 2000, "12KB": 100}


class Parse(Row):
    """Strict parsing."""

    against = "json.loads"

    def __init__(self, size: str) -> None:
        self.name = f"parse.{size}"
        self.what = f"strict parse of a message of {len(_DOCUMENTS[size]):,} bytes"
        self._text = _DOCUMENTS[size]
        self._full = _TIMES[size]

    def open(self, lab: Lab) -> None:
        self._times = lab.times(self._full)

    def measure(self) -> float:
        return median_of(self._times, lambda: strict_json.parse(self._text, protocol=True))

    def compare(self) -> float:
        return median_of(self._times, lambda: json.loads(self._text))


class Canonical(Row):
    """The canonical form."""

    against = "the package rfc8785"

    def __init__(self, size: str) -> None:
        self.name = f"canonical.{size}"
        self.what = f"canonical form of a message of {len(_DOCUMENTS[size]):,} bytes"
        self._value = strict_json.parse(_DOCUMENTS[size])
        self._plain = json.loads(_DOCUMENTS[size])
        self._full = _TIMES[size]

    def open(self, lab: Lab) -> None:
        self._times = lab.times(self._full)
        assert strict_json.canonical(self._value) == rfc8785.dumps(self._plain)

    def measure(self) -> float:
        return median_of(self._times, lambda: strict_json.canonical(self._value))

    def compare(self) -> float:
        return median_of(self._times, lambda: rfc8785.dumps(self._plain))
