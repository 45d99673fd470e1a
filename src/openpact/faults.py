"""Named places where a test may crash or delay this process, to see what survives.

Rules of this file:
- Off in production by construction: nothing in `openpact` arms a fault; only tests call `arm`.
- A point is named here before it is used, so that a test can name every one of them (`POINTS`).
- The domain knows nothing of faults.
"""

import os
import signal
import time

POINTS = frozenset(
    {
        "store.begun",  # a write transaction is open, nothing is written
        "store.job_done",  # a job of the transaction has run, others may follow
        "store.before_commit",  # everything is written, nothing is durable
        "store.committed",  # durable, and nobody knows it yet
        "ledger.authorised",  # the act may happen, nothing is changed
        "ledger.changed",  # the change is made, its record is not written
        "ledger.recorded",  # change and record stand in the open transaction
        "ledger.begun",  # the intent is durable, the deed has not left
        "ledger.deed_done",  # the deed is over, its outcome is not recorded
        "audit.sealed",  # a checkpoint is durable, the head file still names the one before
        "key.made",  # a new master key lies beside the one in force
        "key.kept",  # the one in force has its second name, under which it is kept
        "key.turned",  # the new one is in force, nothing is sealed with it yet
        "key.resealed",  # everything is sealed with the new one, the one before still lies there
    }
)

_armed: dict[str, tuple[str, float, int]] = {}


def arm(name: str, deed: str, *, seconds: float = 0.0, hit: int = 1) -> None:
    """Arm a point: `deed` is `crash` (kill -9 of this process) or `delay`; it strikes at the `hit`-th passing."""
    if name not in POINTS:
        raise ValueError(f"no fault point is named {name!r}")
    if deed not in {"crash", "delay"}:
        raise ValueError(f"a fault crashes or delays, it does not {deed!r}")
    _armed[name] = (deed, seconds, hit)


def disarm() -> None:
    """Take every fault away."""
    _armed.clear()


def point(name: str) -> None:
    """Pass a fault point: nothing happens unless a test armed it."""
    if not _armed or name not in _armed:
        return
    deed, seconds, hit = _armed[name]
    if hit > 1:
        _armed[name] = (deed, seconds, hit - 1)
        return
    del _armed[name]
    if deed == "delay":
        time.sleep(seconds)
        return
    os.kill(os.getpid(), signal.SIGKILL)
