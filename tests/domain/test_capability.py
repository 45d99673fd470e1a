"""Nothing is allowed that was not seen, and a refusal says which line would declare it."""

import pytest

from openpact.domain import capability
from openpact.domain.capability import Capabilities, InferredHost, granted
from openpact.domain.destination import Destination, HostRule, read_url
from openpact.domain.metadata import read_metadata
from openpact.domain.run import Code, Denied

DECLARED = """\
# @secrets: API_KEY
# @hosts: api.example.com *.example.org http://intranet:8080
# @methods: GET DELETE
# @tools: mail.send
"""


def place(url: str) -> Destination:
    return read_url(url)[0]


def inferred(url: str, *, feeds: bool) -> InferredHost:
    return InferredHost(place(url), 3, 5, feeds)


@pytest.mark.promise("SCR-1.05")
def test_what_is_declared_is_allowed_and_nothing_else() -> None:
    mine = granted(read_metadata(DECLARED))
    assert mine.allows_secret("API_KEY")
    assert not mine.allows_secret("API")
    assert mine.allows_method("DELETE")
    assert not mine.allows_method("POST")
    assert not mine.allows_method("get")
    assert mine.allows_tool("mail.send")
    assert not mine.allows_tool("mail")


@pytest.mark.promise("SCR-1.05")
@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.example.com/x", True),
        ("https://API.example.com/x", True),
        ("http://api.example.com/x", True),
        ("https://api.example.com:8443/x", False),
        ("https://v2.api.example.com/x", False),
        ("https://a.b.example.org/", True),
        ("https://example.org/", False),
        ("https://evilexample.org/", False),
        ("http://intranet:8080/", True),
        ("https://intranet:8080/", False),
        ("https://api.example.com.evil.example/", False),
    ],
)
def test_a_host_is_allowed_by_its_rule(url: str, allowed: bool) -> None:  # noqa: FBT001
    assert granted(read_metadata(DECLARED)).allows_host(place(url)) is allowed


@pytest.mark.promise("SCR-1.07")
def test_a_secret_goes_to_an_inferred_host_only_when_its_string_feeds_a_call() -> None:
    mine = granted(
        read_metadata(DECLARED),
        (inferred("https://fed.example/", feeds=True), inferred("https://named.example:444/", feeds=False)),
    )
    assert mine.allows_host(place("https://fed.example/x"))
    assert mine.allows_host(place("https://named.example:444/x"))
    assert not mine.allows_host(place("https://named.example/x"))
    assert not mine.allows_host(place("http://fed.example/x"))
    assert mine.secret_reach() == (*mine.hosts, HostRule("fed.example", scheme="https"))


@pytest.mark.promise("SCR-1.08")
def test_without_inference_only_declared_hosts_are_left() -> None:
    mine = granted(read_metadata("# @secrets: A\n"))
    assert mine.inferred == ()
    assert mine.secret_reach() == ()
    assert not mine.allows_host(place("https://api.example.com/"))


def test_a_script_that_asks_for_nothing_only_computes() -> None:
    assert Capabilities().empty
    assert granted(read_metadata("x = 1")).empty
    assert not granted(read_metadata("# @secrets: A")).empty
    assert not granted(read_metadata("# @tools: a.b")).empty
    assert not granted(read_metadata("# @hosts: a.example")).empty
    assert not granted(read_metadata(""), (inferred("https://a.example/", feeds=False),)).empty


@pytest.mark.promise("SCR-1.05")
@pytest.mark.parametrize(
    ("denied", "message", "hint"),
    [
        (
            capability.denied_secret("API_KEY"),
            "The script does not declare the secret API_KEY.",
            "Declare it: # @secrets: API_KEY",
        ),
        (
            capability.denied_host(Destination("https", "api.example.com", 443)),
            "The script does not declare the host https://api.example.com.",
            "Declare it: # @hosts: api.example.com",
        ),
        (
            capability.denied_host(Destination("http", "api.example.com", 8080)),
            "The script does not declare the host http://api.example.com:8080.",
            "Declare it: # @hosts: http://api.example.com:8080",
        ),
        (
            capability.denied_secret_host("API_KEY", Destination("https", "api.example.com", 8443)),
            "The secret API_KEY does not go to https://api.example.com:8443, which the script does not declare.",
            "Declare it: # @hosts: api.example.com:8443",
        ),
        (
            capability.denied_method("DELETE", ("GET", "PUT")),
            "The script does not declare the method DELETE.",
            "Declare it: # @methods: GET, PUT, DELETE",
        ),
        (
            capability.denied_method("DELETE"),
            "The script does not declare the method DELETE.",
            "Declare it: # @methods: GET, POST, DELETE",
        ),
        (
            capability.denied_method("FETCH\u202e"),
            "FETCH\\u202e is no method of http.",
            "There are: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS.",
        ),
        (
            capability.denied_tool("x" * 200),
            f"The script does not declare the tool {'x' * 100}….",
            f"Declare it: # @tools: {'x' * 100}…",
        ),
    ],
)
def test_a_refusal_names_what_to_declare(denied: Denied, message: str, hint: str) -> None:
    assert (denied.code, denied.message, denied.hint) == (Code.CAPABILITY_DENIED, message, hint)


def test_what_a_refusal_tells_to_declare_is_then_allowed() -> None:
    for wanted in (Destination("https", "a.example", 443), Destination("http", "b.example", 81)):
        hint = capability.denied_host(wanted).hint or ""
        assert granted(read_metadata(hint.removeprefix("Declare it: "))).allows_host(wanted)
