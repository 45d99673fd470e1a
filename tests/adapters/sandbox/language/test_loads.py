"""Scripts that load scripts: what comes across, what is told of faults, and the bounds."""

import pytest

from tests.adapters.sandbox.language.conftest import Language


def test_what_a_file_defines_can_be_loaded(language: Language) -> None:
    files = {
        "lib/a.star": 'load("lib/b.star", "two")\ndef f(x):\n    return [x << 31, two, json.encode({"a": x})]',
        "lib/b.star": "two = 2",
    }
    told = language.run('load("lib/a.star", g = "f")\nload("lib/b.star", "two")\nresult = [g(1), two]', files=files)
    assert told.result == [[1 << 31, 2, '{"a":1}'], 2]
    assert [call[1]["path"] for call in told.calls] == ["lib/a.star", "lib/b.star"]


@pytest.mark.parametrize("name", ["_mine", "http", "json", "two"])
def test_only_public_names_of_its_own_are_given_on(language: Language, name: str) -> None:
    files = {"a.star": 'load("b.star", "two")\n_mine = 1', "b.star": "two = 2"}
    assert language.run(f'load("a.star", "{name}")', files=files).code == "script_error"


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({}, "capability_denied", "load is not to be had."),
        ({"a.star": 'load("a.star", "x")'}, "script_error", "a.star loads itself"),
        ({"a.star": 'load("b.star", "x")', "b.star": 'load("a.star", "x")'}, "script_error", "→ b.star → a.star"),
        ({"a.star": 'load("test.star", "x")'}, "script_error", "test.star loads itself"),
        ({"a.star": "x = 1\ny = 1 // 0"}, "script_error", "zero: 1 // 0. (a.star, line 2)"),
        ({"a.star": "def f(:"}, "syntax_error", "(a.star, line 1)"),
        ({"a.star": "y = 1"}, "script_error", "x"),
        ({"a.star": 'load("<prelude>", "finish")'}, "script_error", "loads itself"),
        ({"a.star": "x = [0]\nx[0] <<= 1"}, "syntax_error", "(a.star, line 2)"),
        ({"a.star": "x = 1 #" + "é" * 200_000}, "syntax_error", "bytes at most"),
        ({"a.star": 'secrets.get("X")'}, "capability_denied", "(a.star, line 1)"),
    ],
)
def test_a_fault_of_a_loaded_file_is_told_at_the_load(
    language: Language, files: dict[str, str], code: str, message: str
) -> None:
    told = language.run('y = 1\nload("a.star", "x")', files=files)
    assert told.code == code
    assert message in told.message
    assert told.answer["line"] == 2
    assert told.answer["snippet"] == 'load("a.star", "x")'
    assert told.answer["frames"][0] == ["test.star", 2, "<module>"]


def test_a_fault_in_a_loaded_function_is_told_at_the_call(language: Language) -> None:
    files = {"a.star": "def f(x):\n    y = x\n    return y // 0"}
    told = language.run('load("a.star", "f")\ndef main():\n    return [1, f(3)]', files=files)
    assert told.message == "Floor division by zero: 3 // 0. (a.star, line 3)"
    assert told.place == (3, 16)
    assert told.answer["frames"] == [["test.star", 3, "main"], ["a.star", 3, "f"]]


def test_loads_have_bounds(language: Language) -> None:
    chain = {f"{n}.star": f'load("{n + 1}.star", "x")' for n in range(20)}
    assert "8 deep" in language.run('load("0.star", "x")', files=chain).message
    wide = {f"{n}.star": "x = 1" for n in range(40)}
    loads = "\n".join(f'load("{n}.star", x{n} = "x")' for n in range(40))
    assert "32 files" in language.run(loads, files=wide).message
    big = {f"{n}.star": "x = 1 #" + "a" * 200_000 for n in range(6)}
    loads = "\n".join(f'load("{n}.star", x{n} = "x")' for n in range(6))
    assert "1 MiB" in language.run(loads, files=big).message


def test_a_loaded_file_cannot_be_changed(language: Language) -> None:
    told = language.run('load("a.star", "x")\nx.append(1)', files={"a.star": "x = []"})
    assert told.code == "script_error"
    assert told.place == (2, 1)
