"""Promises about how a human says yes to one call.

Sections: 1 the record, 2 states, 3 what the agent sees, 4 deciding, 5 the command line, 6 HTTP, 7 notifications and
webhooks, 8 one machine or many.

Rules of this file:
- Ids are `APR-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import APPROVALS, NOTIFICATIONS, PROXY
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 the record
    Promise(
        "APR-1.01", "A record holds the whole call, who asked, the rule, its times, votes and what is needed", APPROVALS
    ),
    Promise("APR-1.02", "The fingerprint covers server, tool, definition, arguments, rules and principal", APPROVALS),
    Promise("APR-1.03", "The canonical form has RFC 8785's key order and strings"),
    Promise(
        "APR-1.04", "Numbers are written as the shortest exact decimal: 1.0, 1 and 1e0 are one, integers unbounded"
    ),
    Promise(
        "APR-1.05", "The same call in another key order has the same fingerprint, anything else another", APPROVALS
    ),
    Promise("APR-1.06", "A reconnect keeps its approval: the session is not hashed", APPROVALS),
    Promise("APR-1.07", "A policy edit orphans an approval only when its rule changed", APPROVALS),
    Promise("APR-1.08", "At most one record per fingerprint is live, also when the first two calls race", APPROVALS),
    Promise(
        "APR-1.09", "An identical request inside `dedupe_window` is reused, later it replaces the old one", APPROVALS
    ),
    Promise("APR-1.10", "An approved retry forwards the arguments that were approved", APPROVALS),
    Promise("APR-1.11", "Follow-up rounds of one chain neither ask nor count again; new inputs are judged", APPROVALS),
    # 2 states
    Promise("APR-2.01", "Only the transitions of the table happen", APPROVALS),
    Promise("APR-2.02", "A transition and its audit event are one conditional change", APPROVALS),
    Promise("APR-2.03", "A consumed, denied or expired record never becomes approved again", APPROVALS),
    Promise("APR-2.04", "A vote from the UI takes effect after the undo window; undo deletes it", APPROVALS),
    Promise("APR-2.05", "Deciding an expired record is a conflict", APPROVALS),
    Promise("APR-2.06", "The same decision again by the same person changes nothing; another is a conflict", APPROVALS),
    Promise(
        "APR-2.07", "An approval is leased before the first byte goes upstream, consumed with the outcome", APPROVALS
    ),
    Promise("APR-2.08", "A crash in between ends as `outcome_unknown` and never runs again by itself", APPROVALS),
    Promise(
        "APR-2.09", "An approval comes back only when nothing was sent, or for idempotent rules that say so", APPROVALS
    ),
    Promise("APR-2.10", "Of two identical retries at once exactly one is forwarded", APPROVALS),
    Promise("APR-2.11", "A denial is sticky for `deny_ttl` and does not come back to the queue", APPROVALS),
    Promise("APR-2.12", "Above `max_pending` new requests are refused, with one summary notification", APPROVALS),
    Promise("APR-2.13", "A yes can be taken back before it is used", APPROVALS),
    # 3 what the agent sees
    Promise("APR-3.01", "The answer is one sentence that stands alone and says what to do", APPROVALS),
    Promise("APR-3.02", "The code is -32003 for the older eras and 4003 for the newer one", APPROVALS),
    Promise("APR-3.03", "The data carries id, tool, status, expiry, when to retry and the decision", APPROVALS),
    Promise("APR-3.04", "Never does the answer hold a command the agent could run to approve itself", APPROVALS),
    Promise("APR-3.05", "`approvals.answer: result` answers with an error result instead", APPROVALS),
    Promise("APR-3.06", "`wait` holds the call with progress, then falls back to the asynchronous answer", APPROVALS),
    Promise("APR-3.07", "A client with tasks gets a task that the yes itself starts, once", APPROVALS),
    Promise("APR-3.08", "URL elicitation points the human to the page and is never the decision", APPROVALS),
    Promise("APR-3.09", "`approval_status` and `approval_wait` answer for own requests only", APPROVALS),
    Promise("APR-3.10", "At most 8 waiters per principal and 200 in all; beyond, the immediate answer", APPROVALS),
    # 4 deciding
    Promise("APR-4.01", "Only a reviewer, an admin or a token with `approvals:decide` decides", APPROVALS),
    Promise(
        "APR-4.02",
        "A deciding token belongs to a person, has no `mcp:*` scope and is refused from the engine",
        APPROVALS,
    ),
    Promise("APR-4.03", "The principal that asked and the AI's process user never decide", APPROVALS),
    Promise("APR-4.04", "The recorded actor is the authenticated one, on the CLI's socket too"),
    Promise("APR-4.05", "On a shared account an act of a person asks for what the files do not hold: password or TOTP"),
    Promise("APR-4.06", "An unlocked session is for one terminal only, is short, and can be locked at once"),
    Promise("APR-4.07", "Nothing that decides is stored in clear"),
    Promise("APR-4.08", "`approvers` asks for a number, groups, and not the requester's owner", APPROVALS),
    Promise("APR-4.09", "One deny by an eligible approver denies", APPROVALS),
    Promise("APR-4.10", "The approver sees all arguments, rendered by us, hidden characters made visible", APPROVALS),
    Promise("APR-4.11", "The agent's explanation comes after the facts as quoted text", APPROVALS),
    Promise("APR-4.12", "An edited call is judged again: a deny refuses, a further hold applies", APPROVALS),
    Promise("APR-4.13", "Editing voids earlier votes; the editor's vote alone is not enough for a quorum", APPROVALS),
    Promise(
        "APR-4.14", "Proposed, approved and executed forms are recorded; the retry runs the edited call", APPROVALS
    ),
    Promise(
        "APR-4.15", "A grant fixes every field but those freed with a bound; unknown fields do not match", APPROVALS
    ),
    Promise("APR-4.16", "A grant has uses and an end within 24 h and needs the rule's own quorum", APPROVALS),
    Promise("APR-4.17", "A grant never skips deny, counters or pins, and is void when tool or rule changes", APPROVALS),
    Promise("APR-4.18", "A rule proposed from past decisions is never applied by itself", APPROVALS),
    # 5 the command line
    Promise("APR-5.01", "`approvals` lists, shows, approves, denies, expires and watches", APPROVALS),
    Promise("APR-5.02", "`--actor` is a note, never the actor", APPROVALS),
    Promise("APR-5.03", "Grants are listed and revoked from the CLI", APPROVALS),
    # 6 HTTP
    Promise("APR-6.01", "The standalone proxy's admin API binds loopback only", PROXY),
    Promise("APR-6.02", "Its four short endpoints work, and a decision needs a login or a token", PROXY),
    # 7 notifications and webhooks
    Promise("APR-7.01", "Each step of an approval, a script and a tool is an event that can be sent", NOTIFICATIONS),
    Promise("APR-7.02", "A webhook is signed in the Standard Webhooks form and in our own header", NOTIFICATIONS),
    Promise(
        "APR-7.03",
        "Delivery waits 5 s, sends at most 10 at once, retries with backoff for 24 h; 410 stops that target",
        NOTIFICATIONS,
    ),
    Promise("APR-7.04", "Delivery never blocks or fails the call and survives a restart", NOTIFICATIONS),
    Promise(
        "APR-7.05",
        "Incomplete or non-http targets are configuration errors; private addresses are refused",
        NOTIFICATIONS,
    ),
    Promise(
        "APR-7.06", "A preview shows at most 5 arguments, short strings, folded nests, secrets redacted", NOTIFICATIONS
    ),
    Promise("APR-7.07", "Agent text in a message is escaped for its channel; our link is the only link", NOTIFICATIONS),
    Promise("APR-7.08", "The link holds only the id and never decides without a login", NOTIFICATIONS),
    Promise("APR-7.09", "Channel URLs come from configuration only, from a list of schemes", NOTIFICATIONS),
    # 8 one machine or many
    Promise("APR-8.01", "Of several gateways any takes and shows a request, exactly one consumes it", APPROVALS),
    Promise("APR-8.02", "On PostgreSQL the database's clock decides"),
    Promise("APR-8.03", "A waiter on another machine learns of a decision through the database", APPROVALS),
    Promise("APR-8.04", "With the store unreachable, what needs it is refused as `store_unavailable`"),
)
