"""`openpact status`: how the daemon and what it shares with others are doing."""

import click

from openpact.cli import output, place
from openpact.cli.door import Door
from openpact.cli.place import Place


@click.command("status", epilog="Example: openpact status --json")
@place.as_json
@place.placed
def command(where: Place, *, as_json: bool) -> None:
    """Show how the daemon is doing."""
    door = Door(where)
    if door.ask("GET", "/api/setup/status")["setup_required"]:
        document = {"running": door.running, "setup_required": True, "workspace": str(where.workspace)}
        if as_json:
            output.document(document)
        else:
            click.echo(
                "Nobody has set this up yet: run `openpact user add NAME` with the code that `openpact up` printed."
            )
        return
    summary = door.ask("GET", "/api/status")
    summary = {"running": door.running, "workspace": str(where.workspace), **summary}
    if as_json:
        output.document(summary)
        return
    sealed = f"{output.count(summary['audit_events'], 'event')}, {summary['audit_unsealed']} not sealed yet"
    rows = [
        ("daemon", f"running, started {output.ago(summary['started_at'])}" if door.running else "not running"),
        ("workspace", summary["workspace"]),
        ("store", f"{summary['store']}, schema {summary['schema']}"),
        ("instances", len(summary["instances"])),
        ("people", summary["people"]),
        ("audit", f"{sealed}; last checkpoint {output.ago(summary['audit_sealed_at'])}"),
        ("outbox", f"{summary['outbox']} waiting"),
        ("AI user", "separated" if summary["separated"] else "not separated: agent and person share one account"),
        ("version", f"{summary['version']} on Python {summary['python']}"),
    ]
    output.table(("", ""), rows, "")
