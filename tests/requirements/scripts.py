"""Promises about scripts.

Sections: 1 names, metadata and capabilities, 2 the language, 3 the sandbox, 4 secrets, 5 lifecycle and versions,
6 authorization, 7 inline code, tools and test runs, 8 what the reviewer is shown.

Rules of this file:
- Ids are `SCR-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import NOTIFICATIONS, SCRIPTS
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 names, metadata, capabilities
    Promise("SCR-1.01", "A name is a path of at most 4 plain segments of which only the last ends `.star`"),
    Promise(
        "SCR-1.02",
        "A name resolves to exactly one script or is refused, in a URL too",
        "partly: in files and on the command line; in a URL it arrives with scripts",
    ),
    Promise("SCR-1.03", "Metadata is read from the leading comment block; unknown keys are kept and noted"),
    Promise("SCR-1.04", "A list key given twice adds up, any other is an error"),
    Promise("SCR-1.05", "Undeclared secrets, hosts, methods and tools fail and say what to declare"),
    Promise("SCR-1.06", "Hosts are inferred only from whole URLs in the parsed source, and shown as inferred"),
    Promise("SCR-1.07", "A secret goes to an inferred host only when its string feeds an http call"),
    Promise("SCR-1.08", "`infer_hosts: false` demands declared hosts"),
    # 2 the language
    Promise("SCR-2.01", "The language has f-strings, lambda and top-level control, no `while`, no `import`"),
    Promise("SCR-2.02", "A source over 256 KiB is refused"),
    Promise("SCR-2.03", "Integers are exact everywhere or an error, never a wrong value"),
    Promise("SCR-2.04", "Approval pins the hashes of everything a script loads", SCRIPTS),
    Promise("SCR-2.05", "A new revision of a library makes each dependent pending", SCRIPTS),
    Promise("SCR-2.06", "Capabilities are the entry script's alone"),
    Promise("SCR-2.07", "The http functions answer status, body and headers; only http and https"),
    Promise("SCR-2.08", "Methods beyond GET and POST work only when declared"),
    Promise("SCR-2.09", "json keeps integers; cycles, NaN, depth and vast numbers are errors, never a crash"),
    Promise("SCR-2.10", "`time.sleep` takes 5 s a call at most and stays inside the deadline"),
    Promise("SCR-2.11", "A declared secret without a value is empty; an undeclared one is an error"),
    Promise("SCR-2.12", "`format` has its verbs; a mismatch is an error with position"),
    Promise("SCR-2.13", "Encoders and signers given a sealed token give a new one bound to the same hosts"),
    Promise("SCR-2.14", "Decoders, patterns, length and equality see only the token's text"),
    Promise("SCR-2.15", "A run enters at the named function, `main`, the only public one, or `result`"),
    Promise("SCR-2.16", "A wrong arity or function is an error that lists functions with parameters"),
    Promise("SCR-2.17", "A result that is no JSON or over 1 MB is an error with the path"),
    # 3 the sandbox
    Promise("SCR-3.01", "Parsing, linting and running happen in a one-shot process without secret, network or file"),
    Promise("SCR-3.02", "The worker is locked down before the first byte of the script"),
    Promise("SCR-3.03", "What the kernel lacks is reported; `sandbox.require: strict` refuses to start"),
    Promise("SCR-3.04", "Without the engine the gateway still works and says why scripts do not"),
    Promise("SCR-3.05", "Time, memory, steps, output, logs, calls and body size are limited and enforced"),
    Promise("SCR-3.06", "A response over its limit is an error, never a silent cut"),
    Promise("SCR-3.07", "A worker that waits on a host call does not count as active"),
    Promise("SCR-3.08", "A full queue answers `busy`"),
    Promise("SCR-3.09", "A broken limit ends the run within milliseconds with its code; all else goes on"),
    Promise("SCR-3.10", "A worker is never used twice"),
    Promise("SCR-3.11", "The broker checks capability and place, records, then judges the address and the time"),
    Promise("SCR-3.12", "Names are resolved once and only global unicast addresses are connected to"),
    Promise("SCR-3.13", "Every redirect is checked again, and credentials are dropped across origins"),
    Promise("SCR-3.14", "`http.allow_private` opens named networks only; `http.proxy` is used when set"),
    # 4 secrets
    Promise("SCR-4.01", "Values are encrypted with AES-256-GCM, each bound to its name and key"),
    Promise("SCR-4.02", "The master key comes from the environment or a file made once with mode 600"),
    Promise("SCR-4.03", "`secrets rotate-key` encrypts every value anew"),
    Promise("SCR-4.04", "No API, CLI, log, error or backup ever returns a value"),
    Promise(
        "SCR-4.05",
        "Secrets come from UI, API, CLI, configuration or environment; an unset one stops the start",
    ),
    Promise("SCR-4.06", "A secret goes only where its grant and the approved script agree: host, script, place"),
    Promise("SCR-4.07", "`secrets.require_grants` refuses a secret without a grant"),
    Promise("SCR-4.08", "Carrying a secret needs https unless the grant names the http host"),
    Promise("SCR-4.09", "A script sees an opaque token, unique to the run"),
    Promise("SCR-4.10", "The value is put in at the wire, only for its hosts and only in allowed places"),
    Promise("SCR-4.11", "A token in host, port, scheme, header name, method, with CR/LF or cut is refused"),
    Promise("SCR-4.12", "Responses and errors are scrubbed of the value in every common encoding"),
    Promise("SCR-4.13", "In plain mode results, logs, errors and tracebacks are searched for all encodings"),
    Promise("SCR-4.14", "A value or token appears to people as `[REDACTED:NAME]`"),
    Promise("SCR-4.15", "URLs in logs lose their query values unless `audit.urls: full`"),
    Promise("SCR-4.16", "A new value is used from the next run on, without approval or restart"),
    Promise("SCR-4.17", "Each use of a secret is recorded"),
    # 5 lifecycle and versions
    Promise("SCR-5.01", "Every content is a revision with id, hash, author, message and status", SCRIPTS),
    Promise("SCR-5.02", "The store decides; git shows the same commit ids on every node and can be rebuilt", SCRIPTS),
    Promise("SCR-5.03", "The scripts folder mirrors the newest revisions and is never what runs", SCRIPTS),
    Promise(
        "SCR-5.04", "The active revision is set by approve and rollback; revoking it clears, never falls back", SCRIPTS
    ),
    Promise(
        "SCR-5.05", "The same bytes as the newest make nothing new; as a rejected one, `already_rejected`", SCRIPTS
    ),
    Promise("SCR-5.06", "At most 20 revisions of a principal are pending", SCRIPTS),
    Promise("SCR-5.07", "A file that does not parse is kept with diagnostics and cannot be approved", SCRIPTS),
    Promise("SCR-5.08", "Approving supersedes older pending revisions", SCRIPTS),
    Promise("SCR-5.09", "A decision about a hash that is no longer the newest is `revision_changed`", SCRIPTS),
    Promise("SCR-5.10", "Rollback makes an earlier approved, unrevoked revision active at once, audited", SCRIPTS),
    Promise("SCR-5.11", "Restore makes a new pending revision with the old content", SCRIPTS),
    Promise("SCR-5.12", "An edited script goes on serving what was approved, or is blocked, as configured", SCRIPTS),
    Promise("SCR-5.13", "A file with content that no revision records is `script_modified` until reloaded", SCRIPTS),
    Promise("SCR-5.14", "What runs is the stored bytes whose hash was approved", SCRIPTS),
    Promise("SCR-5.15", "Several reviewers and four eyes are enforced; linked accounts do not count together", SCRIPTS),
    Promise("SCR-5.16", "Auto-approval covers only revisions of an admin or of a protected disk", SCRIPTS),
    Promise("SCR-5.17", "An agent's submission under an auto-approved name is refused", SCRIPTS),
    Promise("SCR-5.18", "Disable stops runs without touching approvals; delete keeps history", SCRIPTS),
    Promise("SCR-5.19", "A pending script is told to reviewers with a deep link", NOTIFICATIONS),
    # 6 authorization
    Promise("SCR-6.01", "A run is authorised in the fixed order, each refusal with its own code", SCRIPTS),
    Promise("SCR-6.02", "Bytes or closure that do not hash to what was approved refuse and alarm", SCRIPTS),
    Promise("SCR-6.03", "Refusals over MCP and HTTP carry the documented body", SCRIPTS),
    Promise("SCR-6.04", "With scripts off the tools are absent and the API says `scripts_disabled`", SCRIPTS),
    # 7 inline code, tools, test runs
    Promise("SCR-7.01", "Inline code that declares nothing runs at once; with capabilities it asks", SCRIPTS),
    Promise("SCR-7.02", "`starlark.exec` turns inline code off, pure or with approval", SCRIPTS),
    Promise("SCR-7.03", "A tool call from a script is decided for script and agent; both must be allowed", SCRIPTS),
    Promise("SCR-7.04", "A held tool call ends the run with the approval's id, and nothing later runs", SCRIPTS),
    Promise(
        "SCR-7.05",
        "Nested runs have a depth of 4, no cycles, no queue, no sealed tokens in arguments",
        "partly: no sealed tokens in arguments; the rest " + SCRIPTS,
    ),
    Promise(
        "SCR-7.06",
        "An unapproved revision is tested in isolation: fixtures, dummy secrets, no tools",
        "partly: from the command line; the API and its refusal of a real test " + SCRIPTS,
    ),
    Promise("SCR-7.07", "A test answers with result or error and code, position, logs, calls and hosts"),
    # 8 what the reviewer is shown
    Promise("SCR-8.01", "The reviewer sees source, diff to the active revision, closure and past runs", SCRIPTS),
    Promise("SCR-8.02", "Capabilities are shown with what is new", SCRIPTS),
    Promise("SCR-8.03", "Findings name their lines: secret flows, computed URLs, undeclared use, hidden characters"),
)
