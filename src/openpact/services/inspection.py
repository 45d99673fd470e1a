"""What there is to know of a script before anybody runs it: metadata, capabilities, diagnostics, findings.

Rules of this file:
- The source is read in the sandbox alone; here its outline is judged.
- A script with an error in its metadata or its text has no capabilities: nothing is guessed.
"""

import asyncio
from collections.abc import Mapping

import msgspec

from openpact.domain import errors, finding, inference
from openpact.domain.capability import Capabilities, InferredHost, granted
from openpact.domain.document import Fault
from openpact.domain.metadata import Metadata, draft_metadata
from openpact.domain.outline import Outline
from openpact.domain.remark import Finding
from openpact.domain.run import Code, Ended, Failure, Outcome
from openpact.domain.script import read_source
from openpact.services.runs import Runs, Script

_SHOWN = 200  # characters of a line that a message repeats
_UNREAD = Outline(ok=False, diagnostics=(), functions=(), loads=(), nodes=None)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with the text, and where."""

    severity: str  # error | warning | note
    code: str
    message: str
    line: int
    column: int
    hint: str | None = None


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one source."""

    name: str
    source: str
    metadata: Metadata  # of a script with errors: what is right in it
    outline: Outline
    capabilities: Capabilities
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Say whether it can run: no error in metadata or text."""
        return not any(problem.severity == "error" for problem in self.problems)

    def script(self) -> Script:
        """Give it ready to run. Raises ScriptInvalid with every error."""
        wrong = [problem for problem in self.problems if problem.severity == "error"]
        if wrong:
            count = "1 error" if len(wrong) == 1 else f"{len(wrong)} errors"
            fields: list[Mapping[str, object]] = [
                {"file": self.name, "line": each.line, "column": each.column, "path": "", "message": each.message}
                | ({"hint": each.hint} if each.hint else {})
                for each in wrong
            ]
            raise errors.ScriptInvalid(f"{count} in {self.name}", details={"fields": fields})
        return Script(
            name=self.name,
            source=self.source,
            capabilities=self.capabilities,
            timeout_ms=self.metadata.timeout_ms,
        )

    def outcome(self) -> Outcome:
        """Tell why it cannot run, as a run that failed before it began."""
        first, *others = [problem for problem in self.problems if problem.severity == "error"]
        code = Code(first.code) if first.code in set(Code) else Code.SYNTAX_ERROR
        hint = first.hint
        if others:
            more = "is 1 more error" if len(others) == 1 else f"are {len(others)} more errors"
            hint = f"{hint + ' ' if hint else ''}There {more}: openpact scripts lint shows all of them."
        line = self.source.split("\n")[first.line - 1 : first.line]
        snippet = line[0][:_SHOWN] if line and line[0].strip() else None
        failure = Failure(
            code=code, message=first.message, hint=hint, line=first.line, column=first.column, snippet=snippet
        )
        return Outcome(ended=Ended(failure=failure))


def unreadable(name: str, error: errors.OpenPactError) -> Inspection:
    """Tell of a file that could not even be read."""
    metadata, _ = draft_metadata("")
    problem = Problem(severity="error", code=error.code, message=error.message, line=1, column=1, hint=error.hint)
    return Inspection(
        name=name,
        source="",
        metadata=metadata,
        outline=_UNREAD,
        capabilities=Capabilities(),
        problems=(problem,),
        findings=(),
    )


async def inspect(runs: Runs, name: str, source: str, *, infer_hosts: bool) -> Inspection:
    """Look at a source. Raises SandboxUnavailable."""
    metadata, faults = draft_metadata(source)
    problems = [_of_fault(fault) for fault in faults]
    outline = _UNREAD
    try:
        read_source(source.encode(errors="surrogatepass"))  # what two readers divide differently is not looked at
        outline = await runs.outline(name, source)
    except (errors.ScriptInvalid, errors.TooLarge) as error:
        problems += _problems(error)
    problems += [
        Problem(severity=each.severity, code=each.code, message=each.message, line=each.line, column=each.column)
        for each in outline.diagnostics
    ]
    if metadata.timeout_ms is not None and metadata.timeout_ms > runs.longest_ms:
        problems.append(_too_long(runs.longest_ms))
    sound = not any(each.severity == "error" for each in problems)
    # Analysing takes time that grows with the script, so it happens beside whatever else goes on.
    inferred, findings = await asyncio.to_thread(_analyse, source, metadata, outline, infer_hosts)
    return Inspection(
        name=name,
        source=source,
        metadata=metadata,
        outline=outline,
        capabilities=granted(metadata, inferred) if sound else Capabilities(),
        problems=tuple(sorted(problems, key=lambda each: (each.line, each.column))),
        findings=tuple(findings),
    )


def _analyse(
    source: str,
    metadata: Metadata,
    outline: Outline,
    infer_hosts: bool,  # noqa: FBT001 - in the order of the call
) -> tuple[tuple[InferredHost, ...], list[Finding]]:
    inferred = inference.infer(source, outline) if infer_hosts and outline.analysable else ()
    found = finding.find(source, metadata, outline, infer=infer_hosts)
    if not outline.ok:  # its errors say so already, and better
        found = [each for each in found if each.code != "not_analysed"]
    return inferred, found


def _too_long(longest_ms: int) -> Problem:
    message = f"@timeout is longer than a run may take here: it ends after {longest_ms} ms."
    return Problem(severity="note", code="timeout", message=message, line=1, column=1)


def _of_fault(fault: Fault) -> Problem:
    return Problem(
        severity="error",
        code="metadata",
        message=fault.message,
        line=fault.line,
        column=fault.column,
        hint=fault.hint,
    )


def _problems(error: errors.Invalid) -> list[Problem]:
    fields = error.fields or [{"message": error.message, "hint": error.hint}]
    return [
        Problem(
            severity="error",
            code=str(field.get("code", "unreadable")),
            message=str(field["message"]),
            line=_number(field.get("line"), 1),
            column=_number(field.get("column"), 1),
            hint=None if field.get("hint") is None else str(field["hint"]),
        )
        for field in fields
    ]


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
