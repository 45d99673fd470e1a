"""The page of the findings of scripts, from every place in the domain that makes one.

Rules of this file:
- A code that has no sentence here raises KeyError, so that none goes untold.
- A code that cannot be read from its place raises ValueError: it would be missing from the page.
"""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

from docs.reference.markdown import code, heading, section, table
from openpact.domain import remark
from openpact.domain.remark import Severity

_DOMAIN = Path(remark.__file__).parent
_MAKERS = {"Finding": 0, "_at": 1, "_denied": 0}  # what makes one, and which argument is its code
_WEIGHTS = {
    Severity.HIGH: "may be meant to deceive, or cannot be reviewed",
    Severity.MEDIUM: "look at it",
    Severity.LOW: "could be better",
    Severity.NOTE: "how it is, for the reviewer to agree with",
}
SENTENCES = {
    "computed_url": "Which host a request goes to is computed, so nobody can see it here.",
    "hidden_characters": "Characters that do not show, or that turn the direction of a line.",
    "inferred_host": "A host that is named whole in a string and not declared.",
    "look_alike_letters": "A word or a host of letters that look like others.",
    "metadata_note": "A line of metadata that stands in the wrong place, twice, or is not quite one.",
    "misleading_url": "A URL that leads elsewhere than it seems, and is never asked.",
    "more_findings": "More findings of a kind than are shown.",
    "not_analysed": "The script, or a part of it, was not looked at.",
    "not_followed": "`http`, `secrets` or `tools` under another name, or another script: what is done there is not "
    "shown here.",
    "plain_http": "What is sent there can be read and changed on its way.",
    "response_returned_whole": "An answer is given back as it came, with whatever the other side puts into it.",
    "secret_flow": "Which secret goes to which host, and in what part of the request.",
    "secret_in_readable_place": "A secret in a URL, which ends up in logs.",
    "secret_name_computed": "Which secret is read is computed.",
    "tool_called": "A tool is called here.",
    "tool_name_computed": "Which tool is called is computed.",
    "undeclared_host": "A host that is asked and not declared; it would be refused.",
    "undeclared_method": "A method that is used and not declared; it would be refused.",
    "undeclared_secret": "A secret that is read and not declared; it would be refused.",
    "undeclared_tool": "A tool that is called and not declared; it would be refused.",
    "unknown_metadata": "A key that is not known, and changes nothing.",
    "unused_host": "A host that is declared and not used.",
    "unused_method": "A method that is declared and not used.",
    "unused_secret": "A secret that is declared and not used.",
    "unused_tool": "A tool that is declared and not used.",
    "version_not_bumped": "The text has changed, and its version has not. For the review, which is not built yet.",
    "very_long_line": "A line that a screen does not show whole.",
    "wildcard_host": "Every host beneath a name is declared.",
}


def page() -> str:
    """Give the page."""
    return heading(
        "Findings of scripts",
        "What `openpact scripts lint` tells a reviewer. A finding decides nothing: what a script may do is enforced "
        "when it runs. What could not be looked at is a finding of its own: none means that somebody looked. A code "
        "never changes its meaning.",
        table(("code", "what it is about"), [(code(name), SENTENCES[name]) for name in sorted(codes())]),
    ) + section("Severity", table(("severity", "meaning"), [(code(each.value), _WEIGHTS[each]) for each in Severity]))


def codes(folder: Path = _DOMAIN) -> set[str]:
    """Give every code that the files of a folder make findings of."""
    return {name for file in sorted(folder.glob("*.py")) for name in _codes(ast.parse(file.read_text("utf-8")), file)}


def _codes(tree: ast.Module, file: Path) -> Iterator[str]:
    if file.name == "capability.py":  # its `_denied` makes refusals
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            maker = ast.unparse(node.func).removeprefix("self.")
            place = _MAKERS.get(maker, len(node.args))
            if place < len(node.args):
                yield from _said(node.args[place], tree, file)


def _said(node: ast.expr, tree: ast.Module, file: Path) -> Iterator[str]:
    """Yield what an expression stands for: a text, one of two, what a name was given, a table's, several joined."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _said(node.body, tree, file)
        yield from _said(node.orelse, tree, file)
    elif isinstance(node, ast.Name):
        yield from (text for value in _given(node.id, tree) for text in _said(value, tree, file))
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        tables = (value for value in _given(node.value.id, tree) if isinstance(value, ast.Dict))
        yield from (text for value in tables for each in value.values for text in _said(each, tree, file))
    elif isinstance(node, ast.FormattedValue):
        yield from _said(node.value, tree, file)
    elif isinstance(node, ast.JoinedStr):
        pieces = [list(_said(piece, tree, file)) for piece in node.values]
        yield from map("".join, itertools.product(*pieces))
    else:
        raise ValueError(  # noqa: TRY004 - it is the source that is not as it must be, not a value's type
            f"{file.name}: {ast.unparse(node)} is no code that can be read"
        )


def _given(name: str, tree: ast.Module) -> list[ast.expr]:
    """Give every value that a name has in a file; a parameter has none, its callers are makers themselves."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]
