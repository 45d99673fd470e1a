"""Redaction: every common encoding is found, nothing else is touched, and it never takes long."""

import base64
import codecs
import html
import json
import quopri
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from openpact.domain import encodings, strict_json
from openpact.domain.errors import JsonInvalid
from openpact.domain.redaction import Redactor, marker

VALUE = 'sk_live_9f8/Zq+Lm=="&%7Ex'
MARKER = "[REDACTED:KEY]"


def dumped(text: str) -> str:
    return json.dumps(text)[1:-1]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


NAMED = {"/": "&sol;", "_": "&lowbar;", "=": "&equals;", "&": "&amp;", '"': "&QUOT;", "+": "&plus;", "é": "&eacute;"}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "reversed": lambda value: value[::-1],
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "spaced": " ".join,
    "on lines": "\n".join,
    "with commas": ",".join,
    "percent": lambda value: quote(value, safe=""),
    "percent in lower case": lambda value: quote(value, safe="").lower(),
    "percent but slashes": quote,
    "percent as a form": quote_plus,
    "percent as encodeURI": lambda value: quote(value, safe=";,/?:@&=+$#!'()*"),
    "percent twice": lambda value: quote(quote(value, safe=""), safe=""),
    "percent three times": lambda value: quote(quote(quote(value, safe=""), safe=""), safe=""),
    "percent of everything": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "base64": encoded,
    "base64 on lines": lambda value: base64.encodebytes(b"user:" + value.encode()).decode(),
    "base64 behind one": lambda value: encoded("x" + value + "yy"),
    "base64 behind two": lambda value: encoded("xy" + value + "z"),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 of base64": lambda value: encoded("a:" + encoded(value)),
    "base64 of percent": lambda value: encoded("k=" + quote(value, safe="")),
    "base64 of JSON": lambda value: encoded(json.dumps({"k": value})),
    "base64 of hex": lambda value: encoded(value.encode().hex()),
    "base64 of UTF-16": lambda value: base64.b64encode(value.encode("utf-16-le")).decode(),
    "base64 reversed": lambda value: encoded(value)[::-1],
    "base64 in JSON of PHP": lambda value: encoded(value).replace("/", "\\/"),
    "hex": lambda value: value.encode().hex(),
    "hex in upper case": lambda value: value.encode().hex().upper(),
    "hex with colons": lambda value: value.encode().hex(":"),
    "hex with spaces": lambda value: value.encode().hex(" "),
    "hex as bytes of C": lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
    "hex of UTF-16": lambda value: value.encode("utf-16").hex(),
    "numbers": lambda value: str(list(value.encode())),
    "numbers on lines": lambda value: "\n".join(map(str, value.encode())),
    "hex of base64": lambda value: encoded(value).encode().hex(),
    "base32": lambda value: base64.b32encode(b"ab" + value.encode()).decode(),
    "base85": lambda value: base64.b85encode(value.encode()).decode(),
    "ascii85": lambda value: base64.a85encode(value.encode()).decode(),
    "quoted-printable": lambda value: quopri.encodestring(value.encode()).decode(),
    "JSON": dumped,
    "JSON in JSON": lambda value: dumped(dumped(value)),
    "JSON in JSON in JSON": lambda value: dumped(dumped(dumped(value))),
    "JSON of PHP": lambda value: dumped(value).replace("/", "\\/"),
    "JSON of Go": lambda value: dumped(value).replace("&", "\\u0026").replace("<", "\\u003c"),
    "JSON, all escaped": lambda value: "".join(f"\\u{ord(char):04X}" for char in value if ord(char) <= 0xFFFF),
    "reversed in JSON": lambda value: dumped(value[::-1]),
    "HTML": html.escape,
    "HTML but quotes": lambda value: html.escape(value, quote=False),
    "HTML in JSON": lambda value: dumped(html.escape(value)),
    "HTML in decimals": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "HTML in hex": lambda value: "".join(f"&#x{ord(char):X};" for char in value),
    "HTML in decimals with zeros": lambda value: "".join(f"&#{ord(char):07};" for char in value),
    "HTML in hex with zeros": lambda value: "".join(f"&#x{ord(char):06x};" for char in value),
    "HTML by name": lambda value: "".join(NAMED.get(char, char) for char in value),
    "braces of JavaScript": lambda value: "".join(f"\\u{{{ord(char):x}}}" for char in value),
    "SQL": lambda value: value.replace("'", "''"),
    "hex reversed": lambda value: value.encode().hex()[::-1],
    "base64 behind one, reversed": lambda value: encoded("x" + value + "yy")[::-1],
    "base64 behind two, reversed": lambda value: encoded("xy" + value + "z")[::-1],
    "base64 of base64 behind two": lambda value: encoded("a" + encoded("xy" + value + "z")),
    "base64 of base64 behind one": lambda value: encoded(encoded("x" + value)),
    "a shell's quotes": lambda value: value.replace("'", "'\\''"),
}

# What nobody calls a secret is as short, or as much like an escape or a marker, that it is no test of anything.
values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=60).filter(
    lambda value: len("".join(value.split())) >= 8 and len(set(value)) > 4 and "redacted" not in value.lower()
)
ascii_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60).filter(
    lambda value: len(set(value)) > 4 and "redacted" not in value.lower()
)
around = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def redactor(*secrets: tuple[str, str]) -> Redactor:
    return Redactor.of(secrets or [("KEY", VALUE)])


@pytest.mark.promise("SCR-4.12")
@pytest.mark.promise("SCR-4.13")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_is_found_in_every_common_encoding(encoding: str) -> None:
    text = f"it is <{ENCODINGS[encoding](VALUE)}>, or so"

    scrubbed = redactor().scrub(text)

    assert MARKER in scrubbed
    assert len(scrubbed) <= len("it is <>, or so") + len(MARKER) + 16  # what is encoded with it stays


@pytest.mark.promise("SCR-4.12")
@given(ascii_values, around, around, st.sampled_from(sorted(ENCODINGS)))
def test_any_value_is_found_in_any_encoding_and_any_text(value: str, before: str, behind: str, encoding: str) -> None:
    written = ENCODINGS[encoding](value)
    assume("\\" not in before[-4:] and "%" not in before[-4:] and "&" not in before[-4:])  # would join the first sign

    scrubbed = redactor(("KEY", value)).scrub(before + written + behind)

    assert MARKER in scrubbed
    assert value not in scrubbed
    assert written not in scrubbed


@given(values, around, around)
@example("contraseña-ÄÖÜ", "", "")
@example("\U0001f511\U0001f511\U0001f511abcde", "x", "y")
def test_a_value_of_any_letters_is_found_where_these_are_usual(value: str, before: str, behind: str) -> None:
    for encoding in ("plain", "upper case", "lower case", "reversed", "base64", "hex", "JSON", "percent of everything"):
        written = ENCODINGS[encoding](value)
        scrubbed = redactor(("KEY", value)).scrub(f"{before}\n<{written}>\n{behind}")
        assert MARKER in scrubbed
        assert f"<{written}>" not in scrubbed


@pytest.mark.parametrize("value", ["contraseña-é-ÄÖÜ", "©-déjà-vu-123"])
def test_letters_of_latin_1_are_found_percent_encoded_and_by_name(value: str) -> None:
    made = redactor(("KEY", value))
    for written in (
        quote(value, safe="", encoding="latin-1"),
        "".join(f"%{byte:02X}" for byte in value.encode("latin-1")),
        quote(value.encode("latin-1")).replace("-", "%2d"),
        value.replace("é", "&eacute;").replace("ñ", "&ntilde;").replace("à", "&agrave;"),
    ):
        scrubbed = made.scrub(f"<{written}>")
        assert MARKER in scrubbed
        assert written[8:] not in scrubbed


def test_an_entity_that_nobody_knows_is_left_as_it_is() -> None:
    assert redactor().scrub("&nosuchthing; &; &#x; <" + VALUE + ">") == f"&nosuchthing; &; &#x; <{MARKER}>"


def test_letters_of_latin_1_are_found_in_base64_of_latin_1() -> None:
    text = base64.b64encode("Grüße-aus-Köln".encode("latin-1")).decode()

    assert redactor(("KEY", "Grüße-aus-Köln")).scrub(text).startswith(MARKER)


@given(ascii_values, st.data())
def test_a_value_of_which_any_sign_is_escaped_in_any_way_is_found(value: str, data: st.DataObject) -> None:
    assume(not set(value) & set("%&\\;"))
    ways: list[Callable[[str], str]] = [
        str,
        lambda char: f"%{ord(char):02X}",
        lambda char: f"\\u{ord(char):04x}",
        lambda char: f"&#{ord(char)};",
        lambda char: f"&#x{ord(char):x};",
        lambda char: f"\\x{ord(char):02x}",
    ]
    written = "".join(data.draw(st.sampled_from(ways))(char) for char in value)

    assert redactor(("KEY", value)).scrub(f"a {written} b") == f"a {MARKER} b"


@given(st.text(), st.lists(values, max_size=3))
def test_a_text_without_a_secret_is_left_exactly_as_it_is(text: str, secrets: list[str]) -> None:
    made = redactor(*[(f"K{number}", "~~~~" + value + "~~~~~~~~") for number, value in enumerate(secrets)], ("N", "n"))
    assume("~" not in text)

    assert made.scrub(text) == text


@given(st.lists(ascii_values, min_size=1, max_size=4), st.data())
def test_scrubbing_twice_is_scrubbing_once(secrets: list[str], data: st.DataObject) -> None:
    made = Redactor.of((f"KEY{number}", value) for number, value in enumerate(secrets))
    pieces = st.one_of(around, st.sampled_from(secrets), st.sampled_from(secrets).map(encoded))
    text = "".join(data.draw(st.lists(pieces, max_size=6)))

    once = made.scrub(text)

    assert made.scrub(once) == once
    assert not any(value in once for value in secrets)


def test_a_marker_of_a_known_name_is_left_alone_and_no_other_is() -> None:
    made = redactor(("WEATHER_KEY", "WEATHER_KEY"), ("OTHER", "REDACTED"), ("ODD", "]abcdefgh"))

    assert made.scrub(marker("WEATHER_KEY")) == marker("WEATHER_KEY")
    assert made.scrub("[REDACTED:NOBODY]") == "[[REDACTED:OTHER]:NOBODY]"
    # A script that writes half a marker before a secret protects it from nothing.
    assert made.scrub("[REDACTED:" + "WEATHER_KEY" + "x") == "[[REDACTED:OTHER]:[REDACTED:WEATHER_KEY]x"
    assert made.scrub("[REDACTED:OTHER" + "]abcdefgh") == marker("ODD")


def test_secrets_side_by_side_and_in_one_another_are_all_taken_out() -> None:
    made = redactor(("LONG", "abcdefgh12345678"), ("PART", "efgh1234"), ("NEXT", "5678zyxwvu"))

    assert made.scrub("abcdefgh12345678" * 2) == marker("LONG") * 2
    assert made.scrub("efgh1234abcdefgh12345678") == marker("PART") + marker("LONG")
    assert made.scrub("<abcdefgh12345678zyxwvu>") == f"<{marker('LONG')}>"
    assert made.scrub("12345678zyxwvu") == "1234" + marker("NEXT")


def test_a_name_may_have_several_values_and_a_value_several_names() -> None:
    made = redactor(("KEY", "first-value"), ("KEY", "second-value"), ("ALIAS", "first-value"))

    assert made.scrub("first-value second-value") == f"{MARKER} {MARKER}"


def test_what_is_too_short_is_not_looked_for() -> None:
    assert redactor(("PIN", "12345")).scrub("12345") == "12345"
    assert redactor(("PIN", "123456")).scrub("123456") == marker("PIN")
    assert Redactor.of([]).scrub("text") == "text"


PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(f"{line:x}" * 64 for line in range(1, 16))
    + "\n-----END PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    "written",
    [PEM, json.dumps(PEM), PEM.replace("\n", ""), PEM.replace("\n", "\r\n"), encoded("a" + PEM), quote(PEM, safe="")],
)
def test_a_long_value_is_taken_out_whole(written: str) -> None:
    scrubbed = redactor(("KEY", PEM)).scrub(f"<{written}>")

    assert MARKER in scrubbed
    assert len(scrubbed) < 2 * len(MARKER)


def test_the_beginning_and_each_line_of_a_long_value_are_taken_out_too() -> None:
    made = redactor(("KEY", PEM), ("TWIN", PEM[:700] + "another end" * 20))

    assert made.scrub(PEM[:321] + "!" * 40) in {marker(name) + "!" * 9 for name in ("KEY", "TWIN")}
    assert made.scrub(PEM) == MARKER
    assert made.scrub("3" * 64 + " of it") == f"{MARKER} of it"
    assert made.scrub("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_what_is_taken_out_of_a_guess_does_not_say_how_many_of_its_letters_are_right() -> None:
    value = "".join(f"{number:04x}" for number in range(4000, 4060))
    made = redactor(("KEY", value))

    for known in (96, 128, 160, 224):
        guesses = {value[: known + right] + "?" * (60 - right) for right in range(min(32, len(value) - known))}
        assert len({made.scrub(guess) for guess in guesses}) == 1
    assert made.scrub(value[:95]) == value[:95]


def test_a_secret_that_the_text_leaves_in_the_middle_of_a_letter_is_taken_out_up_to_its_end() -> None:
    front = "".join(f"{number:03d}" for number in range(42))
    made = redactor(("KEY", front + "é" * 30))

    assert made.scrub(front + "è!") == MARKER + "!"
    assert made.scrub(front[:-1] + "èè!") == MARKER + "!"
    assert made.scrub_json(json.dumps([front[:100], "a"])) == f'["{MARKER}","a"]'


def test_the_longest_value_is_looked_for_in_its_common_forms() -> None:
    value = "".join(f"{number:08x}" for number in range(8192))

    scrubbed = redactor(("KEY", value)).scrub(f"{value} {encoded(value)} {value.encode().hex()} {value[::-1]}")

    assert scrubbed.count(MARKER) == 4
    assert len(scrubbed) < 80


def test_a_hostile_text_takes_no_longer_than_its_length() -> None:
    made = redactor(("DULL", "a" * 20_000), ("SHORT", "b" * 8), ("KEY", VALUE))

    assert made.scrub("a" * 200_000) == marker("DULL")
    assert made.scrub("a" * 19_999 + "c") == marker("DULL")
    assert not made.scrub("b" * 200_000).replace(marker("SHORT"), "")
    assert made.scrub("%25" * 100_000) == "%25" * 100_000
    assert made.scrub("&#0" * 100_000) == "&#0" * 100_000
    assert made.scrub("\\" * 100_001) == "\\" * 100_001


def test_an_escape_beyond_every_letter_is_no_fault() -> None:
    text = "&#9999999; &#xffffff; \\ud800 \\udfff\\ud800 %ff%fe \\q \ud800"

    assert redactor().scrub(text) == text
    assert redactor().scrub(text + dumped(VALUE)) == text + MARKER


@pytest.mark.promise("SCR-4.13")
@pytest.mark.promise("SCR-4.14")
def test_a_result_is_scrubbed_in_its_strings_keys_and_numbers_and_stays_json() -> None:
    made = redactor(("KEY", VALUE), ("NUMBER", "1234567890"))
    result = {
        "list": [VALUE, {"deep": f"a {VALUE} b"}, 1234567890, 12, 1.5, True, None],
        VALUE: 1,
        VALUE.upper(): 2,
        f"{MARKER} (2)": 3,
        "b64": encoded(VALUE),
    }

    scrubbed = made.scrub_json(json.dumps(result))

    assert json.loads(scrubbed) == {
        "list": [MARKER, {"deep": f"a {MARKER} b"}, marker("NUMBER"), 12, 1.5, True, None],
        MARKER: 1,
        f"{MARKER} (2)": 2,
        f"{MARKER} (2) (2)": 3,
        "b64": MARKER + encoded(VALUE)[-3:],
    }


def test_a_result_with_escapes_inside_a_secret_is_scrubbed() -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in VALUE)

    assert redactor().scrub_json(f'{{"a":"{escaped}"}}') == f'{{"a":"{MARKER}"}}'
    assert redactor().scrub_json(json.dumps([dumped(dumped(VALUE))])) == f'["{MARKER}"]'


def test_a_result_that_holds_zero_bytes_is_scrubbed_string_by_string() -> None:
    assert json.loads(redactor().scrub_json(json.dumps([f"\0{VALUE}\0", "a\0b"]))) == [f"\0{MARKER}\0", "a\0b"]
    assert redactor(("KEY", "abc%00defgh")).scrub_json('["abc%00defgh"]') == f'["{MARKER}"]'


def test_two_strings_of_a_result_are_never_read_as_one() -> None:
    text = '["abcd", "efgh"]'

    assert redactor(("KEY", "abcdefgh")).scrub_json(text) == text


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a":1,"a":2}', "NaN", '"\\ud800"', '"\ud800"', "[" * 500])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(JsonInvalid):
        redactor().scrub_json(text)


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.lists(inner), st.dictionaries(st.one_of(around, st.just(VALUE)), inner))


trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), around, st.just(VALUE), st.just("x" + VALUE)),
    nested,
    max_leaves=12,
)


@given(trees)
def test_any_result_stays_json_and_holds_no_secret(tree: object) -> None:
    scrubbed = redactor().scrub_json(json.dumps(tree))

    strict_json.parse(scrubbed.encode())
    assert dumped(VALUE) not in scrubbed
    assert scrubbed == json.dumps(tree) or MARKER in scrubbed


def test_no_pattern_is_so_short_that_it_is_found_everywhere() -> None:
    for value in ("123456", "a b c d e f", "%41%42%43%44%45%46%47", "ÄÖÜß", VALUE):
        assert min(map(len, encodings.forms(value))) >= encodings.SHORTEST
    assert encodings.forms("\N{KEY}") == frozenset()
