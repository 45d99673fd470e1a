"""`openpact scripts` as its user meets it: what is wrong with a script, and how it runs where nothing can happen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program import Home, Ran, open_home

WEATHER = """# @description: The weather of a city
# @version: 1.0
# @secrets: WEATHER_KEY
# @hosts: api.test

load("lib/units.star", "celsius")

def main(city, days = 1):
    key = secrets.get("WEATHER_KEY")
    print("asking for", city, key)
    answer = http.get("https://api.test/v1/now", params = {"q": city, "key": key})
    return {"temp": celsius(json.decode(answer["body"])["f"]), "days": days}
"""
UNITS = "def celsius(f):\n    return (f - 32) * 5 // 9\n"
FIXTURES = 'http: [{url: "https://api.test/v1/now?*", json: {f: 50}}]\n'
WRONG = "# @secrets: lower\n# @timeout: soon\n\nresult = 1 +\n"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with open_home() as opened:
        (opened.path / "lib").mkdir()
        for name, text in {
            "weather.star": WEATHER,
            "lib/units.star": UNITS,
            "weather.yaml": FIXTURES,
            "wrong.star": WRONG,
            "pure.star": 'print("a\\u202eb")\nresult = {"a": [1 << 40, "é"]}\n',
            "fails.star": 'def inner(x):\n    return x["none"]\n\ndef main():\n    return inner({})\n',
        }.items():
            (opened.path / name).write_text(text)
        yield opened


def ran(home: Home, *args: str) -> Ran:
    result = home.run("scripts", *args)
    assert "Traceback" not in result.err
    return result


def document(home: Home, *args: str) -> Any:
    return ran(home, *args, "--json").json


@pytest.mark.promise("CLI-2.06", "SCR-8.03", "CLI-1.03")
def test_lint_tells_what_a_script_may_do_and_what_to_look_at(home: Home) -> None:
    shown = ran(home, "lint", "weather.star", "pure.star")
    assert shown.code == 0
    assert "✓ weather.star  secrets: WEATHER_KEY; hosts: api.test" in shown.out
    assert "✓ pure.star  declares nothing" in shown.out

    first, second = document(home, "lint", "weather.star", "pure.star")
    assert (first["file"], first["ok"], first["version"], first["diagnostics"]) == ("weather.star", True, "1.0", [])
    assert first["capabilities"]["secrets"] == ["WEATHER_KEY"]
    assert first["capabilities"]["hosts"] == ["api.test"]
    assert first["capabilities"]["methods"] == ["GET", "POST"]
    assert first["capabilities"]["inferred_hosts"] == [{"host": "https://api.test", "line": 11, "takes_secrets": True}]
    assert [function["name"] for function in first["functions"]] == ["main"]
    assert [parameter["default"] for parameter in first["functions"][0]["params"]] == [None, "1"]
    assert first["loads"][0]["path"] == "lib/units.star"
    assert 11 in {finding["line"] for finding in first["findings"]}  # a secret in the query
    assert second["capabilities"]["inferred_hosts"] == second["loads"] == []


@pytest.mark.promise("SCR-1.04", "CLI-1.03")
def test_lint_tells_every_error_with_its_line_and_ends_with_1(home: Home) -> None:
    shown = ran(home, "lint", "weather.star", "wrong.star")
    assert shown.code == 1
    assert "✗ wrong.star" in shown.out
    assert all(f"     {line}:" in shown.out for line in (1, 2, 4))
    _, wrong = document(home, "lint", "weather.star", "wrong.star")
    assert not wrong["ok"]
    assert {each["line"] for each in wrong["diagnostics"] if each["severity"] == "error"} >= {1, 2, 4}
    assert wrong["capabilities"]["secrets"] == []


@pytest.mark.promise("CLI-2.06", "SCR-7.06", "SCR-7.07")
def test_a_script_runs_in_isolation_with_fixtures_and_dummies(home: Home) -> None:
    shown = ran(home, "test", "weather.star", "--arg", "city=Bern", "--arg", "days=3", "--fixtures", "weather.yaml")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out) == {"temp": 10, "days": 3}
    assert "│ asking for Bern [REDACTED:WEATHER_KEY]" in shown.err
    assert "→ GET https://api.test/v1/now?q=Bern&key=[REDACTED:WEATHER_KEY]  200" in shown.err

    told = document(home, "test", "weather.star", "--args", '["Bern"]', "--fixtures", "weather.yaml")
    assert (told["success"], told["result"]) == (True, {"temp": 10, "days": 1})
    assert told["secrets_used"] == ["WEATHER_KEY"]
    assert told["http_calls"][0]["status"] == 200
    assert list(told["closure"]) == ["lib/units.star"]


@pytest.mark.promise("SCR-7.06")
def test_without_a_fixture_the_run_fails_and_names_the_one_that_lacks(home: Home) -> None:
    shown = ran(home, "test", "weather.star", "--arg", "city=Bern")
    assert (shown.code, shown.out) == (1, "")
    assert "http_error at line 11" in shown.err
    assert "No fixture answers GET https://api.test/v1/now?q=Bern&key=[REDACTED:WEATHER_KEY]" in shown.err
    assert 'Add one: http: [{url: "https://api.test/v1/now?q=Bern&key=*", method: GET, json: …}]' in shown.err


@pytest.mark.promise("SCR-7.07")
def test_a_failure_shows_its_line_and_the_way_there(home: Home) -> None:
    shown = ran(home, "test", "fails.star")
    assert (shown.code, shown.out) == (1, "")
    assert "script_error at line 2" in shown.err
    assert "in main, fails.star:5" in shown.err
    assert "in inner, fails.star:2" in shown.err
    told = document(home, "test", "fails.star")
    assert (told["success"], told["code"], told["line"]) == (False, "script_error", 2)
    assert [frame["function"] for frame in told["traceback"]][-2:] == ["main", "inner"]


def test_what_does_not_show_is_shown_and_letters_stay(home: Home) -> None:
    shown = ran(home, "test", "pure.star")
    assert "\u202e" not in shown.err
    assert json.loads(shown.out) == {"a": [1 << 40, "é"]}


def test_a_function_is_chosen_by_name(home: Home) -> None:
    told = document(home, "test", "lib/units.star", "--function", "celsius", "--args", "[212]")
    assert told["result"] == 100
    wrong = ran(home, "test", "lib/units.star", "--function", "kelvin", "--args", "[1]")
    assert wrong.code == 1
    assert "celsius(f)" in wrong.err


def test_libraries_come_from_the_named_folder(home: Home, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.star").write_text(WEATHER)
    alone = ran(home, "test", str(tmp_path / "elsewhere.star"), "--arg", "city=Bern")
    assert alone.code == 1
    assert "--scripts" in alone.err
    given = ("--scripts", str(home.path), "--fixtures", "weather.yaml", "--arg", "city=Bern")
    assert ran(home, "test", str(tmp_path / "elsewhere.star"), *given).code == 0


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("lint",), 2, "FILE"),
        (("test", "none.star"), 3, "none.star cannot be read"),
        (("test", "pure.star", "--fixtures", "none.yaml"), 3, "none.yaml cannot be read"),
        (("test", "pure.star", "--fixtures", "pure.star"), 1, "pure.star"),
        (("test", "pure.star", "--arg", "city"), 2, "NAME=VALUE"),
        (("test", "pure.star", "--arg", "=x"), 2, "NAME=VALUE"),
        (("test", "pure.star", "--arg", "a-b=x"), 2, "NAME=VALUE"),
        (("test", "pure.star", "--arg", "a=1", "--arg", "a=2"), 2, "twice"),
        (("test", "pure.star", "--arg", "a=1", "--args", "[]"), 2, "not both"),
        (("test", "pure.star", "--args", "{"), 1, ""),
        (("test", "pure.star", "--args", "7"), 2, "a list or an object"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(home: Home, args: tuple[str, ...], code: int, said: str) -> None:
    shown = ran(home, *args)
    assert (shown.code, shown.out) == (code, ""), shown.err
    assert said in shown.err
    refused = ran(home, *args, "--json")
    assert refused.code == code
    if code != 2:
        assert refused.refusal


@pytest.mark.promise("CLI-2.06")
def test_a_file_that_cannot_be_read_is_told_beside_those_that_can(home: Home) -> None:
    shown = ran(home, "lint", "none.star", "pure.star", "lib")
    assert shown.code == 1
    assert "✗ none.star" in shown.out
    assert "none.star cannot be read: No such file or directory." in shown.out
    assert "✓ pure.star" in shown.out
    assert "lib: It is not an ordinary file." in shown.out
    told = document(home, "lint", "none.star", "pure.star")
    assert [(each["file"], each["ok"]) for each in told] == [("none.star", False), ("pure.star", True)]
    assert told[0]["diagnostics"][0]["code"] == "not_found"


def test_a_name_cannot_write_a_line_of_its_own(home: Home) -> None:
    name = "b\x1b[31mad\n::error::x.star"
    (home.path / name).write_bytes(b"\xff")
    shown = ran(home, "lint", name)
    assert shown.code == 1
    assert "\x1b[31mad" not in shown.out
    assert "\n::error::" not in shown.out


@pytest.mark.promise("SCR-7.07")
def test_a_script_with_errors_is_answered_as_a_run_that_failed(home: Home) -> None:
    shown = ran(home, "test", "wrong.star")
    assert (shown.code, shown.out) == (1, "")
    assert "syntax_error at line 1, column 1: @secrets: 'lower' is not a name for a secret" in shown.err
    assert "2 more errors: openpact scripts lint shows all of them." in shown.err
    told = document(home, "test", "wrong.star")
    assert (told["success"], told["code"], told["line"], told["snippet"]) == (
        False,
        "syntax_error",
        1,
        "# @secrets: lower",
    )
    (home.path / "deep.star").write_text("x = " + "[" * 5000 + "]" * 5000 + "\n")
    assert document(home, "test", "deep.star")["code"] in {"recursion_limit", "syntax_error"}


@pytest.mark.promise("SCR-1.01")
def test_a_script_is_found_without_its_ending(home: Home) -> None:
    assert document(home, "test", "pure")["success"]


def test_methods_and_a_time_that_is_cut_short_are_told(home: Home) -> None:
    (home.path / "deletes.star").write_text(
        "# @hosts: api.test\n# @methods: DELETE\n# @timeout: 999s\n"
        'def main():\n    return http.delete("https://api.test/x")["status"]\n'
    )
    shown = ran(home, "lint", "deletes.star")
    assert "hosts: api.test; methods: DELETE" in shown.out
    assert "@timeout is longer than a run may take here: it ends after 30000 ms." in shown.out


def test_a_value_that_is_json_is_read_as_json_and_any_other_is_text(home: Home) -> None:
    (home.path / "given.star").write_text("def main(**given):\n    return given\n")
    pairs = {"a": "1", "b": "[true]", "c": "Bern", "d": "1e999", "e": "x=y", "f": "", "g": '"7"'}
    args = [word for name, text in pairs.items() for word in ("--arg", f"{name}={text}")]
    told = document(home, "test", "given.star", *args)
    assert told["result"] == {"a": 1, "b": [True], "c": "Bern", "d": "1e999", "e": "x=y", "f": "", "g": "7"}


@pytest.mark.promise("SCR-7.06")
def test_no_configured_secret_is_needed_to_work_on_a_script(home: Home) -> None:
    (home.path / "c.yaml").write_text("starlark:\n  secrets: {WEATHER_KEY: '${NOT_SET_HERE}'}\n")
    assert ran(home, "lint", "pure.star", "--config", "c.yaml").code == 0
    assert ran(home, "test", "pure.star", "--config", "c.yaml").code == 0


def test_a_run_that_gives_nothing_says_so(home: Home) -> None:
    (home.path / "nothing.star").write_text("reslt = 1\n")
    shown = ran(home, "test", "nothing.star")
    assert (shown.code, shown.out) == (0, "null\n")
    assert "Nothing was returned" in shown.err


def test_an_error_is_not_followed_by_an_alarm_about_itself(home: Home) -> None:
    shown = ran(home, "lint", "wrong.star")
    assert "Read it with double care" not in shown.out


@pytest.mark.promise("CLI-1.02")
@pytest.mark.parametrize("plainly", ["NO_COLOR=1", "NO_COLOR=", "TERM=dumb"])
def test_a_whole_command_on_a_terminal_is_without_colour_where_none_is_wanted(home: Home, plainly: str) -> None:
    with home.terminal() as terminal:
        for command in ("$OP scripts lint pure.star none.star", "$OP scripts test none.star"):
            assert "\x1b[3" in terminal.do(f"TERM=xterm {command}")[1]
            assert "\x1b[3" not in terminal.do(f"TERM=xterm {plainly} {command}")[1]


@pytest.mark.promise("SCR-1.02")
def test_a_script_that_is_loaded_under_two_spellings_is_one(home: Home) -> None:
    (home.path / "lib" / "two.star").write_text('print("evaluated")\na = 1\nb = 2\n')
    (home.path / "loads.star").write_text('load("lib/two", "a")\nload("lib/two.star", "b")\nresult = a + b\n')
    told = document(home, "test", "loads.star")
    assert (told["result"], told["logs"], list(told["closure"])) == (3, ["evaluated"], ["lib/two.star"])
