"""Scripts on disk: read piece by piece beneath one folder, and nothing that does not lie in it."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from openpact.domain import errors
from openpact.domain.run import Code, Denied
from openpact.domain.script import MAX_SOURCE
from openpact.services.library import library, read_file, read_fixtures
from openpact.services.ports import Loaded
from tests.adapters.sandbox.pools import descriptors

SECRET = "secret = 'not in this folder'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scripts"
    (made / "lib").mkdir(parents=True)
    (made / "lib" / "a.star").write_text("a = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.star").write_text(SECRET)
    return made


def loaded(folder: Path, path: str) -> Loaded:
    return asyncio.run(library(folder)(path))  # type: ignore[arg-type]  # it is a coroutine


def refusal(folder: Path, path: str) -> Denied:
    with pytest.raises(Denied) as denied:
        loaded(folder, path)
    assert denied.value.code is Code.SCRIPT_ERROR
    assert SECRET not in f"{denied.value} {denied.value.hint}"
    return denied.value


def test_a_script_is_loaded_by_its_name_with_its_hash(folder: Path) -> None:
    found = loaded(folder, "lib/a")
    assert (found.path, found.source) == ("lib/a.star", "a = 1\n")
    assert found.sha256 == f"sha256:{hashlib.sha256(b'a = 1' + bytes([10])).hexdigest()}"
    assert found == loaded(folder, "lib/a.star")


@pytest.mark.promise("SCR-1.02", "SCR-7.06")
@pytest.mark.parametrize(
    "path",
    [
        "../outside/b.star",
        "lib/../../outside/b.star",
        "/etc/passwd",
        "./lib/a.star",
        "lib//a.star",
        "lib/a.star/../a.star",
        "lib/a.star\0",
        "lib\\a.star",
        "~/a.star",
        "",
        ".star",
        "a/b/c/d/e.star",
        "none.star",
        "lib.star/a.star",
    ],
)
def test_a_path_leads_nowhere_else(folder: Path, path: str) -> None:
    assert "cannot be loaded" in refusal(folder, path).message


def linked_file(folder: Path) -> str:
    (folder / "link.star").symlink_to(folder.parent / "outside" / "b.star")
    return "link.star"


def linked_folder(folder: Path) -> str:
    (folder / "there").symlink_to(folder.parent / "outside")
    return "there/b.star"


def link_to_itself(folder: Path) -> str:
    (folder / "loop.star").symlink_to("loop.star")
    return "loop.star"


def link_within(folder: Path) -> str:
    (folder / "same.star").symlink_to("lib/a.star")
    return "same.star"


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.star")
    return "pipe.star"


def a_folder(folder: Path) -> str:
    (folder / "folder.star").mkdir()
    return "folder.star"


def too_large(folder: Path) -> str:
    (folder / "large.star").write_bytes(b"#" * (MAX_SOURCE + 1))
    return "large.star"


def no_text(folder: Path) -> str:
    (folder / "bytes.star").write_bytes(b"a = 1\n\xff")
    return "bytes.star"


@pytest.mark.parametrize(
    "made", [linked_file, linked_folder, link_to_itself, link_within, pipe, a_folder, too_large, no_text]
)
def test_what_is_no_plain_file_in_the_folder_is_not_loaded(folder: Path, made: Callable[[Path], str]) -> None:
    path = made(folder)
    before = descriptors()
    refusal(folder, path)
    assert descriptors() == before


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "--scripts" in str(refusal(tmp_path / "none", "a.star").hint)


def test_a_person_may_name_any_file(folder: Path, tmp_path: Path) -> None:
    linked_file(folder)
    assert read_file(folder / "link.star") == SECRET
    (tmp_path / "fixtures.yaml").write_text("secrets: {KEY: a-dummy-value}\n")
    assert read_fixtures(tmp_path / "fixtures.yaml").secrets == {"KEY": "a-dummy-value"}


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(errors.NotFound, match=r"none\.star cannot be read: No such file"):
        read_file(folder / "none.star")
    with pytest.raises(errors.NotFound, match=r"none\.yaml cannot be read"):
        read_fixtures(folder / "none.yaml")
    with pytest.raises(errors.ScriptInvalid, match=r"folder\.star: It is not an ordinary file"):
        read_file(folder / a_folder(folder))
    with pytest.raises(errors.ScriptInvalid, match=r"bytes\.star: Line 2 of the script is not UTF-8"):
        read_file(folder / no_text(folder))
    with pytest.raises(errors.TooLarge, match=r"large\.star: It has more than 262144 bytes"):
        read_file(folder / too_large(folder))
    (folder / "fixtures.yaml").write_text("http: [{url: 7, body: a, json: b}]\nmore: 1\n")
    with pytest.raises(errors.ScriptInvalid) as invalid:
        read_fixtures(folder / "fixtures.yaml")
    assert {(field["file"], field["line"]) for field in invalid.value.fields} == {
        (str(folder / "fixtures.yaml"), 1),
        (str(folder / "fixtures.yaml"), 2),
    }
