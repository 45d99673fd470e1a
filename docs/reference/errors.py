"""The page of the errors, from their tree and the three doors' tables."""

from docs.reference.markdown import block, code, heading, section, table
from openpact.cli import exits
from openpact.domain import errors
from openpact.gateway import respond as gateway
from openpact.web import respond as web


def page() -> str:
    """Give the page."""
    rows = [
        (
            code(leaf.code),
            (leaf.__doc__ or "").strip(),
            str(web.STATUS[leaf]),
            str(gateway.CODES[leaf]),
            str(exits.CODES[leaf]),
            leaf.hint or "",
        )
        for leaf in errors.leaves()
    ]
    tree = (errors.__doc__ or "").partition("\n\n")[2].partition("\n\nRules")[0]
    return (
        heading(
            "Errors",
            "Every way OpenPact says no. A code never changes its meaning: match on it, not on the message. "
            "The message is one sentence; the hint says what to do next, and where the table shows none, it depends on "
            "what happened and comes with the error.",
            table(("code", "meaning", "HTTP", "JSON-RPC", "exit", "hint"), rows),
            "Anything else is a fault of ours: `internal`, HTTP 500, exit 1. The log has the details, the answer only "
            "the id under which they are found. A path that does not exist is 404 `not_found`, a method that it does "
            "not answer 405 `method_not_allowed`.",
        )
        + section(
            "Over HTTP", "`hint`, `fields` and `retry_after` are there when they say something.", block(_HTTP, "json")
        )
        + section("The tree", block(tree))
    )


_HTTP = """
{"error": "not_found", "message": "There is no person named 'eve'.", "hint": "…", "request_id": "req_…"}
"""
