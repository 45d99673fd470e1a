"""Where a command works: which workspace, which configuration, found the same way by every command.

Rules of this file:
- A command that needs no secret does not read the configured ones: their variables may be missing where it works.
"""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from openpact import config
from openpact.config import Loaded

F = TypeVar("F", bound=Callable[..., Any])


class Place:
    """The workspace and the configuration of this command."""

    def __init__(
        self, workspace: str | None, file: str | None, flags: dict[str, str | int | bool], *, unread: str | None = None
    ) -> None:
        cwd, environment = Path.cwd(), os.environ
        given = {"explicit": workspace, "environment": environment, "cwd": cwd, "home": Path.home()}
        first = config.find_workspace(**given, configured=None, platform=sys.platform)  # type: ignore[arg-type]
        found = config.find_file(explicit=file, workspace=first, environment=environment, cwd=cwd)
        self.loaded: Loaded = config.load(file=found, environment=environment, flags=flags, unread=unread)
        configured = self.loaded.config.workspace.path
        self.chosen = bool(workspace or environment.get("OPENPACT_WORKSPACE") or configured)
        self.workspace = config.find_workspace(**given, configured=configured, platform=sys.platform)  # type: ignore[arg-type]


def options(command: F) -> F:
    """Add the options that say where a command works."""
    chosen = click.option("--workspace", metavar="DIR", help="The workspace; else $OPENPACT_WORKSPACE or ./workspace.")
    file = click.option("--config", "config_file", metavar="FILE", help="The configuration file.")
    return chosen(file(command))


def as_json(command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def placed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command its place as the first argument, made from --workspace and --config."""

    @options
    @functools.wraps(command)
    def whole(*args: Any, workspace: str | None, config_file: str | None, **kwargs: Any) -> Any:
        return command(Place(workspace, config_file, {}), *args, **kwargs)

    return whole


def placed_without_secrets(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `placed`, for a command that needs no secret: the configured ones and their variables may be missing."""

    @options
    @functools.wraps(command)
    def whole(*args: Any, workspace: str | None, config_file: str | None, **kwargs: Any) -> Any:
        return command(Place(workspace, config_file, {}, unread="starlark.secrets"), *args, **kwargs)

    return whole
