"""One shape for every error, and the status that fits it."""

import json

import pytest

from openpact.domain import errors
from openpact.web.respond import STATUS, answer, nothing, refusal, said

# What a client does with the answer, by the branch of the tree that the error hangs on.
FITS: dict[type[errors.OpenPactError], set[int]] = {
    errors.NotAuthenticated: {401},
    errors.Refused: {403},
    errors.Invalid: {400, 413, 415},
    errors.NotFound: {404},
    errors.Conflict: {409},
    errors.LimitExceeded: {429},
    errors.OutcomeUnknown: {504},
    errors.Unavailable: {503},
}


def built(kind: type[errors.OpenPactError]) -> errors.OpenPactError:
    if kind is errors.LimitExceeded:
        return errors.LimitExceeded("It is so.", retry_after=1)
    return kind("It is so.")


@pytest.mark.promise("API-1.01", "API-1.02")
@pytest.mark.parametrize("kind", list(errors.leaves()), ids=lambda kind: kind.code)
def test_every_error_has_the_one_shape_and_a_status_of_its_branch(kind: type[errors.OpenPactError]) -> None:
    response = refusal(built(kind), "req_1")

    (fits,) = [statuses for branch, statuses in FITS.items() if issubclass(kind, branch)]
    document = json.loads(bytes(response.body))
    assert response.status_code == STATUS[kind]
    assert response.status_code in fits
    assert document.pop("retry_after", 1) == 1
    assert document == {"error": kind.code, "message": "It is so.", "hint": kind.hint, "request_id": "req_1"}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"] == "req_1"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.promise("API-1.02")
def test_the_three_that_have_a_status_of_their_own() -> None:
    assert STATUS[errors.TooLarge] == 413
    assert STATUS[errors.MediaTypeRefused] == 415
    assert sum(status not in {400, 401, 403, 404, 409, 429, 503, 504} for status in STATUS.values()) == 2


@pytest.mark.promise("API-1.01")
def test_of_the_details_only_fields_and_the_wait_are_shown() -> None:
    error = errors.Invalid("It is so.", hint="Do this.", details={"fields": [{"path": "a"}], "secret": "hush"})

    document = json.loads(bytes(refusal(error, "req_1").body))

    assert list(document) == ["error", "message", "hint", "fields", "request_id"]
    assert document["fields"] == [{"path": "a"}]


@pytest.mark.parametrize(("wait", "seconds"), [(0.0, "1"), (0.2, "1"), (1.2, "2"), (59.5, "60"), (60.0, "60")])
def test_who_waits_as_long_as_told_does_not_come_too_early(wait: float, seconds: str) -> None:
    response = refusal(errors.LimitExceeded("Too often.", retry_after=wait), "req_1")

    assert response.headers["retry-after"] == seconds


def test_an_error_without_a_hint_or_details_has_none() -> None:
    assert json.loads(bytes(said(404, "not_found", "No.", "req_1").body)) == {
        "error": "not_found",
        "message": "No.",
        "request_id": "req_1",
    }


def test_answers_carry_their_document_or_nothing() -> None:
    made = answer({"a": [1, None, "ü"]}, "req_1", 201)

    assert (made.status_code, json.loads(bytes(made.body))) == (201, {"a": [1, None, "ü"]})
    assert (nothing("req_2").status_code, bytes(nothing("req_2").body)) == (204, b"")
    assert nothing("req_2").headers["x-request-id"] == "req_2"
