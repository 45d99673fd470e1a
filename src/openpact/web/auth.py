"""Who asks: by the machine's own socket, by a terminal unlocked there, or by a token.

Rules of this file:
- At the socket the kernel says who is there. Another account than ours, or the AI's, is turned away.
- A token stands in the Authorization header and nowhere else; in a URL it would end up in logs.
- What is unlocked is one terminal, for minutes; the answer says how long.
"""

import base64
import os
import pwd

import msgspec

from openpact.adapters.peer import Peer
from openpact.adapters.store.people import Person
from openpact.domain import errors, instant
from openpact.domain.principal import Action, Kind, Principal
from openpact.services import standing
from openpact.services.house import House
from openpact.services.sign_in import Proof
from openpact.services.tokens import PREFIX
from openpact.web.ask import DONE, Ask

NOBODY = Principal(kind=Kind.AGENT, id="nobody", name="nobody")  # may do nothing that a table names


class Unlock(msgspec.Struct, forbid_unknown_fields=True):
    """A person's proof: a password or a one-time code."""

    username: str
    password: str | None = None
    otp: str | None = None


class Current(msgspec.Struct, forbid_unknown_fields=True):
    """The password that the person has now."""

    current_password: str = ""


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """The first code of a new authenticator."""

    code: str


def at_socket(house: House, peer: Peer, authorization: str | None) -> Principal:
    """Say who is at the machine's own socket. Raises Forbidden, InvalidCredentials."""
    if peer.uid == house.engine_uid or peer.uid not in {os.geteuid(), 0}:
        raise errors.Forbidden("This socket serves the account that runs OpenPact, and no other.")
    if authorization is not None:
        if authorization.lower().startswith(("basic ", "otp ")):
            return standing.of_person(_by_proof(house, authorization, f"local/{peer.uid}"))
        return by_token(house, authorization)
    unlocked = house.unlocks.who(peer.terminal, house.ledger.now())
    if unlocked is not None:
        person_id, since = unlocked
        with house.store.reading() as snapshot:
            person = standing.find_active(snapshot, person_id)
        # Another password may have been set by another daemon, which cannot lock this one's terminals.
        if person is not None and person.password_at <= since:
            return standing.of_person(person)
    return Principal(kind=Kind.LOCAL, id=f"local/{peer.uid}", name=_account(peer.uid))


def by_token(house: House, authorization: str) -> Principal:
    """Say whose token stands in the header. Raises InvalidCredentials."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.startswith(PREFIX):
        raise errors.InvalidCredentials(
            "The Authorization header holds no API token.", hint="Send: Authorization: Bearer opt_…"
        )
    return house.sign_in.token(text)


def _by_proof(house: House, authorization: str, address: str) -> Person:
    """Give the person whose password (`Basic`) or one-time code (`OTP`) stands in the header, for this act alone."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        username, _, proof = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as fault:
        raise errors.InvalidCredentials("The Authorization header cannot be read.") from fault
    brought = Proof(otp=proof) if scheme.lower() == "otp" else Proof(password=proof)
    asker = Principal(kind=Kind.LOCAL, id=address, name=address)
    return house.sign_in.person(asker, username, brought, address)


def unlock(ask: Ask) -> object:
    """Unlock this terminal for the person who proves who they are."""
    peer = _peer(ask)
    body = ask.body(Unlock)
    if (body.password is None) == (body.otp is None):
        raise errors.Invalid("Give a password or a one-time code, one of the two.")
    person = ask.house.sign_in.person(
        ask.who, body.username, Proof(body.password, body.otp), ask.address, ask.request_id
    )
    until = ask.house.unlocks.unlock(peer.terminal, person.id, ask.house.ledger.now())
    # A terminal that cannot be told apart is not remembered: the asker brings the proof with each act.
    return {
        "username": person.username,
        "role": person.role.value,
        "unlocked_until": None if until is None else instant.as_text(until),
    }


def lock(ask: Ask) -> object:
    """Lock this terminal."""
    ask.house.unlocks.lock(_peer(ask).terminal)  # first: a lock that cannot be recorded is still a lock
    if ask.who.kind is Kind.PERSON:
        ask.house.ledger.act(ask.who, Action.SESSION_LOCK, ask.who.name, lambda _act: None, request_id=ask.request_id)
    return DONE


def me(ask: Ask) -> object:
    """Say who asks."""
    return {
        "kind": ask.who.kind.value,
        "id": ask.who.id,
        "username": ask.who.name,
        "role": None if ask.who.role is None else ask.who.role.value,
        "scopes": sorted(ask.who.scopes),
        "separated": ask.house.separated,
    }


def enrol_totp(ask: Ask) -> object:
    """Begin to enrol an authenticator for oneself."""
    enrolment = ask.house.sign_in.enrol_totp(ask.who, ask.body(Current).current_password, ask.request_id)
    return {"uri": enrolment.uri, "secret": enrolment.secret}


def confirm_totp(ask: Ask) -> object:
    """Enrol it, now that it has shown a code."""
    ask.house.sign_in.confirm_totp(ask.who, ask.body(Code).code, ask.request_id)
    return DONE


def remove_totp(ask: Ask) -> object:
    """Take an authenticator away."""
    ask.house.sign_in.remove_totp(ask.who, ask.path["username"], ask.request_id)
    return DONE


def _peer(ask: Ask) -> Peer:
    if ask.peer is None:
        raise errors.Forbidden("A terminal is unlocked over the machine's own socket only.")
    return ask.peer


def _account(uid: int) -> str:
    try:
        return f"local:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"local:{uid}"
