"""Every layer is reported as it is, and what is demanded and lacks is refused."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from openpact.adapters.sandbox.pool import Pool, Settings, missing
from openpact.domain import errors
from tests.adapters.sandbox.pools import PLAIN, on_pool

ROOT = Path(__file__).parents[3]
LAYERS = {
    *("net_namespace", "ipc_namespace", "uts_namespace", "mount_namespace", "cgroup_namespace", "pid_namespace"),
    *("chroot", "unprivileged_user", "capabilities", "no_new_privs", "landlock", "seccomp", "rlimits", "death_signal"),
}
# Refuses new namespaces and Landlock as a container may, in this process and whatever it starts; then tries a pool.
CONTAINED = """
import asyncio, ctypes, errno, json, struct, sys
from openpact.adapters.sandbox.pool import Pool, Settings
from openpact.domain import errors
from tests.adapters.sandbox.pools import COMPROMISED, run

libc = ctypes.CDLL(None, use_errno=True)
unshare = 272 if sys.argv[2] == "x86_64" else 97
code = [(0x20, 0, 0, 0)]
for number, error in ((unshare, errno.EPERM), (444, errno.ENOSYS)):
    code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error)]
code += [(0x06, 0, 0, 0x7FFF0000)]
data = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in code))
program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(data)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0

async def main():
    try:
        pool = await Pool.open(Settings(max_active=1, require=sys.argv[1], entry=COMPROMISED))
    except errors.SandboxUnavailable as error:
        print(json.dumps(error.message))
        return
    print(json.dumps([dict(pool.report), str((await run(pool, "internet")).failure.code)]))
    await pool.close()

asyncio.run(main())
"""


def contained(require: str) -> str:
    done = subprocess.run(  # noqa: S603 - the test's own
        [sys.executable, "-c", CONTAINED, require, os.uname().machine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the locks are Linux's")
@pytest.mark.promise("SCR-3.03")
def test_every_layer_is_reported() -> None:
    async def use(pool: Pool) -> dict[str, str]:
        return dict(pool.report)

    report = on_pool(use, entry=PLAIN, require="none")
    assert set(report) - {"user_namespace"} == LAYERS
    assert report["seccomp"] == report["rlimits"] == report["no_new_privs"] == report["capabilities"] == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="the locks are Linux's")
@pytest.mark.promise("SCR-3.03")
def test_strict_refuses_where_layers_lack_and_names_each() -> None:
    said = contained("strict")
    assert "net_namespace (" in said
    assert "landlock (" in said
    assert "seccomp" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="the locks are Linux's")
@pytest.mark.promise("SCR-3.03")
def test_where_layers_lack_the_rest_still_holds() -> None:
    said = contained("basic")
    assert '"seccomp": "ok"' in said
    assert '"landlock": "ok"' not in said
    assert '"sandbox_violation"' in said


def test_what_is_demanded_is_what_may_not_lack() -> None:
    report = {"seccomp": "ok", "landlock": "not there"}
    assert missing(report, "strict", linux=True) == ["landlock"]
    assert missing(report, "basic", linux=True) == []
    assert missing({"seccomp": "no"}, "basic", linux=True) == ["seccomp"]
    assert missing({}, "basic", linux=True) == ["seccomp"]
    assert missing({"seccomp": "no"}, "basic", linux=False) == []
    assert missing({"seccomp": "no"}, "strict", linux=False) == ["seccomp"]
    assert missing({"seccomp": "no"}, "none", linux=True) == []


@pytest.mark.promise("SCR-3.04")
@pytest.mark.parametrize("name", ["engine", "entry"])
def test_without_the_engine_it_says_why_no_script_runs(name: str) -> None:
    settings = msgspec.structs.replace(Settings(max_active=1), **{name: "no_such_package"})
    with pytest.raises(errors.SandboxUnavailable, match="is not installed") as caught:
        asyncio.run(Pool.open(settings))
    assert "wheels" in str(caught.value.hint)


def test_an_entry_that_cannot_be_loaded_is_told_by_its_fault() -> None:
    with pytest.raises(errors.SandboxUnavailable, match="AttributeError"):
        asyncio.run(Pool.open(Settings(max_active=1, entry="tests.waiting")))
