"""Promises about how fast, how sure and how friendly. Sections: 1 speed and size, 2 sure, 3 friendly.

Rules of this file:
- Ids are `QUA-section.number`, in order, never given twice.
- A figure is kept by the bench that measures it with its bound, never by a test that asserts a time.
"""

from tests.requirements.gaps import ADMIN_UI, APPROVALS, DOCS, GATEWAY, MUTATION
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 speed and size
    Promise("QUA-1.01", "A figure is a ratio measured side by side in one run, the median of interleaved rounds"),
    Promise("QUA-1.02", "`make bench` writes its results as JSON and the table in the documentation"),
    Promise("QUA-1.03", "Every row of the performance table names its command"),
    Promise("QUA-1.04", "No test asserts a time"),
    Promise("QUA-1.05", "The stdio relay adds at most 60 us to a call that no rule touches", GATEWAY),
    Promise(
        "QUA-1.06", "The relay adds 10 times less than an official proxy, 20 times less than a framework's", GATEWAY
    ),
    Promise("QUA-1.07", "The full gateway on stdio adds at most 130 us, with a p99 of at most 4 times p50", GATEWAY),
    Promise("QUA-1.08", "500 rules cost at most 1.3 times what 10 cost", GATEWAY),
    Promise("QUA-1.09", "The HTTP relay adds at most 300 us and carries 5,000 calls a second", GATEWAY),
    Promise("QUA-1.10", "Request, decide, consume and forward take 3 ms, or at most 6 fsyncs", APPROVALS),
    Promise("QUA-1.11", "A waiter learns of a decision within 20 ms on both stores", APPROVALS),
    Promise("QUA-1.12", "The bench measures a trivial run against its bounds: 3 ms, a tenth of a spawn, 300 a second"),
    Promise("QUA-1.13", "The bench measures 500 scripts that sleep 2 s at once against their bound of 4 s"),
    Promise("QUA-1.14", "The bench measures how soon a bomb or a loop is refused, and what it costs its neighbours"),
    Promise("QUA-1.15", "The bench measures the time from `openpact up` to ready against its bound of 1.5 s"),
    Promise("QUA-1.16", "`openpact mcp` and `proxy` give their first answer within 250 ms", GATEWAY),
    Promise("QUA-1.17", "The bench measures the idle daemon's memory against its bound of 110 MB"),
    Promise("QUA-1.18", "The proxy stays under 45 MB", GATEWAY),
    Promise(
        "QUA-1.19", "A million events, 10 k scripts and 100 k approvals slow a decision at most 1.5 times", GATEWAY
    ),
    Promise("QUA-1.20", "Every list of the UI answers within 200 ms on a full store", ADMIN_UI),
    Promise("QUA-1.21", "1, 2 and 4 daemons on one PostgreSQL give identical results", GATEWAY),
    Promise("QUA-1.22", "The UI's first load is at most 200 KB of script and interactive within 1 s", ADMIN_UI),
    # 2 sure
    Promise("QUA-2.01", "State tables are checked by stateful property tests on both stores"),
    Promise("QUA-2.02", "The canonical form is checked by shared vectors and by properties"),
    Promise(
        "QUA-2.03", "Fingerprint, redaction and policy decisions are checked by shared vectors and properties", GATEWAY
    ),
    Promise("QUA-2.04", "Fuzzing the strict parser: parsed or refused, never anything else"),
    Promise("QUA-2.05", "What the strict parser writes means the same to other parsers"),
    Promise("QUA-2.06", "A museum of hostile scripts meets its expected ends"),
    Promise("QUA-2.07", "A museum of hostile messages meets its expected ends", GATEWAY),
    Promise("QUA-2.08", "Every way to carry a secret out that we can think of fails"),
    Promise("QUA-2.09", "kill -9 at every fault point of the ledger: nothing acknowledged is lost, the chain verifies"),
    Promise("QUA-2.10", "kill -9 at every await of the approval and script paths: nothing runs twice", APPROVALS),
    Promise("QUA-2.11", "The MCP conformance suite loses no check through the relay", GATEWAY),
    Promise("QUA-2.12", "The official clients and reference servers work through it in both eras", GATEWAY),
    Promise("QUA-2.13", "Ten minutes at 80 % of peak: no error, no leak, bounded latency", GATEWAY),
    Promise(
        "QUA-2.14",
        "Every branch of the domain, the ledger and clearance is covered",
        gap="partly: clearance arrives with the policy engine",
    ),
    Promise("QUA-2.15", "Mutation testing of those parts leaves only explained survivors", MUTATION),
    # 3 friendly
    Promise(
        "QUA-3.01",
        "The README alone leads from a bare clone to a first approved call",
        gap="arrives with the gateway and approvals",
    ),
    Promise("QUA-3.02", "Every error says what to do next"),
    Promise("QUA-3.03", "`openpact doctor` finds the usual faults"),
    Promise("QUA-3.04", "The documentation has a tutorial, guides, generated reference and explanations", DOCS),
    Promise("QUA-3.05", "The screenshots of the README are made by the tests", ADMIN_UI),
)
