"""A process that lies about a script may lie in every number and word: the review answers, and in time."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given as sampled
from hypothesis import settings
from hypothesis import strategies as st

from openpact.domain.errors import ScriptInvalid
from openpact.domain.finding import find
from openpact.domain.inference import infer
from openpact.domain.metadata import draft_metadata, read_metadata
from openpact.domain.outline import MOST_NODES, read_outline
from tests.domain.findings import DECLARED, WEATHER
from tests.domain.outlines import given

SOURCE = f"""{DECLARED}
load("lib/a.star", "g", h = "i")
def f(a, b = 1, *c, d = 2, **e):
    x, (y, *z) = secrets.get("A"), [1, 2]
    for u in ["https://a.example", x]:
        x += f"{{u}}/b" + "{{}}/c".format(u) + "%s" % u
    return [http.get(v, **e)["body"] for v in c if v]
result = f(*[1], k = lambda w: w) if g(f) else json.decode(format("%s", h(1)))
"""
WHOLE = given(SOURCE + WEATHER)
KINDS = sorted({node[0] for node in WHOLE["nodes"]})
FIELDS = sorted({node[2] for node in WHOLE["nodes"]})
VALUES = sorted({node[7] for node in WHOLE["nodes"] if node[7] is not None})


def reviewed(source: str, sent: dict[str, Any]) -> bool:
    """Say whether it was reviewed at all, and not refused as no outline."""
    try:
        outline = read_outline(sent)
    except ScriptInvalid:
        return False
    find(source, draft_metadata(source)[0], outline)
    return True


@settings(max_examples=300, deadline=None)
@sampled(st.randoms(use_true_random=False), st.integers(1, 40))
def test_no_tree_brings_the_review_down(chance: random.Random, times: int) -> None:
    nodes = [list(node) for node in WHOLE["nodes"]]
    for _ in range(times):
        node = chance.choice(nodes[1:])
        place = chance.choice([0, 1, 2, 7])
        node[place] = {
            0: chance.choice(KINDS),
            1: chance.choice([node[1], nodes.index(node) - 1]),
            2: chance.choice(FIELDS),
            7: chance.choice([None, *VALUES]),
        }[place]
    reviewed(SOURCE + WEATHER, {**WHOLE, "nodes": nodes})


@settings(max_examples=200, deadline=None)
@sampled(
    st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(FIELDS), st.sampled_from([None, *VALUES])), min_size=1)
)
def test_no_chain_of_nodes_brings_the_review_down(chain: list[tuple[str, str, str | None]]) -> None:
    nodes = [[kind, number - 1, field, 1, 1, 1, 1, value] for number, (kind, field, value) in enumerate(chain)]
    assert reviewed(SOURCE, {**WHOLE, "nodes": nodes})


@pytest.mark.parametrize("kind", [*KINDS, "Nothing"])
def test_a_node_that_lacks_everything_says_nothing(kind: str) -> None:
    nodes = [["Module", -1, "", 1, 1, 1, 1, None], [kind, 0, "body", 1, 1, 1, 1, None]]
    assert reviewed("", {**WHOLE, "nodes": nodes})
    assert reviewed("", {**WHOLE, "nodes": [[kind, -1, "", 1, 1, 1, 1, None]]})


def test_a_keyword_without_a_value_and_a_constant_without_anything_around_it_say_nothing() -> None:
    nodes: list[list[Any]] = [
        ["Module", -1, "", 1, 1, 1, 1, None],
        ["FunctionDef", 0, "body", 1, 1, 1, 1, "f"],
        ["arguments", 1, "args", 1, 1, 1, 1, None],
        ["arg", 2, "args", 1, 1, 1, 1, "a"],
        ["Expr", 0, "body", 1, 1, 1, 1, None],
        ["Call", 4, "value", 1, 1, 1, 1, None],
        ["Name", 5, "func", 1, 1, 1, 1, "f"],
        ["keyword", 5, "keywords", 1, 1, 1, 1, "a"],
    ]
    assert reviewed("", {**WHOLE, "nodes": nodes})
    alone = read_outline({**WHOLE, "nodes": [["Constant", -1, "", 1, 1, 1, 1, "https://a.example/"]]})
    assert [host.feeds for host in infer('"https://a.example/"', alone)] == [False]


def _many(one: str, count: int) -> str:
    return "\n".join(one.format(number) for number in range(count))


@pytest.mark.parametrize(
    "source",
    [
        'a = "https://a.example"\n' + "a = a + a\n" * 3_000,
        _many("x{0} = secrets.get('S{0}')\nhttp.get('https://a.example/', x0)", 2_000),
        _many("def f{0}(a):\n    return f{0}(http.get(a))", 2_000),
        "def f(a):\n    return a\nx = 1\n" + "x = f(x)\n" * 3_000,
        _many('http.get("https://h{0}.example" + x)', 3_000),
        "x = [" + ",".join(['"https://a.example"'] * 20_000) + "]\nfor u in x:\n    http.get(u)",
        "a = b = c = d = " + "(a, b, c, d) = " * 3_000 + "1",
        "def f(" + ",".join(f"a{number}" for number in range(5_000)) + "):\n    pass\n" + "f(*x)\n" * 3_000,
        "def f(*, " + ",".join(f"a{number} = 1" for number in range(5_000)) + "):\n    pass\n",
        "def f(*a, **b):\n    pass\nf(" + ",".join("1" for number in range(20_000)) + ")\n",
        "def f(" + ",".join(f"a{number}" for number in range(5_000)) + "):\n    pass\n" + "f(1)\n" * 3_000,
        "def f(" + ",".join(f"a{number}" for number in range(5_000)) + "):\n    pass\n" + "[f]\n" * 3_000,
        "def f(a):\n    pass\n" * 3_000 + "f(1)\n" * 3_000,
        "def f(a):\n    pass\n" * 3_000 + "[f]\n" * 3_000,
        "#" + " x" * 130_000,
        "x = '" + "\u200b" * 80_000 + "'",
        "# " + "\u0430b " * 60_000,
        "# @secrets: " + ",".join("A" for number in range(120_000)),
        "# @a:" + " " * 250_000,
        "# @hosts:" + "\n# @hosts:" * 23_000,
    ],
    ids=lambda source: source[:24],
)
def test_no_source_keeps_the_review_for_long(source: str) -> None:
    sent = given(source)
    if len(sent["nodes"]) > MOST_NODES:
        sent |= {"nodes": None, "truncated": True}
    with ended_by_an_alarm():
        read_metadata_or_not(source)
        assert reviewed(source, sent)


@contextmanager
def ended_by_an_alarm() -> Iterator[None]:
    """What is not linear takes minutes: it is ended, and the test with it."""

    def ring(*_: object) -> None:
        raise AssertionError("the review does not come to an end")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, 30)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def read_metadata_or_not(source: str) -> None:
    try:
        read_metadata(source)
    except ScriptInvalid as error:
        assert error.fields  # noqa: PT017 - either end is right; what counts is that there is one
