"""Secrets and grants: names, values, and where the two sides agree."""

import pytest

from openpact.domain import secret
from openpact.domain.destination import Destination, HostRule, read_rule
from openpact.domain.errors import Invalid
from openpact.domain.secret import EVERYWHERE, Grant, Mode, Place, Reach, Secret, reach, read_grant

API = Destination("https", "api.example.com", 443)
CLEAR = Destination("http", "api.example.com", 80)
EVIL = Destination("https", "evil.example", 443)


def rules(*texts: str) -> tuple[HostRule, ...]:
    return tuple(map(read_rule, texts))


@pytest.mark.parametrize("name", ["A", "API_KEY", "K2", "A" * 64, "A_FILE_", "FILE"])
def test_a_name_is_capitals_digits_and_underscores(name: str) -> None:
    secret.check_name(name)


@pytest.mark.parametrize(
    "name", ["", "a", "_A", "2A", "A-B", "A B", "A\n", "Ä", "API_KEY_FILE", "A" * 65, "A.B", "[REDACTED:A]"]
)
def test_another_name_is_refused_with_how_to_write_it(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        secret.check_name(name)
    assert "API_KEY" in str(refusal.value.hint)


@pytest.mark.parametrize("value", ["x" * 8, "ää" * 2, "x" * secret.LONGEST, "line\nline\n"])
def test_a_value_of_eight_bytes_to_64_kib_is_taken(value: str) -> None:
    secret.check_value(value)


@pytest.mark.parametrize(
    "value", ["", "1234567", "x" * (secret.LONGEST + 1), "zero\0zero", "half \ud800", "a[Redacted:KEY]b"]
)
def test_another_value_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        secret.check_value(value)
    assert not value or value not in refusal.value.message


def test_a_short_value_is_taken_when_asked_for_and_marked() -> None:
    secret.check_value("1234567", short=True)
    with pytest.raises(Invalid):
        secret.check_value("", short=True)

    assert not Secret(name="PIN", value="1234567").scrubbed
    assert Secret(name="PIN", value="12345678").scrubbed


def test_a_secret_shows_its_name_and_never_its_value() -> None:
    made = Secret(name="KEY", value="correct horse")

    assert "horse" not in f"{made} {made!r} {[made]}"
    assert "KEY" in repr(made)
    assert made.mode is Mode.SEALED


def test_a_secret_ends_at_its_expiry() -> None:
    made = Secret(name="KEY", value="correct horse", expires_at=100)

    assert [made.expired(at) for at in (99, 100, 101)] == [False, True, True]
    assert not Secret(name="KEY", value="correct horse").expired(10**18)


def test_a_grant_is_read_as_people_write_it() -> None:
    grant = read_grant(hosts=("*.example.com", "http://intranet"), scripts=("weather*",), places=("header", "basic"))

    assert list(map(str, grant.hosts or ())) == ["*.example.com", "http://intranet"]
    assert grant.places == {Place.HEADER, Place.BASIC}
    assert read_grant() == Grant() == Grant(hosts=None, scripts=None, places=EVERYWHERE)


@pytest.mark.parametrize(
    "given", [{"hosts": ("https://a/b",)}, {"scripts": ("[a",)}, {"places": ("cookie",)}, {"places": ("header", "")}]
)
def test_a_grant_that_makes_no_sense_is_refused(given: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(Invalid):
        read_grant(**given)


@pytest.mark.parametrize("script", ["../x", "a/../b", "./a", "/a", "a//b", "billing/", ".."])
def test_a_grant_for_what_no_script_can_be_named_is_refused(script: str) -> None:
    with pytest.raises(Invalid, match="No script has such a name") as refused:
        read_grant(scripts=("weather.star", script))
    assert "billing/*" in (refused.value.hint or "")


@pytest.mark.promise("SCR-4.06")
def test_a_grant_covers_the_scripts_that_its_globs_name_with_their_ending_or_without() -> None:
    grant = read_grant(scripts=("weather", "trusted/*"))

    assert grant.covers("weather.star")
    assert grant.covers("trusted/a/b.star")
    assert not grant.covers("weather2.star")
    assert Grant().covers("anything.star")
    assert not Grant(scripts=()).covers("anything.star")


@pytest.mark.promise("SCR-4.06")
def test_a_secret_goes_only_where_script_and_grant_agree() -> None:
    both = reach(rules("api.example.com", "evil.example"), read_grant(hosts=("*.example.com",)))

    assert both.allows(API)
    assert not both.allows(EVIL)  # the script says so, the grant does not
    assert not both.allows(Destination("https", "www.example.com", 443))  # the other way round
    assert not both.allows(Destination("https", "api.example.com", 8443))
    assert reach(rules("evil.example"), None).allows(EVIL)  # without a grant the reviewer's word is enough
    assert not reach(rules("api.example.com"), Grant(hosts=())).allows(API)
    assert not reach((), None).allows(API)
    assert not Reach(()).allows(API)


@pytest.mark.promise("SCR-4.08")
def test_over_http_a_secret_goes_only_where_its_grant_says_http() -> None:
    declared = rules("http://api.example.com", "api.example.com")

    assert not reach(declared, None).allows(CLEAR)
    assert not reach(declared, read_grant(hosts=("api.example.com",))).allows(CLEAR)
    assert not reach(declared, read_grant(hosts=("https://api.example.com", "http://other.example"))).allows(CLEAR)
    granted = reach(declared, read_grant(hosts=("http://api.example.com",)))
    assert granted.allows(CLEAR)
    assert not granted.allows(API)  # and then only there


@pytest.mark.promise("SCR-2.13")
def test_a_text_made_of_two_secrets_goes_only_where_both_may() -> None:
    one = reach(rules("api.example.com", "evil.example"), None)
    other = reach(rules("api.example.com"), read_grant(hosts=("*.example.com",)))

    assert one.meet(other).allows(API)
    assert not one.meet(other).allows(EVIL)
    assert one.meet(one) == one
    assert str(one.meet(other)) == "api.example.com, evil.example, *.example.com"
    assert str(Reach(())) == "no host"
