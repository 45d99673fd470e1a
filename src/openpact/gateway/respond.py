"""How the agents' door says no: one table from error to JSON-RPC code.

Rules of this file:
- -32600 to -32603 keep the meaning that JSON-RPC gives them; ours begin at -32004, beside the -32003 of an approval.
- A message stands alone: most clients show the model nothing else. Neither it nor the data ever holds a secret.
"""

from collections.abc import Mapping

from openpact.domain import errors

CODES: Mapping[type[errors.OpenPactError], int] = {
    errors.NotAuthenticated: -32004,
    errors.InvalidCredentials: -32004,
    errors.UnlockRequired: -32004,
    errors.Forbidden: -32004,
    errors.SetupCompleted: -32004,
    errors.SecretNotGranted: -32004,
    errors.SetupRequired: -32004,
    errors.SetupCodeInvalid: -32004,
    errors.Invalid: -32602,
    errors.PasswordInvalid: -32602,
    errors.PasswordMismatch: -32602,
    errors.JsonInvalid: -32700,
    errors.ConfigInvalid: -32602,
    errors.PathRefused: -32602,
    errors.MediaTypeRefused: -32600,
    errors.ScriptInvalid: -32602,
    errors.TooLarge: -32600,
    errors.NotFound: -32602,
    errors.AlreadyExists: -32005,
    errors.LastAdministrator: -32005,
    errors.IllegalMove: -32005,
    errors.LimitExceeded: -32006,
    errors.Unavailable: -32007,
    errors.StoreUnavailable: -32007,
    errors.StoreBusy: -32007,
    errors.StoreFull: -32007,
    errors.StoreCorrupt: -32007,
    errors.StoreNewer: -32007,
    errors.WorkspaceUnusable: -32007,
    errors.KeyExposed: -32007,
    errors.KeyUnusable: -32007,
    errors.NotDelivered: -32007,
    errors.OutcomeUnknown: -32008,
    errors.PortInUse: -32007,
    errors.SandboxUnavailable: -32007,
    errors.DaemonUnavailable: -32007,
}


def error_object(error: errors.OpenPactError) -> dict[str, object]:
    """Give the `error` member of a JSON-RPC response."""
    data: dict[str, object] = {"code": error.code}
    if error.hint is not None:
        data["hint"] = error.hint
    return {"code": CODES[type(error)], "message": error.message, "data": data}
