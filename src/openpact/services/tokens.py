"""API tokens: made by people for programs, shown once, ended at any time.

Rules of this file:
- A token is never more than its owner and never more than its scopes; only people own tokens.
- The text is shown once and never stored: what is kept is its hash. It has 256 bits, so a plain hash is enough.
- Everybody ends their own tokens; an administrator ends anybody's.
"""

import hashlib
import secrets

from openpact.adapters.store import Store, people, tokens
from openpact.adapters.store.tokens import Token
from openpact.domain import errors, instant
from openpact.domain.principal import ROLE_NEEDED, SCOPES, Action, Kind, Principal, Role
from openpact.services.ledger import Act, Ledger

PREFIX = "opt_"
LONGEST_DAYS = 366
_MAX_NAME = 64


class Tokens:
    """The tokens of one store."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger

    def everything(self) -> list[tuple[Token, str]]:
        """Give all tokens with their owners' names, the newest first."""
        with self._store.reading() as snapshot:
            names = {person.id: person.username for person in people.everyone(snapshot)}
            return [(token, names.get(token.owner, token.owner)) for token in tokens.everything(snapshot)]

    def create(
        self, who: Principal, name: str, scopes: tuple[str, ...], days: int, request: str | None = None
    ) -> tuple[Token, str]:
        """Make a token and give it with its text. Raises Invalid, Forbidden, AlreadyExists, UnlockRequired."""
        if who.kind is Kind.LOCAL:
            error = errors.UnlockRequired("A token belongs to a person.", hint="Sign in at this terminal first.")
            raise self._ledger.refuse(who, Action.TOKEN_CREATE, name[:64], error, request)
        name = _check_name(name)
        _check_scopes(scopes)
        if not 1 <= days <= LONGEST_DAYS:
            raise errors.Invalid(f"A token lives 1 to {LONGEST_DAYS} days, not {days}.")
        text = PREFIX + secrets.token_urlsafe(32)

        def change(act: Act) -> Token:
            if act.who.kind is not Kind.PERSON:
                raise errors.Forbidden("A token cannot make another token.", hint="Let a person create it.")
            owner = people.find(act.tx, act.who.id)
            for scope in scopes:
                if owner is None or not _reaches(owner.role, scope):
                    raise errors.Forbidden(f"Your role does not reach anything of the scope {scope}.")
            token = Token(
                id=act.new_id("tok"),
                name=name,
                owner=act.who.id,
                secret_hash=hash_of(text),
                scopes=tuple(sorted(set(scopes))),
                created_at=act.now,
                expires_at=act.now + days * instant.DAY,
                seen_at=None,
                revoked_at=None,
            )
            if not tokens.add(act.tx, token):
                raise errors.AlreadyExists(
                    f"You have a token named {name!r} already.", hint="Revoke it or choose a name."
                )
            act.target = token.id
            act.details.update(name=name, scopes=list(token.scopes), expires_at=instant.as_text(token.expires_at))
            return token

        return self._ledger.act(who, Action.TOKEN_CREATE, name, change, request_id=request), text

    def revoke(self, who: Principal, token_id: str, request: str | None = None) -> Token:
        """End a token. Raises NotFound, IllegalMove, Forbidden."""

        def change(act: Act) -> Token:
            token = tokens.find(act.tx, token_id)
            if token is None:
                raise errors.NotFound(
                    f"There is no token {token_id!r}.", hint="`openpact token list` shows what there is."
                )
            asker = people.find(act.tx, act.who.owner or act.who.id)
            role = act.who.role if asker is None else asker.role
            if token.owner != act.who.id and role is not Role.ADMIN:
                raise errors.Forbidden(
                    "This token belongs to somebody else.", hint="Ask an administrator to revoke it."
                )
            if not tokens.revoke(act.tx, token.id, act.now):
                raise errors.IllegalMove("The token was revoked before.")
            act.details.update(name=token.name, owner=token.owner)
            return token

        return self._ledger.act(who, Action.TOKEN_REVOKE, token_id, change, request_id=request)


def hash_of(text: str) -> str:
    """Give the hash that a token is known by."""
    return hashlib.sha256(b"openpact token\0" + text.encode("utf-8", "replace")).hexdigest()


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise errors.Invalid("A token's name has 1 to 64 printable characters.")
    return name


def _check_scopes(scopes: tuple[str, ...]) -> None:
    known = ", ".join(sorted(SCOPES))
    if not scopes:
        raise errors.Invalid("A token needs at least one scope.", hint=f"The scopes are: {known}.")
    for scope in scopes:
        if scope not in SCOPES:
            raise errors.Invalid(f"There is no scope {scope!r}.", hint=f"The scopes are: {known}.")


def _reaches(role: Role, scope: str) -> bool:
    return any(role.rank >= ROLE_NEEDED[action].rank for action in SCOPES[scope])
