"""The strict reader: two readers never see two things, and the canonical form loses nothing."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from openpact.domain.errors import JsonInvalid, TooLarge
from openpact.domain.strict_json import DEEPEST, DEFAULT, PROTOCOL_KEYS, Limits, Value, canonical, digest, encode, parse

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "strict_json.json").read_text("utf-8"))

# Every text there is, with the characters over which depth counters and sorters stumble made likely.
texts = st.text(
    st.one_of(st.sampled_from('"\\[]{}:,u\u0000\ufb33\U0001f600'), st.characters(exclude_categories=["Cs"]))
)
doubles = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.one_of(
    doubles.map(lambda number: Decimal(repr(number))),
    st.builds(lambda digits, exponent: Decimal(f"{digits}E{exponent}"), st.integers(), st.integers(-40, 40)),
)
integers = st.one_of(st.integers(), st.integers(-(10**308), 10**308))


def trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf, lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner, max_size=8)), max_leaves=20
    )


values = trees(st.one_of(st.none(), st.booleans(), integers, decimals, texts))


def told(case: dict[str, str]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def cases(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.get("why")) for case in VECTORS[name]])


def same(one: Value, other: Value) -> bool:
    """Compare with types, order of keys and digits: 1, True and 1.0 are three things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, Decimal) and isinstance(other, int):
        return one.as_tuple().exponent == 0 and one == other  # written without a point it comes back as an int
    return type(one) is type(other) and one == other


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@contextmanager
def few_digits_allowed() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


# The vectors


@pytest.mark.promise("POL-5.02", "POL-5.03", "POL-5.05")
@cases("refused")
def test_what_two_readers_could_read_differently_is_refused(case: dict[str, str]) -> None:
    for protocol in (False, True):
        with pytest.raises(JsonInvalid):
            parse(told(case), protocol=protocol)


@cases("refused_as_protocol")
def test_a_key_that_some_readers_take_for_one_of_the_protocol_is_refused(case: dict[str, str]) -> None:
    parse(told(case))  # nothing else is wrong with it
    with pytest.raises(JsonInvalid):
        parse(told(case), protocol=True)


@cases("accepted")
def test_plain_json_is_read_as_every_other_reader_reads_it(case: dict[str, str]) -> None:
    assert parse(told(case)) == json.loads(told(case), parse_float=Decimal)


@cases("accepted_as_protocol")
def test_a_message_of_the_protocol_is_read_whole(case: dict[str, str]) -> None:
    assert parse(told(case), protocol=True) == json.loads(told(case), parse_float=Decimal)


@pytest.mark.promise("QUA-2.02")
@cases("canonical")
def test_each_value_has_one_canonical_form(case: dict[str, str]) -> None:
    value = parse(told(case))
    assert canonical(value).decode() == case["canonical"]
    assert canonical(parse(case["canonical"].encode())).decode() == case["canonical"]
    if "sha256" in case:
        assert digest(value) == f"sha256:{case['sha256']}"


# Parsed or refused, never anything else


def answer(data: bytes, *, protocol: bool) -> Value | JsonInvalid:
    try:
        return parse(data, protocol=protocol)
    except JsonInvalid as refusal:
        return refusal


def parsed_or_refused(data: bytes) -> None:
    for protocol in (True, False):
        value = answer(data, protocol=protocol)
        if isinstance(value, JsonInvalid):
            assert 0 < len(value.message) < 400
        else:
            assert value == json.loads(data, parse_float=Decimal)
            assert same(value, parse(encode(value), protocol=protocol))


@pytest.mark.promise("QUA-2.04")
@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'[{"":' * 60_000)
@example(b'"' + b"\\" * 100_001)
@example(b"[" * 65 + b'"' * 1001)
@example(b"9" * 100_000)
@example(b"-" + b"0" * 5000 + b".e")
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    parsed_or_refused(data)


@given(st.text(st.sampled_from('[]{}"\\:,u0dD8n1e.-+ \n\ufeff\u212a\u017f')))
def test_any_text_of_the_characters_of_json_is_parsed_or_refused(text: str) -> None:
    parsed_or_refused(text.encode())


@given(values, st.data())
def test_json_with_a_fault_in_it_is_parsed_or_refused(value: Any, data: st.DataObject) -> None:
    text = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=3),
                st.sampled_from([b'"', b"\\", b"\\ud800", b"[", b"}", b"1e999", b"NaN", b"\xef\xbb\xbf", bytes(text)]),
            )
        )
    parsed_or_refused(bytes(text))


def test_a_key_is_twice_there_also_when_the_scanner_makes_one_string_of_both() -> None:
    with pytest.raises(JsonInvalid, match="One object holds 'name' and again 'name'"):
        parse(b'[{"name":1},{"name":2,"x":3,"name":2}]')


@pytest.mark.promise("POL-5.06")
def test_a_text_over_the_byte_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="has 1048577 bytes; 1048576 are allowed"):
        parse(b"\xff" * (DEFAULT.max_bytes + 1))
    assert parse(b" " * (DEFAULT.max_bytes - 1) + b"1") == 1


@pytest.mark.promise("POL-5.06")
@given(trees(texts), st.integers(0, 4))
def test_depth_is_counted_as_the_value_is_deep_and_not_as_brackets_stand(value: Any, deepest: int) -> None:
    data = encode(value)
    if depth_of(value) > deepest:
        with pytest.raises(JsonInvalid, match="deep"):
            parse(data, Limits(max_depth=deepest))
    else:
        assert parse(data, Limits(max_depth=deepest)) == value


def test_no_limit_lifts_the_depth_over_what_the_stack_bears() -> None:
    boundless = Limits(max_depth=10**9)
    assert depth_of(parse(b"[" * DEEPEST + b"]" * DEEPEST, boundless)) == DEEPEST
    with pytest.raises(JsonInvalid, match="more than 128 deep"):
        parse(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), boundless)


def test_a_refusal_says_what_and_where() -> None:
    with pytest.raises(JsonInvalid, match=r"Not JSON at line 2, column 5: Expecting"):
        parse(b'{"a":1,\n"b":x}')
    with pytest.raises(JsonInvalid, match="Not UTF-8 at byte 2"):
        parse(b'"a\xff"')
    for text, told_as in [(b"[NaN]", "NaN is not"), (b"\xef\xbb\xbf1", "with a BOM"), (b"[1\0]", "a zero byte")]:
        with pytest.raises(JsonInvalid, match=told_as):
            parse(text)
    with pytest.raises(JsonInvalid, match="take the key 'Name' for name") as caught:
        parse(b'{"params":{"Name":1}}', protocol=True)
    assert caught.value.hint == "Write name."


def test_a_refusal_shows_no_more_than_the_start_of_a_key_and_no_control_character() -> None:
    key = b'"\xc2\x9b31m' + b"k" * 5000 + b'"'
    with pytest.raises(JsonInvalid) as caught:
        parse(b"{%b:1,%b:2}" % (key, key))
    assert len(caught.value.message) < 400
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


def test_every_limit_may_be_set_alone() -> None:
    assert parse(b"123", Limits(max_number_chars=3)) == 123
    with pytest.raises(JsonInvalid, match=r"has 4 characters; 3 are allowed"):
        parse(b"1.25", Limits(max_number_chars=3))
    with pytest.raises(JsonInvalid, match=r"has 301 characters; 300 are allowed"):
        parse(b"1" * 301, Limits(max_number_chars=300))
    assert parse(b'["\\ud83d\\ude00", 0.%b]' % (b"1" * 2000), Limits(max_number_chars=3000))
    with pytest.raises(TooLarge):
        parse(b"1234", Limits(max_bytes=3))


def test_no_two_protocol_keys_differ_only_in_case() -> None:
    assert len({key.casefold() for key in PROTOCOL_KEYS}) == len(PROTOCOL_KEYS)
    assert {"jsonrpc", "id", "method", "params", "name", "arguments", "_meta", "inputResponses"} <= PROTOCOL_KEYS


# Numbers


@pytest.mark.promise("POL-5.04")
@given(st.one_of(integers, decimals))
def test_a_number_comes_back_with_the_digits_it_was_written_with(number: int | Decimal) -> None:
    assert same(number, parse(str(number).encode()))
    assert same([number, Decimal("1.10")], parse(encode([number, Decimal("1.10")])))


def test_the_interpreter_s_digit_limit_changes_nothing() -> None:
    with few_digits_allowed():
        assert parse(b"1" * 309) == (10**309 - 1) // 9
        with pytest.raises(JsonInvalid, match="for infinite"):
            parse(b"1" * 1100)
        assert canonical(10**700 + 1) == b"1." + b"0" * 699 + b"1e+700"
        with pytest.raises(JsonInvalid, match="for infinite"):
            encode(10**700 + 1)


def test_a_caller_s_decimal_context_changes_nothing() -> None:
    with localcontext(Context(prec=2, Emax=1, Emin=-1, traps=[])):
        number = parse(b"1234567890.12345678901234567890")
        assert isinstance(number, Decimal)
        assert canonical(number) == b"1234567890.1234567890123456789"
        assert canonical(10**20 + 1) == b"100000000000000000001"
        assert encode(number) == b"1234567890.12345678901234567890"
        with pytest.raises(JsonInvalid, match="cannot be kept"):
            parse(b"0e99999999999999999999")


@given(doubles)
@example(-0.0)
@example(5e-324)
@example(1e21)
@example(1e-6)
@example(9.999999e-7)
def test_a_number_that_is_a_double_is_laid_out_as_rfc_8785_lays_it_out(number: float) -> None:
    assert canonical(Decimal(repr(number))) == rfc8785.dumps(number)


@pytest.mark.promise("APR-1.04")
@given(st.one_of(integers, decimals))
def test_the_canonical_form_of_a_number_is_exact_and_short(number: int | Decimal) -> None:
    written = canonical(number).decode()
    assert Fraction(Decimal(written)) == Fraction(number)
    assert len(written) <= len(str(number)) + 22


@pytest.mark.promise("APR-1.04")
@given(st.one_of(integers, decimals), st.integers(0, 30))
def test_the_spelling_of_a_number_does_not_change_its_digest(number: int | Decimal, zeros: int) -> None:
    sign, digits, exponent = Decimal(number).as_tuple()
    assert isinstance(exponent, int)
    assert digest(Decimal((sign, (*digits, *[0] * zeros), exponent - zeros))) == digest(number)


@given(decimals, decimals)
def test_two_numbers_share_a_canonical_form_only_if_they_are_equal(one: Decimal, other: Decimal) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


# The written forms


@given(
    trees(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(1 - 2**53, 2**53 - 1),
            texts,
            doubles,
        )
    )
)
@pytest.mark.promise("APR-1.03", "QUA-2.02")
def test_the_canonical_form_is_rfc_8785_wherever_that_is_exact(value: Any) -> None:
    assert canonical(json.loads(json.dumps(value), parse_float=Decimal)) == rfc8785.dumps(value)


@given(values)
def test_what_is_written_is_read_back_as_the_same_value(value: Any) -> None:
    assert same(value, parse(encode(value)))


@pytest.mark.promise("QUA-2.05")
@given(values)
def test_a_foreign_reader_reads_what_is_written_as_the_same_value(value: Any) -> None:
    assert json.loads(encode(value), parse_float=Decimal) == value


@given(values)
def test_the_canonical_form_holds_the_whole_value_so_no_two_values_share_one(value: Any) -> None:
    assert parse(canonical(value)) == value
    assert canonical(parse(canonical(value))) == canonical(value)
    assert digest(value) == "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


@given(st.dictionaries(texts, st.none(), min_size=2))
def test_the_order_of_keys_changes_no_digest_and_stays_when_forwarded(value: dict[str, None]) -> None:
    turned: dict[str, Value] = dict(reversed(value.items()))
    assert digest(turned) == digest(dict(value))
    assert encode(turned) != encode(dict(value))
    keys = [key.encode("utf-16-be") for key in json.loads(canonical(turned))]
    assert all(before < after for before, after in pairwise(keys))


def test_true_and_one_and_the_text_of_one_are_three_values() -> None:
    assert len({digest(True), digest(1), digest("1"), digest([1]), digest({"1": 1}), digest(None)}) == 6  # noqa: FBT003


class Word(StrEnum):
    YES = "yes"


class Text(str):
    __slots__ = ()


class Number(int):
    pass


@pytest.mark.parametrize("write", [canonical, encode])
def test_a_tuple_is_written_as_a_list_and_a_kind_of_text_or_number_as_what_it_is(write: Any) -> None:
    assert write({"a": (Word.YES, Text("b"), Number(2)), Text("c"): ()}) == b'{"a":["yes","b",2],"c":[]}'


@pytest.mark.parametrize("write", [canonical, encode])
@pytest.mark.parametrize("fault", [1.0, [float("nan")], {1: 2}, {"a": 1, None: 2}, {1, 2}, b"bytes", object()])
def test_what_has_no_exact_form_is_a_fault_of_the_program(write: Any, fault: Any) -> None:
    with pytest.raises(TypeError):
        write(fault)


@pytest.mark.parametrize("write", [canonical, encode])
@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("-sNaN12"), Decimal("Infinity"), ["\ud800"], {"\udfff": 1}, {"a": 1, "\ud83d": 2}]
)
def test_what_json_cannot_hold_is_refused_when_written(write: Any, value: Any) -> None:
    with pytest.raises(JsonInvalid):
        write(value)


@pytest.mark.parametrize("number", [10**400, -(10**400), Decimal("1e400"), Decimal("1e-400"), Decimal("-1e999999")])
def test_a_number_that_others_would_misread_has_a_digest_but_is_not_forwarded(number: int | Decimal) -> None:
    assert digest(number)
    with pytest.raises(JsonInvalid, match="Readers that use doubles"):
        encode(number)
