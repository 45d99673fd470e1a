"""A host that checks: each path expects the secret in its own way, and says 200 only when it is there and right.

Rules of this file:
- Signatures are computed here by the standard library alone, as the other side of an integration would.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree as ET

from tests.adapters.servers import Answer, Asked, says

SESSION = "session-51b2a7"
_FRESH = 60  # seconds


def checking(key: str) -> Answer:
    """Make what answers for a service with this key."""
    checks = Checks(key)

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        kind = asked.path().split("/")[1]
        check = checks.path if kind.startswith("bot") else checks.by_name[kind]
        if not check(asked):
            await says(401, b"wrong")(asked, writer)
        elif kind == "moved":
            await says(302, Location="/bearer")(asked, writer)
        else:
            await says(200, json.dumps({"session": SESSION}).encode())(asked, writer)

    return answer


class Checks:
    """What each path demands."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.by_name: dict[str, Callable[[Asked], bool]] = {
            "api_key": lambda asked: asked.headers["x-api-key"] == key,
            "basic": lambda asked: _basic(asked) == f"alice:{key}",
            "bearer": lambda asked: asked.headers["authorization"] == f"Bearer {key}",
            "charges": self._charges,
            "digest": lambda asked: _query(asked)["sig"] == hashlib.sha1(f"a1b2:{key}".encode()).hexdigest(),  # noqa: S324
            "form": lambda asked: _form(asked) == {"grant_type": "client_credentials", "client_secret": key},
            "json": lambda asked: json.loads(asked.body) == {"auth": {"token": key, "n": [1, 2.5]}},
            "jwt": self._jwt,
            "moved": lambda asked: asked.headers["authorization"] == f"Bearer {key}",
            "query": lambda asked: _query(asked) == {"q": "a b&c", "appid": key},
            "services": lambda asked: unquote(asked.path()) == f"/services/T000/B000/{key}" and b"done" in asked.body,
            "session": lambda asked: json.loads(asked.body) == {"key": key},
            "signed": lambda asked: asked.headers["x-hub-signature-256"] == "sha256=" + _mac(key, asked.body).hex(),
            "signed_with_time": self._signed_with_time,
            "sigv4": self._sigv4,
            "text": lambda asked: asked.body.decode() == f"key: {key}\n",
            "with_session": lambda asked: asked.headers["authorization"] == f"Bearer {SESSION}",
            "xml": self._xml,
        }

    def path(self, asked: Asked) -> bool:
        """Check the key as part of a segment of the path."""
        return unquote(asked.path()) == f"/bot{self._key}/sendMessage" and json.loads(asked.body) == {"text": "hello"}

    def _charges(self, asked: Asked) -> bool:
        form = {"amount": "1200", "currency": "chf", "metadata[order]": "7 / 8"}
        return _basic(asked) == f"{self._key}:" and _form(asked) == form and len(asked.headers["idempotency-key"]) == 64

    def _xml(self, asked: Asked) -> bool:
        login = ET.fromstring(asked.body)  # noqa: S314 - our own script wrote it
        return login.get("key") == login.findtext("key") == self._key

    def _signed_with_time(self, asked: Asked) -> bool:
        at = asked.headers["x-time"]
        right = base64.b64encode(_mac(self._key, f"{at}.".encode() + asked.body)).decode()
        return asked.headers["x-signature"] == f"v1,{right}" and abs(time.time() - int(at)) < _FRESH

    def _jwt(self, asked: Asked) -> bool:
        signed, _, signature = asked.headers["authorization"].removeprefix("Bearer ").rpartition(".")
        header, claims = (json.loads(_unpadded(part)) for part in signed.split("."))
        right = _mac(self._key, signed.encode()) == _unpadded(signature)
        return right and header["alg"] == "HS256" and header["kid"] == "k1" and claims["exp"] > time.time()

    def _sigv4(self, asked: Asked) -> bool:
        parts = dict(part.split("=", 1) for part in asked.headers["authorization"].partition(" ")[2].split(", "))
        scope = parts["Credential"].partition("/")[2]
        names = parts["SignedHeaders"].split(";")
        query = sorted(parse_qsl(asked.target.partition("?")[2]))
        canonical = "\n".join(
            [
                asked.method,
                asked.path(),
                "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query),
                *(f"{name}:{asked.headers[name]}" for name in names),
                "",
                ";".join(names),
                hashlib.sha256(asked.body).hexdigest(),
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", asked.headers["x-amz-date"], scope, digest])
        key = f"AWS4{self._key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return parts["Signature"] == hmac.digest(key, text.encode(), "sha256").hex() and "host" in names


def _mac(key: str, message: bytes) -> bytes:
    return hmac.digest(key.encode(), message, "sha256")


def _basic(asked: Asked) -> str:
    kind, _, text = asked.headers["authorization"].partition(" ")
    assert kind == "Basic"
    return base64.b64decode(text).decode()


def _query(asked: Asked) -> dict[str, str]:
    return dict(parse_qsl(asked.target.partition("?")[2], keep_blank_values=True))


def _form(asked: Asked) -> dict[str, str]:
    assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
    return dict(parse_qsl(asked.body.decode(), keep_blank_values=True))


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
