"""A script's name is read in one way or refused, and its text is what every reader reads alike."""

import hashlib

import pytest

from openpact.domain.errors import ScriptInvalid, TooLarge
from openpact.domain.script import MAX_SOURCE, read_name, read_source, source_hash


@pytest.mark.promise("SCR-1.01", "SCR-1.02")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("weather", "weather.star"),
        ("weather.star", "weather.star"),
        ("trusted/report", "trusted/report.star"),
        ("trusted/report.star", "trusted/report.star"),
        ("a/b/c/d.star", "a/b/c/d.star"),
        ("A-1_b.v2", "A-1_b.v2.star"),
        ("9", "9.star"),
        ("x" * 59, "x" * 59 + ".star"),
        ("x" * 64 + "/y", "x" * 64 + "/y.star"),
        ("starling", "starling.star"),
        ("lib/reload", "lib/reload.star"),
        ("reload/all", "reload/all.star"),
        ("relint", "relint.star"),
    ],
)
def test_a_name_has_one_spelling(text: str, name: str) -> None:
    assert read_name(text) == name
    assert read_name(name) == name


@pytest.mark.promise("SCR-1.01", "SCR-1.02")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".star",
        ".",
        "..",
        "../weather",
        "a/../b",
        "/weather",
        "weather/",
        "a//b",
        ".hidden",
        "_private",
        "-flag",
        "a b",
        "a\n",
        "weather.star\n",
        "a\0b",
        "a%2Fb",
        "a\\b",
        "~root",
        "wéather",
        "we\u0430ther",
        "a/b/c/d/e",
        "x" * 60,
        "x" * 65 + "/y",
        "weather.star.star",
        "weather.STAR",
        "weather.Star.star",
        "lib.star/weather",
        "lib.star/weather.star",
        "reload",
        "reload.star",
        "lint",
        "lint.star",
    ],
    ids=ascii,
)
def test_what_is_no_name_is_refused_and_never_repaired(text: str) -> None:
    with pytest.raises(ScriptInvalid, match="is not the name of a script") as caught:
        read_name(text)
    assert caught.value.hint is not None
    assert caught.value.message.isprintable()


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(ScriptInvalid) as caught:
        read_name("/" * 100_000)
    assert len(caught.value.message) < 250


def test_the_hash_is_that_of_the_bytes() -> None:
    assert source_hash(b"x = 1\n") == "sha256:" + hashlib.sha256(b"x = 1\n").hexdigest()
    assert source_hash(b"x = 1\n") != source_hash(b"x = 1\r\n")


@pytest.mark.promise("SCR-2.02")
def test_a_source_has_at_most_256_kibibytes() -> None:
    assert read_source(b"#" * MAX_SOURCE) == "#" * 262_144
    with pytest.raises(TooLarge, match="262145 bytes; 262144 are allowed"):
        read_source(b"#" * (MAX_SOURCE + 1))
    with pytest.raises(TooLarge):
        read_source("é".encode() * (MAX_SOURCE // 2 + 1))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"x = 1\ny = '\xff'\n", "Line 2 of the script is not UTF-8"),
        (b"x = '\xed\xa0\x80'", "Line 1 of the script is not UTF-8"),
        (b"\xef\xbb\xbf# @secrets: A\n", "byte order mark"),
        (b"x = 1\0", "zero byte"),
        (b"# harmless\n# comment\rhttp.get('https://evil.example')\n", "Line 2 .* carriage return"),
        (b"x = 1\r", "Line 1 .* carriage return"),
        (b"x = 1\r\r\n", "Line 1 .* carriage return"),
    ],
)
def test_text_that_readers_would_take_apart_differently_is_refused(source: bytes, why: str) -> None:
    with pytest.raises(ScriptInvalid, match=why) as caught:
        read_source(source)
    assert caught.value.hint is not None


def test_both_usual_line_ends_are_read_as_they_are() -> None:
    assert read_source("x = 'é'\r\ny = 2\n".encode()) == "x = 'é'\r\ny = 2\n"
