"""Scripts and fixtures on disk, for a person who works on them; and the folder that a script under test loads from.

Rules of this file:
- A path is opened piece by piece beneath the folder, and no piece of it may be a link: a script under test reads
  nothing that does not lie in its folder.
"""

import asyncio
import os
import stat
from pathlib import Path

from openpact.domain import errors, fixture
from openpact.domain.fixture import Fixtures
from openpact.domain.logfmt import visible
from openpact.domain.run import Code, Denied
from openpact.domain.script import MAX_SOURCE, read_name, read_source, source_hash
from openpact.services.ports import Load, Loaded

_LARGEST = 4 * 1_048_576  # bytes of fixtures
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def library(folder: Path) -> Load:
    """Give what loads scripts from this folder."""
    where = folder.absolute()

    async def load(path: str) -> Loaded:
        try:
            name = read_name(path)
            raw = await asyncio.to_thread(_read, folder, name)
            return Loaded(name, read_source(raw), source_hash(raw))
        except errors.Invalid as error:
            raise Denied(Code.SCRIPT_ERROR, f"{path!r} cannot be loaded: {error.message}", error.hint) from error
        except OSError as fault:
            raise Denied(
                Code.SCRIPT_ERROR,
                f"{path!r} cannot be loaded: {fault.strerror}.",
                f"Put it into {where}, as an ordinary file, or name another folder with --scripts.",
            ) from fault

    return load


def read_file(file: Path) -> str:
    """Give the text of a script's file. Raises NotFound, ScriptInvalid, TooLarge."""
    try:
        return read_source(_named(file, "a script", MAX_SOURCE))
    except errors.ScriptInvalid as error:
        raise errors.ScriptInvalid(f"{_shown(file)}: {error.message}", hint=error.hint, details=error.details) from None


def read_fixtures(file: Path) -> Fixtures:
    """Give the fixtures of a file. Raises NotFound, ScriptInvalid, TooLarge."""
    return fixture.read(_named(file, "fixtures", _LARGEST), str(file))


def _named(file: Path, what: str, most: int) -> bytes:
    """Read a file that a person named, who may have links as they like."""
    try:
        return _content(os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), most)
    except OSError as fault:
        raise errors.NotFound(
            f"{_shown(file)} cannot be read: {fault.strerror}.", hint=f"Name a file of {what}."
        ) from fault
    except errors.TooLarge as error:
        raise errors.TooLarge(f"{_shown(file)}: {error.message}", hint=error.hint) from None


def _shown(file: Path) -> str:
    # A name can hold a line break, and what follows it would be read as a command of whoever shows our output.
    return visible(str(file))


def _read(folder: Path, name: str) -> bytes:
    *folders, last = name.split("/")
    beneath = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=beneath)
            os.close(beneath)
            beneath = inner
        return _content(os.open(last, _FILE, dir_fd=beneath))
    finally:
        os.close(beneath)


def _content(descriptor: int, most: int = MAX_SOURCE) -> bytes:
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a folder, a pipe that nobody writes to
            raise errors.ScriptInvalid("It is not an ordinary file.", hint="Name a file.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise errors.TooLarge(f"It has more than {most} bytes.", hint="Divide it.")
    return content
