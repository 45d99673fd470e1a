"""How the command line ends: one table from error to exit code.

0 done · 1 error · 2 usage · 3 not found · 4 conflict · 5 denied · 6 unavailable
"""

from collections.abc import Mapping

from openpact.domain import errors

CODES: Mapping[type[errors.OpenPactError], int] = {
    errors.NotAuthenticated: 5,
    errors.InvalidCredentials: 5,
    errors.UnlockRequired: 5,
    errors.Forbidden: 5,
    errors.SetupCompleted: 4,
    errors.SecretNotGranted: 5,
    errors.SetupRequired: 5,
    errors.SetupCodeInvalid: 5,
    errors.Invalid: 2,
    errors.PasswordInvalid: 1,
    errors.PasswordMismatch: 1,
    errors.JsonInvalid: 1,
    errors.ConfigInvalid: 1,
    errors.PathRefused: 2,
    errors.MediaTypeRefused: 1,
    errors.ScriptInvalid: 1,
    errors.TooLarge: 1,
    errors.NotFound: 3,
    errors.AlreadyExists: 4,
    errors.LastAdministrator: 4,
    errors.IllegalMove: 4,
    errors.LimitExceeded: 5,
    errors.Unavailable: 6,
    errors.StoreUnavailable: 6,
    errors.StoreBusy: 6,
    errors.StoreFull: 6,
    errors.StoreCorrupt: 6,
    errors.StoreNewer: 6,
    errors.WorkspaceUnusable: 6,
    errors.KeyExposed: 6,
    errors.KeyUnusable: 6,
    errors.NotDelivered: 6,
    errors.OutcomeUnknown: 1,
    errors.PortInUse: 6,
    errors.SandboxUnavailable: 6,
    errors.DaemonUnavailable: 6,
}

_BY_CODE = {kind.code: number for kind, number in CODES.items()}


def code_of(error: errors.OpenPactError) -> int:
    """Give the exit code for an error of ours, or for one that a daemon answered with."""
    return CODES.get(type(error), _BY_CODE.get(error.code, 1))
