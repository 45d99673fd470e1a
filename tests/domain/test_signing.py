"""Encoders and signers: the shared vectors, and what is refused."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain.errors import Invalid
from openpact.domain.signing import compute

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "encoders.json").read_text("utf-8"))[
    "cases"
]


def identity(case: dict[str, Any]) -> str:
    return f"{case['op']}: {case['why']}"


@pytest.mark.promise("SCR-2.13")
@pytest.mark.parametrize("case", [case for case in CASES if "expected" in case], ids=identity)
def test_what_the_vectors_compute_is_computed(case: dict[str, Any]) -> None:
    assert compute(case["op"], case["inputs"], case["options"]) == case["expected"]


@pytest.mark.parametrize("case", [case for case in CASES if "expected" not in case], ids=identity)
def test_what_the_vectors_refuse_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        compute(case["op"], case["inputs"], case["options"])


@pytest.mark.parametrize(
    ("op", "inputs", "options"),
    [
        ("hmac.sha256", ["zz-hidden-zz", "m"], {"key_encoding": "hex"}),
        ("hmac.sha256", ["zz hidden zz", "m"], {"key_encoding": "base64"}),
        ("jwt.sign_hs256", ['{"hidden":1,"hidden":2}', "key"], {}),
        ("jwt.sign_hs256", ['{"a":1}', "key", '{"alg":"hidden"}'], {}),
        ("http.basic_auth", ["hidden:", "x"], {}),
        ("http.basic_auth", ["x", "hidden\n"], {}),
        ("url.encode_query", ["hidden"], {}),
        ("hash.sha256", ["hidden \ud800"], {}),
    ],
)
def test_no_refusal_repeats_what_may_be_a_secret(op: str, inputs: list[str], options: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        compute(op, inputs, options)
    assert "hidden" not in f"{refusal.value.message} {refusal.value.hint}"
    assert refusal.value.__cause__ is None


def test_an_unknown_option_is_answered_with_those_there_are() -> None:
    with pytest.raises(Invalid) as refusal:
        compute("hmac.sha256", ["k", "m"], {"encoding": "hexx"})
    assert "hex, base64, base64url" in str(refusal.value.hint)
    with pytest.raises(Invalid) as refusal:
        compute("hash.sha1", ["k"], {"encoding": "hex"})
    assert "no options" in str(refusal.value.hint)


def test_a_jwt_needs_no_headers() -> None:
    assert compute("jwt.sign_hs256", ["{}", "key"], {}) == compute("jwt.sign_hs256", ["{}", "key", "{}"], {})


@given(st.binary(min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_in_any_writing_is_the_same_key(key: bytes, message: str) -> None:
    expected = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    for written in (key.hex(), key.hex().upper()):
        assert compute("hmac.sha256", [written, message], {"key_encoding": "hex"}) == expected
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for written in (encode(key).decode(), encode(key).decode().rstrip("=")):
            assert compute("hmac.sha256", [written, message], {"key_encoding": "base64"}) == expected
