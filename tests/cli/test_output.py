"""What a command prints: times as people say them, tables that read in a pipe, and nothing that moves a screen."""

import io
import json
import sys

import pytest

from openpact.cli import output
from openpact.domain import instant
from tests.world import START


@pytest.mark.promise("CLI-1.10")
@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (-4, "now"),
        (4.9, "now"),
        (5, "5 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (100, "2 min ago"),
        (3600, "1 h ago"),
        (86_400 * 3, "3 d ago"),
        (-299.5, "in 5 min"),  # five minutes that have just begun are not four
        (-86_400 * 30 + 0.1, "in 30 d"),
    ],
)
def test_an_instant_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert output.ago(instant.as_text(START), START / instant.SECOND + seconds) == said


def test_what_never_was_is_never() -> None:
    assert output.ago(None) == "never"


def test_numbers_agree_with_what_they_count() -> None:
    assert [output.count(number, "event") for number in (0, 1, 2)] == ["0 events", "1 event", "2 events"]


@pytest.mark.promise("CLI-1.02")
def test_a_table_in_a_pipe_has_no_colour_no_frame_and_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    output.table(("name", "state"), [("a", "active"), (long, "revoked"), (None, 7)], "nothing")
    assert capsys.readouterr().out == (f"name{' ' * 498}state\na{' ' * 501}active\n{long}  revoked\n{' ' * 502}7\n")


def test_a_table_without_names_begins_with_its_first_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("", ""), [("daemon", "running")], "")
    assert capsys.readouterr().out == "daemon  running\n"


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("name",), [], "There is no token.")
    assert capsys.readouterr().out == "There is no token.\n"


def test_a_name_cannot_move_or_colour_anything(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("name",), [("\x1b[2Jeve\u202e\r[bold]x",)], "")
    shown = capsys.readouterr().out
    assert shown == "name\n\\u001b[2Jeve\\u202e\\r[bold]x\n"


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.promise("CLI-1.02")
def test_a_table_on_a_terminal_is_coloured_unless_that_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = []
    for _ in range(2):
        screen = _Screen()
        monkeypatch.setattr(sys, "stdout", screen)
        output.table(("state",), [("active",)], "")
        shown.append(screen.getvalue())
        monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32mactive" in shown[0]
    assert "\x1b[32m" not in shown[1]
    assert "active" in shown[1]


def test_a_document_is_json_with_the_letters_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"name": "Zoë"})
    shown = capsys.readouterr().out
    assert "Zoë" in shown
    assert json.loads(shown) == {"name": "Zoë"}


@pytest.mark.promise("CLI-1.04")
def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.line({"text": "a\nb"})
    assert capsys.readouterr().out.count("\n") == 1
