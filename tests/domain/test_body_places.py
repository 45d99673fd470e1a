"""Values in what stands in something else: JSON in JSON, in a form, on lines, and in texts that nobody can read."""

import json
import os
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import body_places
from openpact.domain.run import Code
from openpact.domain.sealed import TOKEN
from tests.domain.asking import URL, VALUE, Run

INJECTION = 'hunter2","admin":true,"x":"'
FORM = "application/x-www-form-urlencoded"
WORD = "a-plain_word.123"


@pytest.mark.promise("SCR-4.10")
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.integers(1, 4))
def test_any_value_stays_in_its_string_however_many_strings_that_stands_in(value: str, depth: int) -> None:
    run = Run(value)
    text = json.dumps({"a": f"x {run.token}", "b": run.token})
    for _ in range(depth):
        text = json.dumps(["before", text, run.token])

    read = json.loads(run.ask(json=text).body or b"")

    for _ in range(depth):
        assert read[2] == value
        read = json.loads(read[1])
    assert read == {"a": f"x {value}", "b": value}


def test_json_in_a_form_a_query_and_a_parameter_keeps_the_value_in_its_string() -> None:
    run = Run(INJECTION)
    payload = json.dumps({"token": run.token})

    for body in (f"payload={payload}&b=1", f"payload={quote(payload, safe='')}&b=1"):
        sent = (run.ask(body=body, content_type=FORM).body or b"").decode()
        assert json.loads(parse_qs(sent)["payload"][0]) == {"token": INJECTION}
    for placed in (run.ask(params=(("payload", payload),)), run.ask(f"{URL}?payload={quote(payload, safe='')}")):
        assert json.loads(parse_qs(urlsplit(placed.url).query)["payload"][0]) == {"token": INJECTION}


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/json-seq", None])
def test_each_line_of_json_keeps_the_value_in_its_string(content_type: str | None) -> None:
    run = Run(INJECTION)
    body = f'\x1e{{"index":{{}}}}\n\x1e{{"token":"{run.token}"}}\r\n\n{{"b":["{run.token}"]}}\n'

    sent = (run.ask(body=body, content_type=content_type).body or b"").decode()

    assert [json.loads(line.strip("\x1e")) for line in sent.split("\n") if line] == [
        {"index": {}},
        {"token": INJECTION},
        {"b": [INJECTION]},
    ]


@pytest.mark.parametrize("body", ['{"a":1,"a":"%s"}', '{"n":1e999,"a":"%s"}'])
def test_json_that_readers_read_differently_keeps_the_value_in_its_string(body: str) -> None:
    run = Run(INJECTION)
    assert json.loads(run.ask(body=body % run.token).body or b"")["a"] == INJECTION


UNCLEAR: list[dict[str, Any]] = [
    {"body": '{"a":%s}', "content_type": "application/json"},
    {"body": '{"a":"%s"} // said', "content_type": "application/json"},
    {"body": '{"a":"%s"} // said'},
    {"body": '{"index":{}}\n"%s"', "content_type": "application/x-ndjson"},
    {"body": 'say "%s"', "content_type": "text/plain"},
    {"body": "first\n%s\nthird: line"},
    {"body": "<a><![CDATA[%s]]></a>", "content_type": "text/xml"},
    {"body": "<script>let a = '%s'</script>", "content_type": "text/html"},
    {"body": '<a b="%s"/>', "content_type": "application/octet-stream"},
    {"body": '{ user(token:"%s"){id} }', "content_type": "application/graphql"},
    {"json": json.dumps({"query": '{ user(token:"%s"){id} }'})},
    {"json": json.dumps({"page": "<b>%s</b>"})},
    {"json": '{"a":"{\\"\\\\u0041\\":\\"%s\\"} x"}'},
    {"body": "page=<b>%s</b>", "content_type": FORM},
    {"params": (("filter", "name='%s'"),)},
    {"url": URL + "?filter=name%%3D%%22%s%%22"},
]


@pytest.mark.promise("SCR-4.10")
@pytest.mark.parametrize("given", UNCLEAR)
def test_where_nothing_says_how_a_value_is_written_one_that_could_break_out_is_refused(given: dict[str, Any]) -> None:
    def filled(run: Run, part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple((key, value % run.token) for key, value in part)
        return part % run.token if "%s" in part else part

    for value in (INJECTION, VALUE, "line\nline: and more"):
        run = Run(value)
        refusal = run.refused(**{name: filled(run, part) for name, part in given.items()})
        assert refusal.code is Code.SCRIPT_ERROR
        assert "break out" in refusal.message
        assert "json=" in str(refusal.hint)
    run = Run(WORD)
    placed = run.ask(**{name: filled(run, part) for name, part in given.items()})
    assert WORD in placed.url + (placed.body or b"").decode()


def test_a_text_with_nothing_to_break_out_of_takes_any_value() -> None:
    run = Run(INJECTION)
    assert run.ask(body=f"({run.token})").body == f"({INJECTION})".encode()
    assert json.loads(run.ask(json=json.dumps([f"Bearer {run.token}!"])).body or b"") == [f"Bearer {INJECTION}!"]
    assert run.ask(body=run.token).body == INJECTION.encode()
    assert run.ask(body=f"key: {run.token}\n").body == f"key: {INJECTION}\n".encode()
    assert "break out" in (lines := Run("line\nline: more")).refused(body=f"key: {lines.token}").message


def test_a_line_break_in_xml_is_written_so_that_an_attribute_keeps_it() -> None:
    run = Run("a\r\n\tb")
    assert run.ask(body=f'<a b="{run.token}"/>', content_type="text/xml").body == b'<a b="a&#13;&#10;&#9;b"/>'


def test_a_token_that_only_the_inner_text_shows_leaves_the_places_of_the_others_unclear() -> None:
    token = f"sealed_{os.urandom(16).hex()}_x"
    hidden = json.dumps({"a": f"{token} \\u0073{token[1:]}"}).replace("\\\\", "\\")

    _, spots = body_places.body_writing("application/json", hidden, TOKEN)

    assert [(spot.depth, spot.unclear) for spot in spots] == [(1, True)]


@pytest.mark.parametrize("body", ["{}=1", "a{}=2&b={}", "{}"])
def test_a_form_has_a_place_for_every_token(body: str) -> None:
    token = f"sealed_{os.urandom(16).hex()}_x"
    _, spots = body_places.body_writing(FORM, body.replace("{}", token), TOKEN)
    assert len(spots) == body.count("{}")
