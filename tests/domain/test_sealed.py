"""Sealed secrets: tokens that mean nothing elsewhere, and what is computed from them."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openpact.domain import sealed, signing
from openpact.domain.destination import Destination, read_rule
from openpact.domain.errors import Invalid, TooLarge
from openpact.domain.sealed import TOKEN, Vault
from openpact.domain.secret import EVERYWHERE, Place, Reach, reach

VALUE = 'sk_live_9f8/Zq+Lm=="&%7Ex'
API = Destination("https", "api.example.com", 443)
WWW = Destination("https", "www.example.com", 443)
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "encoders.json").read_text("utf-8"))[
    "cases"
]
DERIVED = [case for case in CASES if "expected" in case and any(case["inputs"]) and "jwt" not in case["op"]]


def hosts(*texts: str) -> Reach:
    return reach(tuple(map(read_rule, texts or ("api.example.com",))), None)


def vault() -> Vault:
    return Vault(os.urandom)


def truth(made: Vault, token: str) -> str:
    return made.opened(token, sealed.as_it_is)


@pytest.mark.promise("SCR-4.09")
def test_a_token_is_opaque_and_of_its_run_alone() -> None:
    one, other = vault(), vault()
    token = one.seal("KEY", VALUE, hosts())

    assert TOKEN.fullmatch(token)
    assert len(token) == 41
    assert one.seal("KEY", VALUE, hosts()) == token
    assert other.seal("KEY", VALUE, hosts()) != token
    assert truth(one, f"a {token} b") == f"a {VALUE} b"
    assert truth(other, token) == token
    assert one.has(f"a{token}b")
    assert not other.has(token)
    assert one.tokens_in(f"{token}{token}") == [token, token]


def test_another_value_reach_or_place_has_another_token() -> None:
    made = vault()
    tokens = {
        made.seal("KEY", VALUE, hosts()),
        made.seal("OTHER", VALUE, hosts()),
        made.seal("KEY", VALUE + "2", hosts()),
        made.seal("KEY", VALUE, hosts("www.example.com")),
        made.seal("KEY", VALUE, hosts(), frozenset({Place.HEADER})),
    }
    assert len(tokens) == 5


def test_what_a_token_stands_for_is_never_shown() -> None:
    made = vault()
    (shown,) = made.used_in(made.seal("KEY", VALUE, hosts()))

    assert repr(shown) == str(shown) == "Sealed(KEY)"
    assert "Zq+Lm" not in repr(made)


def test_a_source_of_chance_that_gives_too_little_or_the_same_again_is_a_fault() -> None:
    short, stuck = Vault(lambda count: bytes(count - 1)), Vault(bytes)
    stuck.seal("KEY", VALUE, hosts())

    with pytest.raises(RuntimeError):
        short.seal("KEY", VALUE, hosts())
    with pytest.raises(RuntimeError):
        stuck.seal("OTHER", VALUE, hosts())


@pytest.mark.promise("SCR-2.13")
@pytest.mark.parametrize("case", DERIVED, ids=lambda case: f"{case['op']}: {case['why']}")
def test_what_is_computed_from_a_token_is_computed_from_its_value(case: dict[str, Any]) -> None:
    for at, text in enumerate(case["inputs"]):
        if not text or (case["op"] == "url.encode_query" and at % 2 == 0):
            continue
        made = vault()
        inputs = [*case["inputs"][:at], made.seal("KEY", text, hosts()), *case["inputs"][at + 1 :]]

        derived = made.derive(case["op"], inputs, case["options"])

        assert TOKEN.fullmatch(derived)
        assert truth(made, derived) == case["expected"]
        assert made.used_in(derived)[0].label == "KEY"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_is_computed_with_as_if_it_stood_there(value: str, around: str) -> None:
    assume(not around.lstrip().startswith(("{", "[")))
    made = vault()
    token = made.seal("KEY", value, hosts())
    for op in ("base64.encode", "hex.encode", "url.quote", "hash.sha256", "hash.sha1", "hash.sha512"):
        assert truth(made, made.derive(op, [around + token], {})) == signing.compute(op, [around + value], {})
    signed = truth(made, made.derive("hmac.sha256", [token, around], {}))
    assert signed == hmac.new(value.encode(), around.encode(), hashlib.sha256).hexdigest()


@pytest.mark.promise("SCR-2.13")
def test_a_chain_of_signatures_stays_sealed_to_its_end() -> None:
    made = vault()
    key = "AWS4" + made.seal("KEY", VALUE, hosts())
    expected = ("AWS4" + VALUE).encode()

    signed = made.derive("hmac.sha256", [key, "20250101"], {})
    expected = hmac.digest(expected, b"20250101", "sha256")
    for part in ("us-east-1", "s3", "aws4_request", "string to sign"):
        signed = made.derive("hmac.sha256", [signed, part], {"key_encoding": "hex"})
        expected = hmac.digest(expected, part.encode(), "sha256")

    assert truth(made, signed) == expected.hex()
    assert made.used_in(signed)[0].reach.allows(API)


@pytest.mark.promise("SCR-2.13")
def test_what_is_computed_from_two_secrets_goes_where_both_may() -> None:
    made = vault()
    user = made.seal("USER", "alice-of-house", hosts("api.example.com", "www.example.com"), EVERYWHERE)
    password = made.seal("PASSWORD", VALUE, hosts("api.example.com"), frozenset({Place.BASIC, Place.BODY}))

    (both,) = made.used_in(made.derive("http.basic_auth", [user, password], {}))

    assert both.names == ("PASSWORD", "USER")
    assert both.label == "PASSWORD+USER"
    assert both.places == {Place.BASIC, Place.BODY}
    assert both.reach.allows(API)
    assert not both.reach.allows(WWW)


def test_without_a_token_the_text_itself_is_computed_and_given() -> None:
    assert vault().derive("hex.encode", ["a"], {}) == "61"


def test_what_is_computed_does_not_say_whether_a_guess_is_right() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())

    # Both are HMAC of the value with itself, and a script that could see it would have guessed the value.
    there, back = made.derive("hmac.sha256", [token, VALUE], {}), made.derive("hmac.sha256", [VALUE, token], {})
    assert truth(made, there) == truth(made, back)
    assert there != back
    assert made.derive("hmac.sha256", [token, VALUE], {}) == there


@pytest.mark.parametrize("part", [0, 2])
def test_a_secret_is_no_key_of_what_a_jwt_says(part: int) -> None:
    made = vault()
    token = made.seal("KEY", "right-guess", hosts())

    def signed(text: str) -> str:
        given = ["{}", "key", "{}"]
        given[part] = text
        return made.derive("jwt.sign_hs256", given, {})

    for guess in ("right-guess", "wrong-guess"):
        for text in (f'{{"{token}":1,"{guess}":1}}', f'{{"a":[{{"{token}":1,"{guess}":1}}]}}', f'{{"a":1{token}}}'):
            with pytest.raises(Invalid, match="in a string of the claims"):
                signed(text)
    assert TOKEN.fullmatch(signed(f'{{"a":["{token}",{{"b":"{token}"}}]}}'))


def test_a_value_in_json_stays_in_its_string_when_it_is_signed() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())
    key = made.seal("SIGNING", "a signing key", hosts())
    claims = json.dumps({"sub": token})

    jwt = truth(made, made.derive("jwt.sign_hs256", [claims, key, "{}"], {}))
    digest = truth(made, made.derive("hash.sha256", [claims], {}))

    middle = jwt.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))) == {"sub": VALUE}
    assert digest == hashlib.sha256(json.dumps({"sub": VALUE}).encode()).hexdigest()
    assert truth(made, made.derive("hex.encode", ["{not json " + token], {})) == ("{not json " + VALUE).encode().hex()


@pytest.mark.parametrize(
    "ask",
    [
        lambda made, token: made.derive("hash.md5", [token], {}),
        lambda made, token: made.derive("hmac.sha256", ["key", "m"], {"encoding": token}),
        lambda made, token: made.derive("hmac.sha256", [token, "m"], {"encoding": token}),
        lambda made, token: made.derive("hmac.sha256", [token, "m"], {"key_encoding": "hex"}),
        lambda made, token: made.derive("jwt.sign_hs256", [f'{{"a":{token}}}', "key"], {}),
        lambda made, token: made.derive("jwt.sign_hs256", ["{}", "key", token], {}),
        lambda made, token: made.derive("url.encode_query", ["a", "b", token, "c"], {}),
        lambda made, token: made.derive("http.basic_auth", [token + ":", "b"], {}),
    ],
)
def test_what_cannot_be_computed_is_refused_without_a_word_of_the_value(ask: Callable[[Vault, str], str]) -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())

    with pytest.raises(Invalid) as refusal:
        ask(made, token)
    assert "Zq+Lm" not in f"{refusal.value.message} {refusal.value.hint}"


def test_one_run_holds_only_so_many_tokens_and_so_much_in_them() -> None:
    made = vault()
    for count in range(sealed.MOST_TOKENS):
        made.seal("KEY", f"value {count}", hosts())
    with pytest.raises(TooLarge):
        made.seal("KEY", "one more", hosts())
    assert made.seal("KEY", "value 1", hosts())

    grown = vault()
    token = grown.seal("KEY", "x" * 60_000, hosts())
    for op, inputs in {
        "hash.sha256": [token * 3],
        "url.encode_query": ["a", token * 2, "b", token],
        "hex.encode": [token * 2],
        "hmac.sha256": [token, token + "x" * sealed.MOST_DERIVED],
    }.items():
        with pytest.raises(TooLarge):
            grown.derive(op, inputs, {})
    for count in range(8):
        grown.derive("hex.encode", [token + str(count)], {})
    with pytest.raises(TooLarge):
        grown.derive("hex.encode", [token + "8"], {})
    with pytest.raises(TooLarge):
        grown.opened("x" * 11, sealed.as_it_is, most=10)


def test_one_run_computes_only_so_often_and_reads_only_so_much_for_it() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())
    for count in range(sealed.MOST_COMPUTED):
        made.derive("hash.sha256", [token + str(count)], {})
    with pytest.raises(TooLarge):
        made.derive("hash.sha256", [token], {})
    assert made.derive("hash.sha256", [token + "0"], {})

    reading = vault()
    token = reading.seal("KEY", VALUE, hosts())
    with pytest.raises(TooLarge):
        reading.derive("hmac.sha256", [token, "x" * sealed.MOST_READ], {})
    long = "x" * (sealed.MOST_READ - len(token))
    for _ in range(sealed.MOST_READ_IN_ALL // sealed.MOST_READ - 2):
        assert TOKEN.fullmatch(reading.derive("hmac.sha256", [token, long], {}))
    with pytest.raises(TooLarge):
        [reading.derive("hmac.sha256", [token, long], {}) for _ in range(2)]


def test_a_long_text_is_judged_by_its_size_before_it_is_read_as_json() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())
    claims = json.dumps({"a": token, "b": [1] * sealed.MOST_DERIVED})

    for op, inputs in {"jwt.sign_hs256": [claims, "key"], "base64.encode": [claims]}.items():
        with pytest.raises(TooLarge):
            made.derive(op, inputs, {})


def test_a_value_in_json_in_json_stays_in_its_string_when_it_is_signed_or_encoded() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())
    nested = json.dumps({"payload": json.dumps({"token": token})})

    written = truth(made, made.derive("url.encode_query", ["p", nested], {}))
    claims = truth(made, made.derive("jwt.sign_hs256", [nested, "key"], {})).split(".")[1]

    for text in (unquote(written[2:]), base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).decode()):
        assert json.loads(json.loads(text)["payload"]) == {"token": VALUE}


def test_a_value_that_doubles_with_each_string_it_stands_in_ends_before_it_is_large() -> None:
    made = vault()
    text = json.dumps([made.seal("KEY", '"' * 1_000, hosts())])
    for _ in range(9):
        text = json.dumps([text])
    with pytest.raises(TooLarge):
        made.derive("hash.sha256", [text], {})


@pytest.mark.promise("SCR-2.14")
def test_what_a_script_does_to_the_text_of_a_token_sees_only_that_text() -> None:
    token = vault().seal("KEY", VALUE, hosts())

    assert (len(token), token.startswith("sk_live"), token == VALUE) == (41, False, False)
    assert token == token.strip() == token.lower()


CUT: dict[str, Callable[[str], str]] = {
    "its first half": lambda token: token[:20],
    "its second half": lambda token: token[20:],
    "ten digits": lambda token: token[15:25],
    "without its end": lambda token: token[:-1],
    "in capitals": str.upper,
    "reversed": lambda token: token[::-1],
    "half of it reversed": lambda token: token[::-1][:18],
    "in hex": lambda token: token.encode().hex(),
    "in hex behind a digit": lambda token: "a" + token.encode().hex().upper() + "f",
    "in base64": lambda token: base64.b64encode(token.encode()).decode(),
    "in base64 behind one": lambda token: base64.b64encode(b"x" + token.encode()).decode(),
    "in base64 behind two": lambda token: base64.b64encode(b"xy" + token.encode()).decode(),
    "in base64 behind a slash": lambda token: "path/" + base64.urlsafe_b64encode(token.encode()).decode().rstrip("="),
    "a piece in base64": lambda token: base64.b64encode(token[12:24].encode()).decode(),
    "in base64 without its end": lambda token: base64.b64encode(token.encode()).decode()[:33],
    "percent-encoded": lambda token: "".join(f"%{ord(char):02X}" for char in token),
}


@pytest.mark.promise("SCR-4.11")
@pytest.mark.parametrize("how", CUT)
def test_a_token_that_is_not_whole_is_recognised(how: str) -> None:
    made = vault()
    made.seal("FIRST", "another value", hosts())
    token = made.seal("KEY", VALUE, hosts())

    found = made.tampered("harmless", f"a={CUT[how](token)}&b={token}")

    assert found is not None
    assert found.label == "KEY"


@given(st.text(), st.lists(st.binary(max_size=200)))
def test_a_whole_token_and_every_other_text_are_right(text: str, blobs: list[bytes]) -> None:
    made = vault()
    assert made.tampered(text) is None
    token = made.seal("KEY", VALUE, hosts())

    others = [writing for blob in blobs for writing in (blob.hex(), base64.b64encode(blob).decode())]

    assert made.tampered(text, f"Bearer {token}", token * 3, *others) is None
    assert made.tampered(token[:9], "0123456789abcdef" * 8) is None


@pytest.mark.promise("SCR-4.14")
def test_tokens_are_shown_to_people_by_the_names_of_their_secrets() -> None:
    made = vault()
    token = made.seal("KEY", VALUE, hosts())
    derived = made.derive("hash.sha256", [token + made.seal("SALT", "some salt", hosts())], {})

    assert made.redact(f"a {token} b {derived}") == "a [REDACTED:KEY] b [REDACTED:KEY+SALT]"
    assert made.redact(token.upper() + token.replace("_", "%5F")) == "[REDACTED:KEY]" * 2
    foreign = vault().seal("KEY", VALUE, hosts())
    assert made.redact(foreign) == foreign
    contents = {"KEY": VALUE, "SALT": "some salt", "KEY+SALT": truth(made, derived)}
    assert {sealed.label: sealed.value for sealed in made.contents()} == contents
    assert [sealed.label for sealed in made.contents(since=1)] == ["SALT", "KEY+SALT"]
