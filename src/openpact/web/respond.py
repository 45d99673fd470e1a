"""How the people's door answers: one shape for errors, one table from error to HTTP status.

Rules of this file:
- Anything that is no answer of ours is `internal`: it is logged with the request's id, and only that id is shown.
- Every answer carries its request id and forbids caching: what is decided here must not come from a cache.
"""

import math
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from openpact.domain import errors

STATUS: Mapping[type[errors.OpenPactError], int] = {
    errors.NotAuthenticated: 401,
    errors.InvalidCredentials: 401,
    errors.UnlockRequired: 401,
    errors.Forbidden: 403,
    errors.SetupCompleted: 403,
    errors.SecretNotGranted: 403,
    errors.SetupRequired: 403,
    errors.SetupCodeInvalid: 403,
    errors.Invalid: 400,
    errors.PasswordInvalid: 400,
    errors.PasswordMismatch: 400,
    errors.JsonInvalid: 400,
    errors.ConfigInvalid: 400,
    errors.PathRefused: 400,
    errors.MediaTypeRefused: 415,
    errors.ScriptInvalid: 400,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.LastAdministrator: 409,
    errors.IllegalMove: 409,
    errors.LimitExceeded: 429,
    errors.Unavailable: 503,
    errors.StoreUnavailable: 503,
    errors.StoreBusy: 503,
    errors.StoreFull: 503,
    errors.StoreCorrupt: 503,
    errors.StoreNewer: 503,
    errors.WorkspaceUnusable: 503,
    errors.KeyExposed: 503,
    errors.KeyUnusable: 503,
    errors.NotDelivered: 503,
    errors.OutcomeUnknown: 504,
    errors.PortInUse: 503,
    errors.SandboxUnavailable: 503,
    errors.DaemonUnavailable: 503,
}

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def answer(document: object, request_id: str, status: int = 200) -> Response:
    """Answer with a document."""
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type="application/json",
        headers={**_HEADERS, "X-Request-Id": request_id},
    )


def nothing(request_id: str) -> Response:
    """Answer that it is done, with nothing to show."""
    return Response(status_code=204, headers={**_HEADERS, "X-Request-Id": request_id})


def refusal(error: errors.OpenPactError, request_id: str) -> Response:
    """Answer with an error of ours."""
    response = said(STATUS[type(error)], error.code, error.message, request_id, hint=error.hint, details=error.details)
    if isinstance(error, errors.LimitExceeded):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


def said(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    hint: str | None = None,
    details: Mapping[str, object] | None = None,
) -> Response:
    """Answer with an error in the one shape that errors have here."""
    document: dict[str, object] = {"error": code, "message": message}
    if hint is not None:
        document["hint"] = hint
    if details and "fields" in details:
        document["fields"] = details["fields"]
    if details and "retry_after" in details:
        document["retry_after"] = details["retry_after"]
    document["request_id"] = request_id
    return answer(document, request_id, status)
