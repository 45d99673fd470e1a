"""One promise of the specification: a sentence that a test can show to be true or false.

Rules of this file:
- An id never changes its meaning and is never given to another promise; a promise that ends takes its id with it.
- A promise that the tests do not keep says why in `gap`; silence means that it is kept.
"""

from dataclasses import dataclass

PARTLY = "partly: "


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, under an id that stays, and what is still missing of it."""

    id: str
    text: str
    gap: str | None = None

    @property
    def partly(self) -> bool:
        """Some of it is kept, so tests must show that part; the gap names the rest."""
        return self.gap is not None and self.gap.startswith(PARTLY)

    @property
    def wants_a_test(self) -> bool:
        """Without a gap, or with one that covers only a part, at least one test must carry it."""
        return self.gap is None or self.partly
