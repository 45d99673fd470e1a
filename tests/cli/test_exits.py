"""How a command ends: every error has its code, and is said in one way."""

import json
import sys

import click
import pytest

from openpact.cli import exits, main
from openpact.cli.door import Answered
from openpact.domain import errors


@pytest.mark.promise("ARC-1.15", "CLI-1.06")
def test_every_error_that_can_be_raised_has_an_exit_code() -> None:
    assert set(exits.CODES) == set(errors.leaves())
    assert set(exits.CODES.values()) == {1, 2, 3, 4, 5, 6}


@pytest.mark.promise("CLI-1.06")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigInvalid, 1),
        (errors.Invalid, 2),
        (errors.NotFound, 3),
        (errors.AlreadyExists, 4),
        (errors.LastAdministrator, 4),
        (errors.Forbidden, 5),
        (errors.UnlockRequired, 5),
        (errors.StoreUnavailable, 6),
        (errors.DaemonUnavailable, 6),
    ],
)
def test_an_error_here_and_the_same_one_from_a_daemon_end_alike(kind: type[errors.OpenPactError], code: int) -> None:
    assert exits.code_of(kind("no")) == code
    assert exits.code_of(Answered({"error": kind.code, "message": "no"})) == code


def test_an_error_that_a_newer_daemon_answers_with_is_an_error() -> None:
    assert exits.code_of(Answered({"error": "not_invented_yet", "message": "no"})) == 1


@pytest.mark.promise("CLI-1.05")
@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_said_on_stderr_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    fields = [{"path": "a", "message": "wrong", "hint": "b", "file": "f", "line": 3, "column": 4}]
    error = errors.ConfigInvalid("1 error in f", hint="Correct it.", details={"fields": fields})

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(main, "main", fail_with(fail))
    monkeypatch.setattr(sys, "argv", ["openpact", *(["--json"] if as_json else [])])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    if as_json:
        assert json.loads(said.err) == {
            "error": "config_invalid",
            "message": "1 error in f",
            "hint": "Correct it.",
            "fields": fields,
        }
    else:
        assert said.err == "Error: 1 error in f\n  f:3:4: a: wrong (b)\nHint:  Correct it.\n"


def fail_with(callback: object) -> click.Command:
    return click.Command("openpact", callback=callback, params=[click.Option(["--json"], is_flag=True)])  # type: ignore[arg-type]
