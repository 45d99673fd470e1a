"""The root command: finds a command's file only when it is asked for, and ends every error the same way.

Rules of this file:
- Importing it must stay cheap: `openpact version` answers in a blink, so nothing heavy is imported here.
- An error of ours is one sentence, a hint and an exit code. Anything else is a fault of ours and says how to report it.
"""

import errno
import importlib
import os
import sys
from typing import Any

import click

import openpact
from openpact.domain import errors

# command → (module, what help says of it); help reads this table and imports nothing
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up", "Run everything in one process; make the workspace on first use."),
    "status": ("status", "Show how the daemon is doing."),
    "doctor": ("doctor", "Look for the usual faults, each with its remedy."),
    "user": ("user", "Add, list and change people."),
    "token": ("token", "Create, list and revoke API tokens."),
    "scripts": ("scripts", "Check scripts, and try them in isolation."),
    "secrets": ("secrets", "Set, list and delete secrets; turn the master key."),
    "audit": ("audit", "Follow, search, export and verify the record."),
    "config": ("config", "Check and show the configuration."),
    "completion": ("completion", "Print the completion script for a shell."),
    "version": ("version", "Print the version."),
}


# What the system says when standard output has no room, or its terminal is gone.
_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class _Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            ctx.color = _colour()
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of our output has had enough; that is its right, and no error of ours. What is still in the
            # buffer goes nowhere, or Python would complain of it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 0

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"openpact.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def _colour() -> bool | None:
    """Say whether colours are wanted: never (False), or where they show (None)."""
    return False if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" else None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: openpact up --workspace ./workspace",
)
@click.version_option(openpact.__version__, prog_name="openpact", message="%(prog)s %(version)s")
def main() -> None:
    """OpenPact makes sure that what a human approved is what runs, exactly once, and keeps the record of it."""


def run() -> None:
    """Run the command line and end the process with the right code."""
    as_json = "--json" in sys.argv
    try:
        sys.exit(main.main(prog_name="openpact", standalone_mode=False) or 0)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as wrong:
        if as_json:
            _say_json({"error": "usage", "message": wrong.format_message()})
        else:
            wrong.show()
        sys.exit(wrong.exit_code)
    except errors.OpenPactError as error:
        sys.exit(_say(error, as_json=as_json))
    except OSError as fault:
        if fault.errno not in _CANNOT_WRITE:
            raise
        full = errors.Unavailable(f"The output cannot be written: {fault.strerror}.", hint="Write it somewhere else.")
        sys.exit(_say(full, as_json=as_json))


def _say(error: errors.OpenPactError, *, as_json: bool) -> int:
    from openpact.cli import exits

    fields = error.details.get("fields")
    if as_json:
        said: dict[str, Any] = {"error": error.code, "message": error.message}
        said |= {"hint": error.hint} if error.hint else {}
        _say_json(said | ({"fields": fields} if fields else {}))
    else:
        click.echo(click.style("Error: ", fg="red", bold=True) + error.message, err=True, color=_colour())
        for field in fields if isinstance(fields, list) else []:
            if field["message"] != error.message or field.get("line"):  # else it says nothing more
                click.echo(f"  {_field(field)}", err=True)
        if error.hint:
            click.echo(click.style("Hint:  ", fg="cyan") + error.hint, err=True, color=_colour())
    return exits.code_of(error)


def _field(field: dict[str, Any]) -> str:
    place = f"{field['file']}:" if "file" in field else ""
    if field.get("line"):
        place += f"{field['line']}:{field.get('column', 1)}: "
    elif place:
        place += " "
    name = f"{field['path']}: " if field.get("path") else ""
    return f"{place}{name}{field['message']}" + (f" ({field['hint']})" if field.get("hint") else "")


def _say_json(document: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(document), err=True)
