"""The log: one line an event, readable by people or programs, and no secret in it whoever wrote it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from openpact.adapters import logs
from openpact.domain.audit import Draft, link
from tests.world import START

TOKEN = "opt_" + "Ab3_-" * 8
HIDDEN = "the-master-of-all"
Configure = Callable[..., io.StringIO]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Configure the log to a text that the test reads, and put everything back after it."""
    root = logging.getLogger()
    libraries = ("uvicorn", "asyncio")
    before = (root.handlers[:], root.level, logs._hidden.copy())  # noqa: SLF001 - put back as they were
    levels = {name: logging.getLogger(name).level for name in libraries}

    def start(*, as_json: bool = False, level: str = "debug", stream: io.StringIO | None = None) -> io.StringIO:
        said = stream or io.StringIO()
        logs.configure(level, as_json=as_json, stream=said)
        return said

    yield start
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]
    for name, kept in levels.items():
        logging.getLogger(name).setLevel(kept)
    logs._hidden.clear()  # noqa: SLF001
    logs._hidden.update(before[2])  # noqa: SLF001


def ours() -> Any:
    return structlog.get_logger("openpact.test")


@pytest.mark.promise("OPS-6.09")
def test_a_line_of_text_has_time_level_event_and_fields(configure: Configure) -> None:
    said = configure()

    ours().info("it stands", path="/srv/data", count=3, note="two words", none=None, yes=True)

    ts, rest = said.getvalue().split(" ", 1)
    assert len(ts) == len("2026-02-05T10:30:00Z")
    assert ts.endswith("Z")
    assert rest == 'INFO it stands path=/srv/data count=3 note="two words" none=null yes=true\n'


@pytest.mark.promise("OPS-6.09")
def test_a_line_of_json_is_one_document(configure: Configure) -> None:
    said = configure(as_json=True)

    ours().warning("it stands", path="/srv/data", count=3, nested={"a": [1, None]})

    document = json.loads(said.getvalue())
    assert document.pop("ts").endswith("Z")
    expected = {"level": "warning", "event": "it stands", "path": "/srv/data", "count": 3, "nested": {"a": [1, None]}}
    assert document == expected


@pytest.mark.promise("OPS-6.09")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_library_s_line_has_the_same_form(configure: Configure, as_json: bool) -> None:  # noqa: FBT001
    said = configure(as_json=as_json)

    logging.getLogger("some.library").warning("cannot reach %s", "postgresql://me:hush-hush@db/x", extra={"port": 5432})

    line = said.getvalue()
    assert line.count("\n") == 1
    if as_json:
        document = json.loads(line)
        assert (document["event"], document["port"]) == ("cannot reach postgresql://me:***@db/x", 5432)
    else:
        assert line.endswith(" WARNING cannot reach postgresql://me:***@db/x port=5432\n")


def test_lines_below_the_level_are_not_written(configure: Configure) -> None:
    said = configure(level="warning")

    ours().info("a good day")
    logging.getLogger("some.library").info("a good day")
    ours().warning("a bad day")

    assert said.getvalue().count("\n") == 1


def test_what_the_server_says_of_a_good_day_is_not_written(configure: Configure) -> None:
    said = configure(level="info")

    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").warning("something")

    assert said.getvalue().count("\n") == 1


SECRETS = {
    "token": f"called with {TOKEN}",
    "bearer": "Authorization: Bearer abcdefgh12345678",
    "basic": "header was basic dXNlcjpwYXNzd29yZA==",
    "otp": "OTP dXNlcjoxMjM0NTY=",
    "url": "connect postgresql://openpact:hush-hush@db:5432/x failed",
    "url with at": "connect postgresql://openpact:hush@hush@db:5432/x failed",
    "hidden": f"key is {HIDDEN}!",
}
LEAKS = (TOKEN, "abcdefgh12345678", "dXNlcj", "hush", HIDDEN)


@pytest.mark.promise("OPS-6.10")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_leaves_by_no_way_into_a_line(
    configure: Configure,
    text: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    logs.hide(HIDDEN)
    said = configure(as_json=as_json)

    class Thing:
        def __str__(self) -> str:
            return text

        __repr__ = __str__

    ours().info(text)
    ours().info("field", note=text)
    ours().info("nested", note={"a": [{"b": (text, {text})}], text: 1})
    ours().info("object", note=Thing(), inside=[Thing()], fault=ValueError(text), raw=text.encode())
    logging.getLogger("some.library").error("%s and %r", text, {"x": text})
    try:
        raise ValueError(text)
    except ValueError:
        ours().exception("it broke")
        logging.getLogger("some.library").exception("it broke too")

    lines = said.getvalue()
    assert lines.count(logs.MASK) >= 10
    assert not [leak for leak in LEAKS if leak in lines], lines


@pytest.mark.promise("OPS-6.10")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "new_password", "client_secret", "authorization", "cookie", "otp", "private_key"]
)
def test_what_stands_under_a_secret_s_name_is_masked_whole(
    configure: Configure,
    name: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    said = configure(as_json=as_json)

    ours().info("asked", **{name: "plain words"})
    ours().info("asked", body={"deep": [{name: ["plain", "words"]}]})

    assert "plain" not in said.getvalue()
    assert said.getvalue().count(logs.MASK) == 2


@pytest.mark.promise("OPS-6.10")
def test_of_two_hidden_texts_the_longer_is_masked_whole(configure: Configure) -> None:
    said = configure()
    for number in range(20):
        logs.hide("secret-beginning"[: 6 + number % 10])
    logs.hide("secret-beginning-and-its-end")

    ours().info("it is secret-beginning-and-its-end")

    assert said.getvalue().endswith("INFO it is ***\n")


def test_a_text_too_short_to_be_a_secret_hides_nothing(configure: Configure) -> None:
    said = configure()
    logs.hide("a")
    logs.hide("")

    ours().info("a day as any")

    assert said.getvalue().endswith("INFO a day as any\n")


HOSTILE = [
    "two\nlines",
    "carriage\rreturn",
    "tab\tstop",
    "bell\x07",
    "escape \x1b[2J",
    "delete\x7f",
    "c1 \x9b31m",
    "next\x85line",
    "separator\u2028and\u2029",
    "right\u202eleft",
    "isolate\u2066x\u2069",
    "zero\u200bwidth",
    "mark\ufeff",
    "half \ud800 a pair",
    "tag \U000e0041",
    "nul\x00",
]


@pytest.mark.promise("OPS-5.23", "OPS-6.09")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_one_event_is_one_line_that_moves_nothing_on_the_screen(
    configure: Configure,
    text: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    said = configure(as_json=as_json)

    ours().info(text, field=text, nested=[text])
    logging.getLogger("some.library").warning("%s", text)

    lines = said.getvalue()
    assert len(lines.splitlines()) == 2
    assert all(character.isprintable() for character in lines.replace("\n", ""))
    lines.encode()
    if as_json:
        assert [json.loads(line)["event"] for line in lines.splitlines()] == [text, text]


@pytest.mark.promise("OPS-6.09")
def test_the_trace_of_an_exception_follows_its_line(configure: Configure) -> None:
    said = configure()
    try:
        raise ValueError("it broke here")
    except ValueError:
        ours().exception("request failed", request_id="req_1")

    first, *trace = said.getvalue().splitlines()
    assert first.endswith("ERROR request failed request_id=req_1")
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ValueError: it broke here"


def test_the_trace_shows_no_local_variables(configure: Configure) -> None:
    said = configure()
    try:
        local = "a value that only the frame knows"
        raise ValueError(str(len(local)))
    except ValueError:
        ours().exception("it broke")

    assert "only the frame knows" not in said.getvalue()


def test_a_trace_in_json_is_inside_the_document(configure: Configure) -> None:
    said = configure(as_json=True)
    try:
        raise ValueError("it broke here")
    except ValueError:
        ours().exception("request failed")

    (line,) = said.getvalue().splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: it broke here")


def test_a_log_that_is_closed_fails_nothing(configure: Configure) -> None:
    said = configure()
    said.close()

    ours().info("nobody hears this")
    logging.getLogger("some.library").error("nor this")


def test_a_thing_that_cannot_be_shown_fails_nothing(configure: Configure) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("no text for you")

    configure()

    ours().info("a thing", thing=Broken())


@pytest.mark.promise("OPS-5.23")
def test_an_event_of_the_record_is_one_line(configure: Configure) -> None:
    said = configure()
    draft = Draft(
        id="evt_1",
        at=START,
        actor="per_1",
        actor_name="alice\nroot",
        action="person.add",
        target="bob\u202e",
        outcome="done",
        details={"role": "viewer", "event": "a detail", "seq": 3, "password": "plain words", "note": "a\nb"},
    )

    logs.audit_line(link(draft, chain="c1", seq=7, prev="0" * 64))

    _, rest = said.getvalue().split(" ", 1)
    assert rest == (
        "INFO [AUDIT] person_add: bob\\u202e by alice\\nroot (done) "
        'chain=c1 seq=7 event_="a detail" note="a\\nb" password=*** role=viewer seq_=3\n'
    )


def test_configuring_anew_takes_the_place_of_before(configure: Configure) -> None:
    first = configure()
    second = configure()

    ours().info("once")

    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
