"""The function `format`: a text with verbs, each taking one argument.

Rules of this file:
- A verb that does not fit its argument, or the wrong number of arguments, is an error that names the verb's place.
- Integers and floats are written with all their digits; the engine's own `str` of a float is not.
"""

import json
import re
from typing import Any

from openpact.adapters.sandbox.inside.world import Fault

_VERB = re.compile(r"%(?:\.([0-9]{1,2}))?(.?)", re.DOTALL)


def formatted(template: str, kinds: list[str], texts: list[str], values: list[Any]) -> str:
    """Put arguments (each as its type's name, its text and, for numbers, its value) into a template. Raises Fault."""
    parts: list[str] = []
    used = end = 0
    for found in _VERB.finditer(template):
        parts.append(template[end : found.start()])
        end = found.end()
        digits, verb = found.groups()
        place = f"{found.group()!r} at position {found.start() + 1}"
        if verb == "%" and digits is None:
            parts.append("%")
            continue
        if verb not in "sdfxqv" or not verb or (digits is not None and verb != "f"):
            raise Fault(f"format has no verb {place}.", hint="The verbs are %s %d %f %.2f %x %q %v and %%.")
        if used == len(kinds):
            raise Fault(f"format has no argument left for {place}.")
        parts.append(_written(verb, digits, kinds[used], texts[used], values[used], place))
        used += 1
    if used != len(kinds):
        raise Fault(f"format was given {len(kinds)} arguments but has verbs for {used}.")
    return "".join([*parts, template[end:]])


def float_text(value: float | None, text: str) -> str:
    """Write a float so that it reads back; one that is not finite has no value here, only its text."""
    return text if value is None else repr(value)


def _written(verb: str, digits: str | None, kind: str, text: str, value: Any, place: str) -> str:
    if verb in "sv":
        return text
    if verb == "q" and kind == "string":
        return json.dumps(text, ensure_ascii=False)
    if verb == "d" and kind == "int":
        return text
    if verb == "x" and kind == "int":
        return f"{value:x}"
    if verb == "x" and kind == "string":
        return text.encode().hex()
    if verb == "f" and kind in ("int", "float"):
        try:
            return f"{float(text) if value is None else float(value):.{digits or 6}f}"
        except OverflowError:
            raise Fault(f"The integer for {place} is too large for a float.") from None
    raise Fault(f"format cannot write a value of type {kind} as {place}.")
