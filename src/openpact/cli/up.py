"""`openpact up`: everything in one process, from nothing."""

import json
import shlex
import shutil
import sys

import click

from openpact.cli.place import Place, as_json, options


@click.command("up", epilog="Example: openpact up --workspace ./workspace --port 8080")
@options
@click.option("--host", metavar="ADDRESS", help="The address to listen on; 127.0.0.1 unless configured.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="The port; 8080 unless configured.")
@as_json
def command(
    *,
    workspace: str | None,
    config_file: str | None,
    host: str | None,
    port: int | None,
    as_json: bool,
) -> None:
    """Run everything in one process; make the workspace on first use. SIGTERM or Ctrl-C stops it cleanly."""
    from openpact import app
    from openpact.adapters import files, logs

    given = {"server.host": host, "server.port": port}
    flags: dict[str, str | int | bool] = {key: value for key, value in given.items() if value is not None}
    where = Place(workspace, config_file, flags)
    config = where.loaded.config
    logs.configure(config.logging.level, as_json=config.logging.json)
    new = files.make(where.workspace)
    app.refuse_open_folders(config, where.loaded.file, where.workspace)

    def ready(running: "app.App", url: str) -> None:
        code = running.house.setup.open()
        said = {"url": url, "workspace": str(where.workspace), "setup_code": code, "setup_required": code is not None}
        if as_json:
            click.echo(json.dumps({**said, "separated": running.house.separated}))
        else:
            _tell(url, str(where.workspace), code, new=new, separated=running.house.separated)
        sys.stdout.flush()

    app.up(config, where.workspace, ready)


def _tell(url: str, workspace: str, code: str | None, *, new: bool, separated: bool) -> None:
    click.echo(click.style("OpenPact is ready.", fg="green", bold=True))
    click.echo(f"  Address:    {url}")
    click.echo(f"  Workspace:  {workspace}" + (" (new)" if new else ""))
    if code is not None:
        click.echo(f"  Setup code: {click.style(code, bold=True)}")
        click.echo(f"  Set it up:  {_program()} user add NAME --workspace {shlex.quote(workspace)}")
        click.echo("              in another terminal; it asks for the setup code")
    if not separated:
        click.echo("  Not separated: agent and person share one account, so each decision asks for a password or code.")
    click.echo("  Stop it with Ctrl-C.")


def _program() -> str:
    # In a checkout the program is in no folder of PATH: what is printed must work when it is pasted.
    if shutil.which("openpact"):
        return "openpact"
    return shlex.join([sys.executable, "-m", "openpact"] if sys.argv[0].endswith("__main__.py") else [sys.argv[0]])
