"""Where a request goes: URLs that two readers could split differently, the one spelling of a host, and host rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.destination import Destination, HostRule, is_literal, read_rule, read_url
from openpact.domain.errors import Invalid

TWO_PARTS = "a" * 63
LONGEST = ".".join([TWO_PARTS] * 3 + ["a" * 61])


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://api.example.com/x?y#z", Destination("https", "api.example.com", 443)),
        ("http://api.example.com", Destination("http", "api.example.com", 80)),
        ("HTTPS://API.Example.COM:8443/", Destination("https", "api.example.com", 8443)),
        ("https://api.example.com:443/", Destination("https", "api.example.com", 443)),
        ("http://localhost:8080?x=http://b.example/", Destination("http", "localhost", 8080)),
        ("http://a.example/@b.example", Destination("http", "a.example", 80)),
        ("http://a.example?@b.example", Destination("http", "a.example", 80)),
        ("http://a.example#@b.example", Destination("http", "a.example", 80)),
        ("http://192.0.2.1/", Destination("http", "192.0.2.1", 80)),
        ("http://[2001:DB8:0::1]:81/", Destination("http", "2001:db8::1", 81)),
        ("http://münchen.de/", Destination("http", "xn--mnchen-3ya.de", 80)),
        ("http://MÜNCHEN.de/", Destination("http", "xn--mnchen-3ya.de", 80)),
        ("http://xn--mnchen-3ya.de/", Destination("http", "xn--mnchen-3ya.de", 80)),
        ("http://under_score.example/", Destination("http", "under_score.example", 80)),
        (f"http://{LONGEST}/", Destination("http", LONGEST, 80)),
        ("http://a.example:65535/", Destination("http", "a.example", 65535)),
    ],
)
def test_a_url_names_one_place(url: str, place: Destination) -> None:
    assert read_url(url)[0] == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "//api.example.com/",
        "https:/api.example.com/",
        "https:api.example.com",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript://a.example/",
        "view-source:http://a.example/",
        "httpsx://a.example/",
        "http://",
        "http:///path",
        "http://?x",
        "http://:80/",
        "http://.",
        "http://a..example/",
        "http://.a.example/",
        "http://a.example./",
        "http://a.example../",
        "http://-a.example/",
        "http://a-.example/",
        "http://a*.example/",
        "http://*.example.com/",
        "http://a%2eexample/",
        "http://a.example%00/",
        "http://a.example;b/",
        "http://a.example,b.example/",
        f"http://{'a' * 64}.example/",
        f"http://{LONGEST}a/",
        "http://user@a.example/",
        "http://user:password@a.example/",
        "http://@a.example/",
        "http://a.example@[::1]/",
        "http://[::1]@a.example/",
        "http://a.example:80@b.example/",
        "http://a.example /",
        " http://a.example/",
        "http://a.example/ b",
        "http://a.example/\n",
        "http://a.ex\tample/",
        "http://a.ex\r\nample/",
        "http://a.example/\x00",
        "http://a.example/\x7f",
        "http://a.example\\@b.example/",
        "http:\\\\a.example/",
        "http://a.example/\\..",
        "http://a.example:/",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:-1/",
        "http://a.example:+80/",
        "http://a.example:8_0/",
        "http://a.example:80:80/",
        "http://a.example:eighty/",
        "http://a.example:\u0668\u0660/",
        f"http://a.example:{'9' * 5000}/",
        "http://::1/",
        "http://2001:db8::1/",
        "http://[::1/",
        "http://::1]/",
        "http://[::1]x/",
        "http://[::1]]/",
        "http://[::1].example/",
        "http://a.example[::1]/",
        "http://[[::1]]/",
        "http://[::1][::2]/",
        "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[127.0.0.1]/",
        "http://[a.example]/",
        "http://[v1.x]/",
        "http://[]/",
        "http://[::1]:/",
        "http://[::1]:x/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://a.0x7f/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://127\u30020\u30020\u30021/",
        "http://127\uff0e0\uff0e0\uff0e1/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
        "http://a\u3002example/",
        "http://lo\u00adcal.example/",
        "http://lo\u200bcal.example/",
        "http://lo\u212aal.example/",
        "http://fa\u00df.example/",
        "http://mu\u0308nchen.de/",
        "http://a\u2100b.example/",
        "http://\u00ad.example/",
        "http://\u0627a.example/",
        "http://" + "\u00fc" * 64 + ".example/",
        "http://a.example/" + "x" * 8192,
    ],
)
def test_what_two_readers_could_take_for_two_places_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as failed:
        read_url(url)
    assert failed.value.message.endswith(".")
    assert len(failed.value.message) < 200


@pytest.mark.parametrize(
    "url",
    ["http://a..b/s3cret", "http://a:0/?s3cret", "http://[x/s3cret", "http://s3cret:s3cret@a/", "http://a/s3cret x"],
)
def test_a_refusal_shows_nothing_of_a_url_but_its_host(url: str) -> None:
    with pytest.raises(Invalid) as failed:
        read_url(url)
    assert "s3cret" not in failed.value.message


def test_a_host_that_is_too_long_to_show_is_cut() -> None:
    with pytest.raises(Invalid, match="…"):
        read_url(f"http://{'a' * 300}/")


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(["http://", "https://", "http://a.example"]))
def test_any_text_is_a_place_or_refused_and_a_place_is_read_back_as_itself(text: str, before: str) -> None:
    try:
        place, _ = read_url(before + text)
    except Invalid:
        return
    assert read_url(place.origin + "/")[0] == place
    assert place.host.isascii()
    assert place.host == place.host.lower()


@pytest.mark.parametrize(
    ("place", "origin"),
    [
        (Destination("https", "a.example", 443), "https://a.example"),
        (Destination("https", "a.example", 80), "https://a.example:80"),
        (Destination("http", "::1", 80), "http://[::1]"),
        (Destination("http", "::1", 8080), "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_without_the_port_that_its_scheme_says(place: Destination, origin: str) -> None:
    assert place.origin == origin


# rules


@pytest.mark.parametrize(
    ("rule", "matched", "not_matched"),
    [
        (
            "api.example.com",
            ["https://api.example.com", "http://api.example.com/", "https://API.example.com:443"],
            [
                "https://api.example.com:8443",
                "https://x.api.example.com",
                "https://example.com",
                "http://a.example:443",
            ],
        ),
        (
            "*.example.com",
            ["https://a.example.com", "https://a.b.example.com", "http://a.example.com"],
            [
                "https://example.com",
                "https://evilexample.com",
                "https://example.com.evil.net",
                "https://a.example.com:81",
            ],
        ),
        ("localhost:8080", ["http://localhost:8080", "https://localhost:8080"], ["http://localhost", "http://a:8080"]),
        ("http://intranet", ["http://intranet", "http://intranet:80"], ["https://intranet", "http://intranet:8080"]),
        ("https://a.example", ["https://a.example"], ["http://a.example", "http://a.example:443"]),
        ("https://*.a.example:81", ["https://x.a.example:81"], ["https://x.a.example", "https://a.example:81"]),
        ("192.0.2.1", ["http://192.0.2.1"], ["http://192.0.2.11"]),
        ("[2001:DB8::1]:81", ["http://[2001:db8:0::1]:81"], ["http://[2001:db8::1]"]),
        ("münchen.de", ["https://xn--mnchen-3ya.de"], ["https://munchen.de"]),
    ],
)
def test_a_rule_matches_its_places_and_no_others(rule: str, matched: list[str], not_matched: list[str]) -> None:
    read = read_rule(rule)
    assert [url for url in matched if not read.matches(read_url(url)[0])] == []
    assert [url for url in not_matched if read.matches(read_url(url)[0])] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("API.example.com", "api.example.com"),
        ("*.Example.com", "*.example.com"),
        ("localhost:8080", "localhost:8080"),
        ("http://intranet", "http://intranet"),
        ("https://*.a.example:81", "https://*.a.example:81"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("http://[::1]:81", "http://[::1]:81"),
    ],
)
def test_a_rule_is_shown_as_people_write_it_and_read_back_as_itself(written: str, shown: str) -> None:
    assert str(read_rule(written)) == shown
    assert read_rule(shown) == read_rule(written)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "*",
        "*.",
        "*.com",
        "*.localhost",
        "*.*.example.com",
        "a.*.example.com",
        "*a.example.com",
        "*.192.0.2.1",
        "*.[::1]",
        "ftp://a.example",
        "HTTP://a.example",
        "://a.example",
        "//a.example",
        "a.example/",
        "a.example/path",
        "a.example?x",
        "a.example#x",
        "user@a.example",
        "a.example:0",
        "a.example:",
        "a.example:x",
        "a.exa\tmple",
        "a.exa\nmple",
        " a.example",
        "a.example ",
        "a.example\\b",
        "a.example.",
        "::1",
        "127.1",
        "0x7f.1",
        "lo\u212aal.example",
        "https://http://a.example",
        "a" * 10_000,
    ],
)
def test_what_is_no_host_rule_is_refused(rule: str) -> None:
    with pytest.raises(Invalid) as failed:
        read_rule(rule)
    assert len(failed.value.message) < 250


@pytest.mark.parametrize("rule", ["a b", "api.example.com, b.example", "a\\b"])
def test_a_host_rule_with_a_space_is_refused_in_the_words_of_who_writes_it(rule: str) -> None:
    with pytest.raises(Invalid, match="The host holds a space") as failed:
        read_rule(rule)
    assert (failed.value.hint or "").startswith("Write api.example.com or localhost:8080")


def test_a_rule_for_a_name_does_not_match_an_address_that_ends_like_it() -> None:
    assert not HostRule("2.1", wildcard=True).matches(Destination("http", "192.0.2.11", 80))
    assert is_literal("192.0.2.1")
    assert is_literal("2001:db8::1")
    assert not is_literal("fe80::1%eth0")
    assert not is_literal("a.example")
