"""The one shape of a refusal, and the addresses of the door with names in them."""

import re

from openpact.web.app import Url
from tests.world import Answer


def target_of(url: Url) -> str:
    return url.path.replace("{username}", "alice").replace("{token}", "tok_1").replace("{name}", "API_KEY")


def is_refusal(answer: Answer, status: int, code: str) -> bool:
    """Say whether the answer is this error in the one shape that errors have."""
    document = answer.json
    assert answer.headers["content-type"] == "application/json"
    assert set(document) <= {"error", "message", "hint", "fields", "retry_after", "request_id"}
    assert document["message"].endswith((".", "!", "?"))
    assert re.fullmatch(r"req_[0-9a-z]{26}", document["request_id"])
    assert answer.headers["x-request-id"] == document["request_id"]
    return (answer.status, document["error"]) == (status, code)
