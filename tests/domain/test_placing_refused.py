"""Requests that are not sent: secrets for other hosts, in other places, in pieces, and what is no request."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.destination import Destination, read_url
from openpact.domain.outgoing import Misplaced
from openpact.domain.placing import MOST_HEADERS
from openpact.domain.run import Code
from openpact.domain.secret import EVERYWHERE, Place, read_grant
from tests.domain.asking import URL, Run


@pytest.mark.promise("SCR-4.11")
@pytest.mark.parametrize(
    "given",
    [
        {"url": "https://{}/"},
        {"url": "https://{}.example.com/"},
        {"url": "https://api.example.com:{}/"},
        {"url": "https://{}@api.example.com/"},
        {"url": "https://api.example.com\\{}"},
        {"url": "{}://api.example.com/"},
        {"url": "{}"},
        {"url": URL + "?{}=1"},
        {"url": URL + "?{}"},
        {"url": URL + "?a=1&b{}=1"},
        {"url": URL + "#{}"},
        {"url": "https://api.example.com#{}"},
        {"method": "{}"},
        {"params": (("{}", "1"),)},
        {"headers": (("X-{}", "1"),)},
        {"headers": (("Content-Type", "text/{}"),)},
        {"content_type": "text/{}", "body": "x"},
    ],
)
def test_a_token_where_none_can_stand_is_refused(given: dict[str, Any]) -> None:
    run = Run()

    def filled(part: Any) -> Any:
        return part.replace("{}", run.token) if isinstance(part, str) else tuple(map(filled, part))

    refusal = run.refused(**{name: filled(part) for name, part in given.items()})

    assert refusal.code in {Code.SCRIPT_ERROR, Code.HTTP_ERROR}
    assert refusal.hint


@pytest.mark.promise("SCR-4.11")
@pytest.mark.parametrize("where", ["url", "header", "basic", "body", "json", "params", "auth", "name"])
def test_a_token_that_was_cut_or_changed_is_refused_wherever_it_stands(where: str) -> None:
    run = Run()
    for piece in (run.token[:20], run.token[20:], run.token.upper(), run.token[::-1]):
        asked: dict[str, dict[str, Any]] = {
            "url": {"url": f"{URL}?a={piece}"},
            "header": {"headers": (("X-A", piece),)},
            "basic": {"headers": (("Authorization", "Basic " + base64.b64encode(piece.encode()).decode()),)},
            "body": {"body": piece},
            "json": {"json": json.dumps([piece])},
            "params": {"params": (("a", piece),)},
            "auth": {"auth": ("bob", piece)},
            "name": {"headers": (("X-" + piece, "a"),)},
        }
        refusal = run.refused(**asked[where])
        assert refusal.code is Code.SCRIPT_ERROR
        assert "KEY" in refusal.message
        assert "whole" in str(refusal.hint)


def test_a_token_of_another_run_is_refused() -> None:
    refusal = Run().refused(headers=(("X-A", Run().token),))

    assert (refusal.code, refusal.message) == (Code.SCRIPT_ERROR, "A sealed text is none of this run's.")


@pytest.mark.promise("SCR-4.06")
@pytest.mark.promise("SCR-4.10")
@pytest.mark.parametrize(
    "host", ["https://evil.example/", "https://api.example.com.evil.example/", "https://api.example.com:8443/"]
)
def test_a_secret_goes_to_no_host_outside_its_reach(host: str) -> None:
    run = Run()
    for asked in (
        {"url": f"{host}?a={run.token}"},
        {"url": f"{host}{run.token}"},
        {"url": host, "headers": (("X-A", run.token),)},
        {"url": host, "body": run.token},
        {"url": host, "json": json.dumps([run.token])},
        {"url": host, "auth": ("a", run.token)},
        {"url": host, "params": (("a", run.token),)},
        {"url": host, "headers": (("X-A", run.derived("hash.sha256", run.token)),)},
        {"url": host, "headers": (("Authorization", "Basic " + base64.b64encode(run.token.encode()).decode()),)},
    ):
        refusal = run.refused(**asked)
        assert refusal.code is Code.SECRET_NOT_GRANTED
        assert "api.example.com" in str(refusal.hint)
    assert run.ask(host).used == ()


@pytest.mark.promise("SCR-4.06")
def test_a_secret_stands_in_no_place_that_its_grant_does_not_name() -> None:
    for wrong in Place:
        run = Run(places=EVERYWHERE - {wrong})
        given: dict[Place, dict[str, Any]] = {
            Place.HEADER: {"headers": (("X-A", run.token),)},
            Place.QUERY: {"url": f"{URL}/{run.token}"},
            Place.BASIC: {"auth": ("a", run.token)},
            Place.BODY: {"body": run.token},
        }
        for where, asked in given.items():
            if where is wrong:
                refusal = run.refused(**asked)
                assert refusal.code is Code.SECRET_NOT_GRANTED
                assert "Its grant names" in str(refusal.hint)
            else:
                assert run.ask(**asked).used == ("KEY",)
    nowhere = Run(places=frozenset())
    assert "no place" in str(nowhere.refused(body=nowhere.token).hint)


@pytest.mark.promise("SCR-4.08")
def test_over_http_a_secret_goes_only_where_its_grant_says_so() -> None:
    clear = "http://api.example.com/"
    run = Run()
    assert "http://" in str(run.refused(clear, headers=(("X-A", run.token),)).hint)

    granted = Run(grant=read_grant(hosts=("http://api.example.com",)))
    assert granted.ask(clear, headers=(("X-A", granted.token),)).used == ("KEY",)
    assert granted.refused(URL, headers=(("X-A", granted.token),)).code is Code.SECRET_NOT_GRANTED


@pytest.mark.promise("SCR-4.11")
@pytest.mark.parametrize("value", ["line one\nline two", "carriage\rreturn", "a delete\x7fsign", "8 letters\N{KEY}"])
def test_a_value_that_no_header_can_hold_is_refused(value: str) -> None:
    run = Run(value)

    assert run.refused(headers=(("X-A", run.token),)).code is Code.HTTP_ERROR
    assert (run.ask(body=run.token).body or b"").decode() == value


@pytest.mark.promise("SCR-4.11")
@pytest.mark.parametrize(
    "given",
    [
        {"headers": (("X-A", "a\r\nX-B: b"),)},
        {"headers": (("X-A\r\n", "a"),)},
        {"headers": (("X A", "a"),)},
        {"headers": (("", "a"),)},
        {"headers": (("X-A", "\N{KEY}"),)},
        {"headers": (("Host", "evil.example"),)},
        {"headers": (("content-length", "3"),)},
        {"headers": (("Transfer-Encoding", "chunked"),)},
        {"headers": (("Proxy-Authorization", "a"),)},
        {"headers": (("Content-Type", "a/b"), ("content-type", "c/d"))},
        {"headers": tuple((f"X-{number}", "a") for number in range(MOST_HEADERS + 1))},
        {"body": "a", "content_type": "text/plain\nX-B: b"},
        {"body": "half \ud800"},
        {"url": URL + "/\ud800"},
        {"method": "GET /x"},
        {"method": ""},
        {"url": "ftp://api.example.com/"},
        {"url": "https://user@api.example.com/"},
        {"url": URL + "?" + "a" * 9000},
        {"params": (("a", "b" * 9000),)},
    ],
)
def test_a_request_that_is_none_is_refused(given: dict[str, Any]) -> None:
    assert Run().refused(**given).code is Code.HTTP_ERROR


def test_a_secret_leads_out_of_no_folder() -> None:
    for value in ("..", "."):
        run = Run(value)
        assert run.refused(f"{URL}/{run.token}/admin").code is Code.SCRIPT_ERROR
        assert run.ask(f"{URL}/a{run.token}/admin").url == f"{URL}/a{value}/admin"
    assert Run().ask(f"{URL}/../admin").url == f"{URL}/../admin"


def test_a_secret_that_makes_a_request_too_large_is_refused_before_it_does() -> None:
    run = Run("x" * 65_536)

    for asked in ({"url": f"{URL}?a={run.token}"}, {"headers": (("X-A", run.token * 2),)}, {"body": run.token * 200}):
        assert run.refused(**asked).code is Code.HTTP_ERROR
    long = Run("x" * 9_000)
    assert "too long" in long.refused(f"{URL}/{long.token}").message


hosts = st.sampled_from(
    ["api.example.com", "API.example.com:443", "evil.example", "api.example.com:80", "api.example.com%2f", "[::1]", ""]
)
parts = st.text(st.sampled_from("/?#&=:@.\\%;[]aT"), max_size=12)


@pytest.mark.promise("SCR-4.11")
@given(hosts, parts, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_no_url_and_no_value_bring_a_secret_to_another_host(host: str, rest: str, value: str) -> None:
    run = Run(value)
    url = f"https://{host}{rest.replace('T', run.token)}"
    try:
        placed = run.ask(url, headers=(("X-A", "b"),))
    except Misplaced:
        return
    assert urlsplit(placed.url).hostname == placed.destination.host
    assert read_url(placed.url)[0] == read_url(url)[0] == placed.destination
    if placed.used:
        assert placed.destination == Destination("https", "api.example.com", 443)
