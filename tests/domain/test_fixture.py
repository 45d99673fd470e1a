"""Fixtures: the first that fits answers, nothing is made up, and every error of a file has its line."""

import pytest

from openpact.domain import fixture
from openpact.domain.errors import ScriptInvalid
from openpact.domain.fixture import Fixtures, Reply

FILE = b"""
http:
  - {url: "https://api.example.com/v1/*", json: {temp: 21.50, list: [1, null]}, headers: {X-Rest: "9"}}
  - {url: "https://api.example.com/v1/*", body: never}
  - {url: "https://api.example.com/orders", method: post, status: 201, body: made}
secrets: {API_KEY: a dummy}
"""


def faults(text: bytes) -> list[tuple[object, object, object]]:
    with pytest.raises(ScriptInvalid) as refusal:
        fixture.read(text, "f.yaml")
    return [(field["line"], field["path"], field["message"]) for field in refusal.value.fields]


@pytest.mark.promise("SCR-7.06")
def test_the_first_answer_that_fits_is_given() -> None:
    found = fixture.read(FILE, "f.yaml")
    reply = found.answer("GET", "https://api.example.com/v1/weather?q=Bern")
    assert reply is not None
    assert (reply.status, reply.content) == (200, '{"temp":21.50,"list":[1,null]}')
    assert reply.all_headers == {"content-type": "application/json", "x-rest": "9"}
    made = found.answer("POST", "https://api.example.com/orders")
    assert made is not None
    assert (made.status, made.content, made.all_headers) == (201, "made", {})
    assert found.secrets == {"API_KEY": "a dummy"}


@pytest.mark.promise("SCR-7.06")
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "https://api.example.com/v1/weather"),
        ("GET", "https://api.example.com/orders"),
        ("GET", "https://api.example.com.evil.net/v1/weather"),
        ("GET", "http://api.example.com/v1/weather"),
    ],
)
def test_what_no_fixture_names_is_not_answered(method: str, url: str) -> None:
    assert fixture.read(FILE, "f.yaml").answer(method, url) is None


def test_a_file_without_content_answers_nothing() -> None:
    assert fixture.read(b"# nothing yet\n", "f.yaml") == Fixtures()
    assert Reply(url="https://x/").content == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            b"http: [{urll: x}]",
            [(1, "http[0].url", 'the key "url" is missing'), (1, "http[0].urll", 'unknown key "urll"')],
        ),
        (b"http:\n  - {url: 'https://x', body: a, json: 1}", [(2, "http[0]", "a reply has a body or json, not both")]),
        (b"http:\n  - {url: 'https://x', status: 99}", [(2, "http[0]", "a status is a number from 100 to 599")]),
        (b"http:\n  - {url: 'https://x', status: 600}", [(2, "http[0]", "a status is a number from 100 to 599")]),
        (b"http:\n  - {url: '[a'}", [(2, "http[0]", "The pattern '[a' has a [ without its ].")]),
        (b"http:\n  - {url: api.test/x}", [(2, "http[0]", "a URL begins with https:// or http://")]),
        (b"secrets: {lower: x}", [(1, "", "'lower' is not a name for a secret.")]),
        (b"http: [", [(1, "", "brackets that are not closed, or lack a comma")]),
    ],
)
def test_every_error_of_a_file_has_its_line(text: bytes, expected: list[tuple[object, object, object]]) -> None:
    assert faults(text) == expected


def test_the_number_of_errors_is_told() -> None:
    with pytest.raises(ScriptInvalid, match=r"^2 errors in the fixtures f\.yaml$"):
        fixture.read(b"http: [{urll: x}]", "f.yaml")
