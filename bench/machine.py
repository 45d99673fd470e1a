"""What the figures were taken on, told without the names of hosts and folders.

Rules of this file:
- What cannot be learnt is left out, never guessed.
"""

import os
import platform
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path

_GIB = 1 << 30


def describe(folder: Path, postgres: str | None) -> dict[str, str | int]:
    """Describe the machine; `folder` is where the bench worked, `postgres` the version of the server it used."""
    said: dict[str, str | int | None] = {
        "cpu": _cpu(),
        "cores": _cores(),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / _GIB:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "file_system": _file_system(folder),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "postgres": postgres,
        "psycopg": metadata.version("psycopg") if postgres else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def load() -> list[float]:
    """Give how many wanted a processor, in the last 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def resident_mb(process: int) -> float:
    """Give how much memory of the process is resident, in MB."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(found.split()[1]) * 1024 / 1e6
    command = ["ps", "-o", "rss=", "-p", str(process)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a number of ours
    return int(answer.stdout) * 1024 / 1e6


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str | None:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return None
    wanted, kind, longest = folder.resolve(), None, -1
    for line in mounts.read_text().splitlines():
        _, where, found, *_ = line.split()
        if wanted.is_relative_to(where) and len(where) > longest:
            kind, longest = found, len(where)
    return kind
