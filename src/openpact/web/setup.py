"""The set-up page's two questions: is it needed, and here is the code."""

import msgspec

from openpact.web.ask import Ask


class Finish(msgspec.Struct, forbid_unknown_fields=True):
    """What the first administrator sends."""

    username: str
    password: str
    confirm_password: str
    setup_code: str


def status(ask: Ask) -> object:
    """Answer whether somebody has to set it up."""
    return {"setup_required": ask.house.setup.required()}


def finish(ask: Ask) -> object:
    """Make the first administrator, once."""
    body = ask.body(Finish)
    ask.house.setup.finish(
        ask.who, body.setup_code, body.username, body.password, body.confirm_password, ask.request_id
    )
    return {"success": True, "message": "The set-up is finished. Sign in with your username and password."}
