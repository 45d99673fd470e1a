"""Structs with every kind of key, and short ways to ask what becomes of a text."""

import enum
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from openpact.domain.document import Fault, interpolate
from openpact.domain.errors import Invalid
from openpact.domain.strict_yaml import read
from openpact.domain.typed import convert

S = TypeVar("S", bound=Struct)


class Colour(enum.StrEnum):
    RED = "red"
    GREEN = "green"


class Step(enum.IntEnum):
    ONE = 1
    TWO = 2


class Limits(Struct, frozen=True, kw_only=True):
    amount: Decimal
    count: Annotated[int, Meta(ge=1, le=9)] = 5


def check_even(number: int) -> None:
    if number % 2:
        raise Invalid("an odd number", hint="Take an even one.")


class Everything(Struct, frozen=True, kw_only=True, rename="camel"):
    text: Annotated[str, Meta(min_length=2, max_length=5, pattern="^[a-z]+$")] = "abc"
    named: Annotated[str, Meta(pattern="^a", examples=["apple"])] = "a"
    whole: Annotated[int, Meta(ge=0, le=10)] = 0
    above: Annotated[int, Meta(gt=0)] = 1
    below: Annotated[int, Meta(lt=0)] = -1
    even: Annotated[int, Meta(extra={"check": check_even})] = 0
    even_or_none: Annotated[int | None, Meta(extra={"check": check_even})] = None
    number: Decimal = Decimal(0)
    flag: bool = False
    level: Literal["debug", "info", "warning"] = "info"
    size: Literal[1, 2] = 1
    colour: Colour = Colour.RED
    step: Step = Step.ONE
    maybe: str | None = "x"
    either: int | str | None = None
    boundless: Annotated[int, Meta(ge=1, le=5)] | str = 1
    names: list[str] = msgspec.field(default_factory=list)
    pair: Annotated[tuple[int, ...], Meta(min_length=1, max_length=2)] = (1,)
    by_name: dict[str, Limits] = msgspec.field(default_factory=dict)
    by_colour: Annotated[dict[Colour, int], Meta(max_length=1)] = msgspec.field(default_factory=dict)
    limits: Limits | None = None
    anything: Any = None
    one_or_many: str | list[str] = msgspec.field(default_factory=list)


class Server(Struct, frozen=True, kw_only=True):
    port: int = 1


class Root(Struct, frozen=True, kw_only=True):
    server: Server = Server()
    limits: Limits = Limits(amount=Decimal(1))
    tools: dict[str, int] = msgspec.field(default_factory=dict)


class Range(Struct, frozen=True, kw_only=True):
    low: int = 0
    high: int = 9

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise Invalid("low is above high", hint="Swap them.")


class Holder(Struct, frozen=True, kw_only=True):
    range: Range = Range()


def value(text: str, target: type[S]) -> S:
    document = read(text)
    assert not document.faults
    found, faults = convert(document.root, target)
    assert not faults, faults
    assert found is not None
    return found


def faults(text: str, target: type[Struct] = Everything, **variables: str) -> list[Fault]:
    document = read(text)
    assert not document.faults
    assert document.root is not None
    node, unset = interpolate(document.root, variables)
    assert not unset
    found, wrong = convert(node, target)
    assert found is None
    return wrong


def said(text: str, target: type[Struct] = Everything, **variables: str) -> tuple[str, str | None]:
    (found,) = faults(text, target, **variables)
    return found.message, found.hint
