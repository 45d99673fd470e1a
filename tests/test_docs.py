"""The documentation says what the code says, and every link in it leads somewhere.

Rules of this file:
- Links to other sites are not followed: a test has no network, and another site's fault is not ours.
"""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from docs.reference import PAGES, events, stale
from openpact.domain.audit import Event
from openpact.domain.principal import ROLE_NEEDED, SCOPES, Action
from openpact.web.app import TABLE
from tests.architecture.source import ROOT, named, ours, read

_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
ONE_PAGE = 70  # lines


def anchors(text: str) -> set[str]:
    """Give the anchors of the headings, as code hosts make them."""
    found: set[str] = set()
    for title in re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = next(n for n in range(len(found) + 1) if (f"{slug}-{n}" if n else slug) not in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found


def dead_links(path: str, text: str, exists: Callable[[str], bool], page: Callable[[str], str]) -> list[str]:
    dead = []
    for link in _LINK.findall(re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        file, _, anchor = link.partition("#")
        target = path if not file else _resolved(PurePosixPath(path).parent / file)
        if not exists(target):
            dead.append(f"{path}: {link} leads nowhere")
        elif anchor and target.endswith(".md") and anchor not in anchors(page(target)):
            dead.append(f"{path}: {link} names no heading")
    return dead


def _resolved(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return "outside of the repository"
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def exists(path: str) -> bool:
    return path in ours() or any(file.startswith(path + "/") for file in ours())


def test_every_reference_page_says_what_the_code_says() -> None:
    assert stale() == [], "run `make docs`"


def test_a_page_that_is_changed_missing_or_written_by_nothing_is_found(tmp_path: Path) -> None:
    for name, page in PAGES.items():
        (tmp_path / name).write_text(page())
    assert stale(tmp_path) == []
    with (tmp_path / "cli.md").open("a") as stream:
        stream.write("And more.\n")
    (tmp_path / "roles.md").unlink()
    (tmp_path / "extra.md").write_text("Extra.\n")
    assert stale(tmp_path) == ["cli.md", "extra.md", "roles.md"]


def test_the_reference_leaves_nothing_out() -> None:
    http, roles, audit = (PAGES[page]() for page in ("http.md", "roles.md", "audit-events.md"))
    assert all(f"`{url.method} {url.path}`" in http for url in TABLE)
    assert all(f"`{action.value}`" in roles for action in Action)
    assert all(f"`{scope}`" in roles for scope in SCOPES)
    assert len(re.findall(r"^\| `\w+\.\w+` \|.* yes \|", roles, re.MULTILINE)) >= len(ROLE_NEEDED)
    assert all(f"| `{'ts' if field == 'at' else field}` |" in audit for field in Event.__struct_fields__)
    assert {"done", "refused", "failed", "begun", "unknown"} <= set(events.outcomes())


def test_every_link_of_every_page_leads_somewhere() -> None:
    dead = [fault for path in named(".md") for fault in dead_links(path, read(path), exists, read)]
    assert dead == []


def test_every_page_is_reached_from_the_index() -> None:
    index = read("docs/index.md")
    linked = {_resolved(PurePosixPath("docs") / link.partition("#")[0]) for link in _LINK.findall(index)}
    assert [path for path in named(".md", under="docs/") if path != "docs/index.md" and path not in linked] == []


@pytest.mark.promise("ARC-4.18")
def test_decisions_are_recorded_one_page_each_in_order() -> None:
    pages = named(".md", under="docs/decisions/")
    numbers = [int(PurePosixPath(path).name[:4]) for path in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for path in pages:
        text = read(path)
        assert re.match(r"# \S", text), path
        assert len(text.splitlines()) <= ONE_PAGE, path


@pytest.mark.promise("ARC-4.19")
def test_the_change_log_opens_with_what_is_not_released_and_tells_readers() -> None:
    text = read("CHANGELOG.md")
    assert re.match(r"# \S", text)
    versions = re.findall(r"^## \[?([^\]\n]+?)\]?(?: - .*)?$", text, re.MULTILINE)
    assert versions
    assert re.search(r"^- \S", text, re.MULTILINE)


PLACES = {"README.md": "# Top\n\n## What it `is`, today\n\n## Twice\n\n## Twice\n", "docs/a.md": "# A\n"}


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("../README.md", ""),
        ("../README.md#what-it-is-today", ""),
        ("../README.md#twice-1", ""),
        ("#a", ""),
        ("../docs", ""),
        ("https://example.com/gone", ""),
        ("gone.md", "leads nowhere"),
        ("../../README.md", "leads nowhere"),
        ("/README.md", "leads nowhere"),
        ("../README.md#twice-2", "names no heading"),
        ("#b", "names no heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, fault: str) -> None:
    text = f"# A\n\nSee [it]({link}).\n\n```\n[not](a-link.md)\n```\n`[nor](this.md)`\n"
    there = {*PLACES, "docs"}
    dead = dead_links("docs/a.md", text, there.__contains__, PLACES.__getitem__)
    assert dead == ([f"docs/a.md: {link} {fault}"] if fault else [])


def test_the_root_holds_the_pages_that_readers_look_for() -> None:
    wanted = ("README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")
    assert [name for name in wanted if not (ROOT / name).is_file()] == []
