"""The log: structured lines for people (text) or programs (JSON), with secrets masked where a line leaves.

Rules of this file:
- Every line passes the mask last, whoever wrote it: what looks like a secret, stands under a secret's name, or was
  named as one to `hide`, does not leave.
- The log is no record: it may be lost, and never holds up or fails an act.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from openpact.domain import instant, logfmt
from openpact.domain.audit import Event

MASK = "***"
_SECRET_NAMES = ("password", "passwd", "secret", "authorization", "cookie", "otp", "api_key", "private_key")
_TOKEN = re.compile(r"opt_[A-Za-z0-9_-]{16,}")
_URL_PASSWORD = re.compile(r"(?<=://)([^:/?#@\s]*):([^/?#\s]*)@")
_BEARER = re.compile(r"(?i)\b(bearer|basic|otp) +[A-Za-z0-9._~+/=-]{8,}")
_SHORTEST_HIDDEN = 6
_TAKEN = frozenset({"event", "level", "ts", "exception", "chain", "seq"})  # what a line says in places of their own

_hidden: set[str] = set()


def hide(secret: str) -> None:
    """Never let this text leave in a line."""
    if len(secret) >= _SHORTEST_HIDDEN:
        _hidden.add(secret)


def masked(thing: Any) -> Any:
    """Give the value with every secret in it masked."""
    if isinstance(thing, str):
        for secret in sorted(_hidden, key=len, reverse=True):  # the longer first: one may begin with another
            thing = thing.replace(secret, MASK)
        thing = _TOKEN.sub("opt_" + MASK, thing)
        thing = _BEARER.sub(lambda match: f"{match[1]} {MASK}", thing)
        return _URL_PASSWORD.sub(lambda match: f"{match[1]}:{MASK}@", thing)
    if isinstance(thing, Mapping):
        return {masked(key): MASK if _is_secret_name(key) else masked(item) for key, item in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset):
        return [masked(item) for item in thing]
    if thing is None or isinstance(thing, bool | int | float):
        return thing
    return masked(thing.decode("utf-8", "replace") if isinstance(thing, bytes) else str(thing))


def configure(level: str, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Send every log line of this process, ours and the libraries', to the stream in the one form."""
    shared: list[structlog.typing.Processor] = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()]
    structlog.configure(
        processors=[*shared[:1], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _stamp,
            _mask,
            _as_json if as_json else _as_text,
        ],
    )
    handler = _Stream(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in ("uvicorn", "asyncio"):  # what they say of a good day is ours to say
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))


def audit_line(event: Event) -> None:
    """Write an event of the record as one line."""
    details = {f"{key}_" if key in _TAKEN else key: item for key, item in json.loads(event.details).items()}
    target, name = logfmt.visible(event.target), logfmt.visible(event.actor_name)
    line = f"[AUDIT] {event.action.replace('.', '_')}: {target} by {name} ({event.outcome})"
    structlog.get_logger("openpact.audit").info(line, chain=event.chain, seq=event.seq, **details)


class _Stream(logging.StreamHandler[TextIO]):
    """A stream whose loss is silent: the terminal was closed, the disk of the log is full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Drop the line: the record that counts is the audit, and it is written already."""


def _is_secret_name(key: object) -> bool:
    name = str(key).lower()
    return any(part in name for part in _SECRET_NAMES)


def _stamp(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord | None = fields.get("_record")
    created = record.created if record is not None else None
    at = int(created * 1_000_000) if created is not None else _now()
    return {"ts": instant.as_short_text(at), **fields}


def _now() -> int:
    return time.time_ns() // 1000


def _mask(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: MASK if _is_secret_name(key) else masked(item) for key, item in fields.items()}


def _as_text(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> str:
    rest = dict(fields)
    ts, level, event = rest.pop("ts"), str(rest.pop("level", "info")), logfmt.visible(str(rest.pop("event", "")))
    trace = rest.pop("exception", None)
    line = f"{ts} {level.upper()} {event}" + (f" {logfmt.pairs(rest)}" if rest else "")
    return line if trace is None else f"{line}\n{trace}"


def _as_json(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> str:
    return json.dumps(fields, default=str)
