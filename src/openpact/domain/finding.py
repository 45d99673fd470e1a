"""What a reviewer is told of a script before deciding: findings with their lines.

Rules of this file:
- What could not be analysed is said first of all: no finding must not mean that nobody looked.
- A finding never decides anything; what a script may do is enforced when it runs.
- There is a bound on findings of one kind, and what is left out is counted.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from openpact.domain.appearance import appearance
from openpact.domain.capability import Capabilities, granted
from openpact.domain.dataflow import Dataflow
from openpact.domain.declaration import Use, declarations, inferences, tool_calls, undeclared, unused
from openpact.domain.exposure import MOST_SECRETS, SecretFlow, secret_flows, secret_reads, whole_responses
from openpact.domain.flow_reading import read_flow
from openpact.domain.http_call import HttpCall, Part, http_calls
from openpact.domain.inference import infer_hosts
from openpact.domain.metadata import Metadata
from openpact.domain.outline import Outline, Tree
from openpact.domain.remark import Finding, Severity, shown
from openpact.domain.script import source_hash
from openpact.domain.url_place import UrlPlaces, url_places

__all__ = ["Finding", "Previous", "Severity", "find"]

_MOST_OF_A_KIND = 100
_REACHING = frozenset({"http", "secrets", "tools"})
_READABLE = frozenset({Part.URL, Part.QUERY})


class Previous(msgspec.Struct, frozen=True):
    """The revision that serves now."""

    version: str | None
    hash: str


def find(
    source: str, metadata: Metadata, outline: Outline, *, previous: Previous | None = None, infer: bool = True
) -> list[Finding]:
    """Give the findings of a script by line; `infer`: whether hosts may be inferred."""
    found = [*appearance(source), *declarations(metadata), *_version(source, metadata, previous)]
    if outline.analysable and outline.nodes:
        found += _Review(source, metadata, outline, infer=infer).findings()
    else:
        why = "it is too long" if outline.truncated and outline.ok else "it cannot be read as a script"
        message = f"What this script does was not looked at: {why}."
        found.append(Finding("not_analysed", Severity.HIGH, 1, 1, message, "Read it with double care, or reject it."))
    return _bounded(sorted(set(found), key=lambda each: (each.line, each.column, each.code, each.message)))


class _Review:
    """One look at a script that can be analysed."""

    def __init__(self, source: str, metadata: Metadata, outline: Outline, *, infer: bool) -> None:
        self.flow: Dataflow = read_flow(Tree(outline.nodes or ()))
        self.metadata, self.outline = metadata, outline
        inferred = infer_hosts(source, self.flow) if infer else ()
        self.capabilities: Capabilities = granted(metadata, inferred)
        lengthened = self.flow.lengthened()
        self.calls: dict[int, tuple[HttpCall, UrlPlaces]] = {
            call.index: (call, url_places(self.flow, call.url, lengthened)) for call in http_calls(self.flow)
        }

    def findings(self) -> Iterator[Finding]:
        """Yield everything there is to say."""
        calls = [call for call, _ in self.calls.values()]
        unseen = list(self._unseen())
        yield from unseen
        use = Use(tuple(self.calls.values()), hidden=bool(unseen))
        yield from inferences(self.capabilities)
        yield from undeclared(self.flow, use, self.capabilities)
        yield from unused(self.flow, use, self.metadata)
        yield from tool_calls(self.flow)
        yield from self._urls()
        reads = secret_reads(self.flow)
        for call in reads.get(None, ()):
            message = "Which secret is read here is computed; any of the declared ones may be."
            yield self._at(call, "secret_name_computed", Severity.MEDIUM, message, "Write its name out.")
        if len(reads) > MOST_SECRETS:
            message = f"More than {MOST_SECRETS} secrets are read; the flow of the others was not looked at."
            yield Finding("not_analysed", Severity.HIGH, 1, 1, message)
        for secret in secret_flows(self.flow, calls):
            yield from self._secret(secret)
        for index in whole_responses(self.flow, calls):
            message = "An answer is given back whole, with whatever the other side puts into it."
            yield self._at(
                index, "response_returned_whole", Severity.LOW, message, "Give back the fields that are needed."
            )

    def _at(self, index: int, code: str, severity: Severity, message: str, hint: str | None = None) -> Finding:
        return Finding(code, severity, *self.flow.tree.place(index), message, hint)

    def _unseen(self) -> Iterator[Finding]:
        """Yield what keeps the rest from being seen: http or secrets under another name, other scripts."""
        tree, scopes = self.flow.tree, self.flow.scopes
        for load in self.outline.loads:
            message = f"What {shown(load.path)} does with the capabilities of this script is not shown here."
            yield Finding("not_followed", Severity.NOTE, load.line, 1, message, "Review that script too.")
            for name in _REACHING.intersection(load.names):
                message = f"{name} is what {shown(load.path)} says it is; calls of it may not be what they look like."
                yield Finding("not_followed", Severity.HIGH, load.line, 1, message, "Take another name.")
        called = {tree.child(call, "func") for call in tree.of_kind("Call")}
        for index, node in enumerate(tree.nodes):
            name = node.value or ""
            if scopes.binds(index) and name in _REACHING:
                message = f"{name} is given another meaning here; calls of it may not be what they look like."
                yield self._at(index, "not_followed", Severity.HIGH, message, "Take another name.")
            elif scopes.predeclared(index) in _REACHING and not (
                node.field == "value" and tree.nodes[node.parent].kind == "Attribute" and node.parent in called
            ):
                message = f"{name} is used as a value here; what is done with it cannot be followed."
                yield self._at(index, "not_followed", Severity.HIGH, message, f"Call {name} by its name.")

    def _urls(self) -> Iterator[Finding]:
        for call, url in self.calls.values():
            if url.computed:
                severity = Severity.HIGH if self.metadata.secrets else Severity.MEDIUM
                message = "Which host this request goes to is computed."
                yield self._at(
                    call.index, "computed_url", severity, message, "Begin the URL with https:// and the host."
                )
            for constant, reason in url.refused.items():
                yield self._at(constant, "misleading_url", Severity.HIGH, f"No request goes to this URL: {reason}")
            for place, constant in url.places.items():
                if place.scheme == "http":
                    message = f"What is sent to {place.origin} can be read and changed on its way."
                    yield self._at(constant, "plain_http", Severity.MEDIUM, message, "Use https.")
                if any(label.startswith("xn--") for label in place.host.split(".")):
                    message = f"The host is {place.origin}, whatever it looks like."
                    yield self._at(
                        constant, "look_alike_letters", Severity.HIGH, message, "Is it the host that is meant?"
                    )

    def _secret(self, secret: SecretFlow) -> Iterator[Finding]:
        name = "A secret whose name is computed" if secret.secret is None else shown(secret.secret)
        if secret.part is None:
            message = f"{name} is given to a function of another script, or to a tool, and not followed there."
            yield self._at(secret.call, "secret_flow", Severity.HIGH, message)
            return
        _, url = self.calls[secret.call]
        for place in url.places:
            known = any(rule.matches(place) for rule in self.capabilities.secret_reach())
            severity = Severity.HIGH if place.scheme == "http" else Severity.NOTE if known else Severity.MEDIUM
            message = f"{name} goes to {place.origin} in the {secret.part}."
            yield self._at(secret.call, "secret_flow", severity, message)
        if url.computed or not url.places:
            message = f"{name} goes to a host that is computed, in the {secret.part}."
            hint = "It reaches the declared hosts and no others; is each of them meant?"
            yield self._at(secret.call, "secret_flow", Severity.HIGH, message, hint)
        if secret.part in _READABLE:
            message = f"{name} stands in the {secret.part}, which ends up in the logs of whoever handles it."
            yield self._at(secret.call, "secret_in_readable_place", Severity.MEDIUM, message, "Put it into a header.")


def _version(source: str, metadata: Metadata, previous: Previous | None) -> Iterator[Finding]:
    if previous is None or previous.version is None or metadata.version != previous.version:
        return
    if source_hash(source.encode()) != previous.hash:
        line = next((number for number, line in enumerate(source.split("\n"), 1) if "@version" in line), 1)
        message = f"The script has changed, and its version is still {shown(previous.version)}."
        yield Finding("version_not_bumped", Severity.LOW, line, 1, message, "Give it a new version.")


def _bounded(found: list[Finding]) -> list[Finding]:
    counts: Counter[str] = Counter()
    kept: list[Finding] = []
    for each in found:
        counts[each.code] += 1
        if counts[each.code] <= _MOST_OF_A_KIND:
            kept.append(each)
    for code, count in counts.items():
        if count > _MOST_OF_A_KIND:
            message = f"There are {count - _MOST_OF_A_KIND} more findings of the kind {code}."
            kept.insert(0, Finding("more_findings", Severity.HIGH, 1, 1, message))
    return kept
