"""Secrets in a request: at their hosts, in their places, written as each place demands."""

import base64
import json
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.destination import Destination, read_url
from openpact.domain.run import Code
from openpact.domain.secret import Place
from tests.domain.asking import URL, VALUE, Run


def test_a_request_without_secrets_is_sent_as_it_was_written() -> None:
    placed = Run().ask(
        "HTTPS://API.example.com:443/a%20b/ä?x=1&y=ü&z#top",
        "post",
        headers=(("X-A", "b"),),
        params=(("q", "a b"),),
        body="text",
        content_type="text/plain",
    )

    assert placed.url == "https://api.example.com/a%20b/%C3%A4?x=1&y=%C3%BC&z&q=a%20b"
    assert (placed.method, placed.body) == ("POST", b"text")
    assert placed.headers == (("X-A", "b"), ("Content-Type", "text/plain"))
    assert placed.used == ()
    assert Run().ask("https://api.example.com").url == "https://api.example.com/"
    assert Run().ask(body="").body == b""
    assert Run().ask(body=None).body is None


@pytest.mark.promise("SCR-4.10")
def test_a_header_carries_the_value() -> None:
    run = Run()
    placed = run.ask(headers=(("Authorization", f"Bearer {run.token}"), ("X-Other", "x")))

    assert dict(placed.headers)["Authorization"] == f"Bearer {VALUE}"
    assert placed.used == ("KEY",)
    assert placed.secret_headers == {"authorization"}
    assert not placed.secret_url
    assert not placed.secret_body
    assert VALUE not in repr(placed)


@pytest.mark.promise("SCR-4.10")
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_path_and_query_carry_any_value_percent_encoded_and_lead_nowhere_else(value: str) -> None:
    run = Run(value)
    url = f"{URL}/x{run.token}/end?key={run.token}&other=1"
    if len(value.encode()) > 8:
        url += f"&again=a{run.token}b"

    placed = run.ask(url, params=(("p q", run.token),))

    parts = urlsplit(placed.url)
    assert read_url(placed.url)[0] == Destination("https", "api.example.com", 443) == placed.destination
    assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", "x" + value, "end"]
    pairs = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    assert pairs["key"] == pairs["p q"] == value
    assert pairs["other"] == "1"
    assert pairs.get("again", f"a{value}b") == f"a{value}b"
    assert placed.secret_url


def test_what_was_percent_encoded_already_is_not_encoded_again() -> None:
    run = Run()
    quoted = run.derived("url.quote", run.token)
    query = run.derived("url.encode_query", "key", run.token, "b", "1 2")

    assert dict(parse_qsl(urlsplit(run.ask(f"{URL}?{query}&k={quoted}").url).query)) == {
        "key": VALUE,
        "b": "1 2",
        "k": VALUE,
    }
    assert unquote(urlsplit(run.ask(f"{URL}/{quoted}").url).path) == "/v1/" + VALUE
    form = run.ask(body=query, content_type="application/x-www-form-urlencoded")
    assert dict(parse_qsl((form.body or b"").decode()))["key"] == VALUE
    # What `params` is given it encodes, whatever that is.
    assert dict(parse_qsl(urlsplit(run.ask(params=(("k", quoted),)).url).query)) == {"k": quote(VALUE, safe="")}


@pytest.mark.promise("SCR-4.10")
@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/vnd.api+json; charset=utf-8", "text/json"]
)
def test_a_json_body_carries_the_value_in_its_string(content_type: str | None) -> None:
    run = Run()
    placed = run.ask(body=json.dumps({"a": [f"x{run.token}"]}), content_type=content_type)

    assert json.loads(placed.body or b"") == {"a": ["x" + VALUE]}
    assert placed.secret_body


def test_json_given_as_such_says_its_type() -> None:
    run = Run()
    placed = run.ask(json=json.dumps({"a": run.token}))

    assert json.loads(placed.body or b"") == {"a": VALUE}
    assert placed.headers == (("Content-Type", "application/json"),)
    assert run.ask(json="{}", content_type="a/b+json").headers == (("Content-Type", "a/b+json"),)
    assert run.ask(json="{}", body="", headers=(("content-type", "a/json"),)).headers == (("content-type", "a/json"),)
    assert run.refused(json="{}", body="x").code is Code.HTTP_ERROR


@pytest.mark.promise("SCR-4.10")
def test_forms_xml_and_plain_bodies_carry_the_value_as_each_demands() -> None:
    run = Run()
    form = run.ask(body=f"a=1&token={run.token}", content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert dict(parse_qsl((form.body or b"").decode())) == {"a": "1", "token": VALUE}
    for kind in ("text/xml", "application/xml", "application/soap+xml"):
        xml = run.ask(body=f'<t a="{run.token}">{run.token}</t>', content_type=kind)
        tree = ET.fromstring((xml.body or b"").decode())  # noqa: S314 - of our own making
        assert (tree.get("a"), tree.text) == (VALUE, VALUE)
    plain = run.ask(body=f"({run.token})", headers=(("CONTENT-TYPE", "text/plain"),), content_type="text/xml")
    assert plain.body == f"({VALUE})".encode()
    assert plain.headers == (("CONTENT-TYPE", "text/plain"),)
    assert run.ask(body=f"no json {run.token}").body == f"no json {VALUE}".encode()
    assert run.ask(body=run.token, content_type="application/json").body == VALUE.encode()


@pytest.mark.promise("SCR-4.10")
def test_basic_credentials_are_made_of_the_value_in_every_way_that_scripts_write_them() -> None:
    run = Run(places=frozenset({Place.BASIC}))
    expected = (("Authorization", "Basic " + base64.b64encode(f"bob:{VALUE}".encode()).decode()),)
    by_hand = "Basic " + base64.b64encode(f"bob:{run.token}".encode()).decode()

    for placed in (
        run.ask(auth=("bob", run.token)),
        run.ask(headers=(("Authorization", by_hand),)),
        run.ask(headers=(("Authorization", by_hand.rstrip("=")),)),
        run.ask(headers=(("Authorization", "Basic " + run.derived("base64.encode", f"bob:{run.token}")),)),
        run.ask(headers=(("Authorization", run.derived("http.basic_auth", "bob", run.token)),)),
    ):
        assert placed.headers == expected
        assert placed.secret_headers == {"authorization"}
        assert placed.used == ("KEY",)


def test_basic_credentials_without_a_secret_are_left_as_they_are() -> None:
    for value in ("Basic Zm9vOmJhcg==", "Basic !!!", "Basic /////w==", "basic", "Negotiate Zm9v"):
        assert Run().ask(headers=(("Authorization", value),)).headers == (("Authorization", value),)
    placed = Run().ask(auth=("a", "b"))
    assert placed.headers == (("Authorization", "Basic YTpi"),)
    assert placed.secret_headers == frozenset()
    assert Run().refused(auth=("a:b", "c")).code is Code.HTTP_ERROR
    assert Run().refused(auth=("a", "b"), headers=(("authorization", "x"),)).code is Code.HTTP_ERROR


@pytest.mark.promise("SCR-3.13")
def test_what_follows_a_redirect_to_another_origin_carries_no_secret() -> None:
    run = Run(host="*.example.com")
    placed = run.ask(
        headers=(("X-Key", run.token), ("Authorization", "Bearer mine"), ("Cookie", "a=b"), ("X-Other", "stays")),
        body=run.token,
        params=(("a", run.token),),
    )
    assert placed.may_go(Destination("https", "www.example.com", 443))
    assert not placed.may_go(Destination("https", "evil.example", 443))

    bare = placed.without_secrets()

    assert bare.headers == (("X-Other", "stays"),)
    assert bare.body is None
    assert (bare.used, bare.secret_headers, bare.secret_url, bare.secret_body) == ((), frozenset(), False, False)
    assert run.ask(body="no secret").without_secrets().body == b"no secret"
