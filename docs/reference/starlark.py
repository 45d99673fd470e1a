"""The page of the builtins of scripts, from the prelude that defines them.

Rules of this file:
- A builtin that has no sentence here raises KeyError, so that none goes untold.
- The prelude is read as text and never run: Starlark's definitions are Python's too.
"""

import ast
from collections.abc import Iterator
from importlib import resources

from docs.reference.markdown import code, heading, section, table
from openpact.adapters.sandbox.inside.builtins import PUBLIC

_MATCH = "match"  # what re.match and re.search give; not predeclared, but met by every script that uses them
_OPTIONAL = "_missing"  # the default of what may be left out and has no value then

_TITLES = {
    "": "Texts and lines",
    "json": "JSON",
    "http": "HTTP",
    "time": "Time",
    "secrets": "Secrets",
    "tools": "Tools",
    "base64": "Base64",
    "hex": "Hex",
    "url": "URLs",
    "hash": "Hashes",
    "hmac": "HMAC",
    "jwt": "JSON Web Tokens",
    "re": "Patterns",
    _MATCH: "Matches",
}
_ABOUT = {
    "http": "An answer is a dict of `status`, `body` (text), `headers` (names in lower case) and `url` (the last one, "
    "after redirects). `params` is a dict or a list of pairs; `auth` is `(user, password)`; `timeout` is in seconds. "
    "A body comes from `body` or from `json`, not from both. Only `http` and `https`; GET and POST unless `@methods` "
    "says more.",
    "secrets": "Only names that `@secrets` declares. What comes back is a [sealed "
    "token](../explanation/sealed-secrets.md), unless the secret is in plain mode.",
    "re": "Patterns are RE2's: linear in the text, without look-around and backreferences.",
    "hash": "As hex digits.",
}
_WITH_BODY = "with a body"
SENTENCES = {
    "print": "Write a log line of the run: 1,000 lines, each cut visibly after 4,096 characters.",
    "format": "Fill in `%s %d %f %.2f %x %q %v %%`; what does not fit is an error that names its place.",
    "json.encode": "Write a value as JSON text.",
    "json.decode": "Read JSON text, integers with all their digits; `default` is given for what is no JSON.",
    "json.indent": "Write a value as JSON over several lines.",
    "http.get": "Send a GET request.",
    "http.head": "Send a HEAD request.",
    "http.post": f"Send a POST request {_WITH_BODY}.",
    "http.put": f"Send a PUT request {_WITH_BODY}.",
    "http.patch": f"Send a PATCH request {_WITH_BODY}.",
    "http.delete": "Send a DELETE request.",
    "http.request": "Send a request of any declared method.",
    "http.basic_auth": "Give the value of an `Authorization` header.",
    "time.now": "Give the time as RFC 3339 text in UTC, with milliseconds.",
    "time.unix": "Give whole seconds since 1970.",
    "time.sleep": "Wait up to 5 seconds; they count towards the run's time.",
    "secrets.get": 'Give a secret; `""` for a declared one that has no value.',
    "secrets.has": "Say whether a declared secret has a value.",
    "secrets.list": "Give the names of the declared secrets that have a value.",
    "tools.call": "Call a tool of the gateway, `server.tool`. There is no gateway yet: it refuses.",
    "base64.encode": "Encode the UTF-8 bytes of a text.",
    "base64.decode": "Decode to a text, in either alphabet, padded or not.",
    "hex.encode": "Encode the UTF-8 bytes of a text.",
    "hex.decode": "Decode to a text.",
    "url.quote": "Percent-encode everything but letters, digits and `-._~`.",
    "url.unquote": "Undo percent-encoding.",
    "url.encode_query": "Write `a=1&b=2` from a dict or pairs; a list as value repeats its key.",
    "hash.sha256": "SHA-256.",
    "hash.sha1": "SHA-1, for protocols that still ask for it.",
    "hash.sha512": "SHA-512.",
    "hmac.sha256": "HMAC with SHA-256; `encoding` is `hex`, `base64` or `base64url`, `key_encoding` `utf8`, `hex` or "
    "`base64`.",
    "jwt.sign_hs256": "Sign claims as a token with HMAC-SHA-256; the header's `alg` is `HS256`.",
    "re.match": "Find the pattern at the beginning of the text; a match, or None.",
    "re.search": "Find the pattern anywhere; a match, or None.",
    "re.find_all": "Give every match: its text, its only group, or the list of its groups.",
    "re.sub": r"Replace matches by a text (`\1` is a group) or by what a function makes of each.",
    "re.split": "Split the text at the matches.",
    "match.group": "Give a group by number or name; 0 is the whole.",
    "match.groups": "Give all groups.",
    "match.groupdict": "Give the named groups as a dict.",
    "match.start": "Give where it begins, in characters.",
    "match.end": "Give where it ends.",
    "match.span": "Give both.",
}


def page() -> str:
    """Give the page."""
    told = {name: SENTENCES[name] for name in signatures()}
    rooms = dict.fromkeys(name.rpartition(".")[0] for name in told)
    parts = [
        section(
            _TITLES[room],
            _ABOUT.get(room, ""),
            table(
                ("function", "what it does"),
                [
                    (code(signature), told[name])
                    for name, signature in signatures().items()
                    if name.rpartition(".")[0] == room
                ],
            ),
        )
        for room in rooms
    ]
    return heading(
        "Builtins of scripts",
        "What a script finds beside the functions of [Starlark](https://github.com/bazelbuild/starlark) itself (`len`, "
        "`range`, `sorted`, `enumerate`, `zip`, …), `struct`, `record`, `enum`, `map`, `filter` and `partial`. How to "
        "use them: [Write a script](../guides/write-a-script.md).",
        "Encoders and signers that are given a sealed token compute over the true value and give a new token. "
        "Decoders, patterns, `len` and `==` see the token's text.",
    ) + "".join(parts)


def signatures() -> dict[str, str]:
    """Give every function that a script may call, by its name there, with its parameters."""
    prelude = resources.files("openpact.adapters.sandbox.inside") / "prelude.star"
    body = ast.parse(prelude.read_text("utf-8")).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    structs = {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, str] = {}
    for name in PUBLIC:
        if name in functions:
            found[name] = _signature(name, functions[name].args)
        else:
            found.update(_members(name, structs[name], functions))
    inner = {node.name: node for node in ast.walk(functions["_match"]) if isinstance(node, ast.FunctionDef)}
    answers = [node.value for node in ast.walk(functions["_match"]) if isinstance(node, ast.Return)]
    for answer in answers:
        if isinstance(answer, ast.Call) and ast.unparse(answer.func) == "struct":
            found.update(_members(_MATCH, answer, inner))
    return found


def _members(name: str, struct: ast.Call, functions: dict[str, ast.FunctionDef]) -> Iterator[tuple[str, str]]:
    for member in struct.keywords:
        value, full = member.value, f"{name}.{member.arg}"
        args = value.args if isinstance(value, ast.Lambda) else functions[ast.unparse(value)].args
        yield full, _signature(full, args)


def _signature(name: str, args: ast.arguments) -> str:
    text = ast.unparse(args).replace("'", '"').replace(", /", "")
    for arg in args.args:
        text = text.replace(f", {arg.arg}={_OPTIONAL}", f"[, {arg.arg}]")
    return f"{name}({text})"
