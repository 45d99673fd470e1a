"""What is gone through once before the locks, so that nothing has to be fetched behind them.

Rules of this file:
- Every builtin is called, and every kind of failure met. Whoever adds a builtin adds it here.
- The texts are ours: no script's word is in here. They are small: what the engine once took it keeps, and each fork
  copies the list of its pages.
"""

from typing import Any

from openpact.adapters.sandbox.inside.host import Host, Refused

_LIMITS = {
    "wall_ms": 10_000,
    "memory_mb": 1_024,
    "steps": 1_000_000,
    "result_bytes": 10_000,
    "log_lines": 1_000,
    "log_chars": 4_096,
}
_TOKEN = "sealed_" + "0" * 32 + "_x"
_WORK = r'''
"""A module."""
load("lib/a.star", "shift")
def _hidden(a, /, b = 1, *rest, c = 2.5, **more):
    """A function."""
    return [x for x in rest if x] + [lambda y: y]
def main(n, text = "é"):
    name = "n"
    print(f"{name}", n, 1234567.5, [1.5, None, True], sep = "\n")
    every = [
        json.encode({"a": [1, 2.5, (3,)], "s": struct(b = text)}), json.decode("[1, 1.5]"),
        json.decode('{"a": 12345678901234567890123, "b": 1e300, "\\ud83d\\ude00": "\\u00e9"}'),
        json.decode("{", default = None), json.decode("[1]", 2), json.indent({"a": 1}),
        http.get("https://a.test/", params = {"q": [1, "x"]}, headers = {"h": 1}, timeout = 1.5, auth = ("u", "p")),
        http.post("https://a.test/", json = {"a": 1}), http.put("https://a.test/", "x"), http.patch("https://a.test/"),
        http.delete("https://a.test/"), http.head("https://a.test/"), http.request("get", "https://a.test/"),
        http.basic_auth("u", "p"), time.now(), time.unix(), time.sleep(0),
        secrets.get("A"), secrets.has("A"), secrets.list(), tools.call("a.b", {"x": 1}),
        format("%s %d %f %.2f %x %x %q %v %%", "a", 1, 1.5, 2, 255, "é", "q", [1]),
        base64.encode(text, urlsafe = True, pad = False), base64.decode("w6k"), hex.encode(text), hex.decode("61"),
        url.quote(text), url.unquote("%C3%A9"), url.encode_query({"a": text}),
        hash.sha256(text), hash.sha1(text), hash.sha512(text), hash.sha256(secrets.get("A")),
        hmac.sha256("k", "m", encoding = "base64url"), hmac.sha256("00", "m", key_encoding = "hex"),
        hmac.sha256("AA==", "m", key_encoding = "base64", encoding = "base64"), jwt.sign_hs256({"a": 1}, "k"),
        [re.search("(a)(?P<n>b)?", "éab").group("n"), re.match("a", "b"), re.find_all("a|b", "ab")],
        re.sub("(a)", "\\1\\1", "ba"), re.sub("a", lambda m: m.group() + str(m.span()), "ba"), re.split(",", "a,b"),
        shift(3), 1 << 70, "%s %r %d" % (1.5, "x", 10 << 3), sorted([3, 1], key = lambda x: -x), n,
    ]
    return every
'''
_FAULTS = (
    "fail('x', 1)",
    "def f(x):\n    return f(x + 1)\nf(1)",
    "def f():\n    return 1 // 0\nresult = f()",
    "x = 'é'; y = [1 << 2, 1 // 0]",
    "x = {}\nx[0] <<= 1",
    "def f(:\n",
    "x = (",
    "\u00e9 = 1",
    "result = '\\N{BELL}'",
    "result = '\\N{NO SUCH NAME}'",
    "x = '\\q'",
    "x = " + "7" * 5_000,
    "while True:\n    pass",
    "unknown()",
    "print(print)\nhttp.get(print)",
    "http.get()",
    "http.get('x', headers = {'a': print})",
    "http.get('x', timeout = float('inf'))",
    "for i in range(10000000):\n    pass",
    "for i in range(2000):\n    print(i)",
    "print('x' * 5000)",
    "secrets.get('REFUSED')",
    "load('lib/refused.star', 'x')",
    "load('lib/broken.star', 'x')",
    "load('run.star', 'x')",
    "json.decode('[1e999]')",
    "json.decode('nope')",
    "json.decode('" + "[" * 120 + "')",
    "json.decode('\"\\\\ud800\", 12345678901234567890')",
    "json.decode('[\"\\\\ud800\", 12345678901234567890]')",
    "json.decode('NaN 12345678901234567890')",
    "json.encode({1: 2})",
    "result = [float('nan')]",
    "x = []\nx.append(x)\nresult = x",
    "result = 'x' * 20000",
    "result = 1 << 60000",
    "def f(x):\n    return x\nf(1)\nresult = 10 // 0",
    "format('%d', 'x')",
    "format('%f', 1 << 2000)",
    "re.search('(', 'x')",
    "re.sub('a', '\\\\9', 'a')",
    "base64.decode('*')",
    "base64.decode('_w==')",
    "url.unquote('%ff')",
    "hex.decode('0')",
    "hmac.sha256('', 'x')",
    "jwt.sign_hs256([], 'k')",
    "jwt.sign_hs256({}, 'k', {'alg': 'none'})",
    "http.basic_auth('a:b', 'c')",
    "time.sleep(6)",
    "def f(a):\n    return a",
    "(" * 300 + ")" * 300 + " << 1",
)


class Stand(Host):
    """A host for the rehearsal: nothing leaves the process."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, lambda: b"")

    def call(self, op: str, given: dict[str, Any]) -> Any:
        """Answer as a host would."""
        if given.get("name") == "REFUSED" or given.get("path") == "lib/refused.star":
            raise Refused("capability_denied", "No.", "Declare it.")
        if op == "load":
            broken = given["path"] == "lib/broken.star"
            return {"source": "def x(:" if broken else "def shift(x):\n    return x << 40\n", "sha256": ""}
        answers: dict[str, Any] = {
            "http": {"status": 200, "body": "é", "headers": {"a": "b"}, "url": "https://a.test/"},
            "secrets.get": _TOKEN,
            "secrets.has": True,
            "secrets.list": ["A"],
            "derive": _TOKEN,
            "tools": '{"a": 1}',
        }
        return answers.get(op)

    def log(self, text: str) -> None:
        """Drop a line."""


def _run(source: str, args: str | None = None, function: str | None = None) -> dict[str, Any]:
    return {"t": "run", "name": "run.star", "source": source, "function": function, "args": args, "limits": _LIMITS}


SMALL = _run("def main(name):\n    return {'a': [name, 1.5]}\n", '["x"]')
REQUESTS = (
    _run(_WORK, '{"n": 1}'),
    _run(_WORK, "[1, 2, 3, 4]"),
    _run(_WORK, "[", "main"),
    _run(_WORK, None, "nothing"),
    *map(_run, _FAULTS),
    {"t": "check", "name": "run.star", "source": _WORK + "\nx = {'a': 1, 'a': unknown}\n"},
    *({"t": "check", "name": "run.star", "source": source} for source in _FAULTS),
)
