"""The record over the API: searched, paged, followed, verified, exported."""

import csv
import io
import json
import urllib.parse
from typing import Any

import pytest

from openpact.domain.principal import Action, Kind, Principal, Role
from tests.web.refusal import is_refusal
from tests.world import PASSWORD, Answer, World, peer_at


def ask(world: World, path: str = "/api/audit", /, **query: Any) -> Answer:
    return world.ask("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""), peer=peer_at(1))


def events(world: World, **query: Any) -> list[Any]:
    answer = ask(world, **query)
    assert answer.status == 200, answer.raw
    found: list[Any] = answer.json["events"]
    return found


def sign_in(world: World) -> None:
    world.person("alice", Role.ADMIN)
    world.ask("POST", "/api/auth/unlock", {"username": "alice", "password": PASSWORD}, peer=peer_at(1))


def record(world: World, boss: Principal, target: str, note: str = "") -> None:
    """Put an event of this target into the record, a second later than the one before."""
    world.clock.advance(seconds=1)
    world.ledger.act(boss, Action.PERSON_REGROUP, target, lambda act: act.details.update(note=note))


@pytest.fixture
def filled(world: World) -> World:
    boss = world.person("boss", Role.ADMIN)
    for number in range(12):
        record(world, boss, f"target-{number}", "100%" if number % 3 == 0 else "1000")
    return world


@pytest.mark.promise("OPS-5.01", "API-1.07", "API-1.08")
def test_an_event_is_shown_whole(sqlite_world: World) -> None:
    boss = sqlite_world.person("boss", Role.ADMIN)
    record(sqlite_world, boss, "ops", "a note")

    (event,) = events(sqlite_world, limit=1)

    assert event.pop("id").startswith("evt_")
    for name in ("hash", "prev"):
        prefix, _, digits = event.pop(name).partition(":")
        assert (prefix, len(digits)) == ("sha256", 64)
    assert event == {
        "chain": "c1",
        "seq": 3,
        "ts": "2026-02-05T10:30:01.000000Z",
        "type": "person",
        "actor": boss.id,
        "actor_name": "boss",
        "action": "person.regroup",
        "target": "ops",
        "outcome": "done",
        "decision_id": None,
        "request_id": None,
        "policy_version": None,
        "details": {"note": "a note"},
    }


def test_the_newest_stand_first(filled: World) -> None:
    targets = [event["target"] for event in events(filled)]

    assert targets[:12] == [f"target-{number}" for number in range(11, -1, -1)]
    assert len(targets) == len(filled.events())


def test_pages_follow_each_other_without_a_gap_or_a_double(filled: World) -> None:
    """Also when more is recorded while somebody pages."""
    whole = [event["id"] for event in events(filled)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 5}
    while True:
        answer = ask(filled, **query).json
        seen += [event["id"] for event in answer["events"]]
        if answer["next"] is None:
            break
        assert len(answer["events"]) == 5
        query["cursor"] = answer["next"]
        filled.house.people.regroup(_boss(filled), "boss", ())

    assert seen == whole


def test_a_page_that_is_exactly_full_has_no_next(filled: World) -> None:
    count = len(filled.events())

    assert ask(filled, limit=count).json["next"] is None
    assert ask(filled, limit=count - 1).json["next"] is not None


def test_events_at_the_same_instant_are_paged_too(world: World) -> None:
    boss = world.person("boss", Role.ADMIN)
    for number in range(7):
        world.ledger.act(boss, Action.PERSON_REGROUP, f"target-{number}", lambda _act: None)
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = ask(world, limit=2, **cursor).json
        seen += [event["id"] for event in answer["events"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}

    assert len(seen) == len(set(seen)) == len(world.events())


def test_what_comes_after_is_followed_the_oldest_first(filled: World) -> None:
    position = ask(filled, limit=1).json["newest"]
    nothing = ask(filled, after=position).json
    assert (nothing["events"], nothing["cursor"]) == ([], position)

    for number in range(5):
        record(filled, _boss(filled), f"later-{number}")
    first = ask(filled, after=position, limit=3).json
    second = ask(filled, after=first["cursor"], limit=3).json

    targets = [event["target"] for event in first["events"] + second["events"]]
    assert targets == [f"later-{number}" for number in range(5)]


# What is asked for, and how many of the filled record's events it finds.
FOUND: tuple[tuple[dict[str, Any], int], ...] = (
    ({"type": "person"}, 12),
    ({"type": "pers"}, 0),
    ({"type": "setup", "outcome": "done"}, 2),
    ({"target": "target-3"}, 1),
    ({"target": "target-"}, 0),
    ({"actor": "boss"}, 12),
    ({"outcome": "refused"}, 0),
    ({"q": "TARGET-1"}, 3),
    ({"q": "regroup"}, 12),
    ({"q": "target-1", "type": "setup"}, 0),
    ({"from": "2026-02-05T10:30:11Z"}, 2),
    ({"to": "2026-02-05T10:30:01Z"}, 2),
    ({"from": "2026-02-05T11:30:05+01:00", "to": "2026-02-05T10:30:08Z"}, 3),
    # A searched text is a text and no pattern.
    ({"q": "100%"}, 4),
    ({"q": "%"}, 4),
    ({"q": "1_00"}, 0),
    ({"q": "_"}, 2),
    ({"q": "100_"}, 0),
    ({"q": "!"}, 0),
    ({"q": "\\"}, 0),
    ({"q": "' OR '1'='1"}, 0),
    ({"q": "note"}, 12),
)


def test_events_are_found_by_what_they_say(filled: World) -> None:
    assert [(query, len(events(filled, **query))) for query, _ in FOUND] == list(FOUND)


def test_a_searched_text_may_have_letters_of_any_script(world: World) -> None:
    texts = ["Größe", "ÉTÉ", "东京"]
    boss = world.person("boss", Role.ADMIN)
    for number, text in enumerate(texts):
        record(world, boss, f"target-{number}", f"x {text} y")

    found = [[event["target"] for event in events(world, q=text)] for text in texts]

    assert found == [["target-0"], ["target-1"], ["target-2"]]


NO_LIMITS = ("0", "-1", "1001", "1.5", "1e2", "", "ten", "٣", "00000000019999", "1" * 5000, " 5")
NO_CURSORS = (
    "",
    ".",
    "1",
    "1.",
    "x.evt_00000000000000000000000000",
    "-1.evt_00000000000000000000000000",
    "1.per_00000000000000000000000000",
    "1.evt_0000000000000000000000000!",
    "1.evt_00000000000000000000000000.1",
    "9" * 19 + ".evt_00000000000000000000000000",
    "٣.evt_00000000000000000000000000",
    "1.evt_' OR '1'='1",
)
NO_TIMES = ("", "yesterday", "2026-02-30", "2026-02-05T10:30:00", "2026-13-01T00:00:00Z", "1e9")


def test_a_limit_is_a_whole_number_within_bounds(sqlite_world: World) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    for limit in NO_LIMITS:
        answer = ask(sqlite_world, limit=limit)
        assert is_refusal(answer, 400, "invalid"), limit
        assert answer.json["message"] == "limit must be a whole number from 1 to 1000."

    assert [ask(sqlite_world, limit=limit).status for limit in ("1", "1000", "0005")] == [200, 200, 200]


@pytest.mark.parametrize("name", ["cursor", "after"])
def test_a_cursor_that_is_none_of_ours_is_refused(sqlite_world: World, name: str) -> None:
    sqlite_world.person("boss", Role.ADMIN)

    assert [
        cursor for cursor in NO_CURSORS if not is_refusal(ask(sqlite_world, **{name: cursor}), 400, "invalid")
    ] == []


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_time_without_a_zone_or_none_at_all_is_refused(sqlite_world: World, name: str) -> None:
    sqlite_world.person("boss", Role.ADMIN)

    assert [text for text in NO_TIMES if not is_refusal(ask(sqlite_world, **{name: text}), 400, "invalid")] == []


@pytest.mark.promise("OPS-5.21")
def test_the_export_is_json_lines_of_the_whole_record(world: World) -> None:
    sign_in(world)
    world.house.audit.seal()

    answer = ask(world, "/api/audit/export")

    first, *lines = [json.loads(line) for line in answer.raw.splitlines()]
    assert first["format"] == "openpact-audit-1"
    assert [next(iter(line)) for line in lines] == ["checkpoint", *["event"] * len(world.events())]
    assert lines[-1]["event"]["action"] == "audit.export"
    assert lines[-1]["event"]["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert answer.headers["content-disposition"] == 'attachment; filename="openpact-audit.jsonl"'
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.promise("OPS-5.21")
def test_a_cell_that_a_table_program_would_run_is_defused(sqlite_world: World) -> None:
    sign_in(sqlite_world)
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
    for formula in formulas:
        record(sqlite_world, _boss(sqlite_world, "alice"), formula, 'a "quoted", note\nof two lines')

    answer = ask(sqlite_world, "/api/audit/export", format="csv")

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.raw.decode(), newline="")))
    assert len(rows) == len(sqlite_world.events())
    shown = [row for row in rows if row["action"] == "person.regroup"]
    assert [row["target"] for row in shown] == ["'" + formula for formula in formulas]
    assert json.loads(shown[0]["details"]) == {"note": 'a "quoted", note\nof two lines'}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


@pytest.mark.promise("OPS-5.21")
def test_a_format_that_there_is_not_is_refused_and_nothing_is_recorded(sqlite_world: World) -> None:
    sign_in(sqlite_world)

    answer = ask(sqlite_world, "/api/audit/export", format="xlsx")

    assert is_refusal(answer, 400, "invalid")
    assert sqlite_world.events(action="audit.export") == []


@pytest.mark.promise("OPS-5.18", "OPS-5.19")
def test_the_record_is_verified_also_against_a_head_known_elsewhere(sqlite_world: World) -> None:
    sign_in(sqlite_world)
    sqlite_world.house.audit.seal()
    whole = ask(sqlite_world, "/api/audit/verify").json
    assert (whole["intact"], whole["faults"], whole["unsealed"]) == (True, [], 0)
    assert whole["events"] == whole["chains"]["c1"]["seq"] == len(sqlite_world.events())

    assert ask(sqlite_world, "/api/audit/verify", head=whole["head"]).json["intact"]
    other = ask(sqlite_world, "/api/audit/verify", head="0" * 64).json
    assert other["intact"] is False
    assert other["faults"][0]["message"]


def _boss(world: World, name: str = "boss") -> Principal:
    person = world.house.people.get(name)
    return Principal(kind=Kind.PERSON, id=person.id, name=name, role=person.role)
