"""`openpact config`: check, show and describe the configuration."""

from typing import Any

import click
import msgspec

from openpact import config
from openpact.cli import output, place
from openpact.cli.place import Place


@click.group("config", epilog="Example: openpact config check")
def command() -> None:
    """Check and show the configuration."""


@command.command(
    "check",
    short_help="Say every error of it, with its line.",
    epilog="Example: openpact config check --config ./openpact.yaml",
)
@place.as_json
@place.placed
def check(where: Place, *, as_json: bool) -> None:
    """Read the configuration and say every error of it, with its line."""
    file = where.loaded.file
    if as_json:
        output.document({"ok": True, "file": None if file is None else str(file)})
    else:
        output.good(f"{file} is right." if file else "There is no configuration file: every default is in force.")


@command.command(
    "show", short_help="Show each value in force and its origin.", epilog="Example: openpact config show --json"
)
@click.option("--all", "everything", is_flag=True, help="Also what is at its default.")
@place.as_json
@place.placed
def show(where: Place, *, everything: bool, as_json: bool) -> None:
    """Show each value in force and where it came from; secrets are masked."""
    settings = config.show(where.loaded)
    if as_json:
        file = where.loaded.file
        output.document(
            {
                "workspace": str(where.workspace),
                "file": None if file is None else str(file),
                "settings": [msgspec.to_builtins(setting) for setting in settings],
            }
        )
        return
    rows = [
        (setting.key, _shown(setting.value), setting.origin)
        for setting in settings
        if everything or setting.origin != "default"
    ]
    output.note(f"Workspace: {where.workspace}")
    output.table(
        ("setting", "value", "from"), rows, "Every setting is at its default. `openpact config show --all` lists them."
    )


@command.command("schema", epilog="Example: openpact config schema > openpact.schema.json")
def schema() -> None:
    """Print the JSON Schema of the configuration file."""
    output.document(config.schema())


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
