"""The museum of hostile scripts: each file beside this one is an attack, and says how it must end.

A piece opens with comments: `# key: value` for the keys below, any other line says what the attack is.

Rules of this file:
- `expect` is `ok` or a code; `a|b` where both are right. What a piece may ask of its host is listed in `asks`:
  none by default, so a script that reaches further than it should is found out.
- What would be too large to keep is generated: `# generate: NAME COUNT`, and the file holds nothing but its header.
- A file under `lib/` is no piece: it is what pieces load.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from openpact.domain.run import Limits

_OTHERS = frozenset({"integrations", "secrets"})  # of tests/carrying
HERE = Path(__file__).parent
_FIELD = re.compile(r"# (expect|within|limits|args|function|message|asks|result|generate): (.*)")
_WALL_MS, _MEMORY_MB, _WITHIN = 1_000, 64, 6_000


class Piece(NamedTuple):
    """One attack and its right end."""

    name: str
    attack: str
    source: str
    expect: frozenset[str]
    within: float  # seconds; a bound against hanging, not a measure
    limits: Limits
    args: str | None
    function: str | None
    message: str  # stands in what people are told
    asks: frozenset[str]
    result: str | None


def pieces() -> list[Piece]:
    """Read the whole museum."""
    found = sorted(path for path in HERE.rglob("*.star") if path.parent.name not in _OTHERS)
    return [_read(path) for path in found if not path.is_relative_to(HERE / "lib")]


def library(path: str) -> str | None:
    """Give the source of what a piece loads; None when there is no such file."""
    kind, _, number = path.removesuffix(".star").partition("_")
    if kind in _LIBRARY and number.isdigit():
        return _LIBRARY[kind](int(number))
    file = (HERE / path).resolve()
    if not file.is_relative_to(HERE / "lib") or not file.is_file():
        return None
    return file.read_text(encoding="utf-8")


def _read(path: Path) -> Piece:
    text = path.read_text(encoding="utf-8")
    fields: dict[str, str] = {}
    attack: list[str] = []
    for line in text.split("\n"):
        if not line.startswith("# "):
            break
        field = _FIELD.fullmatch(line)
        if field is None:
            attack.append(line[2:])
        else:
            assert field[1] not in fields, f"{path}: {field[1]} twice"
            fields[field[1]] = field[2]
    assert attack, f"{path} does not say what it is"
    if "generate" in fields:
        kind, count = fields["generate"].split()
        text = _GENERATED[kind](int(count))
    limits = {name: int(value) for name, value in (part.split("=") for part in fields.get("limits", "").split())}
    return Piece(
        name=str(path.relative_to(HERE).with_suffix("")),
        attack=" ".join(attack),
        source=text,
        expect=frozenset(fields["expect"].split("|")),
        within=int(fields.get("within", _WITHIN)) / 1_000,
        limits=Limits(**{"wall_ms": _WALL_MS, "memory_mb": _MEMORY_MB, **limits}),
        args=fields.get("args"),
        function=fields.get("function"),
        message=fields.get("message", ""),
        asks=frozenset(fields.get("asks", "").split()),
        result=fields.get("result"),
    )


def _around(before: str, core: str, after: str = "") -> Callable[[int], str]:
    """Put the same thing around something so many times."""
    return lambda count: f"result = {before * count}{core}{after * count}\n"


def _stairs(step: str, last: str = "pass") -> Callable[[int], str]:
    """Put statements into one another, each one blank deeper."""
    return lambda count: "".join(f"{' ' * n}{step}\n" for n in range(count)) + f"{' ' * count}{last}\n"


def _filled(count: int) -> str:
    """Give a source of exactly so many bytes."""
    text = "result = 1\n#"
    return text + "x" * (count - len(text))


_GENERATED: dict[str, Callable[[int], str]] = {
    # one thing in another
    "parens": _around("(", "1", ")"),
    "lists": _around("[", "1", "]"),
    "open_lists": _around("[", "1"),
    "tuples": _around("(", "1", ",)"),
    "dicts": _around("{1:", "1", "}"),
    "minus": _around("-", "1"),
    "tilde": _around("~", "1"),
    "nots": _around("not ", "1"),
    "ternaries": _around("1 if 0 else ", "1"),
    "lambdas": _around("lambda: ", "1"),
    "plus": _around("1+", "1"),
    "ors": _around("0 or ", "1"),
    "calls": _around("str(", "1", ")"),
    "called": lambda count: f"def f():\n    return f\nresult = f{'()' * count}\n",
    "indexed": lambda count: f"x = [1]\nresult = x{'[0]' * count}\n",
    "dotted": lambda count: f"x = 1\nresult = x{'.a' * count}\n",
    "comprehensions": _around("[", "1", " for x in [1]]"),
    "loops_of_one": lambda count: f"result = [1{' for x in [1]' * count}]\n",
    "shifts": _around("(1 << ", "1", ")"),
    "flat_shifts": _around("1 << 1 | ", "1"),
    "if_stairs": _stairs("if True:"),
    "def_stairs": _stairs("def f():"),
    "for_stairs": _stairs("for x in [1]:"),
    "elifs": lambda count: "if False:\n pass\n" + "elif False:\n pass\n" * count,
    "f_strings": _around('f"{', "x", '}"'),
    "annotations": lambda count: f"def f(x: {'list[' * count}int{']' * count}):\n    return x\nf([])\n",
    # much of one thing
    "statements": lambda count: "x=1\n" * count,
    "defs": lambda count: "".join(f"def f{n}():\n pass\n" for n in range(count)),
    "parameters": lambda count: f"def f({','.join(f'a{n}' for n in range(count))}):\n    pass\n",
    "arguments": lambda count: f"def f(*a):\n    return len(a)\nresult = f({'1,' * count})\n",
    "items": lambda count: f"result = len([{'1,' * count}])\n",
    "names": lambda count: "result = 0\n" + "".join(f"_hidden{n}_=0\n" for n in range(count)),
    "long_name": lambda count: f"{'x' * count} = 1\n",
    "long_text": lambda count: f"result = len('{'x' * count}')\n",
    "long_integer": lambda count: f"result = {'9' * count}\n",
    "bytes": _filled,
    "semicolons": lambda count: "x=1;" * count + "\n",
    "blank_lines": lambda count: "\n" * count + "result = 1\n",
    "unclosed": lambda count: "x = (\n" + "1,\n" * count,
    "loads": lambda count: "".join(f'load("lib/one_{n}.star", x{n}="x")\n' for n in range(count)),
    # bytes that are no text to read
    "nul": lambda count: "result = 1\n" + "\0" * count,
    "nul_in_text": lambda count: "result = len('" + "\0" * count + "')\n",
    "controls": lambda count: "result = 1" + "".join(map(chr, range(1, 9))) * count + "\n",
    "form_feeds": lambda count: "\f" * count + "result = 1 << 31\n",
    "lone_return": lambda count: 'http.get("""https://any.te' + "\r" * count + 'st/""")\n',
    "returns": lambda count: "x = 1\r" * count + "result = 1\n",
    "mark": lambda count: "\ufeff" * count + "result = 1\n",
    "bidi": lambda count: "result = 'a" + "\u202e" * count + "b'\n",
    "bidi_code": lambda count: "result" + "\u202e" * count + " = 1\n",
    "zero_width": lambda count: "re" + "\u200b" * count + "sult = 1\n",
    "other_lines": lambda count: "x = 1 #" + "\u2028result = 2" * count + "\nresult = 1\n",
    "wide_digits": lambda count: "result = " + "\uff11" * count + "\n",
}
_LIBRARY: dict[str, Callable[[int], str]] = {
    "lib/one": lambda _: "x = 1\n",
    "lib/chain": lambda number: f'load("lib/chain_{number + 1}.star", y="x")\nx = y\n',
    "lib/heavy": lambda _: "x = 1\n#" + "x" * 260_000,
    "lib/nested": lambda depth: f"x = {'[' * depth}1{']' * depth}\n",
}
