"""ARCHITECTURE.md is the map of this house: it names every room that exists and none that does not.

Rules of this file:
- A name counts where it stands in backticks: prose may speak of people without meaning `people`.
"""

import re
from collections.abc import Iterable

import pytest

from tests.architecture.source import HOUSE, named, ours, read

MAP = "ARCHITECTURE.md"


def spans(text: str) -> set[str]:
    return {span.strip("/") for span in re.findall(r"`([^`\n]+)`", text)}


def rooms(paths: Iterable[str]) -> set[str]:
    """Give what a map must name: the packages and modules of the ground plan, each adapter and each service."""
    found = set()
    for path in paths:
        parts = path.removeprefix(HOUSE).removesuffix(".py").split("/")
        if len(parts) == 1 or parts[0] in {"adapters", "services"}:
            found.add(parts[-1])
        found.update(parts[:-1])
    return {name for name in found if not name.startswith("__")}


def missing(text: str, paths: Iterable[str]) -> list[str]:
    known = {part for span in spans(text) for part in re.split(r"[./]", span.removesuffix(".py"))}
    return sorted(rooms(paths) - known)


def invented(text: str, paths: Iterable[str]) -> list[str]:
    """Find the files and folders that the map names and nobody finds."""
    there = {"/" + path for path in paths}
    folders = {path.rpartition("/")[0] + "/" for path in there}

    def nowhere(span: str) -> bool:
        if re.fullmatch(r"[\w./-]+\.(py|md|toml|sql)", span):
            return not any(path.endswith("/" + span) for path in there)
        return bool(re.fullmatch(r"[\w-]+(/[\w-]+)+", span)) and not any(f"/{span}/" in path for path in folders)

    return sorted(filter(nowhere, spans(text)))


@pytest.mark.promise("ARC-1.20")
def test_the_map_names_every_room_that_exists() -> None:
    assert missing(read(MAP), named(".py", under=HOUSE)) == []


@pytest.mark.promise("ARC-1.20")
def test_the_map_names_no_file_that_does_not_exist() -> None:
    # `ui/` is where the front end will stand; the rooms there say so.
    assert [name for name in invented(read(MAP), ours()) if not name.startswith("ui/")] == []


@pytest.mark.promise("ARC-1.20")
def test_the_map_draws_every_floor_in_the_order_of_the_contract() -> None:
    layers = re.search(r"^layers =\n((?:    .+\n)+)", read(".importlinter"), re.MULTILINE)
    assert layers is not None
    floors = [name for name in re.findall(r"\w+", layers.group(1)) if name != "__main__"]
    drawing = read(MAP).partition("## Floors")[2].partition("\n## ")[0]
    drawn = re.findall(rf"^\s+({'|'.join(floors)})\b(?:\s+({'|'.join(floors)})\b)?", drawing, re.MULTILINE)
    assert [name for line in drawn for name in line if name] == floors


PATHS = [HOUSE + "app.py", HOUSE + "adapters/store/people.py", HOUSE + "services/ledger.py", HOUSE + "web/app.py"]


def test_a_room_that_is_not_on_the_map_is_found() -> None:
    assert missing("", PATHS) == ["adapters", "app", "ledger", "people", "services", "store", "web"]
    assert missing("`app.py`, `adapters.store` with `people`, `web/`, `services`", PATHS) == ["ledger"]
    assert missing("app, `adapters.store` with `people`, `web/`, `services/ledger.py`", PATHS) == ["app"]


def test_a_file_that_only_the_map_knows_is_found() -> None:
    assert invented("`web/app.py`, `app.py`, `web/gone.py`, `src/openpact`, `src/gone`, `make up`", PATHS) == [
        "src/gone",
        "web/gone.py",
    ]
