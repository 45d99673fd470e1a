"""The people's door: every URL in one table, and the way of a request through it.

Rules of this file:
- A URL that is not in the table does not exist; one that is says who may ask.
- Until there is an administrator only what is public answers.
- Reading is checked here against the asker's role; a change is checked by the ledger, in the transaction of the act.
- The order is: known URL, method, who asks, set-up, role, size, type, act.
"""

import asyncio
import enum
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from secrets import token_bytes
from typing import NamedTuple, TypeVar, cast

import structlog
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match, Route

from openpact.adapters.peer import Peer
from openpact.domain import errors, identity
from openpact.domain.principal import Action, Principal
from openpact.services import standing
from openpact.services.house import House
from openpact.web import audit, auth, health, people, secrets, setup, status, tokens
from openpact.web.ask import DONE, MAX_BODY, Ask, Lines, Made
from openpact.web.respond import answer, nothing, refusal, said

T = TypeVar("T")

_LONGEST_PART = 128  # characters of a name in a URL; it ends up in the record
_HEALTH = ThreadPoolExecutor(2, "openpact-health")
_log = structlog.get_logger("openpact.web")


class Open(enum.Enum):
    """What needs no role: everybody, or everybody at the machine's own socket."""

    EVERYBODY = enum.auto()
    SOCKET = enum.auto()
    ACTS = enum.auto()  # the ledger decides, in the transaction of the act


class Url(NamedTuple):
    """One URL of the door."""

    method: str
    path: str
    answer: Callable[[Ask], object]
    needs: Open | Action


TABLE: tuple[Url, ...] = (
    Url("GET", "/health", health.health, Open.EVERYBODY),
    Url("GET", "/healthz", health.alive, Open.EVERYBODY),
    Url("GET", "/ready", health.ready, Open.EVERYBODY),
    Url("GET", "/api/health", health.health, Open.EVERYBODY),
    Url("GET", "/api/setup/status", setup.status, Open.EVERYBODY),
    Url("POST", "/api/setup", setup.finish, Open.EVERYBODY),
    Url("GET", "/api/status", status.summary, Action.STATUS_READ),
    Url("GET", "/api/auth/me", auth.me, Open.ACTS),
    Url("POST", "/api/auth/unlock", auth.unlock, Open.SOCKET),
    Url("POST", "/api/auth/lock", auth.lock, Open.SOCKET),
    Url("POST", "/api/auth/totp", auth.enrol_totp, Open.ACTS),
    Url("POST", "/api/auth/totp/confirm", auth.confirm_totp, Open.ACTS),
    Url("GET", "/api/users", people.everyone, Action.PERSON_READ),
    Url("POST", "/api/users", people.add, Open.ACTS),
    Url("GET", "/api/users/{username}", people.one, Action.PERSON_READ),
    Url("PATCH", "/api/users/{username}", people.alter, Open.ACTS),
    Url("DELETE", "/api/users/{username}/totp", auth.remove_totp, Open.ACTS),
    Url("GET", "/api/tokens", tokens.everything, Action.TOKEN_READ),
    Url("POST", "/api/tokens", tokens.create, Open.ACTS),
    Url("DELETE", "/api/tokens/{token}", tokens.revoke, Open.ACTS),
    Url("GET", "/api/secrets", secrets.everything, Action.SECRET_READ),
    Url("POST", "/api/secrets/rotate-key", secrets.rotate_key, Open.ACTS),  # no secret's name has small letters
    Url("GET", "/api/secrets/{name}", secrets.one, Action.SECRET_READ),
    Url("POST", "/api/secrets/{name}", secrets.put, Open.ACTS),
    Url("DELETE", "/api/secrets/{name}", secrets.delete, Open.ACTS),
    Url("GET", "/api/audit", audit.find, Action.AUDIT_READ),
    Url("GET", "/api/audit/export", audit.export, Open.ACTS),
    Url("GET", "/api/audit/verify", audit.verify, Action.AUDIT_READ),
)


def build(house: House) -> Starlette:
    """Build the door of this house."""
    routes = [Route(url.path, _endpoint(house, url), methods=[url.method]) for url in _by_path()]
    handlers = {404: _unknown, 405: _wrong_method}
    door = Starlette(routes=[*routes], exception_handlers=cast("dict[object, object]", handlers))  # type: ignore[arg-type]
    door.router.redirect_slashes = False  # what is not in the table does not exist, a slash behind it included
    return door


def _by_path() -> list[Url]:
    return sorted(TABLE, key=lambda url: url.path)


def _endpoint(house: House, url: Url) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        request_id = _request_id()
        try:
            ask = await _ask(house, url, request, request_id)
            return _respond(await _in_thread(url, url.answer, ask), request_id)
        except errors.OpenPactError as error:
            _note(error, request, request_id)
            return refusal(error, request_id)
        except Exception:  # noqa: BLE001 - see below
            # Whatever it is, it is a fault of ours: told to the log with its trace, to the asker by its id alone.
            _log.exception("request failed", request_id=request_id, path=url.path)
            return said(500, "internal", "Something went wrong here; the log has the details.", request_id)

    return endpoint


async def _in_thread(url: Url, work: Callable[..., T], *given: object) -> T:
    # Health has threads of its own: it must answer while every other one waits for the hasher or the store.
    threads = _HEALTH if url.needs is Open.EVERYBODY and url.method == "GET" else None
    return await asyncio.get_running_loop().run_in_executor(threads, work, *given)


async def _ask(house: House, url: Url, request: Request, request_id: str) -> Ask:
    peer = cast("Peer | None", getattr(request.state, "peer", None))
    who = await _in_thread(url, _who, house, url, request, peer)
    raw = b""
    if request.method in {"POST", "PATCH", "PUT"}:
        raw = await _body(request)
    texts = [*request.path_params.values(), *request.query_params.values()]
    if any("\0" in str(text) for text in texts):
        raise errors.Invalid("The URL holds a NUL character.")
    if any(len(str(text)) > _LONGEST_PART for text in request.path_params.values()):
        raise errors.NotFound("Nothing here has so long a name.")
    return Ask(
        house=house,
        who=who,
        request_id=request_id,
        address=f"local/{peer.uid}" if peer is not None else request.client.host if request.client else "unknown",
        peer=peer,
        path=request.path_params,
        query=dict(request.query_params),
        lists={name: request.query_params.getlist(name) for name in request.query_params},
        raw=raw,
    )


def _who(house: House, url: Url, request: Request, peer: Peer | None) -> Principal:
    authorization = request.headers.get("authorization")
    if url.needs is Open.EVERYBODY:
        return auth.NOBODY if peer is None else auth.at_socket(house, peer, None)
    if peer is None and url.needs is Open.SOCKET:
        raise errors.Forbidden("This is answered at the machine's own socket only.")
    if house.setup.required():
        raise errors.SetupRequired(
            "Nobody has set this up yet.",
            hint="Run `openpact user add NAME` with the code that `openpact up` printed.",
        )
    if peer is not None:
        who = auth.at_socket(house, peer, authorization)
    elif authorization is None:
        raise errors.NotAuthenticated("This needs a sign-in.", hint="Send an API token: Authorization: Bearer opt_…")
    else:
        who = auth.by_token(house, authorization)
    if isinstance(url.needs, Action):
        with house.store.reading() as snapshot:
            standing.authorise(snapshot, who, url.needs, house.ledger.now())
    return who


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:12]) > MAX_BODY:
        raise errors.TooLarge(f"A request has at most {MAX_BODY} bytes.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise errors.TooLarge(f"A request has at most {MAX_BODY} bytes.")
    # A form that another site's page posts has no JSON type: it is refused before it is read.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and kind != "application/json":
        raise errors.MediaTypeRefused("The body must be JSON.", hint="Send: Content-Type: application/json")
    return bytes(raw)


def _respond(result: object, request_id: str) -> Response:
    if isinstance(result, Response):
        return result
    if result is DONE:
        return nothing(request_id)
    if isinstance(result, Made):
        return answer(result.document, request_id, 201)
    if isinstance(result, Lines):
        headers = {
            "Content-Disposition": f'attachment; filename="{result.file_name}"',
            "Cache-Control": "no-store",
            "X-Request-Id": request_id,
        }
        lines = cast("Iterator[bytes]", result.lines)
        return StreamingResponse(iterate_in_threadpool(lines), media_type=result.media_type, headers=headers)
    return answer(result, request_id)


def _note(error: errors.OpenPactError, request: Request, request_id: str) -> None:
    # What no act came of stands in no record: the log has it. That a terminal is locked is everyday.
    turned_away = errors.NotAuthenticated | errors.Forbidden | errors.LimitExceeded
    if isinstance(error, turned_away) and not isinstance(error, errors.UnlockRequired):
        address = request.client.host if request.client else "local"
        path = request.url.path[:200]
        _log.warning("turned away", reason=error.code, path=path, address=address, request_id=request_id)


def _request_id() -> str:
    # By the machine's own clock: asking the store's could hold up the event loop, and health with it.
    return identity.make("req", time.time_ns() // 1000, token_bytes(10))


async def _unknown(request: Request, _fault: Exception) -> Response:
    del request
    return said(404, "not_found", "There is nothing at this address.", _request_id())


async def _nowhere(request: Request) -> Response:
    raise AssertionError(request.url.path)  # a route is asked only whether it fits


async def _wrong_method(request: Request, _fault: Exception) -> Response:
    response = said(405, "method_not_allowed", f"This address does not answer {request.method}.", _request_id())
    scope = dict(request.scope)
    methods = {url.method for url in TABLE if Route(url.path, _nowhere).matches(scope)[0] is not Match.NONE}
    response.headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return response
