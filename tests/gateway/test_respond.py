"""How the agents' door says no: JSON-RPC's own codes keep their meaning, and a message stands alone."""

import json

import pytest

from openpact.domain import errors
from openpact.gateway.respond import CODES, error_object


@pytest.mark.promise("ARC-1.15")
@pytest.mark.parametrize("kind", list(CODES), ids=lambda kind: kind.code)
def test_every_error_becomes_an_error_object(kind: type[errors.OpenPactError]) -> None:
    error = (
        errors.LimitExceeded("Too often.", retry_after=3, hint="Wait.")
        if kind is errors.LimitExceeded
        else kind("One sentence.", hint="Do this.", details={"fields": [{"path": "a"}], "secret": "hush"})
    )

    said = error_object(error)

    assert set(said) == {"code", "message", "data"}
    assert said["code"] == CODES[kind]
    assert said["message"] == error.message
    assert said["data"] == {"code": kind.code, "hint": error.hint}
    assert "hush" not in json.dumps(said)


@pytest.mark.promise("QUA-3.02")
def test_where_the_raise_gives_no_hint_the_error_s_own_is_sent() -> None:
    assert error_object(errors.NotFound("No such tool.")) == {
        "code": -32602,
        "message": "No such tool.",
        "data": {"code": "not_found", "hint": errors.NotFound.hint},
    }


@pytest.mark.parametrize(("kind", "number"), CODES.items(), ids=lambda each: getattr(each, "code", each))
def test_codes_are_json_rpc_s_in_their_meaning_or_in_the_range_that_is_ours(
    kind: type[errors.OpenPactError], number: int
) -> None:
    wrong_question = issubclass(kind, errors.Invalid | errors.NotFound)

    assert wrong_question == (number in {-32700, -32600, -32602})
    assert wrong_question or -32099 <= number <= -32004
    assert (number == -32700) == (kind is errors.JsonInvalid)


def test_each_number_of_ours_is_one_kind_of_answer() -> None:
    meaning = {
        -32004: (errors.NotAuthenticated, errors.Refused),
        -32005: (errors.Conflict,),
        -32006: (errors.LimitExceeded,),
        -32007: (errors.Unavailable,),
        -32008: (errors.OutcomeUnknown,),
    }
    for kind, number in CODES.items():
        if number in meaning:
            assert issubclass(kind, meaning[number]), kind
        else:
            assert number in {-32700, -32600, -32602}
