"""Errors as values: one stable code each, one message, one remedy, and details that nobody changes later."""

import pytest

from openpact.domain import errors


def test_an_error_says_one_thing_and_what_to_do() -> None:
    plain = errors.StoreFull("The disk is full.")
    told = errors.StoreFull("The disk is full.", hint="Buy one.", details={"fields": [{"path": "a"}]})

    assert (plain.message, str(plain), plain.hint, plain.details) == (
        "The disk is full.",
        "The disk is full.",
        errors.StoreFull.hint,
        {},
    )
    assert (told.hint, told.details) == ("Buy one.", {"fields": [{"path": "a"}]})


@pytest.mark.parametrize(("details", "fields"), [(None, []), ({"fields": "no list"}, []), ({"fields": [{}]}, [{}])])
def test_the_fields_of_an_invalid_question_are_a_list(details: dict[str, object] | None, fields: list[object]) -> None:
    assert errors.Invalid("Wrong.", details=details).fields == fields


def test_a_limit_says_when_it_may_be_tried_again() -> None:
    error = errors.LimitExceeded("Too often.", retry_after=12.5, hint="Wait.")

    assert (error.retry_after, error.details, error.hint) == (12.5, {"retry_after": 12.5}, "Wait.")


def test_details_that_are_changed_later_are_not_the_error_s() -> None:
    given: dict[str, object] = {"a": 1}
    error = errors.Invalid("Wrong.", details=given)
    given["a"] = 2

    assert error.details == {"a": 1}


def test_a_branch_s_leaves_are_its_own() -> None:
    assert list(errors.leaves(errors.NotAuthenticated)) == [
        errors.NotAuthenticated,
        errors.InvalidCredentials,
        errors.UnlockRequired,
    ]
    assert errors.Refused not in errors.leaves()
    assert errors.OpenPactError not in errors.leaves()
