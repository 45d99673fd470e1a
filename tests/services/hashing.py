"""Hashers for tests: argon2id as in the product, with little work, and one that counts what it is asked to do."""

import threading

import argon2


def quick() -> argon2.PasswordHasher:
    return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Counting(argon2.PasswordHasher):
    """The real hasher, which also counts how often it works and how often at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.hashed = self.verified = self.inside = self.most = 0
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashed += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002
        with self._lock:
            self.verified += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            for _ in range(20):
                argon2.low_level.hash_secret(b"work", b"saltsalt", 1, 64, 1, 16, argon2.Type.ID)
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.inside -= 1
