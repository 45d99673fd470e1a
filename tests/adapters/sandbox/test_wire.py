"""The wire carries whole messages, and judges a length before it keeps a byte."""

import asyncio
import math
import os

import pytest

from openpact.adapters.sandbox import message, watch, wire
from openpact.adapters.sandbox.inside.host import Host


def test_messages_come_out_whole_however_they_are_cut() -> None:
    sent = [{"t": "log", "text": "\N{SNOWMAN}" * size} for size in (0, 1, 300)]
    data = b"".join(map(wire.packed, sent))
    for step in (1, 3, len(data)):
        inbox, found = wire.Inbox(10_000), []
        for start in range(0, len(data), step):
            inbox.feed(data[start : start + step])
            while (body := inbox.find_message()) is not None:
                found.append(message.from_worker(body))
        assert found == [message.Log(str(each["text"])) for each in sent]


def test_a_call_that_is_too_long_is_never_sent() -> None:
    sent: list[bytes] = []
    host = Host(sent.append, lambda: wire.packed({"t": "answer", "value": 1})[wire.HEADER.size :])
    with pytest.raises(wire.TooLong):
        host.call("secrets.get", {"name": "A" * wire.LONGEST})
    assert sent == []
    assert host.call("secrets.get", {"name": "A"}) == 1


def test_a_message_that_is_too_long_is_refused_by_its_length_alone() -> None:
    inbox = wire.Inbox(10)
    inbox.feed(wire.HEADER.pack(11))
    with pytest.raises(wire.TooLong):
        inbox.find_message()


@pytest.mark.parametrize("value", ["\ud800", math.nan, math.inf])
def test_what_is_no_json_is_not_sent(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - both kinds of fault are ValueErrors, and that is the promise
        wire.packed({"value": value})


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", "1 2", "[" * 100_000 + "]" * 100_000, '"\ud800"'])
def test_what_is_no_json_is_no_result(text: str) -> None:
    with pytest.raises(message.Invalid):
        message.check_json(text)


@pytest.mark.parametrize("text", ["null", '{"a": [1, 2.5, "x"]}', str(2**200), "[]"])
def test_json_may_be_a_result(text: str) -> None:
    message.check_json(text)


def test_a_process_that_outgrows_its_memory_is_found() -> None:
    own = os.getpid()
    assert asyncio.run(watch.outgrown({own}, 1)) == {own}
    assert asyncio.run(watch.outgrown({own}, 1 << 40)) == set()
    assert asyncio.run(watch.outgrown({2**22 + 1}, 1)) == set()
