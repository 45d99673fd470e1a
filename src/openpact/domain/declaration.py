"""What a script uses against what it declares.

Rules of this file:
- Undeclared is what the source says outright and would be refused when it runs.
- Unused is said only where everything can be seen: not beside computed names or URLs, and not when other scripts are
  loaded, which act with the same capabilities.
"""

from collections.abc import Iterator

import msgspec

from openpact.domain.capability import (
    Capabilities,
    denied_host,
    denied_method,
    denied_secret,
    denied_tool,
)
from openpact.domain.dataflow import Dataflow
from openpact.domain.destination import read_rule
from openpact.domain.exposure import calls_of, first_text, secret_reads
from openpact.domain.http_call import HttpCall
from openpact.domain.metadata import Entry, Metadata
from openpact.domain.remark import Finding, Severity, shown
from openpact.domain.run import Denied
from openpact.domain.url_place import UrlPlaces

_ONE = {"secrets": "secret", "hosts": "host", "methods": "method", "tools": "tool"}


class Use(msgspec.Struct, frozen=True):
    """What a script uses: its calls of `http` with where they lead, and whether anything of it cannot be seen."""

    calls: tuple[tuple[HttpCall, UrlPlaces], ...]
    hidden: bool


def declarations(metadata: Metadata) -> Iterator[Finding]:
    """Yield what the metadata says that a reviewer should know."""
    unknown = {entry.key for entry in metadata.unknown}
    for note in metadata.notes:
        code = "unknown_metadata" if note.path in unknown else "metadata_note"
        yield Finding(code, Severity.NOTE, note.line, note.column, f"{note.message}.", note.hint)
    for entry in metadata.declared:
        if entry.key != "hosts":
            continue
        if read_rule(entry.value).wildcard:
            message = f"{entry.value} stands for every host beneath that name."
            yield Finding("wildcard_host", Severity.MEDIUM, entry.line, 1, message, "Name each host that is asked.")
        if entry.value.startswith("http://"):
            message = f"What is sent to {entry.value} can be read and changed on its way."
            yield Finding("plain_http", Severity.MEDIUM, entry.line, 1, message, "Use https.")


def inferences(capabilities: Capabilities) -> Iterator[Finding]:
    """Yield the hosts that are not declared but named."""
    for host in capabilities.inferred:
        if any(rule.matches(host.place) for rule in capabilities.hosts):
            continue
        message = f"The host {host.place.origin} is inferred from this string"
        message += "." if host.feeds else "; it feeds no http call, so no secret goes there."
        hint = f"Declare it: # @hosts: {host.place.origin.removeprefix('https://')}"
        yield Finding("inferred_host", Severity.NOTE, host.line, host.column, message, hint)


def undeclared(flow: Dataflow, use: Use, capabilities: Capabilities) -> Iterator[Finding]:
    """Yield what is used and would be refused."""
    for secret, reads in _named(flow, "name", "secrets.get", "secrets.has"):
        if not capabilities.allows_secret(secret):
            yield from (_denied("undeclared_secret", flow, each, denied_secret(secret)) for each in reads)
    for tool, called in _named(flow, "name", "tools.call"):
        if not capabilities.allows_tool(tool):
            yield from (_denied("undeclared_tool", flow, each, denied_tool(tool)) for each in called)
    for call, url in use.calls:
        if call.method is not None and not capabilities.allows_method(call.method):
            yield _denied("undeclared_method", flow, call.index, denied_method(call.method, capabilities.methods))
        for place, constant in url.places.items():
            if not capabilities.allows_host(place):
                yield _denied("undeclared_host", flow, constant, denied_host(place))


def tool_calls(flow: Dataflow) -> Iterator[Finding]:
    """Yield the calls of tools: a held one ends the run, and what was done before it stays done."""
    for call in calls_of(flow, "tools.call"):
        name = first_text(flow, call, "name")
        if name is None:
            message = "Which tool is called here is computed; any of the declared ones may be."
            yield Finding("tool_name_computed", Severity.MEDIUM, *flow.tree.place(call), message, "Write its name out.")
        else:
            message = f"The tool {shown(name)} is called here; the policy decides it for script and agent."
            yield Finding("tool_called", Severity.NOTE, *flow.tree.place(call), message)


def unused(flow: Dataflow, use: Use, metadata: Metadata) -> Iterator[Finding]:
    """Yield what is declared and not used."""
    if use.hidden:
        return
    places = [place for _, url in use.calls for place in url.places]
    secrets, tools = dict(_named(flow, "name", "secrets.get", "secrets.has")), dict(_named(flow, "name", "tools.call"))
    methods = {call.method for call, _ in use.calls}
    blind = {
        "secrets": None in secret_reads(flow),
        "hosts": any(url.computed for _, url in use.calls),
        "methods": None in methods,
        "tools": any(first_text(flow, call, "name") is None for call in calls_of(flow, "tools.call")),
    }

    def used(entry: Entry) -> bool:
        if entry.key == "hosts":
            rule = read_rule(entry.value)
            return any(rule.matches(place) for place in places)
        return entry.value in {"secrets": secrets, "methods": methods, "tools": tools}[entry.key]

    for entry in metadata.declared:
        if not blind[entry.key] and not used(entry):
            one = _ONE[entry.key]
            message = f"The {one} {entry.value} is declared and not used."
            yield Finding(f"unused_{one}", Severity.LOW, entry.line, 1, message, "Take it out of the declaration.")


def _named(flow: Dataflow, argument: str, *members: str) -> Iterator[tuple[str, list[int]]]:
    """Yield the names that are given to these functions outright, with the calls."""
    found: dict[str, list[int]] = {}
    for call in calls_of(flow, *members):
        name = first_text(flow, call, argument)
        if name is not None:
            found.setdefault(name, []).append(call)
    yield from found.items()


def _denied(code: str, flow: Dataflow, index: int, denied: Denied) -> Finding:
    message = f"{denied.message.removesuffix('.')}; it would be refused."
    return Finding(code, Severity.MEDIUM, *flow.tree.place(index), message, denied.hint)
