"""The program as a shell meets it: its version, its completions, its configuration commands."""

import json
import re
import sys
from collections.abc import Iterator

import pytest

import openpact
from tests.program import Home, open_home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with open_home() as opened:
        program = opened.path / "openpact"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m openpact "$@"\n')
        program.chmod(0o700)
        yield opened


@pytest.mark.promise("CLI-2.11")
def test_the_version_is_said(home: Home) -> None:
    assert home.run("version").out == f"openpact {openpact.__version__}\n"
    assert home.run("version", "--json").json["version"] == openpact.__version__


@pytest.mark.promise("CLI-1.07")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("openpact us", {"user"}),
        ("openpact user reset", {"reset-password"}),
        ("openpact user role bob re", {"reviewer"}),
        ("openpact audit tail --fol", {"--follow"}),
        ("openpact completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes_what_is_typed(home: Home, typed: str, offered: set[str]) -> None:
    words = typed.split(" ")
    quoted = " ".join(f'"{word}"' for word in words)
    script = f"""
        PATH="$PWD:$PATH"
        eval "$(openpact completion bash)"
        complete -p openpact >/dev/null || exit 1
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
        _openpact_completion openpact "{words[-1]}" "{words[-2]}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ran = home.shell(script)
    assert ran.code == 0, ran.err
    assert set(ran.out.split()) == offered


@pytest.mark.promise("CLI-1.07")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_a_script_of_their_own(home: Home, shell: str) -> None:
    assert "_OPENPACT_COMPLETE" in home.run("completion", shell).out


@pytest.mark.promise("OPS-2.10", "OPS-2.11", "OPS-2.12", "CLI-2.04", "CLI-1.09")
def test_the_configuration_is_checked_and_shown_with_its_origins(home: Home) -> None:
    file = home.path / "mine.yaml"
    file.write_text("server:\n  port: 9000\nstore:\n  url: postgresql://me:hunter2hunter2@db.example.com/openpact\n")
    assert home.run("config", "check").out == "✓ There is no configuration file: every default is in force.\n"
    assert home.run("config", "check", "--config", str(file)).out == f"✓ {file} is right.\n"
    shown = home.run("config", "show", "--config", str(file), OPENPACT_LOGGING__LEVEL="debug")
    assert "hunter2" not in shown.out
    rows = [re.split(r"  +", line) for line in shown.out.splitlines()]
    assert rows == [
        ["setting", "value", "from"],
        ["server.port", "9000", f"{file}:2"],
        ["store.url", "postgresql://me:***@db.example.com/openpact", f"{file}:4"],
        ["logging.level", "debug", "environment OPENPACT_LOGGING__LEVEL"],
    ]
    whole = home.run("config", "show", "--json").json
    settings = {setting["key"]: (setting["value"], setting["origin"]) for setting in whole["settings"]}
    assert settings["server.host"] == ("127.0.0.1", "default")
    assert settings["server.port"] == (8080, "default")
    assert whole["workspace"] == str(home.workspace)


@pytest.mark.promise("OPS-2.02")
def test_the_schema_is_printed_as_json(home: Home) -> None:
    schema = home.run("config", "schema").json
    assert schema["title"] == "OpenPact configuration"
    assert schema["properties"]["server"]["properties"]["port"]["default"] == 8080


@pytest.mark.promise("OPS-1.05")
def test_without_a_named_workspace_it_is_the_one_beside_or_the_users_own(home: Home) -> None:
    def place(**environment: str) -> str:
        shown = home.shell('unset OPENPACT_WORKSPACE; $OP config show --json "$@"', **environment)
        found: str = json.loads(shown.out)["workspace"]
        return found

    assert place() == str(home.path / ".local" / "share" / "openpact")
    assert place(XDG_DATA_HOME="/srv/data") == "/srv/data/openpact"
    (home.path / "workspace").mkdir()
    assert place() == str(home.path / "workspace")
    assert home.run("config", "show", "--json").json["workspace"] == str(home.workspace)
    (home.path / "workspace").rmdir()


@pytest.mark.promise("CLI-1.02")
def test_colour_is_for_a_terminal(home: Home) -> None:
    with home.terminal() as terminal:
        assert "\x1b[" in terminal.do("$OP config show --all")[1]
        assert "\x1b[31m" in terminal.do("$OP user list")[1]  # the word Error is red
        assert "\x1b[31m" not in terminal.do("$OP user list 2>&1 | cat")[1]
