"""`openpact audit`: the record, followed, searched, exported and verified."""

import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import click

from openpact.cli import output, place
from openpact.cli.door import Door
from openpact.cli.place import Place
from openpact.domain import errors, logfmt

_FOLLOW_SECONDS = 1.0
_EXIT_BROKEN = 1


@click.group("audit", epilog="Example: openpact audit tail --follow")
def command() -> None:
    """Follow, search, export and verify the record."""


def _filters(function: Any) -> Any:
    for option in (
        click.option("--type", "type_", metavar="TYPE", help="Only this type, for example person."),
        click.option("--actor", metavar="NAME", help="Only what this one did."),
        click.option("--target", metavar="NAME", help="Only what was done to this."),
        click.option("--outcome", metavar="OUTCOME", help="Only this outcome, for example refused."),
    ):
        function = option(function)
    return function


@command.command("tail", epilog="Example: openpact audit tail --follow --type person")
@click.option("-n", "--lines", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@_filters
@place.as_json
@place.placed
def tail(where: Place, *, lines: int, follow: bool, as_json: bool, **filters: str | None) -> None:
    """Show the newest events, the newest last."""
    door, as_lines = Door(where), as_json or not sys.stdout.isatty()
    page = door.ask("GET", "/api/audit", query={"limit": lines, **filters})
    for event in reversed(page["events"]):
        _print(event, as_lines=as_lines)
    cursor = page["newest"] or "0.evt_" + "0" * 26
    while follow:
        sys.stdout.flush()
        time.sleep(_FOLLOW_SECONDS)
        page = door.ask("GET", "/api/audit", query={"after": cursor, "limit": 1000, **filters})
        cursor = page["cursor"]
        for event in page["events"]:
            _print(event, as_lines=as_lines)


@command.command("search", epilog="Example: openpact audit search bob --outcome refused")
@click.argument("text", required=False)
@click.option("--from", "from_", metavar="TIME", help="Not before this time.")
@click.option("--to", metavar="TIME", help="Before this time.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="How many at most.")
@_filters
@place.as_json
@place.placed
def search(where: Place, *, text: str | None, limit: int, as_json: bool, **filters: str | None) -> None:
    """Find events that hold TEXT, the newest first."""
    page = Door(where).ask("GET", "/api/audit", query={"q": text, "limit": limit, **filters})
    if as_json:
        for event in page["events"]:
            output.line(event)
        return
    rows = [
        (event["ts"][:19] + "Z", event["actor_name"], event["action"], event["target"], event["outcome"])
        for event in page["events"]
    ]
    output.table(("time", "who", "action", "target", "outcome"), rows, "No event fits.")
    if page["next"] is not None:
        output.note(f"There is more than these {limit}: narrow the search, or raise --limit.")


@command.command("export", epilog="Example: openpact audit export -o record.jsonl")
@click.option("-o", "--output", "file", metavar="FILE", help="Where to write; else standard output.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--as", "sign_in_as", metavar="NAME", help="Who you are, if it has to be asked.")
@place.placed
def export(where: Place, *, file: str | None, form: str, sign_in_as: str | None) -> None:
    """Write the whole record. As JSON lines it verifies offline; the public keys are in secure/data/audit/keys."""
    door = Door(where, sign_in_as=sign_in_as)
    if file is None:
        door.copy("/api/audit/export", sys.stdout.buffer.write, format=form)
        sys.stdout.buffer.flush()
        return
    door.ensure_signed_in()
    progress = _Progress("exported")
    with _private_file(Path(file)) as out:
        door.copy("/api/audit/export", lambda piece: progress.add(out.write(piece)), format=form)
    progress.end()
    output.note(f"The record is in {file}.")


@command.command(
    "verify",
    short_help="Name every place where the record was changed.",
    epilog="Example: openpact audit verify --export record.jsonl --key public.pem",
)
@click.option("--export", "file", metavar="FILE", help="Verify this export, offline.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="A public key, or a folder of them, for --export.")
@click.option("--head", "heads", multiple=True, metavar="HASH", help="A head noted earlier, that must still be there.")
@place.as_json
@place.options
def verify(
    *,
    workspace: str | None,
    config_file: str | None,
    file: str | None,
    keys: tuple[str, ...],
    heads: tuple[str, ...],
    as_json: bool,
) -> None:
    """Read the whole record and name every place where it was changed. Exit code 1 when there is one."""
    if file is None:
        report = Door(Place(workspace, config_file, {})).ask("GET", "/api/audit/verify", query={"head": heads})
    else:
        report = _verify_file(Path(file), [Path(key) for key in keys], list(heads))
    if as_json:
        output.document(report)
    else:
        _tell(report)
    if not report["intact"]:
        raise click.exceptions.Exit(_EXIT_BROKEN)


def _verify_file(file: Path, keys: list[Path], heads: list[str]) -> dict[str, Any]:
    from openpact.adapters import seal
    from openpact.services.audit import verify_export
    from openpact.web.audit import shown

    if not keys:
        raise errors.Invalid(
            "An export needs the public key to be verified with.",
            hint="Name it with --key; a copy kept elsewhere is worth more than the one in secure/data/audit/keys.",
        )
    trusted = seal.trust(keys)
    progress = _Progress("read")
    try:
        with file.open("rb") as lines:
            report = verify_export((progress.pass_on(line) for line in lines), trusted, heads)
    except OSError as fault:
        raise errors.NotFound(f"{file} cannot be read: {fault.strerror}.", hint="Check the name.") from fault
    progress.end()
    return shown(report)


def _tell(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        place_ = f"{fault['chain']}/{fault['seq']}" if fault["chain"] else "checkpoints"
        kind = click.style(fault["kind"].upper(), fg="red", bold=True)
        click.echo(f"{kind}  {logfmt.visible(place_)}  {logfmt.visible(fault['message'])}")
    counts = f"{output.count(report['events'], 'event')}, {output.count(report['checkpoints'], 'checkpoint')}"
    if report["intact"]:
        output.good(f"The record is intact: {counts}.")
    else:
        click.echo(f"The record was changed: {output.count(len(report['faults']), 'fault')} in {counts}.")
    if report["unsealed"]:
        output.note(f"Not sealed yet: {output.count(report['unsealed'], 'event')} after the last checkpoint.")
    if report["head"]:
        output.note(f"Head: {report['head']}")
    if report["head"] and report["intact"]:
        output.note("Keep the head elsewhere, and give it as --head next time.")


def _print(event: dict[str, Any], *, as_lines: bool) -> None:
    if as_lines:
        output.line(event)
        return
    outcome = click.style(event["outcome"], fg=output.COLOURS.get(event["outcome"]))
    who, target = logfmt.visible(event["actor_name"]), logfmt.visible(event["target"])
    details = logfmt.pairs(event["details"])
    click.echo(f"{event['ts'][:19]}Z  {event['action']}: {target} by {who} ({outcome})  {details}".rstrip())


def _private_file(path: Path) -> BinaryIO:
    try:
        return os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb"
        )
    except OSError as fault:
        raise errors.Invalid(f"{path} cannot be written: {fault.strerror}.", hint="Name another file.") from fault


class _Progress:
    """How far a long work has come, on the terminal's error stream alone."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._bytes = 0
        self._shown_at = 0.0
        self._on = sys.stderr.isatty()

    def add(self, count: int) -> None:
        """Count bytes, and show them now and then."""
        self._bytes += count
        if self._on and time.monotonic() - self._shown_at > 0.1:  # noqa: PLR2004 - ten times a second
            self._shown_at = time.monotonic()
            click.echo(f"\r{self._verb} {self._bytes / 1_048_576:.1f} MiB", nl=False, err=True)

    def pass_on(self, line: bytes) -> bytes:
        """Count a line and give it on."""
        self.add(len(line))
        return line

    def end(self) -> None:
        """Clear the line."""
        if self._on:
            click.echo("\r\033[K", nl=False, err=True)
