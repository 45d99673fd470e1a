"""`openpact scripts`: look at a script before anybody runs it, and try it where nothing can happen."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openpact.cli import output, place
from openpact.cli.place import Place
from openpact.domain import errors, logfmt, strict_json
from openpact.domain.metadata import DEFAULT_METHODS

if TYPE_CHECKING:
    from openpact.domain.run import Outcome
    from openpact.services.inspection import Inspection

_COLOURS = {"error": "red", "high": "red", "warning": "yellow", "medium": "yellow", "low": "cyan", "note": "cyan"}


@click.group("scripts", epilog="Example: openpact scripts lint weather.star")
def command() -> None:
    """Check scripts and try them in isolation."""


@command.command(
    "lint",
    short_help="Say what is wrong with scripts, and what a reviewer should look at.",
    epilog="Example: openpact scripts lint ai-data/scripts/*.star",
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@place.as_json
@place.placed_without_secrets
def lint(where: Place, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Read each FILE in the sandbox, without running it, and say what is wrong and what a reviewer should look at.

    Ends with 1 when a script cannot run as it is. Findings for the reviewer are no errors.
    """
    from openpact import app

    inspections = asyncio.run(app.inspect_files(where.loaded.config, [*map(_file, files)]))
    if as_json:
        output.document([_inspected(each) for each in inspections])
    else:
        for each in inspections:
            _show_inspection(each)
    if not all(each.sound for each in inspections):
        raise click.exceptions.Exit(1)


@command.command(
    "test",
    short_help="Run a script in isolation: answers from fixtures, dummy secrets, no tools.",
    epilog="Example: openpact scripts test weather.star --function get_weather --arg city=Bern --fixtures weather.yaml",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--function", metavar="NAME", help="The function to call; main, or the only public one, unless named.")
@click.option("--arg", "pairs", multiple=True, metavar="K=V", help="One argument by name; V is JSON, or else a text.")
@click.option("--args", metavar="JSON", help="All arguments: a JSON list or object.")
@click.option("--fixtures", metavar="FILE", type=click.Path(path_type=Path), help="What http requests are answered.")
@click.option(
    "--scripts", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Where load() looks; FILE's own folder."
)
@place.as_json
@place.placed_without_secrets
def test(
    where: Place,
    *,
    file: Path,
    function: str | None,
    pairs: tuple[str, ...],
    args: str | None,
    fixtures: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run FILE in isolation: http is answered from fixtures, secrets are dummies, tools and people are not asked.

    Fixtures are a YAML file: `http: [{url: https://api.example.com/*, method: GET, status: 200, json: {…}}]` and
    `secrets: {NAME: value}`. Ends with 1 when the run fails.
    """
    from openpact import app

    given = _arguments(pairs, args)
    outcome = asyncio.run(
        app.try_file(where.loaded.config, _file(file), function=function, args=given, fixtures=fixtures, folder=folder)
    )
    if as_json:
        import msgspec

        output.document(json.loads(msgspec.json.encode(outcome.as_document())))
    else:
        _show_outcome(outcome)
    if not outcome.success:
        raise click.exceptions.Exit(1)


def _file(named: Path) -> Path:
    """Give the file that was meant: a script's name may be written without its ending."""
    whole = named.with_name(f"{named.name}.star")
    return whole if not named.suffix and not named.exists() and whole.exists() else named


def _arguments(pairs: Sequence[str], args: str | None) -> str | None:
    if args is not None:
        if pairs:
            raise click.UsageError("Give --args or --arg, not both.")
        return args
    if not pairs:
        return None
    named: dict[str, Any] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name.isidentifier():
            raise click.UsageError(f"--arg takes NAME=VALUE, not {pair!r}.")
        if name in named:
            raise click.UsageError(f"--arg {name} is given twice.")
        try:
            named[name] = strict_json.parse(text.encode())
        except errors.JsonInvalid:
            named[name] = text
    return strict_json.encode(named).decode()


def _inspected(each: "Inspection") -> dict[str, Any]:
    import msgspec

    outline, metadata = each.outline, each.metadata
    capabilities = each.capabilities
    return {
        "file": each.name,
        "ok": each.sound,
        "diagnostics": msgspec.to_builtins(each.problems),
        "findings": msgspec.to_builtins(each.findings),
        "capabilities": {
            "secrets": list(capabilities.secrets),
            "hosts": [str(rule) for rule in capabilities.hosts],
            "inferred_hosts": [
                {"host": str(one.rule), "line": one.line, "takes_secrets": one.feeds} for one in capabilities.inferred
            ],
            "methods": list(capabilities.methods),
            "tools": list(capabilities.tools),
        },
        "name": metadata.name,
        "description": metadata.description,
        "author": metadata.author,
        "version": metadata.version,
        "approved_for": metadata.approved_for,
        "timeout_ms": metadata.timeout_ms,
        "functions": msgspec.to_builtins(outline.functions),
        "loads": msgspec.to_builtins(outline.loads),
    }


def _show_inspection(each: "Inspection") -> None:
    lines = [(one.line, one.column, one.severity, one.message, one.hint) for one in each.problems]
    lines += [(one.line, one.column, one.severity, one.message, one.hint) for one in each.findings]
    mark = click.style("✓ ", fg="green") if each.sound else click.style("✗ ", fg="red")
    click.echo(f"{mark}{logfmt.visible(each.name)}  {_capabilities(each)}")
    for line, column, severity, message, hint in sorted(lines, key=lambda one: one[:2]):
        said = click.style(f"{severity:<7}", fg=_COLOURS.get(severity))
        click.echo(f"  {line:>4}:{column:<3} {said} {logfmt.visible(message)}")
        if hint:
            click.echo(f"           {' ' * 8}{click.style(logfmt.visible(hint), dim=True)}")


def _capabilities(each: "Inspection") -> str:
    capabilities = each.capabilities
    hosts = [str(rule) for rule in capabilities.hosts]
    declared = capabilities.hosts
    inferred = [one for one in capabilities.inferred if not any(rule.matches(one.place) for rule in declared)]
    hosts += [f"{one.rule} (inferred)" for one in inferred]
    methods = () if not hosts or capabilities.methods == DEFAULT_METHODS else capabilities.methods
    parts = [
        ("secrets", capabilities.secrets),
        ("hosts", dict.fromkeys(hosts)),
        ("methods", methods),
        ("tools", capabilities.tools),
    ]
    said = "; ".join(f"{name}: {', '.join(values)}" for name, values in parts if values)
    return click.style(said or ("declares nothing" if each.sound else ""), dim=True)


def _show_outcome(outcome: "Outcome") -> None:
    for line in outcome.logs:
        output.note(f"{click.style('│', dim=True)} {logfmt.visible(line)}")
    for exchange in outcome.exchanges:
        said = exchange.error or exchange.status
        output.note(f"{click.style('→', dim=True)} {exchange.method} {logfmt.visible(exchange.url)}  {said}")
    usage, failure = outcome.ended.usage, outcome.ended.failure
    if failure is None:
        output.document(json.loads(outcome.ended.result or "null"))
    else:
        at = "" if failure.line is None else f" at line {failure.line}, column {failure.column}"
        output.note(
            click.style(f"{failure.code.value}", fg="red", bold=True) + f"{at}: {logfmt.visible(failure.message)}"
        )
        for text in (failure.snippet or "").splitlines():
            output.note(f"  {logfmt.visible(text)}")
        for frame in failure.frames:
            output.note(f"  in {logfmt.visible(frame.function)}, {logfmt.visible(frame.file)}:{frame.line}")
        if failure.hint:
            output.note(click.style("Hint:  ", fg="cyan") + logfmt.visible(failure.hint))
    steps = f"{usage.steps:,} steps" if usage.steps else "under 1,000 steps"
    used = f"{usage.duration_ms:.1f} ms, {steps}, {max(1, round(usage.peak_memory / 1_048_576))} MiB"
    if failure is None and outcome.ended.result == "null":
        output.note("Nothing was returned: main, or the function that was called, or `result` gives null.")
    output.note(click.style(f"{'✓' if failure is None else '✗'} {used}", dim=True))
