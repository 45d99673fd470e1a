"""The reference pages, written from the code: what the code says is what they say.

Rules of this file:
- A page is a function without arguments that gives its text; the same code gives the same text on every machine.
- What the code cannot say (what an outcome means) stands here beside it, and a name without its sentence raises.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.reference import authority, commands, errors, events, findings, runs, settings, starlark, urls

FOLDER = Path(__file__).parent

PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": commands.page,
    "configuration.md": settings.page,
    "errors.md": errors.page,
    "roles.md": authority.page,
    "audit-events.md": events.page,
    "http.md": urls.page,
    "starlark.md": starlark.page,
    "script-findings.md": findings.page,
    "script-runs.md": runs.page,
}


def stale(folder: Path = FOLDER) -> list[str]:
    """Give the pages that do not say what the code says now, and the ones that nothing writes."""
    there = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    wanted = {name: page() for name, page in PAGES.items()}
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
