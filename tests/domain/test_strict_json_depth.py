"""How deep a value may be before it is refused when it is written."""

from typing import Any

import pytest

from openpact.domain.errors import JsonInvalid, OpenPactError
from openpact.domain.strict_json import DEEPEST, DEFAULT, Value, canonical, encode, parse


@pytest.mark.parametrize("write", [canonical, encode])
def test_a_value_without_a_bottom_is_refused_when_written(write: Any) -> None:
    endless: list[Value] = []
    endless.append({"again": endless})
    with pytest.raises(OpenPactError, match="more than 128 deep"):
        write(endless)


@pytest.mark.parametrize("write", [canonical, encode])
def test_what_was_parsed_can_be_wrapped_and_written_until_the_greatest_depth(write: Any) -> None:
    value = parse(b"[" * DEFAULT.max_depth + b"]" * DEFAULT.max_depth)
    for _ in range(DEEPEST - DEFAULT.max_depth):
        value = {"arguments": value}
        assert write(value)
    with pytest.raises(JsonInvalid, match="more than 128 deep"):
        write([value])
