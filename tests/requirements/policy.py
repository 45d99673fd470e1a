"""Promises about what the gateway does with every call.

Sections: 1 the file, 2 evaluation, 3 conditions, 4 counters and budgets, 5 the wire, 6 pinning, 7 working with
policies.

Rules of this file:
- Ids are `POL-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import GATEWAY, INIT, PINNING, POLICY, POLICY_TOOLS
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 the file
    Promise("POL-1.01", 'A policy of the known `version: "1"` format loads unchanged', POLICY),
    Promise(
        "POL-1.02", "Unknown and duplicate keys, wrong types and a second document are errors with position", POLICY
    ),
    Promise("POL-1.03", "All errors of a policy are reported at once, with a guess at what was meant", POLICY),
    Promise("POL-1.04", "A missing `default` means allow", POLICY),
    Promise("POL-1.05", "All keys that match a tool apply: exact, then globs in file order, then `*`", POLICY),
    Promise("POL-1.06", "A policy belongs to one server, whose name matches `[a-z][a-z0-9-]*`", POLICY),
    Promise("POL-1.07", "Tool names with dots work as keys and in the paths of counters", POLICY),
    Promise("POL-1.08", "Two tools that would have one name for the agent are a start error that names both", GATEWAY),
    Promise("POL-1.09", "With a server that has no policy every call is held, with the hint to scan", GATEWAY),
    Promise("POL-1.10", "A rule's name is required and unique in its tool", POLICY),
    Promise("POL-1.11", "`evaluate` needs a condition or a limit of its own", POLICY),
    Promise("POL-1.12", "`deny` denies when all its conditions hold, or always without any", POLICY),
    Promise("POL-1.13", "`require_approval` refuses `rate_limit` and `state`", POLICY),
    Promise("POL-1.14", "`allow` skips later evaluate rules of its key, never a deny, approval or counter", POLICY),
    Promise("POL-1.15", "`principals` binds a rule to whom its globs name", POLICY),
    Promise("POL-1.16", "`schedule` binds a rule to days and hours in a timezone", POLICY),
    Promise("POL-1.17", "Shadow mode decides, logs and forwards all the same, and its counters count apart", POLICY),
    Promise("POL-1.18", "Shadow mode never skips parsing, authentication, hiding or pins", GATEWAY),
    Promise("POL-1.19", "An identical forwarded call inside `idempotency_window` is denied as a duplicate", POLICY),
    Promise("POL-1.20", "Dead counters, unreachable rules, loose patterns and unknown tools are warned of", POLICY),
    Promise("POL-1.21", "A budget with a negative or zero increment is an error", POLICY),
    # 2 evaluation
    Promise("POL-2.01", "A hidden tool is denied as if it did not exist, before anything else", POLICY),
    Promise("POL-2.02", "Under `default: deny` the key `*` never rescues an unlisted tool", POLICY),
    Promise("POL-2.03", "A deny anywhere beats everything", POLICY),
    Promise("POL-2.04", "Every approval rule whose conditions hold must be satisfied", POLICY),
    Promise("POL-2.05", "Asking for an approval reserves nothing", POLICY),
    Promise("POL-2.06", "All counters and the approval are taken in one transaction, or none of them", POLICY),
    Promise("POL-2.07", "A denied or held call uses no quota", POLICY),
    Promise("POL-2.08", "A reservation is settled by its id in the window it was made in", POLICY),
    Promise("POL-2.09", "An unreachable upstream or a JSON-RPC error gives the quota back", GATEWAY),
    Promise("POL-2.10", "A result that is an error gives the quota back only with `refund_on_error`", GATEWAY),
    Promise("POL-2.11", "Counters are scoped global, server, principal or session; spend never by session", POLICY),
    Promise("POL-2.12", "Two gateways on one store share a server's counters, never another server's", POLICY),
    Promise("POL-2.13", "Windows are UTC calendar windows, moved by `timezone`, slid by `sliding`", POLICY),
    Promise("POL-2.14", "A hidden or unknown tool answers as the upstream answers a name it lacks", GATEWAY),
    Promise("POL-2.15", "A denied call is a tool result that says so, with the rule's words", GATEWAY),
    Promise(
        "POL-2.16", "A denial's `_meta` carries decision, code, rule, version and, for limits, when to retry", GATEWAY
    ),
    Promise("POL-2.17", "Every decision has an id and can be explained rule by rule with the values it saw", POLICY),
    Promise("POL-2.18", "An error while deciding denies", POLICY),
    # 3 conditions
    Promise("POL-3.01", "Paths reach arguments, elements, counters, principal, session, annotations and time", POLICY),
    Promise("POL-3.02", "`[*]` holds only when every element satisfies", POLICY),
    Promise("POL-3.03", "Conditions of a rule are ANDed; any, all and not nest", POLICY),
    Promise("POL-3.04", "`eq` compares type and value exactly, deep, with exact numbers", POLICY),
    Promise("POL-3.05", "`in` with an empty list is an error; a foreign type makes `not_in` fail", POLICY),
    Promise("POL-3.06", "Ordering compares numbers exactly as decimals and fails for anything else", POLICY),
    Promise("POL-3.07", "`regex` is RE2, unanchored, compiled at load", POLICY),
    Promise("POL-3.08", "`contains`, `starts_with`, `ends_with`, `glob` and `length` do what they say", POLICY),
    Promise("POL-3.09", "`path_within` is not fooled by `..`, `//` or encoded dots", POLICY),
    Promise("POL-3.10", "`host_in` and `cidr` judge the host of a URL and an address", POLICY),
    Promise("POL-3.11", "`exists` holds for what is present and not null", POLICY),
    Promise("POL-3.12", "A missing path, null or a wrong type is unknown, and `not unknown` is unknown", POLICY),
    Promise("POL-3.13", "`evaluate` denies on unknown", POLICY),
    Promise("POL-3.14", "`deny` and `require_approval` hold on a wrong type, on a missing path only if told", POLICY),
    # 4 counters and budgets
    Promise("POL-4.01", "Amounts are exact decimals; negative, NaN, boolean, string, absent or vast ones deny", POLICY),
    Promise("POL-4.02", "A limit on the own counter is checked on the value after this call", POLICY),
    Promise("POL-4.03", "Several limits on one counter all hold, and no fraction is cut", POLICY),
    Promise("POL-4.04", "`spend` is the shorthand for a limit per call and per day", POLICY),
    # 5 the wire
    Promise("POL-5.01", "What is forwarded is the message that was judged, written anew", GATEWAY),
    Promise("POL-5.02", "Strict JSON refuses duplicate keys at any depth"),
    Promise("POL-5.03", "Strict JSON refuses NaN, infinity and magnitudes like 1e400"),
    Promise("POL-5.04", "Strict JSON keeps every other number exactly: 1.10 stays 1.10, 2^53+1 stays itself"),
    Promise("POL-5.05", "Strict JSON refuses lone surrogates and a byte order mark"),
    Promise(
        "POL-5.06",
        "Strict JSON refuses a depth over 64 and more than 10 MiB",
        "partly: the limit is there, and the wire that sets it to 10 MiB arrives with the gateway",
    ),
    Promise("POL-5.07", "Keys at protocol positions that differ only in case from a protocol key are refused", GATEWAY),
    Promise("POL-5.08", "Batches, `id: null` and arguments that are no object are refused", GATEWAY),
    Promise("POL-5.09", "A malformed message is answered with its JSON-RPC code and never forwarded", GATEWAY),
    Promise("POL-5.10", "A `tools/call` without an id is neither forwarded nor answered", GATEWAY),
    Promise("POL-5.11", "In the newer era headers that do not match the body are 400 with their code", GATEWAY),
    Promise("POL-5.12", "A batch from an older upstream is split, never dropped", GATEWAY),
    Promise("POL-5.13", "`tools/list` leaves out hidden, always denied and unlisted tools; all else passes", GATEWAY),
    Promise("POL-5.14", "Compressed bodies are decoded first; results of any size up to the cap survive", GATEWAY),
    Promise("POL-5.15", "A list that depends on the principal is marked private and short-lived", GATEWAY),
    Promise("POL-5.16", "Resources and prompts are allowed, denied and hidden like tools", GATEWAY),
    Promise("POL-5.17", "Unknown methods pass both ways unchanged in meaning", GATEWAY),
    Promise("POL-5.18", "Requests from the server can be denied by policy and are then answered in form", GATEWAY),
    Promise("POL-5.19", "stdio, Streamable HTTP and older SSE upstreams pair with either kind of client", GATEWAY),
    Promise(
        "POL-5.20",
        "Both protocol eras pass, a client is offered only what its upstream speaks; discovery is answered at once",
        GATEWAY,
    ),
    Promise("POL-5.21", "Concurrent calls stay concurrent; cancellation and progress pass", GATEWAY),
    Promise("POL-5.22", "A dead upstream answers every open id; its exit code is ours", GATEWAY),
    Promise("POL-5.23", "Signals reach the child's whole group", GATEWAY),
    Promise("POL-5.24", "The MCP listener checks Host and Origin", GATEWAY),
    Promise("POL-5.25", "The client's own credentials are never passed to an upstream", GATEWAY),
    # 6 pinning
    Promise("POL-6.01", "A tool's definition is hashed on first sight", PINNING),
    Promise("POL-6.02", "A changed definition is held until a human has seen the diff", PINNING),
    Promise("POL-6.03", "First sight by a person's scan is approved, first sight by an agent warns", PINNING),
    Promise("POL-6.04", "Approvals and grants given for the old definition are void", PINNING),
    Promise("POL-6.05", "Annotations never grant anything", POLICY),
    # 7 working with policies
    Promise("POL-7.01", "`policy validate` prints all errors and exits 1", POLICY_TOOLS),
    Promise(
        "POL-7.02", "`scan` writes a commented policy from a live server: reads allowed, destruction held", POLICY_TOOLS
    ),
    Promise("POL-7.03", "`policy simulate` shows what a candidate would change on recorded calls", POLICY_TOOLS),
    Promise("POL-7.04", "`policy diff` shows what differs in meaning between two policies", POLICY_TOOLS),
    Promise("POL-7.05", "In-place writes, renames, re-creation and symlink swaps of a policy are all seen", POLICY),
    Promise(
        "POL-7.06", "A new policy replaces the old in one step; an invalid one changes nothing and is reported", POLICY
    ),
    Promise("POL-7.07", "Counters survive a reload; the version is in every decision", POLICY),
    Promise("POL-7.08", "`init` finds the clients, wraps the chosen servers and keeps a backup", INIT),
    Promise("POL-7.09", "`init --undo` puts the client's configuration back", INIT),
)
