"""Where nothing of ours may live: the system's own folders, and those that everybody shares.

Rules of this file:
- Compared are whole components, never the beginning of a string: `/etcetera` is not in `/etc`.
- Case does not count, because on some file systems `/ETC` is `/etc`.
- Only the path as given is judged. Whoever asks and can follow links asks about the path and about where it leads.
"""

import re
from pathlib import PurePosixPath

from openpact.domain.errors import PathRefused

# Control characters, and half characters, which stand for bytes that are not UTF-8.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_SYSTEM = tuple(
    PurePosixPath("/", name)
    for name in (
        *("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libexec", "libx32", "proc", "run", "sbin", "sys"),
        *("usr", "var", "system", "library", "applications", "private/etc", "private/var"),
    )
)
# Folders in those where programs may keep things; and macOS's temporary folders.
_OPEN = tuple(
    PurePosixPath("/", name)
    for name in ("var/lib", "var/tmp", "var/folders", "private/var/lib", "private/var/tmp", "private/var/folders")
)
# A workspace gives its folder to one user and takes it from all others: no folder that others need may become one.
_SHARED = frozenset(
    {*_OPEN, *(PurePosixPath("/", name) for name in ("", "home", "tmp", "opt", "srv", "mnt", "media", "users"))}
    | {PurePosixPath("/", name) for name in ("private", "private/tmp", "volumes")}
)


def check(path: PurePosixPath, what: str) -> None:
    """Raise PathRefused where nothing of ours may live; `what` says in the message what the path is for."""
    if _UNFIT.search(str(path)):
        raise PathRefused(f"{what} has a character that no path may have here", hint="Use a plain UTF-8 name.")
    if ".." in path.parts:
        # Not resolved and then allowed: what `..` means depends on links that somebody may change later.
        raise PathRefused(f'{what} contains ".."', hint="Write the path without it.")
    if not path.is_absolute():
        raise PathRefused(f"{what} is not an absolute path", hint="Begin it with /.")
    folded = PurePosixPath("/", *(part.casefold() for part in path.parts[1:]))  # and `//etc` is `/etc`
    if folded in _SHARED:
        raise PathRefused(f"{what} is a folder that the whole system shares", hint="Choose a folder beneath it.")
    in_open = any(folded.is_relative_to(place) for place in _OPEN)
    if not in_open and any(folded.is_relative_to(place) for place in _SYSTEM):
        raise PathRefused(f"{what} is in a system folder", hint="Choose a folder of your own.")
