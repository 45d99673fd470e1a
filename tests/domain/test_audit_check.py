"""A museum of tampering: every way to change a record is found and its place named; an untouched one is intact."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import audit, audit_check
from tests.domain.record import START, STORE, Record, check_signature, record

EVENT_FIELDS = [name for name in audit.Event.__struct_fields__ if name not in {"chain", "seq"}]


def altered(event: audit.Event, name: str) -> audit.Event:
    old = getattr(event, name)
    new = old + 1 if isinstance(old, int) else "f" * 64 if name in {"prev", "hash"} else (old or "") + "x"
    return msgspec.structs.replace(event, **{name: new})


def place(made: Record, chain: str, seq: int) -> int:
    return next(at for at, event in enumerate(made.events) if (event.chain, event.seq) == (chain, seq))


@pytest.mark.promise("OPS-5.18", "OPS-5.15")
def test_an_untouched_record_is_intact_and_told_of_as_it_is() -> None:
    made = record()
    report = made.check(made.checkpoints[0].hash, made.checkpoints[1].hash, made.events[3].hash, made.events[-1].hash)
    assert (report.faults, report.intact) == ([], True)
    assert (report.events, report.checkpoints, report.unsealed) == (12, 2, 1)
    assert report.heads == made.heads()
    assert report.newest == made.checkpoints[-1].hash


def test_an_empty_record_is_intact() -> None:
    report = Record().check()
    assert (report.intact, report.events, report.heads, report.newest, report.unsealed) == (True, 0, {}, None, 0)


def test_a_record_that_was_never_sealed_is_intact_and_says_that_nothing_is_sealed() -> None:
    made = Record()
    made.write()
    made.write("c2")
    report = made.check()
    assert (report.intact, report.unsealed, report.newest) == (True, 2, None)


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("name", EVENT_FIELDS)
@pytest.mark.parametrize(("chain", "seq"), [("c1", 1), ("c1", 4), ("c2", 2), ("c1", 8)])
def test_an_edited_event_is_found_at_its_place(name: str, chain: str, seq: int) -> None:
    made = record()
    at = place(made, chain, seq)
    made.events[at] = altered(made.events[at], name)
    assert ("edited", chain, seq) in made.found()


@pytest.mark.promise("OPS-5.18")
def test_an_event_that_was_renumbered_or_moved_to_another_chain_is_found() -> None:
    for changed in ({"seq": 99}, {"seq": 3}, {"chain": "c2"}, {"chain": "c9"}):
        made = record()
        at = place(made, "c1", 4)
        made.events[at] = msgspec.structs.replace(made.events[at], **changed)
        found = made.found()
        assert ("deleted", "c1", 4) in found or ("reordered", "c1", 4) in found, changed
        assert any(kind == "edited" for kind, _, _ in found), changed


@pytest.mark.promise("OPS-5.18")
def test_an_event_whose_hash_was_computed_anew_no_longer_fits_the_next() -> None:
    made = record()
    at = place(made, "c1", 4)
    changed = msgspec.structs.replace(made.events[at], target="mallory")
    made.events[at] = msgspec.structs.replace(changed, hash=audit.event_hash(changed))
    assert made.found() == [("edited", "c1", 4)]


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ([1], [("deleted", "c1", 1)]),
        ([4], [("deleted", "c1", 4)]),
        ([2, 3], [("deleted", "c1", 2)]),
        ([2, 4], [("deleted", "c1", 2), ("deleted", "c1", 4)]),
        ([1, 2, 3, 4, 5], [("deleted", "c1", 1)]),
        ([7, 8], [("truncated", "c1", 7)]),
        (list(range(1, 9)), [("truncated", "c1", 1)]),
    ],
)
def test_deleted_events_are_missed_at_their_place(gone: list[int], found: list[tuple[str, str, int]]) -> None:
    made = record()
    made.events = [event for event in made.events if event.chain != "c1" or event.seq not in gone]
    assert made.found() == found


def test_a_row_of_deleted_events_is_one_fault_that_names_both_ends() -> None:
    made = record()
    made.events = [event for event in made.events if event.chain != "c1" or event.seq not in {2, 3, 4}]
    (fault,) = made.check().faults
    assert (fault.seq, fault.message) == (2, "events 2 to 4 are missing")


@pytest.mark.promise("OPS-5.18")
def test_an_inserted_event_is_found_whichever_way_it_was_numbered() -> None:
    made = record()
    at = place(made, "c1", 4)
    forged = msgspec.structs.replace(made.events[at], target="mallory", id="evt_forged")
    forged = msgspec.structs.replace(forged, hash=audit.event_hash(forged))
    made.events.insert(at + 1, forged)
    assert made.found() == [("inserted", "c1", 4)]
    made.events.pop(at + 1)
    made.events.insert(at, forged)
    assert ("inserted", "c1", 4) in made.found()


@pytest.mark.promise("OPS-5.18")
def test_a_duplicated_event_is_found() -> None:
    for seq in (1, 4, 8):
        made = record()
        made.events.append(made.events[place(made, "c1", seq)])
        assert made.found() == [("inserted", "c1", seq)]


@pytest.mark.promise("OPS-5.18")
def test_an_event_forged_behind_the_end_of_a_sealed_chain_continues_nothing() -> None:
    made = record()
    forged = msgspec.structs.replace(made.events[-1], seq=9, prev="0" * 64)
    made.events.append(msgspec.structs.replace(forged, hash=audit.event_hash(forged)))
    assert made.found() == [("edited", "c1", 8)]


@pytest.mark.promise("OPS-5.18")
def test_events_that_were_moved_are_found_where_they_belong() -> None:
    made = record()
    one, two = place(made, "c1", 3), place(made, "c1", 4)
    made.events[one], made.events[two] = made.events[two], made.events[one]
    assert made.found() == [("reordered", "c1", 3)]


@pytest.mark.promise("OPS-5.18", "OPS-5.13")
def test_two_chains_that_were_exchanged_are_found() -> None:
    made = record()
    other = {"c1": "c2", "c2": "c1"}
    made.events = [msgspec.structs.replace(event, chain=other[event.chain]) for event in made.events]
    assert {("edited", "c1", 1), ("edited", "c2", 1)} <= set(made.found())


@pytest.mark.promise("OPS-5.18", "OPS-5.13")
def test_chains_that_were_exchanged_and_computed_anew_contradict_the_checkpoints() -> None:
    made = Record()
    for event in record().events:
        made.write({"c1": "c2", "c2": "c1"}[event.chain])
    made.checkpoints = record().checkpoints
    kinds = {kind for kind, _, _ in made.found()}
    assert kinds == {"rewritten", "truncated"}


@pytest.mark.promise("OPS-5.18", "OPS-5.15")
@pytest.mark.parametrize(("seq", "named"), [(1, [5, 7]), (4, [5, 7]), (5, [5, 7]), (6, [7]), (7, [7])])
def test_a_chain_computed_anew_contradicts_the_first_checkpoint_behind_the_change(seq: int, named: list[int]) -> None:
    made = record()
    made.rewrite("c1", seq, target="mallory")
    assert made.found() == [("rewritten", "c1", place_) for place_ in named]
    first = next(fault for fault in made.check().faults if fault.seq == named[0])
    assert f"between {1 if named[0] == 5 else 6} and {named[0]}" in first.message


def test_what_no_checkpoint_has_sealed_can_be_rewritten_and_the_report_says_how_much_that_is() -> None:
    made = record()
    made.rewrite("c1", 8, target="mallory")
    report = made.check()
    assert (report.faults, report.unsealed) == ([], 1)


@pytest.mark.promise("OPS-5.19")
def test_a_tail_cut_off_behind_the_last_checkpoint_is_found_with_a_head_known_elsewhere_and_only_so() -> None:
    made = record()
    head = made.events[-1].hash
    assert made.found(head) == []
    made.events.pop()
    assert made.found() == []
    assert made.found(head) == [("truncated", "", 0)]
    assert made.found(made.checkpoints[-1].hash) == []


@pytest.mark.promise("OPS-5.19")
def test_checkpoints_cut_off_with_their_events_are_found_with_a_head_known_elsewhere() -> None:
    made = record()
    head = made.checkpoints.pop().hash
    made.events = made.events[:7]
    assert made.found() == []
    assert made.found(head) == [("truncated", "", 0)]


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize(
    "changed",
    [
        {"number": 3},
        {"at": START},
        {"hash": "f" * 64},
        {"key_id": "ffffffffffffffff"},
        {"signature": "f" * 64},
        {"signature": ""},
        {"body": "{}"},
        {"body": "not json"},
        {"body": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("which", [0, 1])
def test_an_edited_checkpoint_is_found(changed: dict[str, object], which: int) -> None:
    made = record()
    made.checkpoints[which] = msgspec.structs.replace(made.checkpoints[which], **changed)
    number = made.checkpoints[which].number
    assert ("checkpoint", "", number) in made.found()


@pytest.mark.promise("OPS-5.18")
def test_a_checkpoint_whose_body_was_changed_is_found_even_with_its_hash_computed_anew() -> None:
    made = record()
    last = made.checkpoints[-1]
    for old, new in (('"seq":7', '"seq":6'), ("Z", "z"), ('"v":1', '"v":2'), (STORE, "store-2")):
        assert old in last.body
        text = last.body.replace(old, new, 1)
        made.checkpoints[-1] = msgspec.structs.replace(last, body=text, hash=audit.body_hash(text))
        assert made.found() == [("checkpoint", "", 2)]


@pytest.mark.promise("OPS-5.18")
def test_a_deleted_checkpoint_is_missed_where_the_next_one_stands_and_nowhere_else() -> None:
    made = record()
    for _ in range(3):
        made.write()
        made.seal()
    del made.checkpoints[1]
    assert made.found() == [("checkpoint", "", 3)]


@pytest.mark.promise("OPS-5.18", "OPS-5.15")
def test_a_signed_checkpoint_that_leaves_out_a_number_or_follows_another_is_found() -> None:
    made = record()
    made.seal(leap=1)
    assert made.found() == [("checkpoint", "", 4)]
    made = record()
    made.seal(prev=made.checkpoints[0].hash)
    assert made.found() == [("checkpoint", "", 3)]


@pytest.mark.promise("OPS-5.18")
def test_checkpoints_in_another_order_or_twice_are_found() -> None:
    made = record()
    made.checkpoints.reverse()
    assert ("checkpoint", "", 2) in made.found()
    made = record()
    made.checkpoints.append(made.checkpoints[-1])
    assert made.found() == [("checkpoint", "", 2)]


@pytest.mark.promise("OPS-5.18", "OPS-5.14")
def test_a_checkpoint_forged_by_another_key_is_found_and_what_it_says_is_not_believed() -> None:
    made = record()
    made.rewrite("c1", 2, target="mallory")
    made.checkpoints = []
    made.seal(secret=b"mallory's")
    report = made.check()
    assert [(fault.kind.value, fault.seq) for fault in report.faults] == [("checkpoint", 1)]
    assert (report.newest, report.unsealed) == (None, 12)


@pytest.mark.promise("OPS-5.18")
def test_a_checkpoint_of_another_store_says_nothing_of_this_one() -> None:
    made = record()
    report = audit_check.check("store-2", made.checkpoints, [], check_signature)
    assert [(fault.kind.value, fault.seq) for fault in report.faults] == [("checkpoint", 1), ("checkpoint", 2)]


def test_a_leap_to_a_huge_number_costs_no_memory_for_what_is_missing() -> None:
    made = record()
    forged = msgspec.structs.replace(made.events[-1], seq=2**62)
    made.events.append(msgspec.structs.replace(forged, hash=audit.event_hash(forged)))
    assert ("deleted", "c1", 9) in made.found()


@pytest.mark.promise("OPS-5.18")
def test_one_answer_names_every_place() -> None:
    made = record()
    at = place(made, "c1", 2)
    made.events[at] = altered(made.events[at], "target")
    del made.events[place(made, "c2", 1)]
    made.events.append(made.events[place(made, "c1", 6)])
    assert made.found() == [("edited", "c1", 2), ("inserted", "c1", 6), ("deleted", "c2", 1)]


@pytest.mark.promise("OPS-5.18")
@given(st.randoms(use_true_random=False))
def test_whatever_single_thing_is_done_to_what_is_sealed_is_found(dice: random.Random) -> None:
    made = record()
    sealed = [event for event in made.events if event.seq <= {"c1": 7, "c2": 4}[event.chain]]
    victim = made.events.index(dice.choice(sealed))
    deed = dice.choice(["edit", "delete", "double", "move", "rewrite", "cut"])
    before = list(made.events)
    if deed == "edit":
        made.events[victim] = altered(made.events[victim], dice.choice(EVENT_FIELDS))
    elif deed == "delete":
        del made.events[victim]
    elif deed == "double":
        made.events.insert(dice.randrange(victim, 13), made.events[victim])
    elif deed == "move":
        made.events.insert(dice.randrange(12), made.events.pop(victim))
    elif deed == "rewrite":
        made.rewrite(made.events[victim].chain, made.events[victim].seq, target="mallory")
    else:
        made.events = made.events[:victim]
    by_chain = sorted(made.events, key=lambda event: event.chain)  # among each other, chains have no order
    if by_chain == sorted(before, key=lambda event: event.chain):
        assert made.found() == []
    else:
        assert made.found() != []


@given(st.lists(st.sampled_from(["c1", "c2", "c3", "seal"]), max_size=30))
def test_no_record_that_was_honestly_written_raises_an_alarm(steps: list[str]) -> None:
    made = Record()
    for step in steps:
        if step == "seal":
            made.seal()
        else:
            made.write(step)
    heads = [event.hash for event in made.events] + [checkpoint.hash for checkpoint in made.checkpoints]
    assert made.found(*heads) == []
