"""The strict sets of the tools are on, pass over everything of ours, and fail on what they should.

Rules of this file:
- Types over the whole house are checked by `make check`; here, that the check is strict and leaves nothing out.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, named, read

CONFIG = tomllib.loads(read("pyproject.toml"))["tool"]


def tool(*command: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    program, *rest = command
    return subprocess.run(  # noqa: S603 - the tools of `make check`
        [str(Path(sys.executable).parent / program), *rest],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.promise("ARC-4.08")
def test_the_strictest_set_of_ruff_passes_over_everything_of_ours() -> None:
    assert CONFIG["ruff"]["lint"]["select"] == ["ALL"]
    done = tool("ruff", "check", "--no-cache", *named(".py"))
    assert done.returncode == 0, done.stdout


@pytest.mark.promise("ARC-4.08")
@pytest.mark.parametrize("text", ["def open_it(a):\n    return a\n", "import os\n", "x = eval('1')\n"])
def test_careless_source_is_refused_by_ruff(text: str) -> None:
    where = ("--stdin-filename", "src/openpact/services/example.py")
    assert tool("ruff", "check", "--no-cache", *where, "-", text=text).returncode == 1


@pytest.mark.promise("ARC-4.08")
def test_types_are_strict_and_checked_over_all_that_is_ours() -> None:
    assert CONFIG["mypy"]["strict"] is True
    covered = tuple(CONFIG["mypy"]["files"])
    assert [path for path in named(".py") if not path.startswith(covered)] == []
    assert "ignore_errors" not in str(CONFIG["mypy"])


@pytest.mark.promise("ARC-4.08")
def test_source_without_types_is_refused_by_mypy(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text("def double(number):\n    return 2 * number\n")
    command = ("mypy", "--config-file", "pyproject.toml", "--cache-dir", str(tmp_path / "cache"))
    done = tool(*command, str(file))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "[no-untyped-def]" in done.stdout


def test_no_type_is_ignored_without_naming_the_error() -> None:
    bare = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!: ?[A-Z]+\d)|#\s*mypy:")
    found = [
        path for path in named(".py") if path != "tests/architecture/test_strictness.py" and bare.search(read(path))
    ]
    excused = ["tests/architecture/test_modules.py"]  # holds such comments to see them found
    assert [path for path in found if path not in excused] == []


@pytest.mark.promise("QUA-2.14")
def test_check_fails_when_a_branch_of_what_decides_is_not_covered() -> None:
    report = CONFIG["coverage"]["report"]
    assert CONFIG["coverage"]["run"]["branch"] is True
    assert report["fail_under"] == 100
    assert {"src/openpact/domain/*", "src/openpact/services/ledger.py"} <= set(report["include"])
    assert "omit" not in str(CONFIG["coverage"])
    assert "-m pytest --cov" in read("Makefile").partition("\ncheck:")[2].partition("\n\n")[0]
    assert [path for path in named(".py", under="src/openpact/domain/") if "pragma: no cover" in read(path)] == []
