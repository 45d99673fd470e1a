"""How the whole is doing, for people who are signed in."""

import msgspec

from openpact.web.ask import Ask


def summary(ask: Ask) -> object:
    """Tell how this daemon and what it shares with others are doing."""
    return msgspec.to_builtins(ask.house.status.summary())
