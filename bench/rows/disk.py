"""What the disk costs: every durable figure is to be read in units of this one."""

import os

from bench.frame import Row, median_of
from bench.lab import Lab

_BLOCK = b"\0" * 4096


class Fsync(Row):
    """One block appended and made durable."""

    name = "fsync"
    what = "4 KiB appended to a file and fsynced"

    def open(self, lab: Lab) -> None:
        self._times = lab.times(200)
        self._file = os.open(lab.place() / "block", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        lab.keep(lambda: os.close(self._file))

    def measure(self) -> float:
        return median_of(self._times, self._write)

    def _write(self) -> None:
        os.write(self._file, _BLOCK)
        os.fsync(self._file)
