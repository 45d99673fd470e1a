"""What a reviewer is told: every host, every declaration, and whatever was not meant to be seen."""

from typing import Any

import pytest

from openpact.domain.finding import Previous, Severity
from openpact.domain.script import source_hash
from tests.domain.findings import DECLARED, WEATHER, found, of, severities


@pytest.mark.promise("SCR-8.03")
def test_an_ordinary_script_is_described_and_not_accused() -> None:
    assert [(each.code, each.severity, each.line, each.message) for each in found(WEATHER)] == [
        ("secret_flow", Severity.NOTE, 7, "WEATHER_API_KEY goes to https://api.weather.example in the header."),
        (
            "inferred_host",
            Severity.NOTE,
            7,
            "The host https://api.weather.example is inferred from this string.",
        ),
    ]


def test_a_script_that_only_computes_has_no_findings() -> None:
    assert found("def main(a, b = 2):\n    return [x * b for x in range(a) if x > 1]\n") == []


@pytest.mark.promise("SCR-8.03")
def test_undeclared_use_is_told_with_what_to_declare() -> None:
    source = """\
secrets.get("TOKEN")
secrets.has("OTHER")
tools.call("mail.send", {})
tools.call(name = "mail.read")
http.put("https://a.example/")
http.request("delete", "https://a.example/")
http.get("http://b.example/")
"""
    told = [(each.code, each.line, each.hint) for each in found(source) if each.code.startswith("undeclared")]
    assert told == [
        ("undeclared_secret", 1, "Declare it: # @secrets: TOKEN"),
        ("undeclared_secret", 2, "Declare it: # @secrets: OTHER"),
        ("undeclared_tool", 3, "Declare it: # @tools: mail.send"),
        ("undeclared_tool", 4, "Declare it: # @tools: mail.read"),
        ("undeclared_method", 5, "Declare it: # @methods: GET, POST, PUT"),
        ("undeclared_method", 6, "Declare it: # @methods: GET, POST, DELETE"),
        ("undeclared_host", 7, "Declare it: # @hosts: http://b.example"),
    ]
    assert [each.code for each in found(DECLARED) if each.code.startswith(("undeclared", "unused"))] == []


@pytest.mark.promise("SCR-1.08")
def test_without_inference_a_host_that_is_only_named_is_undeclared() -> None:
    source = 'http.get("https://a.example/")'
    assert of("undeclared_host", source) == []
    assert of("inferred_host", source, infer=False) == []
    assert of("undeclared_host", source, infer=False) == [
        (1, "The script does not declare the host https://a.example; it would be refused.")
    ]


@pytest.mark.promise("SCR-1.06", "SCR-8.03")
def test_inferred_hosts_are_told_unless_they_are_declared_too() -> None:
    source = (
        '# @hosts: a.example\nhttp.get("https://a.example/")\nhttp.get("https://b.example/")\nc = "https://c.example/"'
    )
    assert of("inferred_host", source) == [
        (3, "The host https://b.example is inferred from this string."),
        (4, "The host https://c.example is inferred from this string; it feeds no http call, so no secret goes there."),
    ]


@pytest.mark.promise("SCR-8.03")
def test_what_is_declared_and_not_used_is_told() -> None:
    source = '# @secrets: A\n# @hosts: a.example\n# @methods: GET PUT\n# @tools: a.b\nhttp.get("https://b.example/")\n'
    assert [(each.code, each.line) for each in found(source) if each.code.startswith("unused")] == [
        ("unused_secret", 1),
        ("unused_host", 2),
        ("unused_method", 3),
        ("unused_tool", 4),
    ]


@pytest.mark.parametrize(
    ("line", "blind"),
    [
        ("secrets.get(x)", "unused_secret"),
        ("http.get(x)", "unused_host"),
        ('http.request(x, "https://b.example/")', "unused_method"),
        ("tools.call(x)", "unused_tool"),
    ],
)
def test_unused_is_not_said_of_what_cannot_be_seen(line: str, blind: str) -> None:
    source = f"# @secrets: A\n# @hosts: a.example\n# @methods: GET PUT\n# @tools: a.b\n{line}\n"
    told = {each.code for each in found(source) if each.code.startswith("unused")}
    assert told == {"unused_secret", "unused_host", "unused_method", "unused_tool"} - {blind}
    for hiding in ("f = http.get", 'load("lib/a.star", "f")'):
        assert not any(each.code.startswith("unused") for each in found(f"{source}{hiding}\n"))


def test_a_load_is_told_since_it_acts_with_the_same_capabilities() -> None:
    assert severities("not_followed", "load('lib/a.star', 'f')") == [Severity.NOTE]


def test_tools_are_listed_and_computed_names_stand_out() -> None:
    assert severities("tool_called", '# @tools: a.b\ntools.call("a.b", {})') == [Severity.NOTE]
    assert severities("tool_name_computed", "tools.call(x)\ntools.call()") == [Severity.MEDIUM, Severity.MEDIUM]


@pytest.mark.promise("SCR-8.03")
def test_what_the_metadata_says_is_told() -> None:
    source = "# @hosts: *.example.com\n# @colour: red\n# @hosts *.example.org\nx = 1\n"
    told = [(each.code, each.severity, each.line) for each in found(source)]
    assert told == [
        ("unused_host", Severity.LOW, 1),
        ("wildcard_host", Severity.MEDIUM, 1),
        ("unknown_metadata", Severity.NOTE, 2),
        ("metadata_note", Severity.NOTE, 3),
    ]


@pytest.mark.promise("SCR-8.03")
def test_characters_that_do_not_show_are_told_as_escapes() -> None:
    source = 'x = "a\u202eb\u200bc"  # \u2066\ny = "⚠️"\r\n'
    assert of("hidden_characters", source) == [
        (1, "Here stands a character that does not show: \\u202e, right-to-left override and 2 more.")
    ]
    assert of("hidden_characters", '# a\u200b\nx = "a"\n') == [
        (1, "Here stands a character that does not show: \\u200b, zero width space.")
    ]


@pytest.mark.promise("SCR-8.03")
def test_letters_that_look_like_others_are_told() -> None:
    source = 'http.get("https://\u0430pi.example.com/", {"k": "p\u0430ypal"})'
    assert of("look_alike_letters", source) == [
        (1, "The host is https://xn--pi-6kc.example.com, whatever it looks like."),
        (1, "\u0430pi.example.com mixes letters that look alike: '\\u0430pi.example.com'."),
    ]


@pytest.mark.promise("SCR-8.03")
def test_lines_that_no_screen_shows_whole_are_told() -> None:
    source = f'x = "{"a" * 300}"\ny = 1{" " * 120}; http.get(x)\nz = 1{" " * 500}\n'
    assert of("very_long_line", source) == [
        (1, "The line has 306 characters, more than a screen shows."),
        (2, "Something stands behind 120 blanks, where it is easily not seen."),
        (3, "The line has 505 characters, more than a screen shows."),
    ]


@pytest.mark.promise("SCR-8.03")
def test_a_changed_script_needs_a_new_version() -> None:
    source = "# Weather\n# @version: 1.0.0\nx = 1\n"
    told = [(2, "The script has changed, and its version is still 1.0.0.")]
    assert of("version_not_bumped", source, previous=Previous("1.0.0", source_hash(b"x = 2"))) == told
    assert of("version_not_bumped", source, previous=Previous("1.0.0", source_hash(source.encode()))) == []
    assert of("version_not_bumped", source, previous=Previous("0.9.0", source_hash(b"x = 2"))) == []
    assert of("version_not_bumped", source, previous=Previous(None, source_hash(b"x = 2"))) == []
    assert of("version_not_bumped", source) == []
    assert of("version_not_bumped", "x = 1", previous=Previous(None, source_hash(b"x = 2"))) == []


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"nodes": None, "truncated": True}, "it is too long"),
        ({"ok": False}, "it cannot be read as a script"),
        ({"ok": False, "nodes": None, "truncated": True}, "it cannot be read as a script"),
    ],
)
def test_what_was_not_looked_at_is_told_first_and_the_text_still_looked_through(
    changed: dict[str, Any], why: str
) -> None:
    told = found("# @colour: red\nx = '\u202e'\n", **changed)
    assert [each.code for each in told] == ["not_analysed", "unknown_metadata", "hidden_characters"]
    assert told[0].severity is Severity.HIGH
    assert told[0].message == f"What this script does was not looked at: {why}."


def test_findings_are_bounded_and_what_is_left_out_is_counted() -> None:
    told = found("\n".join(["x = '\u200b'"] * 150))
    assert told[0].message == "There are 50 more findings of the kind hidden_characters."
    assert len(told) == 101


def test_no_message_brings_a_hidden_character_to_the_screen() -> None:
    hostile = "\u202e\x1b[2J"
    source = f'secrets.get("{hostile}")\ntools.call("{hostile}")\nhttp.request("{hostile}", "https://{hostile}/")\n'
    source += f'load("{hostile}", "f")\nx = "p\u0430{hostile}"\n'
    for each in found(source):
        assert each.message.isprintable(), each
        assert (each.hint or "").isprintable(), each
