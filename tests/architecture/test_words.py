"""No file of ours speaks of the machine it was written on, of a package index, or of how it came about.

Rules of this file:
- The words are put together from pieces here, so that this file does not find itself.
"""

import re
from collections.abc import Mapping

import pytest

from tests.architecture.source import ROOT, named, ours

_ANY = "|".join


def _joined(*pieces: str) -> str:
    return "".join(pieces)


REFUSED: Mapping[str, re.Pattern[str]] = {
    "a path of one machine": re.compile(
        _ANY(
            [
                _joined(r"(?<![\w.])/wo", r"rk/\w"),
                _joined("/tm", "p/exp"),
                _joined(r"\.py", "env/"),
                _joined(r"/root/\.", r"\w"),
            ]
        )
    ),
    "the address of a package index": re.compile(
        _ANY(
            [
                _joined(r"pypi", r"\.org"),
                _joined(r"python", r"hosted\.org"),
                _joined(r"registry\.npm", r"js\.org"),
                _joined(r"(?<!emit-)(?<!emit_)index", r"[-_]url"),
                _joined("find", r"[-_]links"),
                _joined(r"/sim", r"ple/"),
            ]
        ),
        re.IGNORECASE,
    ),
    "how it came about": re.compile(
        _ANY(
            [
                _joined(r"\bshared/", "(spec|research|prototypes|seeds|ui|hooks)"),
                _joined(r"\bbrief", r"\d*\.md"),
                _joined("co-auth", "ored-by"),
                _joined("generated (by|with) ", "(an? )?(ai|claude|llm|gpt)"),
                _joined(r"\bas an ai\b", ""),
                _joined(r"\bsub-?", r"agents?\b"),
                _joined(r"\bthis ai ", "session"),
            ]
        ),
        re.IGNORECASE,
    ),
}


def refused(text: str, path: str) -> list[str]:
    lines = text.splitlines()
    return [
        f"{path}:{number}: {what}: {hit.group()}"
        for what, pattern in REFUSED.items()
        for number, line in enumerate(lines, 1)
        if (hit := pattern.search(line))
    ]


def test_no_file_of_ours_holds_a_word_that_belongs_elsewhere() -> None:
    found = []
    for path in ours():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw:  # pictures and fonts
            found += refused(raw.decode("utf-8"), path)
    assert found == []


def test_every_text_of_ours_is_utf_8_and_ends_with_a_line_end() -> None:
    for path in named(".py", ".md", ".sql", ".toml", ".txt", "Makefile", ".ci/run"):
        raw = (ROOT / path).read_bytes()
        raw.decode("utf-8")
        assert not raw or raw.endswith(b"\n"), path
        assert b"\r" not in raw, path


@pytest.mark.parametrize(
    "pieces",
    [
        *(("/wo", "rk/main"), ("/tm", "p/exp/x"), ("~/.py", "env/shims"), ("/root/.", "cache")),
        *(
            ("https://py", "pi.org/x"),
            ("files.python", "hosted.org"),
            ("--index", "-url https://x"),
            ("index", "_url = 'x'"),
        ),
        *(
            ("see shared/", "spec/api.md"),
            ("the brief", "2.md"),
            ("Co-Auth", "ored-By: x"),
            ("Generated with ", "Claude"),
        ),
    ],
)
def test_a_word_that_belongs_elsewhere_is_found(pieces: tuple[str, str]) -> None:
    assert refused("fine\n" + "".join(pieces), "a.md")[0].startswith("a.md:2: ")


@pytest.mark.parametrize("text", ["./workspace/x", "a network/part", "/temporary"])
def test_a_word_that_only_resembles_one_is_left_alone(text: str) -> None:
    assert refused(text, "a.md") == []
