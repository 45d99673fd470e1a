"""What every command has: help with an example that is right, --json, and no option that takes a secret."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from openpact.cli.main import COMMANDS, main

# These answer with something that is a format of its own.
WITHOUT_JSON = {"config schema": "is JSON", "audit export": "JSON lines or CSV", "completion": "a script of the shell"}
SECRET = re.compile("pass|secret|token|code|otp|proof|pin|key", re.IGNORECASE)
NO_SECRETS = {("audit verify", "--key"): "names files of public keys"}


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield " ".join((*path, name)), command
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))


ALL = dict(commands())
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


@pytest.mark.promise("CLI-2.08", "CLI-2.09", "CLI-2.10", "CLI-2.11")
def test_the_commands_that_are_promised_are_there() -> None:
    promised = "user add|user list|user role|user disable|user reset-password|token create|token list|token revoke"
    promised += "|audit tail|audit search|audit export|audit verify|config check|config show|config schema"
    promised += "|up|status|doctor|version|completion"
    assert set(promised.split("|")) <= LEAVES.keys()


@pytest.mark.promise("CLI-1.01")
@pytest.mark.parametrize("path", ["", *ALL])
def test_the_help_of_every_command_has_an_example_that_is_right(path: str) -> None:
    command = ALL.get(path, main)
    assert command.help
    example = command.epilog or ""
    assert (
        example.startswith(f"Example: openpact {path}".rstrip())
        or example == 'Example: eval "$(openpact completion bash)"'
    )
    words = shlex.split(example.removeprefix("Example: openpact ").partition(" >")[0])
    if words[0].startswith("Example:"):
        words = ["completion", "bash"]
    context: click.Context | None = None
    found: click.Command = main
    while isinstance(found, click.Group):  # each word is a command, then come options and arguments that it knows
        with click.Context(found, parent=context) as context:
            name, following, words = found.resolve_command(context, words)
            assert following is not None
            assert name is not None
            found = following
    found.make_context(found.name or "", words, parent=context)


def test_the_list_of_commands_says_in_one_whole_line_what_each_does() -> None:
    for path, command in ((path, command) for path, command in ALL.items() if " " in path):
        short = command.get_short_help_str(limit=60)
        assert short.endswith("."), path
        assert not short.endswith("..."), path
    for name, (module, short) in COMMANDS.items():
        assert short.endswith(".")
        assert ALL[name].name == name
        assert module == name


@pytest.mark.promise("CLI-1.03")
@pytest.mark.parametrize("path", LEAVES)
def test_every_command_that_answers_takes_json(path: str) -> None:
    takes = any("--json" in parameter.opts for parameter in LEAVES[path].params)
    assert takes != (path in WITHOUT_JSON)


@pytest.mark.promise("CLI-1.08")
@pytest.mark.parametrize("path", LEAVES)
def test_no_command_takes_a_secret_as_an_argument(path: str) -> None:
    for parameter in LEAVES[path].params:
        if isinstance(parameter, click.Option) and parameter.is_flag:
            continue  # takes nothing
        names = parameter.opts if isinstance(parameter, click.Option) else [parameter.human_readable_name]
        taken = {(path, name) for name in names if SECRET.search(name)}
        assert taken <= NO_SECRETS.keys()


@pytest.mark.promise("CLI-1.08")
@pytest.mark.parametrize("path", LEAVES)
def test_no_option_is_read_from_the_environment_or_shown_as_a_prompt(path: str) -> None:
    # click can fill an option from both; then a secret could come in by a way that nobody looks at.
    for parameter in LEAVES[path].params:
        assert parameter.envvar is None
        assert not isinstance(parameter, click.Option) or parameter.prompt is None
