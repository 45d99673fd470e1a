"""The page of the commands, from the commands themselves.

Rules of this file:
- What every command takes is told once, above.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import click

from docs.reference.markdown import block, code, heading, section, table
from openpact.cli.main import COMMANDS, main

_EVERYWHERE = ("workspace", "config_file", "as_json")
_VARIABLES = (
    ("`OPENPACT_WORKSPACE`", "The workspace, when `--workspace` does not name it."),
    ("`OPENPACT_CONFIG`", "The configuration file, when `--config` does not name it."),
    ("`OPENPACT_TOKEN`", "An API token to act with, instead of a person at this terminal."),
    ("`NO_COLOR`", "No colour, whatever it is set to."),
)
_EXITS = (
    ("0", "done"),
    ("1", "it failed, and the message says why"),
    ("2", "the question is wrong: usage, a value, a path"),
    ("3", "there is no such thing"),
    ("4", "the world is not as you believe: look again"),
    ("5", "you may not, or have not proven who you are, or too often"),
    ("6", "not now: nothing has happened"),
)


def page() -> str:
    """Give the page."""
    context = click.Context(main, info_name="openpact")
    found = list(_commands(main, context))
    everywhere = {option.name: option for _command, at in found for option in at.command.params}
    common = [everywhere[name] for name in _EVERYWHERE]
    return heading(
        "Commands",
        "`openpact COMMAND --help` says the same on a terminal.",
        "Results go to stdout, everything else to stderr. Tables and colour appear on a terminal only. "
        "No command takes a secret as an argument: it is asked for, or read from stdin, a line each.",
        table(("command", "what it does"), [(code(name), short) for name, (_module, short) in COMMANDS.items()]),
        "Where a command does not say otherwise, it takes:",
        table(("option", "what it does"), map(_row, common)),
        "The environment:",
        table(("variable", "what it does"), _VARIABLES),
        "How a command ends:",
        table(("exit code", "meaning"), _EXITS),
    ) + "".join(_told(command, at) for command, at in found if not isinstance(command, click.Group))


def _commands(command: click.Command, at: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    yield command, at
    if isinstance(command, click.Group):
        for name in command.list_commands(at):
            inner = command.get_command(at, name)
            if inner is not None and not inner.hidden:
                yield from _commands(inner, click.Context(inner, parent=at, info_name=name))


def _told(command: click.Command, at: click.Context) -> str:
    options = [option for option in command.params if isinstance(option, click.Option)]
    own = [option for option in options if option.name not in _EVERYWHERE]
    taken = {option.name: code(option.opts[0]) for option in options}
    common = [taken[name] for name in _EVERYWHERE if name in taken]
    example = (command.epilog or "").removeprefix("Example: ")
    return section(
        at.command_path,
        inspect.cleandoc(command.help or ""),
        block(f"{at.command_path} {' '.join(command.collect_usage_pieces(at))}\n{example}", "sh"),
        table(("option", "what it does"), map(_row, own)) if own else "",
        "" if len(common) == len(_EVERYWHERE) else f"Of the common options: {', '.join(common) or 'none'}.",
    )


def _row(option: click.Parameter) -> tuple[str, str]:
    assert isinstance(option, click.Option)  # noqa: S101 - arguments have no help of their own; they are in the usage
    taken = "" if option.is_flag else " " + (option.metavar or _kind(option.type))
    default = f" Default: {option.default}." if option.show_default and option.default is not None else ""
    again = " (needed)" if option.required else ""
    return code(", ".join(option.opts) + taken), (option.help or "") + again + default


def _kind(kind: click.ParamType[Any]) -> str:
    if isinstance(kind, click.Choice):
        return "|".join(map(str, kind.choices))
    if isinstance(kind, click.IntRange):
        return f"{kind.min}…{kind.max}"
    return kind.name.upper()
