"""`openpact token`: API tokens for programs that act for a person."""

import click

from openpact.cli import output, place
from openpact.cli.door import Door, part
from openpact.cli.place import Place
from openpact.domain.principal import SCOPES

_AS = click.option("--as", "sign_in_as", metavar="NAME", help="Who you are, if it has to be asked.")


@click.group("token", epilog="Example: openpact token create ci --scope audit:read")
def command() -> None:
    """Create, list and revoke API tokens."""


@command.command("create", epilog="Example: openpact token create ci --scope audit:read --days 30")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help=f"What it opens; may be repeated. One of: {', '.join(sorted(SCOPES))}.",
)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it lives.")
@_AS
@place.as_json
@place.placed
def create(
    where: Place, *, name: str, scopes: tuple[str, ...], days: int, sign_in_as: str | None, as_json: bool
) -> None:
    """Make a token called NAME and print it, this once."""
    body = {"name": name, "scopes": list(scopes), "expires_in_days": days}
    token = Door(where, sign_in_as=sign_in_as).ask("POST", "/api/tokens", body)
    if as_json:
        output.document(token)
        return
    output.note(f"{token['name']} opens {', '.join(token['scopes'])}; it ends {output.ago(token['expires_at'])}.")
    output.note("Keep it now: it is not shown again.")
    click.echo(token["token"])


@command.command("list", epilog="Example: openpact token list")
@place.as_json
@place.placed
def show_all(where: Place, *, as_json: bool) -> None:
    """List all tokens, without what they are."""
    tokens = Door(where).ask("GET", "/api/tokens")["tokens"]
    if as_json:
        output.document(tokens)
        return
    rows = [
        (
            token["id"],
            token["name"],
            token["owner"],
            ", ".join(token["scopes"]),
            token["state"],
            output.ago(token["expires_at"]),
            output.ago(token["last_used_at"]),
        )
        for token in tokens
    ]
    output.table(
        ("id", "name", "owner", "scopes", "state", "ends", "last used"),
        rows,
        "There is no token. Make one with `openpact token create NAME --scope audit:read`.",
    )


@command.command("revoke", epilog="Example: openpact token revoke tok_01…")
@click.argument("token_id", metavar="ID")
@_AS
@place.as_json
@place.placed
def revoke(where: Place, *, token_id: str, sign_in_as: str | None, as_json: bool) -> None:
    """End the token with this ID at once."""
    token = Door(where, sign_in_as=sign_in_as).ask("DELETE", f"/api/tokens/{part(token_id, 'token')}")
    if as_json:
        output.document(token)
    else:
        output.good(f"{token['name']} opens nothing any more.")
