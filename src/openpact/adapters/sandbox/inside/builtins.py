"""The Python side of the prelude: what a script's builtins do, over plain values.

Rules of this file:
- Every value is checked here: a script decides what comes in. An error names the function as the script calls it.
- A fault is kept in the world and raised: what the engine makes of its text is never read back.
- The parent judges every call again; nothing here is what keeps a script from a host or a secret.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from openpact.adapters.sandbox.inside import encoders, formatting, json_text, patterns
from openpact.adapters.sandbox.inside.world import Fault, World

PUBLIC = (
    *("print", "format", "json", "http", "time", "secrets", "tools", "base64", "hex", "url", "hash", "hmac", "jwt"),
    "re",
)

_LONGEST_SLEEP = 5
_LONGEST_TIMEOUT = 3_600
_DECODERS = {
    "base64.decode": encoders.base64_decode,
    "hex.decode": encoders.hex_decode,
    "url.unquote": encoders.url_unquote,
}
_KINDS = {"str": "string", "NoneType": "None"}


class Builtins:
    """The functions that the prelude calls, bound to the run of the moment."""

    def __init__(self) -> None:
        self.world = World(None, {})

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Give every function under its name in the prelude."""
        named: dict[str, Callable[..., Any]] = {
            "fail": _fail,
            "float": formatting.float_text,
            "print": self._print,
            "format": lambda template, *rest: formatting.formatted(_text("format", "template", template), *rest),
            "no_json": _no_json,
            "finish": self._finish,
            "json_indent": lambda text, indent: json_text.indented(text, _indent(indent)),
            "json_way": _json_way,
            "json_read": json_text.read,
            "http": self._http,
            "now": lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "unix": lambda: int(time.time()),
            "sleep": self._sleep,
            "secret": lambda op, name: self.world.ask(op, {"name": _text(op, "name", name)}),
            "secrets": lambda: self.world.ask("secrets.list", {}),
            "tool": lambda name, text: self.world.ask(
                "tools", {"name": _text("tools.call", "name", name), "arguments": text}
            ),
            "derive": self._derive,
            "decode": lambda op, text: _DECODERS[op](_text(op, "text", text)),
            "encode_query": lambda params: self._derive("url.encode_query", _flat("url.encode_query", params), {}),
            "re_first": _re_first,
            "re_every": _re_every,
            "re_sub": _re_sub,
            "re_split": _re_split,
        }
        return {f"_py_{name}": self._kept(function) for name, function in named.items()}

    def _kept(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            try:
                return function(*args)
            except Fault as fault:
                self.world.fault = self.world.fault or fault
                raise
            except MemoryError:
                self.world.fault = self.world.memory_fault()
                raise

        return call

    def _finish(self, text: str) -> None:
        if not json_text.is_moderate(text):
            raise Fault("result holds an integer of more than 4300 digits.", code="invalid_result")
        size = len(text.encode())
        if size > self.world.result_bytes:
            raise Fault(
                f"The result has {size} bytes of JSON; {self.world.result_bytes} are allowed.",
                code="output_limit",
                hint="Return less.",
            )
        self.world.result = text

    def _print(self, text: str) -> None:
        self.world.log(text)  # the world of the moment: not the one that was there when this was named

    def _http(
        self,
        name: str,
        method: Any,
        url: Any,
        headers: Any,
        params: Any,
        auth: Any,
        timeout: Any,
        body: Any,
        content_type: Any,
        json: str | None,
    ) -> Any:
        if auth is not None and (len(auth) != 2 or not all(isinstance(part, str) for part in auth)):  # noqa: PLR2004
            raise Fault(f"{name} takes auth=(user, password), two strings.")
        if timeout is not None and (timeout == 0 or not _is_time(timeout, _LONGEST_TIMEOUT)):
            raise Fault(f"{name} takes timeout as a number of seconds above 0, up to {_LONGEST_TIMEOUT}.")
        sent = "" if body is None else _text(name, "body", body)
        if sent and json is not None:
            raise Fault(f"{name} takes body or json, not both.")
        kind = _text(name, "content_type", content_type or "")
        return self.world.ask(
            "http",
            {
                "method": _text(name, "method", method).upper(),
                "url": _text(name, "url", url),
                "headers": _headers(name, headers or {}),
                "params": _flat(name, params or {}),
                "body": sent or None,
                "content_type": kind if sent and kind else None,
                "json": json,
                "auth": auth,
                "timeout": timeout,
            },
        )

    def _sleep(self, seconds: Any) -> None:
        if not _is_time(seconds, _LONGEST_SLEEP):
            raise Fault("time.sleep takes a number of seconds from 0 to 5.", hint="Sleep several times for longer.")
        self.world.ask("sleep", {"seconds": seconds})

    def _derive(self, op: str, inputs: list[Any], options: dict[str, Any]) -> Any:
        for given in (*inputs, *options.values()):
            if not isinstance(given, str):
                raise Fault(f"{op} takes strings, not {_kind(given)}.")
        if any(encoders.SEALED.search(given) for given in inputs):
            return self.world.ask("derive", {"op": op, "inputs": inputs, "options": options})
        return encoders.derive(op, inputs, options)


def _fail(message: str) -> None:
    raise Fault(message)


def _no_json(name: str, path: str, why: str, code: str) -> None:
    if not why:
        raise Fault(
            f"{name} has lists and dicts more than {json_text.DEEPEST} deep in one another, or one that holds itself.",
            code=code,
        )
    what = "result" if code == "invalid_result" else "value"
    raise Fault(f"{name}{path} is or holds {why}, which has no JSON form.", code=code, hint=_JSON_HINT.format(what))


_JSON_HINT = "A {} is made of strings, numbers, booleans, None, lists and dicts with string keys."


def _json_way(text: Any, given: bool) -> str:  # noqa: FBT001  (called from the prelude, by place)
    text = _text("json.decode", "text", text)
    if not given:
        return "engine" if json_text.is_plain(text) else "python"
    try:
        json_text.read(text)
    except Fault:
        return "default"
    return "engine" if json_text.is_plain(text) else "python"


def _indent(spaces: Any) -> int:
    if isinstance(spaces, bool) or not isinstance(spaces, int) or not 1 <= spaces <= 16:  # noqa: PLR2004
        raise Fault("json.indent takes indent as a number from 1 to 16.")
    return spaces


def _headers(name: str, given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise Fault(f"{name} takes headers as a dict, not as {_kind(given)}.")
    return {key: _word(name, f"header {key}", value) for key, value in given.items()}


def _flat(name: str, given: Any) -> list[str]:
    if isinstance(given, dict):
        pairs: list[Any] = list(given.items())
    elif isinstance(given, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in given):  # noqa: PLR2004
        pairs = given
    else:
        raise Fault(f"{name} takes params as a dict, or as a list of pairs.")
    flat: list[str] = []
    for key, value in pairs:
        for item in value if isinstance(value, list) else [value]:
            flat += (_word(name, "key of params", key), _word(name, f"param {key}", item))
    return flat


def _word(name: str, what: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return value
    raise Fault(f"{name}: {what} is {_kind(value)}; it must be a string or a number.")


def _text(name: str, what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Fault(f"{name} takes {what} as a string, not as {_kind(value)}.")
    return value


def _re_first(pattern: Any, text: Any, at_start: bool) -> Any:  # noqa: FBT001  (called from the prelude, by place)
    return patterns.first(_text("re", "pattern", pattern), _text("re", "text", text), at_start=at_start)


def _re_every(pattern: Any, text: Any, most: Any) -> Any:
    return patterns.every(_text("re", "pattern", pattern), _text("re", "text", text), _count(most))


def _re_sub(pattern: Any, replacement: Any, text: Any, most: Any) -> str:
    replacement = _text("re.sub", "replacement", replacement)
    return patterns.substituted(_text("re", "pattern", pattern), replacement, _text("re", "text", text), _count(most))


def _re_split(pattern: Any, text: Any, most: Any) -> Any:
    return patterns.split(_text("re", "pattern", pattern), _text("re", "text", text), _count(most))


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise Fault("count is an integer, 0 for all.")
    return value


def _is_time(value: Any, longest: int) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= longest


def _kind(value: Any) -> str:
    name = type(value).__name__
    return _KINDS.get(name, name)
