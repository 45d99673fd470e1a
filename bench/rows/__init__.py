"""The rows of the table, in its order. A new row is a class of one of these files and a line here."""

from bench.frame import Row
from bench.lab import ENGINES
from bench.rows.disk import Fsync
from bench.rows.documents import Canonical, Parse
from bench.rows.egress import Fetch
from bench.rows.ledger import ActFull, ActNormal, Consume, GroupCommit, Growth
from bench.rows.process import IdleMemory, UpAgain, UpNew, Version
from bench.rows.record import Verify
from bench.rows.script_bombs import Bomb, Loop, Neighbours
from bench.rows.script_crowds import ScriptSleepers, ScriptThroughput
from bench.rows.script_host import HostCall, Redact, SealedRequest
from bench.rows.script_memory import WorkerMemory
from bench.rows.script_spawn import ScriptRunSpawned
from bench.rows.scripts import ScriptRun, ScriptRunForked, ScriptRunTail
from bench.rows.select import Select

ROWS: tuple[Row, ...] = (
    Fsync(),
    *(Select(engine) for engine in ENGINES),
    *(ActFull(engine) for engine in ENGINES),
    *(ActNormal(engine) for engine in ENGINES),
    *(Consume(engine) for engine in ENGINES),
    *(GroupCommit(engine) for engine in ENGINES),
    *(Growth(engine) for engine in ENGINES),
    *(Verify(engine) for engine in ENGINES),
    Parse("250B"),
    Parse("12KB"),
    Canonical("250B"),
    Canonical("12KB"),
    ScriptRun(),
    ScriptRunTail(),
    ScriptRunSpawned(),
    ScriptRunForked(),
    ScriptThroughput(),
    ScriptSleepers(),
    Bomb("doubling"),
    Bomb("growing"),
    Loop("steps"),
    Loop("operation"),
    Neighbours("steps"),
    Neighbours("operation"),
    Neighbours("growing"),
    WorkerMemory(),
    HostCall(),
    SealedRequest(),
    Redact("clean"),
    Redact("found"),
    Fetch("new"),
    Fetch("kept"),
    Version(),
    UpNew(),
    UpAgain(),
    IdleMemory(),
)
