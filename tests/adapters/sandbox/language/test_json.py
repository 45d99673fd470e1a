"""JSON of scripts: read and written exactly, or refused with the path."""

import json

import pytest

from tests.adapters.sandbox.language.conftest import Language

DEEP = "def deep(n):\n    x = []\n    for i in range(n):\n        x = [x]\n    return x\n"


@pytest.mark.promise("SCR-2.09")
@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, -2, 3.5, true, false, null, "é\\u00e9\\ud83d\\ude00"], "b": {}}',
        "12345678901234567890123456789",
        "-18446744073709551617",
        "[9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616]",
        "[1e300, 1E-300, 0.1, 123456789.123456789, 1e22, -0.0, 5e-324]",
        '"\\u0000\\u001f\\u2028\\"\\\\/"',
        "[" * 100 + "]" * 100,
        '{"a": 1, "a": 2}',
    ],
)
def test_json_is_read_and_written_exactly(language: Language, text: str) -> None:
    source = f"text = {json.dumps(text, ensure_ascii=False)}\nresult = json.encode(json.decode(text))"
    assert json.loads(language.run(source).result) == json.loads(text)


@pytest.mark.promise("SCR-2.09")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nope",
        "NaN",
        "[Infinity]",
        "1e400",
        "[-1e999, 1]",
        "[1,]",
        "'a'",
        '"\\ud800"',
        '["\\ud800", 12345678901234567890]',
        "[" * 101 + "]" * 101,
        "[" * 100_000,
        "1" * 5_000,
        '"\x01"',
        "01",
        "1 2",
    ],
)
def test_what_is_no_json_is_an_error_or_the_default(language: Language, text: str) -> None:
    told = language.run("def main(text):\n    return json.decode(text)", args=json.dumps([text]))
    assert (told.code, told.signal) == ("script_error", 0)
    assert told.place == (2, 12)
    told = language.run("def main(text):\n    return json.decode(text, 'none')", args=json.dumps([text]))
    assert told.result == "none"


@pytest.mark.promise("SCR-2.09")
@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ("{'a': [1, float('nan')]}", '["a"][1]', "not finite"),
        ("[float('inf')]", "[0]", "not finite"),
        ("(1, {2: 3})", "[1]", "a key of type int"),
        ("{'f': print}", '["f"]', "a value of type function"),
        ("struct(a = [range(3)])", ".a[0]", "a value of type range"),
        ("deep(100)", "", "more than 100 deep"),
        ("circle()", "", "holds itself"),
        ("deep(100000)", "", "more than 100 deep"),
    ],
)
def test_what_has_no_json_form_is_an_error_with_its_path(language: Language, value: str, path: str, why: str) -> None:
    before = DEEP + "def circle():\n    x = {}\n    x['x'] = [x]\n    return x\n"
    told = language.run(f"{before}json.encode({value})")
    assert told.code == "script_error"
    assert told.message.startswith(f"value{path} ")
    assert why in told.message
    told = language.run(f"{before}result = {value}")
    assert told.code == "invalid_result"
    assert told.message.startswith(f"result{path} ")


@pytest.mark.promise("SCR-2.17")
def test_a_result_over_its_bytes_is_refused(language: Language) -> None:
    assert language.run("result = 'é' * 10", result_bytes=22).result == "é" * 10
    assert language.run("result = 'é' * 10", result_bytes=21).code == "output_limit"


@pytest.mark.promise("SCR-2.17")
def test_a_result_holds_no_integer_that_readers_give_up_on(language: Language) -> None:
    assert language.result("'7' * 5000") == "7" * 5000
    assert language.result("1 << 14000") == 1 << 14000
    assert language.run("result = [1 << 15000]").code == "invalid_result"


def test_values_are_indented(language: Language) -> None:
    assert language.result("json.indent({'a': [1, 12345678901234567890]})") == json.dumps(
        {"a": [1, 12345678901234567890]}, indent=2
    )
