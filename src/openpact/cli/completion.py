"""`openpact completion`: the script that lets a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command("completion", epilog='Example: eval "$(openpact completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL."""
    from openpact.cli.main import main

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(main, {}, "openpact", "_OPENPACT_COMPLETE").source())
