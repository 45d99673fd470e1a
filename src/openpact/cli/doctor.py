"""`openpact doctor`: the usual faults, each with its remedy."""

import click
import msgspec

from openpact.cli import output, place
from openpact.cli.place import Place

_SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@click.command("doctor", epilog="Example: openpact doctor --repair")
@click.option("--repair", is_flag=True, help="Set the modes of folders and files that are too open.")
@place.as_json
@place.placed
def command(where: Place, *, repair: bool, as_json: bool) -> None:
    """Look for the usual faults, each with its remedy. Exit code 1 when there is an error."""
    from openpact import app
    from openpact.adapters import files
    from openpact.cli.door import answers

    running = answers(where.workspace / "run" / "admin.sock")
    repaired = app.repair(where.workspace) if repair else []
    findings = app.look(where.loaded.config, where.workspace, running=running)
    failed = any(finding.state == "error" for finding in findings)
    if as_json:
        done = [msgspec.to_builtins(item) for item in repaired]
        output.document({"findings": [msgspec.to_builtins(finding) for finding in findings], "repaired": done})
    else:
        for item in repaired:
            output.good(f"Repaired: {item.path} has mode {item.mode or 0:03o} now.")
            if item.path.endswith(".key"):
                output.note(
                    f"  Others could read {item.path} until now: if somebody may have, put another in its place."
                )
        for finding in findings:
            sign, colour = _SIGNS[finding.state]
            click.echo(f"{click.style(sign, fg=colour)} {finding.name:<11} {finding.message}")
            if finding.remedy and finding.state != "ok":
                click.echo(f"  {'':<11} → {finding.remedy}")
        if not repair and any(item.mode is not None for item in files.inspect(where.workspace)):
            output.note("`openpact doctor --repair` sets the modes.")
    if failed:
        raise click.exceptions.Exit(1)
