"""The record's pieces: what an event's hash covers, and that what is shown is what is hashed."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import audit, errors, instant
from tests.domain.record import START, STORE, Record

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts | st.decimals(-9, 9, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
drafts = st.fixed_dictionaries(
    {
        "at": st.integers(0, 4 * 10**15),
        "details": st.dictionaries(texts, values, max_size=4),
        **dict.fromkeys(("id", "actor", "actor_name", "action", "target", "outcome"), texts),
        **dict.fromkeys(("decision_id", "request_id", "policy_version"), st.none() | texts),
    }
).map(lambda said: audit.Draft(**said))  # type: ignore[arg-type]


def event(**said: object) -> audit.Event:
    return Record().write(**said)  # type: ignore[arg-type]


@pytest.mark.promise("OPS-5.01")
def test_an_event_has_its_place_and_its_type_is_the_noun_of_its_action() -> None:
    made = event(action="token.create", details={"b": 1, "a": Decimal("1.0")}, request_id="req_1")
    assert (made.chain, made.seq, made.prev, made.type) == ("c1", 1, audit.genesis(STORE, "c1"), "token")
    assert (made.details, made.request_id, made.decision_id) == ('{"a":1,"b":1}', "req_1", None)
    assert made.hash == audit.event_hash(made)
    assert len(made.hash) == 64


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("name", [name for name in audit.Event.__struct_fields__ if name != "hash"])
def test_the_hash_covers_every_field(name: str) -> None:
    made = event(request_id="req_1", decision_id="dec_1", policy_version="p1")
    old = getattr(made, name)
    changed = msgspec.structs.replace(made, **{name: old + 1 if isinstance(old, int) else old + "x"})
    assert audit.event_hash(changed) != made.hash


@pytest.mark.promise("OPS-5.18")
def test_what_moves_from_one_field_to_the_next_is_another_event() -> None:
    made = event(actor="ab", actor_name="cd")
    moved = msgspec.structs.replace(made, actor="abc", actor_name="d")
    none = msgspec.structs.replace(made, request_id="")
    assert len({audit.event_hash(one) for one in (made, moved, none)}) == 3


@pytest.mark.promise("OPS-5.13")
def test_no_other_store_and_no_other_chain_begins_alike() -> None:
    beginnings = {audit.genesis(store, chain) for store in ("s1", "s2") for chain in ("c1", "c2")}
    assert len(beginnings) == 4


@pytest.mark.promise("OPS-5.20")
@given(drafts)
def test_an_event_is_read_back_from_its_document_as_it_was_written(draft: audit.Draft) -> None:
    made = audit.link(draft, chain="c1", seq=1, prev=audit.NOTHING)
    again = audit.from_document(audit.as_document(made))
    assert again == made
    assert audit.event_hash(again) == made.hash


@pytest.mark.promise("API-1.07")
def test_a_document_tells_the_time_as_text_and_the_details_as_an_object() -> None:
    shown = audit.as_document(event())
    assert (shown["ts"], shown["details"]) == (instant.as_text(START + 1), {"n": 1})


REFUSED: dict[str, dict[str, Any]] = {
    "no time": {"ts": None},
    "a time that is a number": {"ts": START + 1},
    "a time that is none": {"ts": "yesterday"},
    "the same time in other words": {"ts": "2026-02-05 10:30:00.000001Z"},
    "the same time with an offset": {"ts": "2026-02-05T11:30:00.000001+01:00"},
    "details that are a text": {"details": "{}"},
    "details that are a list": {"details": []},
    "a number that is a text": {"seq": "1"},
    "a text that is a number": {"actor": 7},
    "something beside that no hash covers": {"note": "all is well"},
    "the time twice": {"at": START},
}


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("name", REFUSED)
def test_a_document_of_another_form_is_no_event(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        audit.from_document({**audit.as_document(event()), **REFUSED[name]})


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("name", audit.as_document(event()))
def test_a_document_that_lacks_a_field_is_no_event(name: str) -> None:
    document = audit.as_document(event())
    del document[name]
    with pytest.raises(ValueError, match=name):
        audit.from_document(document)


@pytest.mark.promise("OPS-5.15")
def test_a_checkpoint_says_where_every_chain_ends_and_what_was_sealed_before() -> None:
    record = Record()
    record.write("c1")
    record.write("c2")
    first, second = record.seal(), record.seal()
    said = audit.read_body(second.body)
    assert said.heads == {event.chain: audit.Head(1, event.hash) for event in record.events}
    assert (said.v, said.number, said.store, said.prev) == (1, 2, STORE, first.hash)
    assert instant.from_text(said.ts) == second.at
    assert (said.key, second.hash) == (second.key_id, audit.body_hash(second.body))
    assert audit.read_body(first.body).prev == audit.NOTHING


@pytest.mark.promise("OPS-5.14")
def test_a_signature_is_over_bytes_that_nothing_else_of_ours_signs() -> None:
    record = Record()
    record.write()
    text = record.seal().body
    assert audit.signed_bytes(text) == b"openpact audit checkpoint 1\0" + text.encode()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"v":1}', "not json"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises((ValueError, errors.JsonInvalid)):
        audit.read_body(text)


def test_a_checkpoint_that_says_more_than_is_known_is_refused() -> None:
    record = Record()
    record.write()
    text = record.seal().body
    with pytest.raises(ValueError, match="unknown field"):
        audit.read_body(text[:-1] + ',"zzz":1}')


@pytest.mark.promise("API-1.08")
def test_hashes_are_shown_with_the_name_of_their_kind_and_read_back_only_so() -> None:
    made = event()
    shown = audit.as_document(made)
    assert (shown["hash"], shown["prev"]) == ("sha256:" + made.hash, "sha256:" + made.prev)
    for changed in ({"hash": made.hash}, {"prev": made.prev}, {"hash": 7}, {"prev": None}):
        with pytest.raises(ValueError, match=r"."):
            audit.from_document({**shown, **changed})


@pytest.mark.promise("OPS-5.19", "API-1.08")
def test_a_head_is_read_as_people_keep_it() -> None:
    bare = "0123456789abcdef" * 4
    for text in (bare, "sha256:" + bare, f" sha256:{bare}\n", bare.upper()):
        assert audit.bare_head(text) == bare


@pytest.mark.parametrize("text", ["", "sha256:", "f" * 63, "f" * 65, "g" * 64, "sha512:" + "f" * 64, "\u0663" * 64])
def test_what_is_no_head_is_refused_rather_than_never_found(text: str) -> None:
    with pytest.raises(errors.Invalid) as said:
        audit.bare_head(text)
    assert said.value.hint


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize(
    "field",
    [
        {"details": "{"},
        {"details": "[]"},
        {"details": '{"a": 1}'},
        {"details": '{"a":1,"a":1}'},
        {"at": 10**30},
        {"type": "other"},
    ],
    ids=str,
)
def test_a_right_hash_over_what_could_never_be_shown_is_no_event(field: dict[str, Any]) -> None:
    whole = event(action="token.create", details={"a": 1})
    assert audit.is_well_formed(whole)
    assert not audit.is_well_formed(msgspec.structs.replace(whole, **field))
