"""The tree of errors is drawn as it is, each error has its place in every door's table, and says what to do next."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping

import pytest

from openpact.cli import exits
from openpact.domain import errors
from openpact.domain.errors import OpenPactError
from openpact.gateway import respond as gateway
from openpact.web import respond as web

DOORS: Mapping[str, Mapping[type[OpenPactError], int]] = {
    "web": web.STATUS,
    "gateway": gateway.CODES,
    "cli": exits.CODES,
}
Drawn = dict[str, tuple[str, str]]  # class → (its parent, its code)


def drawn(text: str) -> Drawn:
    """Read the tree that a docstring draws."""
    above: list[str] = []
    found: Drawn = {}
    for line in text.splitlines():
        match = re.match(r"^([│├└─ ]*)([A-Z]\w+) {2,}(\w+|\(abstract\)|code) +\S", line)
        if match is None:
            continue
        depth = (len(match.group(1)) + 1) // 3  # each branch is drawn three wide, the last of them two
        del above[depth:]
        code = match.group(3) if match.group(3) not in {"(abstract)", "code"} else ""
        found[match.group(2)] = (above[-1] if above else "", code)
        above.append(match.group(2))
    return found


def built(root: type[OpenPactError] = OpenPactError) -> Drawn:
    """Read the same from the classes."""
    branches = [root, *(each for _name, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, root))]
    return {
        branch.__name__: (
            "" if branch is root else branch.__mro__[1].__name__,
            branch.code if "code" in vars(branch) else "",
        )
        for branch in branches
    }


def unplaced(table: Mapping[type[OpenPactError], int], leaves: Iterable[type[OpenPactError]]) -> list[str]:
    return sorted(leaf.__name__ for leaf in set(leaves) ^ table.keys())


@pytest.mark.promise("ARC-1.14")
def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn(errors.__doc__ or "") == built()


@pytest.mark.promise("ARC-1.14")
def test_every_code_is_one_word_that_no_other_error_has() -> None:
    codes = [leaf.code for leaf in errors.leaves()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.promise("ARC-1.15")
@pytest.mark.parametrize("door", DOORS)
def test_every_error_has_a_place_in_the_table_of_each_door(door: str) -> None:
    assert unplaced(DOORS[door], errors.leaves()) == []


@pytest.mark.promise("ARC-1.15")
def test_every_place_is_one_that_the_door_may_answer_with() -> None:
    assert all(400 <= status < 600 and status != 500 for status in web.STATUS.values())
    reserved, ours = {-32700, -32600, -32602}, range(-32019, -32002)
    assert all(code in reserved or code in ours for code in gateway.CODES.values())
    assert set(exits.CODES.values()) == {1, 2, 3, 4, 5, 6}


@pytest.mark.promise("QUA-3.02")
@pytest.mark.parametrize("leaf", list(errors.leaves()), ids=lambda leaf: leaf.code)
def test_every_error_says_what_to_do_next(leaf: type[OpenPactError]) -> None:
    more = {"retry_after": 1.0} if leaf is errors.LimitExceeded else {}
    build: Callable[..., OpenPactError] = leaf
    assert build("What happened.", **more).hint
    assert build("What happened.", hint="Do this.", **more).hint == "Do this."


TREE = """Sentence.

OpenPactError                      code                      said when
├ NotAuthenticated                 not_authenticated         nobody
│  └ UnlockRequired                unlock_required           a person
└ Refused                          (abstract)                again
   └ Forbidden                     forbidden                 the role
"""


@pytest.mark.promise("ARC-1.14")
def test_a_tree_is_read_with_its_branches() -> None:
    assert drawn(TREE) == {
        "OpenPactError": ("", ""),
        "NotAuthenticated": ("OpenPactError", "not_authenticated"),
        "UnlockRequired": ("NotAuthenticated", "unlock_required"),
        "Refused": ("OpenPactError", ""),
        "Forbidden": ("Refused", "forbidden"),
    }


@pytest.mark.promise("ARC-1.14")
@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("forbidden                 the role", "refused                   the role"),
        ("│  └ UnlockRequired   ", "├ UnlockRequired      "),
        ("   └ Forbidden                     forbidden                 the role\n", ""),
    ],
)
def test_a_tree_that_is_drawn_otherwise_is_found(true: str, false: str) -> None:
    assert true in TREE
    assert drawn(TREE.replace(true, false)) != drawn(TREE)


@pytest.mark.promise("ARC-1.15")
def test_an_error_without_a_place_and_a_place_without_an_error_are_found() -> None:
    leaves = [errors.NotFound, errors.Forbidden]
    assert unplaced({errors.NotFound: 404}, leaves) == ["Forbidden"]
    assert unplaced({errors.NotFound: 404, errors.Forbidden: 403, errors.Refused: 403}, leaves) == ["Refused"]
