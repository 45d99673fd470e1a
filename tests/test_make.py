"""The Makefile, what CI runs, and the programs behind the targets, tried without a network.

Rules of this file:
- Where a target would install from the network, small programs of ours stand on PATH and write down how they were
  called; the recipe itself is the real one.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, named, read
from tests.waiting import until

TARGETS = set("help up test install check lint types architecture fix bench fuzz docs dev lock clean".split())  # noqa: SIM905

_STANDS_IN = """#!/bin/sh
echo "{name} $*" >> "{log}"
case "$*" in
    *venv*.venv) mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/pip ;;
    "-c import sys"*|"-c import ensurepip"*) exec {python} "$@" ;;
esac
"""


def _plain() -> dict[str, str]:
    """What a shell hands to make: nothing of the make that may run these tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def run(*command: str, folder: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - programs of ours and make
        command, cwd=folder, env=_plain() | environment, capture_output=True, text=True, check=False, timeout=60
    )


def dry(target: str) -> list[str]:
    """Give the commands of a target without the making of the environment."""
    done = run("make", "-n", "-o", ".venv/.ready", target)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a folder with what `make install` needs of a clone, and a PATH without any Python or uv."""
    for path in ("Makefile", "pyproject.toml", "requirements/dev.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    (tmp_path / "bin").mkdir()
    for name in ("sh", "cat", "cp", "mkdir", "touch", "awk"):
        program = shutil.which(name)
        assert program is not None
        (tmp_path / "bin" / name).symlink_to(program)
    return tmp_path


def stand_in(clone: Path, name: str, text: str = _STANDS_IN) -> None:
    file = clone / "bin" / name
    file.write_text(text.format(name=name, log=clone / "log", python=sys.executable))
    file.chmod(0o755)


def install(clone: Path) -> "subprocess.CompletedProcess[str]":
    make = shutil.which("make")
    assert make is not None
    return run(make, "install", folder=clone, PATH=str(clone / "bin"))


def called(clone: Path) -> list[str]:
    """Give how the programs were called, without the looks at the version."""
    lines = (clone / "log").read_text().splitlines()
    return [line for line in lines if "-c import" not in line and line.split()[0] in {"uv", "python3"}]


@pytest.mark.promise("ARC-4.01")
def test_make_alone_lists_every_target_with_what_it_does() -> None:
    listed = dict(re.findall(r"^  make (\w+) +(\S.*)$", run("make").stdout, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)
    assert phony is not None
    assert listed.keys() == targets == set(phony.group(1).split()) == TARGETS


@pytest.mark.promise("ARC-4.04")
def test_check_runs_lint_types_architecture_and_all_tests_last() -> None:
    commands = [command.removeprefix(".venv/bin/").strip() for command in dry("check")]
    assert commands == [
        "ruff check",
        "ruff format --check",
        "mypy",
        "lint-imports --no-cache",
        "python -m pytest --cov",
    ]


@pytest.mark.promise("ARC-4.04")
def test_ci_runs_check_and_ends_with_it() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert read(".ci/run").rstrip().splitlines()[-1] == "make check"
    assert run("bash", "-n", ".ci/run").returncode == 0


@pytest.mark.promise("ARC-4.03")
def test_test_runs_every_test_there_is() -> None:
    assert [command.strip() for command in dry("test")] == [".venv/bin/python -m pytest"]
    assert not re.search(
        r"-[mk] |--ignore|--deselect|norecursedirs", read("pyproject.toml").partition("[tool.pytest")[2]
    )


@pytest.mark.promise("ARC-4.02")
def test_up_makes_the_environment_and_then_runs_the_product(clone: Path) -> None:
    done = run("make", "-n", "up", "PORT=0", "WORKSPACE=w", folder=clone)
    lines = done.stdout.splitlines()
    assert any("-r requirements/dev.txt" in line for line in lines)
    assert lines[-1].strip() == '.venv/bin/openpact up --workspace "w" --port 0'


@pytest.mark.promise("ARC-4.05")
def test_fix_and_bench_and_fuzz_do_what_their_names_say() -> None:
    assert [command.strip() for command in dry("fix")] == [".venv/bin/ruff check --fix", ".venv/bin/ruff format"]
    assert [command.strip() for command in dry("bench")] == [".venv/bin/python -m bench"]
    assert "bench/__main__.py" in named(".py")
    (fuzz,) = dry("fuzz")
    assert fuzz.strip() == "HYPOTHESIS_PROFILE=fuzz .venv/bin/python -m pytest -m hypothesis tests/domain"


@pytest.mark.promise("ARC-4.05")
def test_fuzzing_covers_the_parsers_with_far_more_examples() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "hypothesis",
        "tests/domain",
        "--collect-only",
        "-q",
        "-p",
        "no:cov",
    ]
    collected = run(*command, HYPOTHESIS_PROFILE="fuzz").stdout
    for file in ("test_strict_json.py", "test_strict_yaml_any_text.py", "test_typed_loose.py", "test_url.py"):
        assert f"{file}::" in collected, collected
    assert "test_numbers_are_exact" not in collected  # a plain test, run by `make test`
    profiles = "import tests.conftest; from hypothesis import settings as s; print(s.default.max_examples)"
    often, usual = (
        int(run(sys.executable, "-c", profiles, HYPOTHESIS_PROFILE=name).stdout) for name in ("fuzz", "quick")
    )
    assert often >= 100 * usual


@pytest.mark.promise("ARC-3.09")
def test_install_uses_plain_pip_where_there_is_no_uv(clone: Path) -> None:
    stand_in(clone, "python3")
    done = install(clone)
    assert done.returncode == 0, done.stderr
    quiet = "-m pip install -q --disable-pip-version-check"
    assert called(clone) == [
        "python3 -m venv .venv",
        f"python3 {quiet} --require-hashes -r requirements/dev.txt",
        f"python3 {quiet} --no-deps --no-build-isolation -e .",
    ]
    assert install(clone).stdout == "make: Nothing to be done for 'install'.\n"


@pytest.mark.promise("ARC-3.09")
def test_install_uses_uv_where_it_is_there(clone: Path) -> None:
    stand_in(clone, "python3")
    stand_in(clone, "uv")
    done = install(clone)
    assert done.returncode == 0, done.stderr
    assert called(clone) == [
        "uv venv -q --python python3 .venv",
        "uv pip install -q --python .venv/bin/python --require-hashes -r requirements/dev.txt",
        "uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .",
    ]


def test_a_changed_lock_makes_the_environment_anew(clone: Path) -> None:
    stand_in(clone, "python3")
    assert install(clone).returncode == 0
    before = len(called(clone))
    os.utime(clone / "requirements/dev.txt", (2**32, 2**32))
    assert install(clone).returncode == 0
    assert len(called(clone)) == before + 2


def test_an_environment_cut_short_is_completed_before_pip_is_used(clone: Path) -> None:
    stand_in(clone, "python3")
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to(clone / "bin/python3")
    assert install(clone).returncode == 0
    assert called(clone)[0] == "python3 -m venv .venv"


def test_a_python_that_makes_no_environments_is_told_with_the_remedy(clone: Path) -> None:
    stand_in(clone, "python3", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    done = install(clone)
    assert done.returncode != 0
    assert "apt-get install python3-venv, or install uv" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_python_that_is_too_old_is_told_by_name(clone: Path) -> None:
    old = "import sys; sys.version_info = (3, 10, 1); sys.version = '3.10.1 (old)'; exec(sys.argv[1])"
    stand_in(clone, "python3", f'#!/bin/sh\nshift\nexec {{python}} -c "{old}" "$@"\n')
    done = install(clone)
    assert done.returncode != 0
    assert "OpenPact needs Python 3.11 to 3.14, and this is 3.10.1: name one, such as PYTHON=" in done.stderr
    assert not (clone / ".venv").exists()


@pytest.fixture
def workspace() -> Iterator[Path]:
    """Give a folder whose path is short enough for the socket in it."""
    with tempfile.TemporaryDirectory(prefix="op", dir="/tmp") as folder:
        yield Path(folder) / "w"


def test_dev_starts_the_daemon_anew_when_its_source_changes(tmp_path: Path, workspace: Path) -> None:
    shutil.copyfile(ROOT / "dev.py", tmp_path / "dev.py")
    shutil.copytree(ROOT / "src/openpact", tmp_path / "src/openpact", ignore=shutil.ignore_patterns("__pycache__"))
    said, told = tmp_path / "said", tmp_path / "told"
    command = [sys.executable, str(tmp_path / "dev.py"), "--workspace", str(workspace), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    with said.open("w") as out, told.open("w") as err:
        dev = subprocess.Popen(command, env=environment, stdout=out, stderr=err, cwd=tmp_path)  # noqa: S603
    try:
        until(lambda: said.read_text().count("OpenPact is ready.") == 1, seconds=20)
        with (tmp_path / "src/openpact/faults.py").open("a") as stream:
            stream.write("\nraise RuntimeError('a fault that was just written')\n")
        until(lambda: "waiting for a change" in told.read_text(), seconds=20)
        shutil.copyfile(ROOT / "src/openpact/faults.py", tmp_path / "src/openpact/faults.py")
        until(lambda: said.read_text().count("OpenPact is ready.") == 2, seconds=20)
        assert told.read_text().count("faults.py changed; starting anew") == 2
        dev.send_signal(signal.SIGTERM)
        assert dev.wait(20) == 0
        assert told.read_text().endswith("dev: stopped\n")
        assert not (workspace / "run/admin.sock").exists()
    finally:
        dev.kill()
        dev.wait()
