"""The floors and walls hold, and each of them falls when it is broken on purpose.

Rules of this file:
- What is broken is a copy of the house; the linter runs on the copy as `make check` runs it on the house.
- Each break names the contract that must catch it and the line it must be caught by.
"""

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture.source import HOUSE, ROOT, named

FLOORS, CIRCLES, PURE, STRANGERS, KEYS = "floors", "circles", "pure", "strangers", "keys"
SEAL, SQL, DOORS = "seal", "sql", "doors"
EGRESS, SANDBOX, INSIDE = "egress", "sandbox", "inside"
_WORKER = "adapters/sandbox/inside/worker.py"


def contracts() -> Mapping[str, Mapping[str, str]]:
    parser = configparser.ConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text(encoding="utf-8"))
    begin = "importlinter:contract:"
    return {name.removeprefix(begin): dict(parser[name]) for name in parser.sections() if name.startswith(begin)}


def listed(contract: str, key: str) -> list[str]:
    return contracts()[contract][key].split()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Give a copy of the house with its contracts."""
    for path in named(".py", under=HOUSE):
        copy = tmp_path / path.removeprefix("src/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
    shutil.copyfile(ROOT / ".importlinter", tmp_path / ".importlinter")
    return tmp_path


def add(house: Path, path: str, text: str) -> None:
    """Add a line to a file of the house, which is made if it is not there."""
    file = house / "openpact" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{text}\n")


def lint(folder: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


def broken(output: str) -> list[str]:
    return re.findall(r"^(.+) BROKEN$", output, re.MULTILINE)


@pytest.mark.promise("ARC-1.01", "ARC-1.02", "ARC-1.03", "ARC-1.07", "ARC-1.08", "ARC-1.11")
def test_every_contract_is_kept_in_the_house_itself(house: Path) -> None:
    code, output = lint(house)
    assert code == 0, output
    assert f"Contracts: {len(contracts())} kept, 0 broken." in output


BREAKS = [
    # an arrow that points up, or into the neighbour's room
    (FLOORS, "domain/stray.py", "import openpact.adapters.files", "openpact.domain.stray -> openpact.adapters.files"),
    (PURE, "domain/stray.py", "import openpact.faults", "openpact.domain.stray -> openpact.faults"),
    (FLOORS, "adapters/files.py", "import openpact.services.house", "adapters.files -> openpact.services.house"),
    (FLOORS, "adapters/files.py", "import openpact.config", "openpact.adapters.files -> openpact.config"),
    (FLOORS, "services/house.py", "import openpact.web.ask", "openpact.services.house -> openpact.web.ask"),
    (FLOORS, "services/house.py", "import openpact.gateway", "openpact.services.house -> openpact.gateway"),
    (FLOORS, "services/house.py", "import openpact.app", "openpact.services.house -> openpact.app"),
    (FLOORS, "web/ask.py", "import openpact.gateway.respond", "openpact.web.ask -> openpact.gateway.respond"),
    (FLOORS, "gateway/respond.py", "import openpact.web.ask", "openpact.gateway.respond -> openpact.web.ask"),
    (FLOORS, "web/ask.py", "import openpact.cli.output", "openpact.web.ask -> openpact.cli.output"),
    (FLOORS, "app.py", "import openpact.cli.output", "openpact.app -> openpact.cli.output"),
    # a room that is on no floor
    (FLOORS, "utils.py", "", "openpact.utils"),
    (FLOORS, "helpers/__init__.py", "", "openpact.helpers"),
    (CIRCLES, "services/house.py", "import openpact.services.stray", "house"),
    (STRANGERS, "adapters/peer.py", "import openpact.adapters.files", "adapters.peer -> openpact.adapters.files"),
    (STRANGERS, "adapters/store/people.py", "import openpact.adapters.seal", "store.people -> openpact.adapters.seal"),
    (KEYS, "services/people.py", "import openpact.adapters.keyring", "services.people -> openpact.adapters.keyring"),
    (KEYS, "web/ask.py", "import openpact.adapters.keyring", "openpact.web.ask -> openpact.adapters.keyring"),
    (KEYS, "cli/output.py", "import openpact.adapters.keyring", "openpact.cli.output -> openpact.adapters.keyring"),
    (SEAL, "services/people.py", "import openpact.adapters.seal", "services.people -> openpact.adapters.seal"),
    (SQL, "faults.py", "import sqlite3", "openpact.faults -> sqlite3"),
    (SQL, "services/people.py", "import sqlite3", "openpact.services.people -> sqlite3"),
    (SQL, "services/people.py", "import psycopg", "openpact.services.people -> psycopg"),
    (SQL, "adapters/files.py", "import sqlite3", "openpact.adapters.files -> sqlite3"),
    (SQL, "web/ask.py", "from sqlite3 import connect", "openpact.web.ask -> sqlite3"),
    (EGRESS, "services/people.py", "import openpact.adapters.egress", "services.people -> openpact.adapters.egress"),
    (EGRESS, "web/ask.py", "import openpact.adapters.egress", "openpact.web.ask -> openpact.adapters.egress"),
    (SANDBOX, "services/broker.py", "import openpact.adapters.sandbox.pool", "broker -> openpact.adapters.sandbox."),
    (SANDBOX, "cli/output.py", "import openpact.adapters.sandbox.pool", "output -> openpact.adapters.sandbox.pool"),
    (INSIDE, _WORKER, "import openpact.domain.run", "sandbox.inside.worker -> openpact.domain.run"),
    (INSIDE, _WORKER, "import msgspec", "sandbox.inside.worker -> msgspec"),
    (INSIDE, "adapters/sandbox/wire.py", "import openpact.domain.run", "sandbox.wire -> openpact.domain.run"),
    (DOORS, "services/people.py", "import starlette", "openpact.services.people -> starlette"),
    (DOORS, "adapters/files.py", "import click", "openpact.adapters.files -> click"),
]


@pytest.mark.promise("ARC-1.01", "ARC-1.02", "ARC-1.03", "ARC-1.04", "ARC-1.07", "ARC-1.08", "ARC-1.10", "ARC-1.11")
@pytest.mark.parametrize(("contract", "path", "line", "named_by"), BREAKS)
def test_a_wall_that_is_broken_on_purpose_fails_the_build(
    house: Path, contract: str, path: str, line: str, named_by: str
) -> None:
    add(house, path, line)
    if contract == CIRCLES:
        add(house, "services/stray.py", "import openpact.services.house")
    code, output = lint(house)
    assert code == 1, output
    if "import" in line:
        assert contracts()[contract]["name"] in broken(output), output
    assert named_by in output, output


@pytest.mark.promise("ARC-1.05", "ARC-1.06")
def test_each_impure_module_is_refused_in_the_domain_by_name(house: Path) -> None:
    forbidden = [name for name in listed(PURE, "forbidden_modules") if not name.startswith("openpact.")]
    for name in forbidden:
        add(house, f"domain/dirty_{name}.py", f"import {name}")
    code, output = lint(house)
    assert code == 1
    assert contracts()[PURE]["name"] in broken(output), output
    unseen = [name for name in forbidden if f"openpact.domain.dirty_{name} -> {name} " not in output]
    assert not unseen, output


@pytest.mark.promise("ARC-1.02")
def test_every_adapter_is_held_to_the_contracts() -> None:
    adapters = {
        f"openpact.adapters.{path.removeprefix(HOUSE + 'adapters/').partition('/')[0].removesuffix('.py')}"
        for path in named(".py", under=HOUSE + "adapters/")
    } - {"openpact.adapters.__init__"}
    assert set(listed(STRANGERS, "modules")) == adapters


def test_every_contract_has_a_break_of_its_own() -> None:
    assert {contract for contract, *_ in BREAKS} == set(contracts())
