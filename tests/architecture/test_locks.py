"""The locks pin everything that is installed, by hash, and say nothing of where it comes from.

Rules of this file:
- A lock is read line by line: what is neither a pin, a hash nor a comment is a fault, whatever pip may think of it.
"""

import re
import tomllib
from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.source import named, read

RUNTIME, DEV = "requirements/runtime.txt", "requirements/dev.txt"

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[a-z,]+\])?==([0-9][^\s;]*)(?: ; [^\\]+?)? \\$")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(text: str) -> tuple[dict[str, Version], list[str]]:
    """Give what a lock pins, and what is wrong with it."""
    pinned: dict[str, Version] = {}
    faults: list[str] = []
    open_pin = ""
    for number, line in enumerate(text.splitlines(), 1):
        if open_pin:
            if hashed := _HASH.match(line):
                open_pin = open_pin if hashed.group(1) else ""
                continue
            faults.append(f"line {number}: {open_pin} ends without its hash")
            open_pin = ""
        if not line or line.startswith("#"):
            continue
        pin = _PIN.match(line)
        if pin is None:
            faults.append(f"line {number}: neither a pin nor a hash: {line!r}")
            continue
        open_pin = canonicalize_name(pin.group(1))
        pinned[open_pin] = Version(pin.group(3))
    if open_pin:
        faults.append(f"{open_pin} ends without its hash")
    return pinned, faults


def unlocked(wanted: list[str], pinned: Mapping[str, Version]) -> list[str]:
    faults = []
    for line in wanted:
        requirement = Requirement(line)
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            faults.append(f"{requirement.name} is in no lock: run `make lock`")
        elif not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement.name} is locked at {version}, which is not {requirement.specifier}")
    return faults


PROJECT = tomllib.loads(read("pyproject.toml"))
NEEDED = PROJECT["project"]["dependencies"]
EXTRAS = [line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra]
TOOLS = PROJECT["dependency-groups"]["dev"]


@pytest.mark.promise("ARC-3.08")
@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: str) -> None:
    pinned, faults = pins(read(lock))
    assert faults == []
    assert len(pinned) > len(NEEDED)


@pytest.mark.promise("ARC-3.08")
def test_there_are_no_other_locks_and_none_has_an_address() -> None:
    assert named(".txt", under="requirements/") == [DEV, RUNTIME]
    for lock in (RUNTIME, DEV):
        assert not re.search(r"://|--(?!hash=)| @ ", read(lock))


@pytest.mark.promise("ARC-3.08")
def test_what_the_project_names_is_locked_at_a_version_it_allows() -> None:
    runtime, dev = pins(read(RUNTIME))[0], pins(read(DEV))[0]
    assert unlocked(NEEDED, runtime) == []
    assert unlocked(EXTRAS, runtime) == []
    assert unlocked([*NEEDED, *TOOLS], dev) == []


def test_the_tests_run_on_the_versions_that_are_installed_for_use() -> None:
    runtime, dev = pins(read(RUNTIME))[0], pins(read(DEV))[0]
    assert {name: dev.get(name) for name in runtime} == runtime


HASH = f"    --hash=sha256:{'0' * 64}"


@pytest.mark.promise("ARC-3.08")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("click==8.5.0", id="no hash"),
        pytest.param("click==8.5.0 \\", id="no hash after the stroke"),
        pytest.param(f"click==8.5.0 \\\n{HASH} \\\nrich==15.0 \\\n{HASH}", id="hashes cut off"),
        pytest.param(f"click>=8.5.0 \\\n{HASH}", id="not pinned"),
        pytest.param(f"click==8.5 \\\n{HASH}x", id="bad hash"),
        pytest.param(f"-i https://example.com/x\nclick==8.5.0 \\\n{HASH}", id="index"),
        pytest.param(f"click @ https://example.com/click.whl \\\n{HASH}", id="address"),
        pytest.param("-e .", id="editable"),
        pytest.param(f"click==8.5.0 \\\n    --hash=md5:{'0' * 32}", id="weak hash"),
    ],
)
def test_a_lock_that_pins_too_little_is_found(text: str) -> None:
    assert pins(text)[1]


def test_a_lock_that_is_right_is_read() -> None:
    text = (
        f"# made by make lock\nclick==8.5.0 \\\n{HASH} \\\n{HASH}\n"
        f"psycopg[binary]==3.3 ; os_name == 'posix' \\\n{HASH}\n"
    )
    assert pins(text) == ({"click": Version("8.5.0"), "psycopg": Version("3.3")}, [])


def test_a_dependency_without_a_lock_or_beyond_it_is_found() -> None:
    pinned = {"click": Version("9.0")}
    assert unlocked(["click>=8,<9"], pinned) == ["click is locked at 9.0, which is not <9,>=8"]
    assert unlocked(["rich"], pinned) == ["rich is in no lock: run `make lock`"]
    assert unlocked(["Click>=9"], pinned) == []
