"""Who asks, and what they may do: roles, actions and scopes, each in one table.

Rules of this file:
- An action that stands in no table is nobody's: `may` answers no for what it does not know.
- A role includes every role below it; a scope names exactly the actions it opens, and never more than its owner's
  role would.
- Agents and scripts have no role. They reach what policy and clearance give them; a running script's broker records
  what it does for it, and that is all that a script may.
"""

import enum
from collections.abc import Mapping

import msgspec


class Kind(enum.StrEnum):
    """What sort of asker this is."""

    AGENT = "agent"
    SCRIPT = "script"
    TOKEN = "token"
    PERSON = "person"
    LOCAL = "local"  # somebody at the machine's own socket who has not proven which person they are
    SETUP = "setup"  # somebody who has shown the set-up code, while there is nobody yet
    SYSTEM = "system"  # the daemon's own acts: start, stop, seal


class Role(enum.StrEnum):
    """What a person is trusted with; each includes the ones before it."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """The height of this role: a higher one includes a lower one."""
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Action(enum.StrEnum):
    """Every act that the ledger authorises, as noun.verb."""

    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    CHECKPOINT_SEAL = "checkpoint.seal"
    DAEMON_START = "daemon.start"
    DAEMON_STOP = "daemon.stop"
    EFFECT_RECOVER = "effect.recover"
    HTTP_REQUEST = "http.request"
    PASSWORD_CHANGE = "password.change"
    PERSON_ADD = "person.add"
    PERSON_DISABLE = "person.disable"
    PERSON_ENABLE = "person.enable"
    PERSON_READ = "person.read"
    PERSON_REGROUP = "person.regroup"
    PERSON_RESET_PASSWORD = "person.reset_password"
    PERSON_SET_ROLE = "person.set_role"
    SECRET_ACCESS = "secret.access"
    SECRET_DELETE = "secret.delete"
    SECRET_FINISH_ROTATION = "secret.finish_rotation"
    SECRET_READ = "secret.read"
    SECRET_ROTATE_KEY = "secret.rotate_key"
    SECRET_SET = "secret.set"
    SESSION_UNLOCK = "session.unlock"
    SESSION_LOCK = "session.lock"
    SETUP_FINISH = "setup.finish"
    SETUP_OPEN = "setup.open"
    STATUS_READ = "status.read"
    TOKEN_CREATE = "token.create"
    TOKEN_READ = "token.read"
    TOKEN_REVOKE = "token.revoke"
    TOTP_ENROL = "totp.enrol"
    TOTP_REMOVE = "totp.remove"


# The lowest role that may take each action.
ROLE_NEEDED: Mapping[Action, Role] = {
    Action.AUDIT_READ: Role.VIEWER,
    Action.STATUS_READ: Role.VIEWER,
    Action.PERSON_READ: Role.VIEWER,
    Action.SECRET_READ: Role.VIEWER,
    Action.TOKEN_READ: Role.VIEWER,
    Action.SESSION_LOCK: Role.VIEWER,
    Action.SESSION_UNLOCK: Role.VIEWER,
    Action.PASSWORD_CHANGE: Role.VIEWER,
    Action.TOTP_ENROL: Role.VIEWER,
    Action.TOTP_REMOVE: Role.VIEWER,
    Action.TOKEN_CREATE: Role.VIEWER,
    Action.TOKEN_REVOKE: Role.VIEWER,
    Action.AUDIT_EXPORT: Role.REVIEWER,
    Action.PERSON_ADD: Role.ADMIN,
    Action.PERSON_DISABLE: Role.ADMIN,
    Action.PERSON_ENABLE: Role.ADMIN,
    Action.PERSON_REGROUP: Role.ADMIN,
    Action.PERSON_RESET_PASSWORD: Role.ADMIN,
    Action.PERSON_SET_ROLE: Role.ADMIN,
    Action.SECRET_DELETE: Role.ADMIN,
    Action.SECRET_ROTATE_KEY: Role.ADMIN,
    Action.SECRET_SET: Role.ADMIN,
}

# What somebody at the local socket may do without saying who they are: look, and say who they are. That is so however
# the AI runs: a setting that said "the AI is elsewhere" would be a key that the machine's account could turn.
LOCAL_ACTIONS = frozenset(
    {
        Action.AUDIT_READ,
        Action.STATUS_READ,
        Action.PERSON_READ,
        Action.SECRET_READ,
        Action.TOKEN_READ,
        Action.SESSION_UNLOCK,
        Action.SETUP_FINISH,
    }
)

# What the daemon does by itself.
SYSTEM_ACTIONS = frozenset(
    {
        Action.DAEMON_START,
        Action.DAEMON_STOP,
        Action.CHECKPOINT_SEAL,
        Action.EFFECT_RECOVER,
        Action.SECRET_FINISH_ROTATION,
        Action.SETUP_OPEN,
    }
)

# What a running script does through its broker, once its approval and its capabilities reach it.
SCRIPT_ACTIONS = frozenset({Action.SECRET_ACCESS, Action.HTTP_REQUEST})

# What each scope of an API token opens. A scope whose actions come with a later part of the product is not listed:
# a token must never promise what nothing checks.
SCOPES: Mapping[str, frozenset[Action]] = {
    "audit:read": frozenset({Action.AUDIT_READ, Action.AUDIT_EXPORT}),
    "people:read": frozenset({Action.PERSON_READ}),
    "people:write": frozenset(
        {
            Action.PERSON_ADD,
            Action.PERSON_DISABLE,
            Action.PERSON_ENABLE,
            Action.PERSON_READ,
            Action.PERSON_REGROUP,
            Action.PERSON_RESET_PASSWORD,
            Action.PERSON_SET_ROLE,
        }
    ),
    "secrets:read": frozenset({Action.SECRET_READ}),
    "secrets:write": frozenset({Action.SECRET_DELETE, Action.SECRET_READ, Action.SECRET_ROTATE_KEY, Action.SECRET_SET}),
    "status:read": frozenset({Action.STATUS_READ}),
    "tokens:read": frozenset({Action.TOKEN_READ}),
}


# Who has no role of their own, and what they may all the same.
_OF_KIND: Mapping[Kind, frozenset[Action]] = {
    Kind.SYSTEM: SYSTEM_ACTIONS,
    Kind.SCRIPT: SCRIPT_ACTIONS,
    Kind.LOCAL: LOCAL_ACTIONS,
    Kind.SETUP: frozenset({Action.SETUP_FINISH}),
}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks. `id` carries its kind (`per_…`, `tok_…`, `agent/…`, `local/uid`); `name` is for people."""

    kind: Kind
    id: str
    name: str
    role: Role | None = None
    scopes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    owner: str | None = None  # a token's person

    def may(self, action: Action) -> bool:
        """Say whether this principal's role, scopes or kind reach the action. What no table names is refused."""
        if self.kind in _OF_KIND:
            return action in _OF_KIND[self.kind]
        if self.kind is Kind.PERSON:
            return self._role_reaches(action)
        if self.kind is Kind.TOKEN:
            return self._role_reaches(action) and any(action in SCOPES.get(scope, ()) for scope in self.scopes)
        return False

    def _role_reaches(self, action: Action) -> bool:
        needed = ROLE_NEEDED.get(action)
        return needed is not None and self.role is not None and self.role.rank >= needed.rank


SYSTEM = Principal(kind=Kind.SYSTEM, id="system", name="openpact")
