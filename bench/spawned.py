"""What a process spawned for one run does: what the sandbox does once beforehand, then the one run.

Rules of this file:
- It closes the locks that a worker of the pool has, with the same functions, and ends where one of them fails that
  held there: a process that lacks a lock would be no comparison.
- It imports and prepares nothing that this one run does not need. The sandbox goes once through all that any script
  can do; a process for each run would pay for that each time, and is spared it: the comparison is with a lean one.
"""

import json
import os
import socket
import sys
from typing import NoReturn

from openpact.adapters.sandbox.inside import engine, lockdown, locks, rehearsal, worker


def main(link: int, parent: int, empty: str, held: lockdown.Report, config: dict[str, int]) -> NoReturn:
    """Answer the one request that comes on this descriptor."""
    control = socket.socket(fileno=link)
    engine.answer({"t": "check", "name": "empty.star", "source": ""}, rehearsal.Stand())  # makes the language
    limits = lockdown.settled(locks.limits(config))
    found: lockdown.Report = {}
    locks.leave_namespaces(found, control, parent)
    locks.close(found, empty)
    if any(found.get(layer, lockdown.OK) != lockdown.OK for layer, state in held.items() if state == lockdown.OK):
        os._exit(worker.UNLOCKED)
    worker.live(control.fileno(), os.getppid(), limits, held, _nothing_to_settle, engine.answer)


def _nothing_to_settle() -> None:
    """A worker of the pool does this while nobody waits for it; here somebody does."""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4]), json.loads(sys.argv[5]))
