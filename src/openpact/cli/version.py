"""`openpact version`."""

import click

import openpact


@click.command("version", epilog="Example: openpact version --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(*, as_json: bool) -> None:
    """Print the version."""
    if as_json:
        import json
        import platform

        click.echo(json.dumps({"version": openpact.__version__, "python": platform.python_version()}))
    else:
        click.echo(f"openpact {openpact.__version__}")
