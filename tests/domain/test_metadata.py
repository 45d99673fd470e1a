"""Metadata: the leading comment block and nothing else, every error with its line, nothing taken twice."""

import pytest

from openpact.domain.destination import HostRule
from openpact.domain.errors import ScriptInvalid
from openpact.domain.metadata import DEFAULT_METHODS, Entry, Metadata, draft_metadata, read_metadata

WHOLE = """\
#!/usr/bin/env openpact

# A comment of no consequence.
# @name: weather.star
# @description: Get current weather for a city
#@author:John Smith
#\t@version :\t1.0.0
  # @secrets: WEATHER_API_KEY, STOCK_API_KEY
# @hosts: api.example.com *.example.org localhost:8080
# @methods: get, PUT
# @tools: mail.send, files.read/all
# @approved_for: stock-related queries only
# @timeout: 5s
"""


def wrong(source: str) -> list[tuple[int, str]]:
    _, faults = draft_metadata(source)
    return [(fault.line, fault.message) for fault in faults]


def noted(source: str) -> list[tuple[int, str]]:
    return [(note.line, note.message) for note in read_metadata(source).notes]


@pytest.mark.promise("SCR-1.03")
def test_everything_that_a_script_says_of_itself_is_read() -> None:
    metadata = read_metadata(WHOLE)
    assert (metadata.name, metadata.description) == ("weather.star", "Get current weather for a city")
    assert (metadata.author, metadata.version) == ("John Smith", "1.0.0")
    assert metadata.secrets == ("WEATHER_API_KEY", "STOCK_API_KEY")
    assert metadata.hosts == (
        HostRule("api.example.com"),
        HostRule("example.org", wildcard=True),
        HostRule("localhost", port=8080),
    )
    assert metadata.methods == ("GET", "PUT")
    assert metadata.tools == ("mail.send", "files.read/all")
    assert metadata.approved_for == "stock-related queries only"
    assert metadata.timeout_ms == 5_000
    assert metadata.unknown == ()
    assert metadata.notes == ()


def test_a_script_that_says_nothing_may_get_and_post() -> None:
    assert read_metadata("x = 1\n") == Metadata()
    assert read_metadata("").methods == DEFAULT_METHODS == ("GET", "POST")


def test_each_declaration_is_kept_with_its_line() -> None:
    assert read_metadata(WHOLE).declared == (
        Entry("secrets", "WEATHER_API_KEY", 8),
        Entry("secrets", "STOCK_API_KEY", 8),
        Entry("hosts", "api.example.com", 9),
        Entry("hosts", "*.example.org", 9),
        Entry("hosts", "localhost:8080", 9),
        Entry("methods", "GET", 10),
        Entry("methods", "PUT", 10),
        Entry("tools", "mail.send", 11),
        Entry("tools", "files.read/all", 11),
    )


@pytest.mark.promise("SCR-1.03")
def test_the_block_ends_at_the_first_line_that_is_neither_blank_nor_a_comment() -> None:
    source = '# @secrets: A\r\n\r\n \t\n# @hosts: a.example\n"""doc"""\n# @secrets: B\n# @colour: red\n'
    metadata = read_metadata(source)
    assert metadata.secrets == ("A",)
    assert metadata.hosts == (HostRule("a.example"),)
    assert [(note.line, note.message) for note in metadata.notes] == [
        (6, "@secrets stands below the first line of code and is not read")
    ]


@pytest.mark.parametrize(
    "source",
    [
        "# harmless\u2028# @hosts: evil.example\n",
        "# harmless\u2029# @hosts: evil.example\n",
        "# harmless\x85# @hosts: evil.example\n",
        "# harmless\x0b# @hosts: evil.example\n",
        "# harmless\x0c# @hosts: evil.example\n",
        "\u00a0\n# @hosts: evil.example\n",
        "## @hosts: evil.example\n",
        "# # @hosts: evil.example\n",
        "# see @hosts: evil.example\n",
        'x = """\n# @hosts: evil.example\n"""\n',
        "x = 1 # @hosts: evil.example\n",
    ],
    ids=ascii,
)
def test_nothing_declares_a_host_unseen(source: str) -> None:
    assert read_metadata(source).hosts == ()


@pytest.mark.promise("SCR-1.04")
def test_a_list_key_given_twice_adds_up() -> None:
    metadata = read_metadata("# @secrets: A\n# @secrets: B,,C\n# @methods: GET\n# @methods: DELETE\n")
    assert metadata.secrets == ("A", "B", "C")
    assert metadata.methods == ("GET", "DELETE")


@pytest.mark.promise("SCR-1.04")
@pytest.mark.parametrize("key", ["name", "description", "author", "version", "approved_for", "timeout", "colour"])
def test_any_other_key_given_twice_is_an_error(key: str) -> None:
    source = f"# @{key}: 5\n# @{key}: 6\n"
    assert wrong(source) == [(2, f"@{key} stands on line 1 already")]
    with pytest.raises(ScriptInvalid, match="Line 2 of the metadata"):
        read_metadata(source)


def test_an_item_given_twice_is_noted_and_kept_once() -> None:
    source = "# @hosts: a.example\n# @hosts: A.example\n"
    assert read_metadata(source).hosts == (HostRule("a.example"),)
    assert noted(source) == [(2, "@hosts: a.example stands on line 1 already")]


@pytest.mark.promise("SCR-1.03")
def test_unknown_keys_are_kept_and_noted_with_what_was_probably_meant() -> None:
    metadata = read_metadata("# @secret: A\n# @flavour: \u202evanilla\n")
    assert metadata.secrets == ()
    assert metadata.unknown == (Entry("secret", "A", 1), Entry("flavour", "\\u202evanilla", 2))
    assert [(note.hint or "")[:35] for note in metadata.notes] == [
        "Did you mean @secrets?",
        "Known here: @name, @description, @a",
    ]


@pytest.mark.parametrize("line", ["# @hosts api.example.com", "# @ hosts: a.example", "#@HOSTS = a.example"])
def test_a_comment_that_nearly_declares_something_is_noted(line: str) -> None:
    assert read_metadata(line).hosts == ()
    assert noted(line) == [(1, "a comment that looks like @hosts and is not read")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("# @secrets: lower", "@secrets: 'lower' is not a name for a secret"),
        ("# @secrets: A_FILE", "@secrets: 'A_FILE' is not a name for a secret"),
        ("# @secrets:", "@secrets has no value"),
        ("# @description:  ", "@description has no value"),
        ("# @methods: FETCH", '@methods: "FETCH" is no method of http'),
        ("# @methods: CONNECT", '@methods: "CONNECT" is no method of http'),
        ("# @tools: send", '@tools: "send" is not the name of a tool'),
        ("# @tools: mail.*", '@tools: "mail.*" is not the name of a tool'),
        ("# @timeout: 0", "@timeout is no time that a run could take"),
        ("# @timeout: 0ms", "@timeout is no time that a run could take"),
        ("# @timeout: -5", "@timeout is no time that a run could take"),
        ("# @timeout: 1.5s", "@timeout is no time that a run could take"),
        ("# @timeout: forever", "@timeout is no time that a run could take"),
        ("# @timeout: \u0665", "@timeout is no time that a run could take"),
        ("# @description: " + "x" * 1001, "@description has more than 1000 characters"),
        ("# @secrets: " + " ".join(f"S{number}" for number in range(65)), "@secrets lists more than 64"),
    ],
    ids=lambda text: ascii(text)[:60],
)
def test_what_is_wrong_is_refused_with_its_line(line: str, message: str) -> None:
    assert wrong(f"#\n{line}\n") == [(2, message)]
    with pytest.raises(ScriptInvalid):
        read_metadata(f"#\n{line}\n")


@pytest.mark.parametrize(
    "host", ["https://api.example.com/path", "*", "*.com", "ftp://a.example", "a.example@evil.example", "a{b}.example"]
)
def test_a_host_that_is_none_is_refused_with_its_line(host: str) -> None:
    [(line, message)] = wrong(f"#\n# @hosts: {host}\n")
    assert (line, message.startswith("@hosts: ")) == (2, True)


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("5s", 5_000), ("500ms", 500), ("5", 5_000), ("90 s", 90_000), ("1ms", 1)]
)
def test_a_timeout_is_read_in_seconds_or_milliseconds(text: str, milliseconds: int) -> None:
    assert read_metadata(f"# @timeout: {text}").timeout_ms == milliseconds


def test_every_error_is_reported_at_once_and_nothing_runs() -> None:
    source = "# @secrets: bad GOOD\n# @hosts: *\n# @version: 1\n# @version: 2\n"
    metadata, faults = draft_metadata(source)
    assert metadata.secrets == ("GOOD",)
    assert [fault.line for fault in faults] == [1, 2, 4]
    with pytest.raises(ScriptInvalid, match=r"Line 1 of the metadata: .*\(and 2 more\)\.") as caught:
        read_metadata(source)
    assert [field["line"] for field in caught.value.fields] == [1, 2, 4]
    assert (
        caught.value.fields[0]["hint"]
        == "Write it as API_KEY: capitals, digits and _, at most 64, not ending in _FILE."
    )


def test_an_error_without_a_hint_has_none() -> None:
    with pytest.raises(ScriptInvalid) as caught:
        read_metadata("# @description: " + "x" * 1001)
    assert "hint" not in caught.value.fields[0]
    assert caught.value.hint == "Correct each error; `openpact scripts lint FILE` shows them with their lines."


def test_a_methods_line_that_is_all_wrong_does_not_bring_the_default_back() -> None:
    metadata, faults = draft_metadata("# @methods: FETCH\n")
    assert metadata.methods == ()
    assert len(faults) == 1


def test_texts_that_are_shown_to_reviewers_hide_nothing() -> None:
    metadata = read_metadata("# @description: safe \u202eelif\u200b\n# @author: a\x1b[2Jb\n")
    assert metadata.description == "safe \\u202eelif\\u200b"
    assert metadata.author == "a\\u001b[2Jb"
