"""What is predeclared: requests, encoders, signers, format, time, tools, patterns."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.sandbox.language.conftest import Language

VECTORS = json.loads(Path("tests/vectors/encoders.json").read_text(encoding="utf-8"))["cases"]
TOKEN = "sealed_" + "0a" * 16 + "_x"
OTHER = "sealed_" + "0b" * 16 + "_x"
RESPONSE = {"status": 200, "body": "[1]", "headers": {"a": "b"}, "url": "https://a.test/"}
WAYS = {
    "base64.encode": "base64.encode(i[0], urlsafe = o.get('urlsafe') == 'true', pad = o.get('pad') != 'false')",
    "hex.encode": "hex.encode(i[0])",
    "url.quote": "url.quote(i[0])",
    "url.encode_query": "url.encode_query([(i[n], i[n + 1]) for n in range(0, len(i), 2)])",
    "hash.sha256": "hash.sha256(i[0])",
    "hash.sha1": "hash.sha1(i[0])",
    "hash.sha512": "hash.sha512(i[0])",
    "hmac.sha256": "hmac.sha256(i[0], i[1], **o)",
    "http.basic_auth": "http.basic_auth(i[0], i[1])",
}


def _speakable(case: dict[str, Any]) -> bool:
    return case["op"] in WAYS and not (case.get("refused") and case["op"] in ("base64.encode", "url.encode_query"))


@pytest.mark.promise("SCR-2.13")
@pytest.mark.parametrize(
    "case", [case for case in VECTORS if _speakable(case)], ids=lambda case: f"{case['op']}: {case['why']}"
)
def test_encoders_give_the_texts_of_the_broker(language: Language, case: dict[str, Any]) -> None:
    source = f"def main(i, o):\n    return {WAYS[case['op']]}"
    told = language.run(source, args=json.dumps([case["inputs"], case["options"]]))
    if case.get("refused"):
        assert told.code == "script_error"
    else:
        assert told.result == case["expected"]
    assert told.calls == []


def test_a_claim_set_is_signed_like_everywhere(language: Language) -> None:
    case = next(case for case in VECTORS if case["why"] == "the well-known example")
    claims, key, _ = case["inputs"]
    assert language.run(f"result = jwt.sign_hs256({claims}, '{key}')").result == case["expected"]


@pytest.mark.promise("SCR-2.13")
@pytest.mark.parametrize(
    ("call", "op", "inputs", "options"),
    [
        ("base64.encode('u:' + t, pad = False)", "base64.encode", [f"u:{TOKEN}"], {"urlsafe": "false", "pad": "false"}),
        ("hmac.sha256(t, 'm')", "hmac.sha256", [TOKEN, "m"], {"encoding": "hex", "key_encoding": "utf8"}),
        ("url.encode_query({'k': t, 'n': 1})", "url.encode_query", ["k", TOKEN, "n", "1"], {}),
        ("http.basic_auth('u', t)", "http.basic_auth", ["u", TOKEN], {}),
        ("jwt.sign_hs256({'a': 1}, t)", "jwt.sign_hs256", ['{"a":1}', TOKEN, "{}"], {}),
        ("hash.sha256(t)", "hash.sha256", [TOKEN], {}),
    ],
)
def test_what_holds_a_token_is_computed_by_the_host(
    language: Language, call: str, op: str, inputs: list[str], options: dict[str, str]
) -> None:
    told = language.run(f"t = secrets.get('T')\nresult = {call}", answers={"secrets.get": TOKEN, "derive": OTHER})
    assert told.result == OTHER
    assert told.calls[1] == ["derive", {"op": op, "inputs": inputs, "options": options}]


@pytest.mark.promise("SCR-2.14")
def test_decoders_patterns_and_length_see_the_text_of_a_token(language: Language) -> None:
    told = language.run(
        "t = secrets.get('T')\nresult = [len(t), re.match('sealed_', t) != None, t == t, url.unquote(t)]",
        answers={"secrets.get": TOKEN},
    )
    assert told.result == [41, True, True, TOKEN]
    assert [call[0] for call in told.calls] == ["secrets.get"]


@pytest.mark.promise("SCR-2.07")
def test_a_request_is_asked_of_the_host_in_plain_parts(language: Language) -> None:
    told = language.run(
        "r = http.get('https://a.test/', headers = {'H': 1}, params = {'q': ['a', 2], 'b': True}, timeout = 2)\n"
        "result = [r['status'], json.decode(r['body']), r['headers'], r['url']]",
        answers={"http": RESPONSE},
    )
    assert told.result == [200, [1], {"a": "b"}, "https://a.test/"]
    assert told.calls == [
        [
            "http",
            {
                "method": "GET",
                "url": "https://a.test/",
                "headers": {"H": "1"},
                "params": ["q", "a", "q", "2", "b", "true"],
                "body": None,
                "content_type": None,
                "json": None,
                "auth": None,
                "timeout": 2,
            },
        ]
    ]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_body_goes_as_text_or_as_json(language: Language, method: str) -> None:
    calls = language.run(
        f"http.{method}('u', 'x', auth = ('a', 'b'))\nhttp.{method}('u', json = {{'n': 1 << 70}})\nhttp.{method}('u')",
        answers={"http": RESPONSE},
    ).calls
    parts = [[call[1][key] for key in ("method", "body", "content_type", "json", "auth")] for call in calls]
    name = method.upper()
    assert parts == [
        [name, "x", "application/json", None, ["a", "b"]],
        [name, None, None, '{"n":1180591620717411303424}', None],
        [name, None, None, None, None],
    ]


@pytest.mark.parametrize(
    "call",
    [
        "http.get()",
        "http.get(1)",
        "http.get('u', headers = [1])",
        "http.get('u', headers = {'a': None})",
        "http.get('u', params = {1: 2})",
        "http.get('u', params = 'a=b')",
        "http.get('u', auth = ('a',))",
        "http.get('u', auth = 'ab')",
        "http.get('u', timeout = 0)",
        "http.get('u', timeout = True)",
        "http.get('u', timeout = float('inf'))",
        "http.get('u', timeout = float('nan'))",
        "http.get('u', timeout = 1 << 3000)",
        "http.post('u', body = {})",
        "http.get('u', timeout = 'x')",
        "http.get('u', body = 'x')",
        "http.post('u', 'x', json = 1)",
        "http.post('u', {'a': 1})",
        "http.post('u', json = [print])",
        "http.request('GET')",
        "http.fetch('u')",
        "http.get(print)",
    ],
)
def test_a_wrong_request_is_never_asked(language: Language, call: str) -> None:
    told = language.run(f"x = 1\nif x:\n    y = {call}", answers={"http": RESPONSE})
    assert told.code == "script_error"
    assert told.calls == []
    assert told.place == (3, 9)
    assert "prelude" not in json.dumps(told.answer)


def test_a_refusal_of_the_host_ends_the_run_at_the_line_of_the_call(language: Language) -> None:
    told = language.run("def f():\n    return 'a' + secrets.get('NONE')\nprint('before')\nf()\nprint('after')")
    assert (told.code, told.message) == ("capability_denied", "secrets.get is not to be had.")
    assert told.answer["hint"] == "Declare it."
    assert told.place == (2, 18)
    assert told.answer["frames"] == [["test.star", 4, "<module>"], ["test.star", 2, "f"]]
    assert told.logs == ["before"]


@pytest.mark.promise("SCR-2.12")
def test_format_has_its_verbs(language: Language) -> None:
    call = "format('%s %d %f %.2f %x %x %q %v %%', 'é', 1 << 70, 1.5, 2, 255, 'é', 'a\"', [1])"
    assert language.result(call) == 'é 1180591620717411303424 1.500000 2.00 ff c3a9 "a\\"" [1] %'
    assert language.result("format('%v %s', 1234567.891, 0.1)") == "1234567.891 0.1"


@pytest.mark.promise("SCR-2.12")
@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("format('ab %d', 'x')", "'%d' at position 4"),
        ("format('%f', 'x')", "'%f' at position 1"),
        ("format('%q', 1)", "'%q' at position 1"),
        ("format('%x', 1.5)", "'%x' at position 1"),
        ("format('%s %s', 1)", "'%s' at position 4"),
        ("format('%s', 1, 2)", "2 arguments but has verbs for 1"),
        ("format('%y', 1)", "'%y' at position 1"),
        ("format('100%')", "'%' at position 4"),
        ("format('%.2d', 1)", "'%.2d' at position 1"),
        ("format('%f', 1 << 5000)", "too large"),
        ("format(1)", "template as a string"),
    ],
)
def test_a_verb_that_does_not_fit_is_an_error_with_its_position(language: Language, call: str, why: str) -> None:
    told = language.run(call)
    assert told.code == "script_error"
    assert why in told.message


@pytest.mark.promise("SCR-2.10")
def test_sleep_takes_five_seconds_at_most(language: Language) -> None:
    assert language.run("time.sleep(5)\ntime.sleep(0.5)", answers={"sleep": None}).calls == [
        ["sleep", {"seconds": 5}],
        ["sleep", {"seconds": 0.5}],
    ]
    for wrong in ("5.1", "-1", "'1'", "True", "float('nan')", "float('inf')", "1 << 80"):
        told = language.run(f"time.sleep({wrong})", answers={"sleep": None})
        assert (told.code, told.calls) == ("script_error", [])


def test_the_time_is_told_in_utc(language: Language) -> None:
    now, unix = language.result("[time.now(), time.unix()]")
    assert now.endswith("Z")
    assert isinstance(unix, int)


def test_tools_get_and_give_json(language: Language) -> None:
    told = language.run(
        "result = tools.call('a.b', {'n': 1 << 70})['r']", answers={"tools": '{"r": 36893488147419103232}'}
    )
    assert told.result == 1 << 65
    assert told.calls == [["tools", {"name": "a.b", "arguments": '{"n":1180591620717411303424}'}]]
    assert language.run("tools.call('a.b', [1])", answers={"tools": "{}"}).code == "script_error"


def test_lines_are_logged_and_cut_visibly(language: Language) -> None:
    told = language.run("print('a', 1.5, [2], sep = '-')\nprint('x' * 100)\nprint('l\\nm')\nprint()", log_chars=40)
    assert told.logs[0] == "a-1.5-[2]"
    assert told.logs[1].startswith("xxxx")
    assert told.logs[1].endswith(" more characters)")
    assert len(told.logs[1]) <= 40
    assert told.logs[2:] == ["l", "m", ""]


def test_a_float_is_printed_with_all_its_digits(language: Language) -> None:
    assert language.run("print(1234567.891, 2965647661.0)").logs == ["1234567.891 2965647661.0"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("re.match('a', 'ba')", None),
        ("re.search('(a)(?P<n>b)?', 'éab').span()", [1, 3]),
        ("re.search('(a)(?P<n>b)?', 'éa').groups()", ["a", None]),
        ("re.search('(?P<n>b)', 'ab').group('n')", "b"),
        ("re.find_all('[a-z]+', 'ab 1 cd')", ["ab", "cd"]),
        ("re.find_all('(.)(.)', 'abcd')", [["a", "b"], ["c", "d"]]),
        ("re.find_all('x', '')", []),
        ("re.sub('(.)b', '<\\\\1>', 'abab')", "<a><a>"),
        ("re.sub('b', 'x', 'bbb', 2)", "xxb"),
        ("re.sub('[a-z]+', lambda m: m.group().upper(), 'ab é cd')", "AB é CD"),
        ("re.split('[,;]', 'a,b;c')", ["a", "b", "c"]),
        ("re.search('(a+)+$', 'a' * 50000 + 'b')", None),
    ],
)
def test_patterns_are_matched_in_linear_time(language: Language, expression: str, value: Any) -> None:
    assert language.result(expression) == value


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "(a)\\\\1", "a{1001}", "x" * 10_001])
def test_a_pattern_that_re2_does_not_take_is_an_error(language: Language, pattern: str) -> None:
    assert language.run(f"re.search('{pattern}', 'a')").code == "script_error"


@pytest.mark.parametrize(
    "call", ["base64.decode('*')", "base64.decode('/w==')", "hex.decode('0')", "url.unquote('%ff')"]
)
def test_what_decodes_to_no_text_is_an_error(language: Language, call: str) -> None:
    assert language.run(call).code == "script_error"


def test_decoders_undo_encoders(language: Language) -> None:
    text = "é~~?>/+ \n"
    source = (
        "def main(t):\n    return [base64.decode(base64.encode(t)), base64.decode(base64.encode(t, True, False)),"
        " hex.decode(hex.encode(t)), url.unquote(url.quote(t))]"
    )
    assert language.run(source, args=json.dumps([text])).result == [text] * 4
