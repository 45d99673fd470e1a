"""The scripts of tests/hostile: `secrets/` tries to carry one away, `integrations/` uses one as it is meant.

A script opens with comments: what it does, then `# key: value` for the keys below, then its metadata.

Rules of this file:
- `expect` is `ok` or a code; `a|b` where both are right. `evil` says how many requests the other host may have had.
- `each` is a JSON list: the script is run once with each item as its argument; VALUE stands for the secret itself.
- The ports 4443 and 4444 stand for those of the right host and of the other one.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from openpact.services.secrets import Terms

MUSEUM = Path(__file__).parent.parent / "hostile"
_FIELD = re.compile(r"# (expect|grant|mode|each|result|message|evil|replay): (.*)")


class Piece(NamedTuple):
    """One script and its right end."""

    name: str
    source: str
    expect: frozenset[str]
    grant: dict[str, str]
    mode: str
    each: list[Any]  # arguments; None: it is run without
    result: str | None
    message: str
    evil: frozenset[int]
    replay: bool

    def run_as(self, ports: dict[str, int]) -> str:
        """Give the source with the ports that the servers really have."""
        return _ported(self.source, ports)

    def terms(self, ports: dict[str, int]) -> Terms:
        """Give the grant of the secret."""
        lists = {key: tuple(_ported(text, ports).split(",")) for key, text in self.grant.items()}
        return Terms(
            hosts=lists.get("hosts"),
            scripts=lists.get("scripts"),
            places=lists.get("in"),
            mode=self.mode,
            expires=None,
        )


def pieces(folder: str) -> list[Piece]:
    """Read all scripts of a folder."""
    return [_read(path) for path in sorted((MUSEUM / folder).glob("*.star"))]


def _ported(text: str, ports: dict[str, int]) -> str:
    for written, real in ports.items():
        text = text.replace(written, str(real))
    return text


def _read(path: Path) -> Piece:
    source = path.read_text(encoding="utf-8")
    fields: dict[str, str] = {}
    said = 0
    for line in source.split("\n"):
        if not line.startswith("# ") or line.startswith("# @"):
            break
        field = _FIELD.fullmatch(line)
        if field is None:
            said += 1
        else:
            assert field[1] not in fields, f"{path}: {field[1]} twice"
            fields[field[1]] = field[2]
    assert said, f"{path} does not say what it is"
    first, _, last = fields.get("evil", "0").partition("-")
    return Piece(
        name=path.stem,
        source=source,
        expect=frozenset(fields["expect"].split("|")),
        grant=dict(part.split("=") for part in fields.get("grant", "").split()),
        mode=fields.get("mode", "sealed"),
        each=json.loads(fields.get("each", "[null]")),
        result=fields.get("result"),
        message=fields.get("message", ""),
        evil=frozenset(range(int(first), int(last or first) + 1)),
        replay="replay" in fields,
    )
