"""How much memory this process has held, and less of it.

Rules of this file:
- It asks the kernel, which is not wrong about it and answers behind the locks.
"""

import ctypes
import resource
import sys

UNIT = 1 if sys.platform == "darwin" else 1_024  # bytes, in which a process's memory is told


def give_back() -> None:
    """Give back what was freed, where the C library can; a fork then has less to copy."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def most_held() -> int:
    """Give the most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
