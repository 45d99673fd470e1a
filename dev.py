"""`make dev`: runs `openpact up` with these arguments, and starts it anew whenever a file under src changes.

Rules of this file:
- It is for work on OpenPact itself and no part of it; only the standard library is needed beside it.
- The daemon is stopped as in production, so that a stop that hangs is noticed here first.
- A daemon that ends by itself is not started again until something changes: most likely a fault was just written.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "src"
LOOK_SECONDS = 0.3
STOP_SECONDS = 15


def state() -> dict[Path, int]:
    """Give each file under src that matters, with when it was last written."""
    found = {}
    for path in SOURCE.rglob("*"):
        if "__pycache__" in path.parts or not path.is_file():
            continue
        try:
            found[path] = path.stat().st_mtime_ns
        except FileNotFoundError:
            continue  # an editor put another in its place; the next look finds that one
    return found


def say(text: str) -> None:
    """Say what happens, beside what the daemon says."""
    sys.stderr.write(f"dev: {text}\n")


def stop(daemon: "subprocess.Popen[bytes]") -> None:
    """Stop the daemon, by force if it does not end."""
    if daemon.poll() is None:
        daemon.terminate()
    try:
        daemon.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        say(f"it did not stop within {STOP_SECONDS} s and is killed")
        daemon.kill()
        daemon.wait()


def run(arguments: list[str]) -> None:
    """Run until interrupted."""
    while True:
        before = state()
        daemon = subprocess.Popen([sys.executable, "-m", "openpact", "up", *arguments])  # noqa: S603 - ours, by its name
        try:
            ended = False
            while (now := state()) == before:
                if not ended and daemon.poll() is not None:
                    ended = True
                    say(f"it ended with code {daemon.returncode}; waiting for a change")
                time.sleep(LOOK_SECONDS)
        finally:
            stop(daemon)
        changed = sorted({path.name for path, _written in now.items() ^ before.items()})
        say(f"{', '.join(changed)} changed; starting anew")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run(sys.argv[1:])
    except KeyboardInterrupt:
        say("stopped")
