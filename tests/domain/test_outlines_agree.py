"""The outlines that the review is tested with are those that the sandbox makes."""

import multiprocessing
from typing import Any

import pytest

from openpact.domain.finding import find
from openpact.domain.metadata import read_metadata
from openpact.domain.outline import read_outline
from tests.domain.findings import WEATHER
from tests.domain.outlines import given

SOURCES = [
    WEATHER,
    'def f(a, b = 1, *c, d = 2, **e):\n    """doc"""\n    return lambda z: z\n',
    'def f(a, b):\n    x, y = [-a, not b], "é" + f"{a}b"\n    y += "c"\n',
    'for u in ["https://a.example/"]:\n    [http.get(u + v)["body"] for v in u.elems() if v != "x" and v]\n',
]


def _outlined(sources: list[str], answers: Any) -> None:
    from openpact.adapters.sandbox.inside import dialect, outline  # noqa: PLC0415 - in a process of its own

    language = dialect.Language()
    answers.put([outline.outline(language, "test.star", source) for source in sources])


@pytest.mark.promise("SCR-8.03")
def test_the_sandbox_makes_the_outlines_that_are_tested_with() -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_outlined, args=(SOURCES, answers))
    process.start()
    made = answers.get(timeout=60)
    process.join(60)
    for source, sent in zip(SOURCES, made, strict=True):
        assert sent["nodes"] == given(source)["nodes"]
        assert read_outline(sent).analysable
    told = [each.code for each in find(WEATHER, read_metadata(WEATHER), read_outline(made[0]))]
    assert told == ["secret_flow", "inferred_host"]
