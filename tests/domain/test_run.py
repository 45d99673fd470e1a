"""A run as it is shown: a result or one code, and nothing that was not redacted before."""

import json

import msgspec
import pytest

from openpact.domain.run import Code, Ended, Exchange, Failure, Frame, Outcome, Usage


def shown(outcome: Outcome) -> dict[str, object]:
    document: dict[str, object] = json.loads(msgspec.json.encode(outcome.as_document()))
    return document


@pytest.mark.promise("SCR-7.07")
def test_a_result_is_given_as_it_is_with_what_the_run_did() -> None:
    exchange = Exchange(
        method="GET", url="https://api.example.com/", status=200, error=None, duration_ms=1.5, secrets=("KEY",)
    )
    outcome = Outcome(
        ended=Ended(result='{"n":12345678901234567890}', usage=Usage(duration_ms=2.5, steps=1000, peak_memory=4096)),
        logs=("hello",),
        exchanges=(exchange,),
        secrets_used=("KEY",),
        hosts=("https://api.example.com",),
        closure={"lib/a.star": "sha256:00"},
    )

    assert outcome.success
    assert shown(outcome) == {
        "success": True,
        "result": {"n": 12345678901234567890},
        "duration_ms": 2.5,
        "logs": ["hello"],
        "http_calls": [
            {
                "method": "GET",
                "url": "https://api.example.com/",
                "status": 200,
                "error": None,
                "duration_ms": 1.5,
                "secrets": ["KEY"],
            }
        ],
        "secrets_used": ["KEY"],
        "hosts": ["https://api.example.com"],
        "closure": {"lib/a.star": "sha256:00"},
        "steps": 1000,
        "peak_memory": 4096,
    }


@pytest.mark.promise("SCR-7.07")
def test_a_failure_has_its_code_its_place_and_the_way_to_it() -> None:
    failure = Failure(
        code=Code.TIMEOUT,
        message="The script ran longer than 30 s.",
        hint="Do less.",
        line=3,
        column=5,
        snippet="for x in y:",
        frames=(Frame("a.star", 9, "<module>"), Frame("a.star", 3, "main")),
    )

    outcome = Outcome(ended=Ended(failure=failure))

    assert not outcome.success
    assert shown(outcome) == {
        "success": False,
        "error": "The script ran longer than 30 s.",
        "code": "timeout",
        "hint": "Do less.",
        "line": 3,
        "column": 5,
        "snippet": "for x in y:",
        "traceback": [
            {"file": "a.star", "line": 9, "function": "<module>"},
            {"file": "a.star", "line": 3, "function": "main"},
        ],
        "duration_ms": 0.0,
        "logs": [],
        "http_calls": [],
        "secrets_used": [],
        "hosts": [],
        "closure": {},
        "steps": 0,
        "peak_memory": 0,
    }


def test_a_failure_without_a_place_says_none() -> None:
    document = shown(Outcome(ended=Ended(failure=Failure(code=Code.BUSY, message="Too many runs wait."))))

    assert document["code"] == "busy"
    assert not {"hint", "line", "column", "snippet"} & document.keys()
