"""How a command asks for what it needs, and where it does not ask."""

import io
import os
import socket
import sys
from pathlib import Path

import pytest

from openpact.cli import door
from openpact.domain import errors


def test_in_a_pipe_each_question_takes_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("alice\n spaces stay \n"))
    assert door.ask_text("Username") == "alice"
    assert door.ask_secret("Password", twice=True) == " spaces stay "  # once: a pipe mistypes nothing
    with pytest.raises(errors.UnlockRequired, match="Username: there is nobody to ask"):
        door.ask_text("Username")


def test_bytes_that_are_no_text_are_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"alice\n\xff\n"), encoding="utf-8"))
    with pytest.raises(errors.Invalid, match="not UTF-8") as refused:
        door.ask_secret("Password")
    assert "base64" in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["", "/", "a/b", ".", ".."])
def test_a_name_that_would_lead_to_another_address_is_nobodys(name: str) -> None:
    with pytest.raises(errors.NotFound) as refused:
        door.part(name, "user")
    assert refused.value.hint == "`openpact user list` shows what there is."


@pytest.mark.parametrize(("name", "sent"), [("bob", "bob"), ("a?b#c", "a%3Fb%23c"), ("%2e%2e", "%252e%252e")])
def test_any_other_name_is_sent_as_it_is(name: str, sent: str) -> None:
    assert door.part(name, "user") == sent


def test_a_socket_that_nobody_listens_at_is_no_daemon(tmp_path: Path) -> None:
    place = Path(os.path.relpath(tmp_path / "s"))  # a socket's path may not be long
    assert not door.answers(place)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        assert not door.answers(place)
        listener.listen()
        assert door.answers(place)
    assert not door.answers(place)  # the file is still there
    assert not door.answers(tmp_path / ("long" * 60))


def test_a_daemon_that_hangs_up_is_said_to_be_unavailable(tmp_path: Path) -> None:
    place = Path(os.path.relpath(tmp_path / "s"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
    with pytest.raises(errors.DaemonUnavailable) as refused:
        door._Socket(place, chosen=True).answer("GET", "/api/users", {}, b"", lambda _status, _piece: None)  # noqa: SLF001
    assert "openpact doctor" in (refused.value.hint or "")


def test_an_answer_that_makes_no_sense_is_still_an_error() -> None:
    assert door.Answered({}).message == "The daemon's answer makes no sense."
