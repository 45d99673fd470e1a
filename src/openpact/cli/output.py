"""What a command prints: tables and colour on a terminal, JSON for programs, and nothing that could move the screen.

Rules of this file:
- Text from elsewhere is made visible first: a name must not colour, hide or move anything on a terminal.
- Results go to stdout; questions, progress and errors to stderr.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from openpact.domain import instant, logfmt

_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SOON = 5

COLOURS = {
    "active": "green",
    "ok": "green",
    "done": "green",
    "allowed": "green",
    "disabled": "bright_black",
    "revoked": "bright_black",
    "expired": "yellow",
    "begun": "cyan",
    "warning": "yellow",
    "unknown": "yellow",
    "refused": "red",
    "failed": "red",
    "error": "red",
    "denied": "red",
}


def document(thing: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(thing, indent=2, ensure_ascii=sys.stdout.isatty()))


def line(thing: Any) -> None:
    """Print one JSON line of a stream."""
    click.echo(json.dumps(thing, ensure_ascii=sys.stdout.isatty()))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print a table; where there is nothing, say so and what to do."""
    if not rows:
        click.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # In a pipe the lines are as long as they must be: what reads them is not a screen.
    console = Console(width=None if _on_terminal() else 10_000, highlight=False, no_color=not _coloured())
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), show_header=any(columns))
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        cells = [logfmt.visible("" if cell is None else str(cell)) for cell in row]
        drawn.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in cells))
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(text.rstrip() for text in captured.get().splitlines()))


def ago(text: str | None, now: float | None = None) -> str:
    """Give an instant as people say it: `3 min ago`, `in 2 h`."""
    if text is None:
        return "never"
    seconds = (time.time() if now is None else now) - instant.from_text(text) / instant.SECOND
    distance = abs(seconds)
    if distance < _SOON:
        return "now"
    size, unit = next((step for step in _STEPS if distance >= step[0]), _STEPS[-1])
    said = f"{round(distance / size)} {unit}"
    return f"{said} ago" if seconds > 0 else f"in {said}"


def count(number: int, noun: str) -> str:
    """Give a number of things as people say it: `1 event`, `2 events`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def good(text: str) -> None:
    """Say that something is done."""
    click.echo(click.style("✓ ", fg="green") + text)


def note(text: str) -> None:
    """Say something beside the result."""
    click.echo(text, err=True)


def _coloured() -> bool:
    import os

    return _on_terminal() and "NO_COLOR" not in os.environ


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
