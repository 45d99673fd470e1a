"""The record over the API: searched, followed, exported, verified."""

import csv
import io
from collections.abc import Iterator

from openpact.adapters.store.audit import Filter
from openpact.domain import audit, audit_check, errors, identity, instant, strict_json
from openpact.web.ask import Ask, Lines

MAX_PAGE = 1000
_LONGEST_INSTANT = 18  # digits that fit into the store's whole numbers
_CSV_COLUMNS = (
    "ts", "chain", "seq", "id", "type", "actor", "actor_name", "action", "target", "outcome",
    "decision_id", "request_id", "policy_version", "details", "prev", "hash",
)  # fmt: skip


def find(ask: Ask) -> object:
    """List events, the newest first; with `after` the ones behind that event, the oldest first."""
    limit = ask.number("limit", 100, MAX_PAGE)
    after = ask.query.get("after")
    if after is not None:
        at, event_id = _position(after)
        events = ask.house.audit.after(at, event_id, _filter(ask), limit)
        last = events[-1] if events else None
        cursor = after if last is None else f"{last.at}.{last.id}"
        return {"events": [audit.as_document(event) for event in events], "cursor": cursor}
    events = ask.house.audit.find(_filter(ask), limit + 1)
    page = events[:limit]
    following = f"{page[-1].at}.{page[-1].id}" if len(events) > limit else None
    newest = f"{page[0].at}.{page[0].id}" if page else None
    return {"events": [audit.as_document(event) for event in page], "next": following, "newest": newest}


def export(ask: Ask) -> object:
    """Give the whole record: JSON lines, which verify offline, or CSV, for a table."""
    form = ask.query.get("format", "jsonl")
    if form not in {"jsonl", "csv"}:
        raise errors.Invalid(f"There is no export format {form!r}.", hint="The formats are: jsonl, csv.")
    lines = ask.house.audit.export(ask.who, ask.request_id)
    if form == "csv":
        return Lines(_as_csv(lines), "text/csv", "openpact-audit.csv")
    return Lines(lines, "application/jsonl", "openpact-audit.jsonl")


def verify(ask: Ask) -> object:
    """Read the whole record and say where it is not what was written."""
    return shown(ask.house.audit.verify(list(ask.lists.get("head", ()))))


def shown(report: audit_check.Report) -> dict[str, object]:
    """Give a report as a document."""
    return {
        "intact": report.intact,
        "events": report.events,
        "checkpoints": report.checkpoints,
        "unsealed": report.unsealed,
        "head": None if report.newest is None else audit.HASH_PREFIX + report.newest,
        "chains": {
            name: {"seq": head.seq, "hash": audit.HASH_PREFIX + head.hash} for name, head in report.heads.items()
        },
        "faults": [
            {"kind": fault.kind.value, "chain": fault.chain, "seq": fault.seq, "message": fault.message}
            for fault in report.faults
        ],
    }


def _filter(ask: Ask) -> Filter:
    before = ask.query.get("cursor")
    return Filter(
        type=ask.query.get("type"),
        actor=ask.query.get("actor"),
        target=ask.query.get("target"),
        outcome=ask.query.get("outcome"),
        text=ask.query.get("q"),
        from_at=_instant(ask, "from"),
        to_at=_instant(ask, "to"),
        before=None if before is None else _position(before),
    )


def _instant(ask: Ask, name: str) -> int | None:
    text = ask.query.get(name)
    if text is None:
        return None
    try:
        return instant.from_text(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError as fault:
        raise errors.Invalid(
            f"{name}: {text[:40]!r} is no time.", hint="Write it as 2026-02-05 or 2026-02-05T10:30:00Z."
        ) from fault


def _position(text: str) -> tuple[int, str]:
    at, _, event_id = text.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) <= _LONGEST_INSTANT and identity.is_kind(event_id, "evt")):
        raise errors.Invalid("The cursor is none of ours.", hint="Take it from the answer before, unchanged.")
    return int(at), event_id


def _as_csv(lines: Iterator[bytes]) -> Iterator[bytes]:
    yield ",".join(_CSV_COLUMNS).encode() + b"\r\n"
    for line in lines:
        document = strict_json.parse(line.strip(), strict_json.Limits(max_bytes=len(line)))
        event = document.get("event") if isinstance(document, dict) else None
        if not isinstance(event, dict):
            continue
        row = io.StringIO()
        csv.writer(row).writerow([_cell(event.get(column)) for column in _CSV_COLUMNS])
        yield row.getvalue().encode()


def _cell(value: strict_json.Value) -> str:
    text = "" if value is None else value if isinstance(value, str) else strict_json.canonical(value).decode()
    # A table program would run a cell that begins like a formula, and some texts come from strangers.
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
