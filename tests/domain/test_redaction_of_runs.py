"""Redaction in one run: what was computed from secrets, and the search of a run beside that of the house."""

from urllib.parse import quote

import pytest

from tests.domain.test_redaction import MARKER, VALUE, dumped, encoded, redactor


@pytest.mark.parametrize("times", [1, 300])
def test_a_computed_value_is_found_in_its_usual_forms(times: int) -> None:
    value = VALUE * times
    made = redactor(("OTHER", "another value")).more([("PLAIN", "a plain one")], [("KEY", value), ("SHORT", "12345")])

    for written in (value, quote(value, safe=""), dumped(value), encoded("x" + value + "y"), encoded(value)):
        assert MARKER in made.scrub(f"<{written}>")
        assert written[: len(VALUE)] not in made.scrub(f"<{written}>")[5:]
    assert made.scrub("another value, a plain one, 12345") == "[REDACTED:OTHER], [REDACTED:PLAIN], 12345"


def test_two_searches_beside_one_another_take_out_what_either_would() -> None:
    both = redactor().beside(redactor(("OTHER", "another value"))).more([("THIRD", "a third one")])
    text = f"{VALUE}, another%20value, {encoded('a third one')}, [REDACTED:KEY]"

    scrubbed = both.scrub(text)

    assert scrubbed.startswith("[REDACTED:KEY], [REDACTED:OTHER], [REDACTED:THIRD]")
    assert scrubbed.endswith(", [REDACTED:KEY]")
    assert both.scrub(scrubbed) == scrubbed
    assert (
        both.more([("FOURTH", "a fourth one")]).scrub("a third one, a fourth one")
        == "[REDACTED:THIRD], [REDACTED:FOURTH]"
    )
