"""Promises about running it.

Sections: 1 folders and users, 2 configuration, 3 people and tokens, 4 tools for agents, 5 audit, 6 health, metrics
and traces, 7 store, scale and care.

Rules of this file:
- Ids are `OPS-section.number`, in order, never given twice.
"""

from tests.requirements.gaps import (
    ADMIN_API,
    ADMIN_UI,
    AGENT_TOOLS,
    APPROVALS,
    BACKUP,
    CONTAINERS,
    GATEWAY,
    LAUNCH,
    METRICS,
    NOTIFICATIONS,
    PASSKEYS,
    POLICY,
    RETENTION,
    REVIEW,
    SCHEDULES,
    SCRIPTS,
    SIGN_IN,
    SINKS,
    SSO,
    TLS,
    TRACES,
)
from tests.requirements.promise import Promise

PROMISES: tuple[Promise, ...] = (
    # 1 folders and users
    Promise("OPS-1.01", "`openpact up` on an empty machine makes the whole workspace with the modes it should have"),
    Promise("OPS-1.02", "What the AI must never reach is in folders of mode 700 and files of mode 600"),
    Promise("OPS-1.03", "The CLI's socket has mode 600 and answers only to the daemon's own user by peer uid"),
    Promise("OPS-1.04", "The agents' socket has mode 660 and the group openpact", GATEWAY),
    Promise(
        "OPS-1.05",
        "Without a named workspace: the environment's, else ./workspace if there, else the user's data folder",
    ),
    Promise("OPS-1.06", "The configuration is found by --config, OPENPACT_CONFIG, ./openpact.yaml or in the workspace"),
    Promise("OPS-1.07", "At every start modes and owners are checked; too open gives a clear warning"),
    Promise("OPS-1.08", "Under `security.strict` a folder that is too open refuses the start"),
    Promise(
        "OPS-1.09",
        "File tools refuse traversal, absolute paths, links out, NUL, devices and tricks of case",
        AGENT_TOOLS,
    ),
    Promise(
        "OPS-1.10", "File tools open beneath a directory handle, so a link swapped in a race leads nowhere", AGENT_TOOLS
    ),
    Promise("OPS-1.11", "Workspace tools refuse names that begin with a dot", AGENT_TOOLS),
    Promise("OPS-1.12", "A configured path in a system folder or with `..` is refused"),
    Promise("OPS-1.13", "A configured path that the AI's user can write is refused"),
    Promise("OPS-1.14", "`launch` runs only as root, never from the daemon", LAUNCH),
    Promise("OPS-1.15", "`launch` starts the AI as its own user: no groups, no new privileges, limits set", LAUNCH),
    Promise("OPS-1.16", "The AI's environment is built from nothing; only the listed names are copied", LAUNCH),
    Promise("OPS-1.17", "The engine is configured so that only our tools remain", LAUNCH),
    Promise("OPS-1.18", "An engine that reports any other tool is not started", LAUNCH),
    Promise("OPS-1.19", "The engine's working and configuration folders belong to root and are read-only", LAUNCH),
    Promise("OPS-1.20", "`launch` restarts the engine with backoff and forwards signals", LAUNCH),
    Promise("OPS-1.21", "`openpact mcp` bridges an AI client on stdio to the daemon's socket", GATEWAY),
    Promise(
        "OPS-1.22", "Who asks comes from the peer's uid, a token or the configuration; clientInfo is a label", GATEWAY
    ),
    Promise("OPS-1.23", "An unknown principal falls under every rule that names principals", GATEWAY),
    Promise(
        "OPS-1.24", "`openpact mcp` runs in-process only without an engine user and for the owner of `secure/`", GATEWAY
    ),
    Promise("OPS-1.25", "Otherwise, without a daemon, `openpact mcp` says `daemon_unavailable`", GATEWAY),
    Promise("OPS-1.26", "`mcp` and `proxy` ignore configuration from the environment", GATEWAY),
    Promise(
        "OPS-1.27", "MCP over the network is off unless enabled, then on loopback and always with a token", GATEWAY
    ),
    Promise("OPS-1.28", "Where agent and person share one user, `openpact up` says plainly: not separated"),
    Promise("OPS-1.29", "`openpact doctor` says plainly: not separated"),
    Promise("OPS-1.30", "The UI and each approval say plainly: not separated", APPROVALS),
    Promise(
        "OPS-1.31", "The default image runs as the system user with no capability and a read-only root", CONTAINERS
    ),
    Promise("OPS-1.32", "The two-user image's supervisor fixes modes without following links", CONTAINERS),
    Promise(
        "OPS-1.33", "The two-user image needs exactly the capabilities it lists, at first and second start", CONTAINERS
    ),
    Promise("OPS-1.34", "A systemd unit has the matching hardening", CONTAINERS),
    Promise("OPS-1.35", "A Kubernetes example runs three replicas on PostgreSQL", CONTAINERS),
    # 2 configuration
    Promise("OPS-2.01", "Every key has a type, a default and a description"),
    Promise("OPS-2.02", "`config schema` prints a JSON Schema that agrees with what the loader accepts"),
    Promise("OPS-2.03", "An unknown key or a wrong type is an error with its line, never ignored"),
    Promise("OPS-2.04", "All errors of a file are reported at once"),
    Promise("OPS-2.05", "A misspelt key is answered with the one that was probably meant"),
    Promise("OPS-2.06", "`${VAR}` and `${VAR:-default}` are filled in from the environment"),
    Promise("OPS-2.07", "`OPENPACT_SECTION__KEY` overrides the file"),
    Promise("OPS-2.08", "The environment can never set security or approval keys"),
    Promise("OPS-2.09", "Flags override the environment and the file"),
    Promise("OPS-2.10", "`config check` answers with every error, or that all is well"),
    Promise("OPS-2.11", "`config show` tells where each value came from"),
    Promise("OPS-2.12", "`config show` masks secrets"),
    Promise("OPS-2.13", "An unreadable or invalid file stops the start; it never falls back to defaults"),
    Promise(
        "OPS-2.14", "An upstream is a command or a URL with its transport, policy, restart, pin and start time", GATEWAY
    ),
    Promise("OPS-2.15", "A policy's path is relative to the configuration file", POLICY),
    Promise("OPS-2.16", "Header and environment values of an upstream take `${VAR}` and `secret:NAME`", GATEWAY),
    Promise(
        "OPS-2.17",
        "Sections and keys have the specified names, the older designs' keys among them",
        gap="partly: the sections of scripts, upstreams, approvals and the rest arrive with the parts that read them",
    ),
    Promise("OPS-2.18", "`approvals:` in a policy overrides the same names of the configuration", APPROVALS),
    Promise("OPS-2.19", "`logging.audit` switches only the text lines; the ledger's audit cannot be turned off"),
    Promise("OPS-2.20", "Scripts without approval need a second setting that says what that means", SCRIPTS),
    # 3 people and tokens
    Promise(
        "OPS-3.01",
        "Until set up, only set-up, health and the set-up page answer",
        gap="partly: the set-up page arrives with the admin UI",
    ),
    Promise("OPS-3.02", "Only who holds the code printed on the terminal can set up"),
    Promise("OPS-3.03", "The set-up code has 128 bits and ends after 24 hours"),
    Promise("OPS-3.04", "The set-up code can be tried five times a minute"),
    Promise("OPS-3.05", "The printed URL carries the set-up code in its fragment", ADMIN_UI),
    Promise("OPS-3.06", "There are no default credentials"),
    Promise("OPS-3.07", "Set-up is one atomic step, and happens once: later it is `setup_completed`"),
    Promise("OPS-3.08", "A password has 16 characters, or 12 with three of four classes"),
    Promise("OPS-3.09", "A password from the list of the commonest breached ones is refused"),
    Promise("OPS-3.10", "A password made of the user's name is refused"),
    Promise("OPS-3.11", "Passwords are kept as argon2id hashes only"),
    Promise("OPS-3.12", "An unknown user costs the same time as a wrong password"),
    Promise("OPS-3.13", "Proving who you are can be tried five times a minute for an account"),
    Promise("OPS-3.14", "Signing in is limited by address too and answers 429 with Retry-After", SIGN_IN),
    Promise("OPS-3.15", "Failed attempts lock the account, longer each time, and a restart does not forget it"),
    Promise("OPS-3.16", "A person can add TOTP, and from then on a one-time code unlocks in the password's place"),
    Promise("OPS-3.17", "Passkeys work as a second factor and alone", PASSKEYS),
    Promise("OPS-3.18", "Single sign-on maps groups of the provider to roles", SSO),
    Promise("OPS-3.19", "An access token lives 15 minutes and is never stored by the browser", SIGN_IN),
    Promise(
        "OPS-3.20", "The refresh cookie is HttpOnly, Secure off localhost, SameSite=Strict, for one path, 72 h", SIGN_IN
    ),
    Promise("OPS-3.21", "A refresh token is used once; an old one used again ends the family", SIGN_IN),
    Promise("OPS-3.22", "The token before the last is honoured for ten seconds", SIGN_IN),
    Promise(
        "OPS-3.23",
        "Logging out and a change of password end sessions at once",
        gap="partly: sessions of the browser arrive with signing in over the web",
    ),
    Promise("OPS-3.24", "A person's sessions are listed and can be ended", SIGN_IN),
    Promise("OPS-3.25", "The signing key is 32 bytes or more, from the environment or a file of mode 600", SIGN_IN),
    Promise("OPS-3.26", "The signing key is rotated with an overlap; `--now` ends every session", SIGN_IN),
    Promise("OPS-3.27", "Roles are viewer, reviewer, admin, each including the ones before"),
    Promise("OPS-3.28", "People belong to groups, which an administrator sets"),
    Promise("OPS-3.29", "An API token begins with `opt_`, is shown once and kept only as a hash"),
    Promise("OPS-3.30", "An API token reaches only its scopes, never more than its owner's role"),
    Promise("OPS-3.31", "An API token ends at its expiry and when revoked"),
    Promise("OPS-3.32", "The access review lists what was unused for 90 days and who may use which secret", REVIEW),
    Promise(
        "OPS-3.33",
        "Only addresses in `admin.allowed_ips` reach the people's door; proxies only if configured",
        ADMIN_API,
    ),
    Promise("OPS-3.34", "Requests with a foreign Host or Origin are refused", ADMIN_API),
    Promise("OPS-3.35", "Pages forbid inline code, eval, framing and the referrer", ADMIN_UI),
    Promise("OPS-3.36", "The API limits how many requests a caller makes", ADMIN_API),
    Promise("OPS-3.37", "The server speaks TLS with a configured certificate and then sends HSTS", TLS),
    # 4 tools for agents
    Promise("OPS-4.01", "`script_list` tells name, status, functions and secret names, never the source", AGENT_TOOLS),
    Promise("OPS-4.02", "`script_run` runs the active revision, never a pending or rejected one", AGENT_TOOLS),
    Promise("OPS-4.03", "`script_exec` runs inline code and reaches no file", AGENT_TOOLS),
    Promise(
        "OPS-4.04", "`script_submit` makes a pending revision and answers with diagnostics, never approves", AGENT_TOOLS
    ),
    Promise("OPS-4.05", "`script_reload` records changed files as pending revisions and places none", AGENT_TOOLS),
    Promise("OPS-4.06", "Workspace tools read, write, list, delete and search beneath three folders only", AGENT_TOOLS),
    Promise("OPS-4.07", "Workspace writes are atomic, sizes are capped, binary travels as base64", AGENT_TOOLS),
    Promise("OPS-4.08", "Memory is kept per principal unless shared, with full-text search and a quota", AGENT_TOOLS),
    Promise(
        "OPS-4.09", "Every upstream tool appears as `server_tool`, or bare with one upstream, through policy", GATEWAY
    ),
    Promise("OPS-4.10", "Our tools have input and output schemas, annotations and structured content", AGENT_TOOLS),
    Promise("OPS-4.11", "The essentials stand in the text and in the structured part of every answer", AGENT_TOOLS),
    # 5 audit
    Promise("OPS-5.01", "An event tells when, number, type, actor, action, target, outcome, ids and details"),
    Promise("OPS-5.02", "Every act through the ledger is one event"),
    Promise("OPS-5.03", "An act that is refused or fails is recorded as such"),
    Promise("OPS-5.04", "Every tool call, script step, secret use and request of a script is one event", GATEWAY),
    Promise("OPS-5.05", "A tool call ends allowed, denied, approval_required, malformed, error or unknown", GATEWAY),
    Promise("OPS-5.06", "Arguments are kept redacted and encrypted for 30 days, then only as a keyed hash", GATEWAY),
    Promise("OPS-5.07", "`audit.arguments` chooses full, hash or none", GATEWAY),
    Promise("OPS-5.08", "A plain call's `allowed` row is committed before it is forwarded", GATEWAY),
    Promise("OPS-5.09", "A plain call's outcome is written within 100 ms after the answer", GATEWAY),
    Promise("OPS-5.10", "`begun` is written in the transaction of the change, the outcome before the answer"),
    Promise("OPS-5.11", "If the event cannot be written, the act does not happen"),
    Promise("OPS-5.12", "What was begun by a process that is gone is recorded as unknown, never run again by itself"),
    Promise("OPS-5.13", "Each writer keeps one hash chain"),
    Promise("OPS-5.14", "Checkpoints are signed with Ed25519 every 1,000 events, every 60 s and at shutdown"),
    Promise("OPS-5.15", "A checkpoint names the heads of every writer's chain"),
    Promise("OPS-5.16", "A checkpoint is written to `audit/head`"),
    Promise("OPS-5.17", "A checkpoint goes to the sinks", SINKS),
    Promise("OPS-5.18", "`audit verify` finds an edited, deleted, inserted or moved event and says where"),
    Promise("OPS-5.19", "`audit verify --head` finds a tail cut off since a head known elsewhere"),
    Promise("OPS-5.20", "An exported audit verifies offline with the public key alone"),
    Promise("OPS-5.21", "`audit export` writes JSON lines and CSV"),
    Promise("OPS-5.22", "Events go to a rotating file, stdout, syslog or HTTP as configured", SINKS),
    Promise(
        "OPS-5.23", "An event is one logfmt line; spaces, quotes, control and bidi characters are quoted and escaped"
    ),
    Promise("OPS-5.24", "Old events are removed by age and the chain's start is sealed again", RETENTION),
    # 6 health, metrics, traces
    Promise("OPS-6.01", "`/health` answers 200 with its checks and whether set-up is needed, or 503 with the reason"),
    Promise("OPS-6.02", "`/ready` is 503 until set up"),
    Promise("OPS-6.03", "`/healthz` and `/api/health` answer without signing in"),
    Promise("OPS-6.04", "`/metrics` answers Prometheus on loopback or with a token only", METRICS),
    Promise(
        "OPS-6.05", "Metrics cover calls, latencies, approvals, runs, workers, store, audit, outbox and logins", METRICS
    ),
    Promise(
        "OPS-6.06",
        "Lockout, refresh reuse, chain break, SIGSYS, a changed tool and unknown outcomes alarm",
        NOTIFICATIONS,
    ),
    Promise("OPS-6.07", "Traces and metrics go out over OpenTelemetry when the extra is installed", TRACES),
    Promise("OPS-6.08", "Trace context is passed on in MCP `_meta`", TRACES),
    Promise("OPS-6.09", "Logs are structured, as text or JSON"),
    Promise("OPS-6.10", "Secrets are masked where a log line leaves the process"),
    Promise("OPS-6.11", "A dashboard file shows the metrics that exist", METRICS),
    Promise(
        "OPS-6.12",
        "`openpact status` shows instances, calls a minute, denials, top rules and what is pending",
        gap="partly: calls, denials, rules and pending approvals arrive with the gateway",
    ),
    Promise("OPS-6.13", "`openpact doctor` gives each finding with its remedy"),
    Promise("OPS-6.14", "`openpact doctor` looks at users, modes, clock, store and keys"),
    Promise("OPS-6.15", "`openpact doctor` looks at the kernel's features"),
    Promise("OPS-6.16", "`openpact doctor` looks at upstreams and clients", GATEWAY),
    # 7 store, scale, care
    Promise("OPS-7.01", "Without a setting the store is an SQLite file in the workspace, in WAL mode"),
    Promise("OPS-7.02", "PostgreSQL serves with the same schema and passes the same tests"),
    Promise("OPS-7.03", "Migrations only go forward and run at start under a lock"),
    Promise("OPS-7.04", "A database written by a newer OpenPact is refused"),
    Promise("OPS-7.05", "Several daemons on one PostgreSQL share people, sessions, outbox and audit"),
    Promise("OPS-7.06", "Several daemons on one PostgreSQL share approvals, counters, scripts and schedules", GATEWAY),
    Promise("OPS-7.07", "A job is leased to one daemon at a time, and another takes over when it is gone"),
    Promise("OPS-7.08", "A change announced by one process reaches the others that listen"),
    Promise("OPS-7.09", "What must be told to the outside is put in the outbox with the change itself"),
    Promise("OPS-7.10", "Script history in git is rebuilt on any node from the store", SCRIPTS),
    Promise(
        "OPS-7.11", "A backup is consistent while the daemon runs, mode 600, secrets encrypted, no signing key", BACKUP
    ),
    Promise("OPS-7.12", "Restoring needs a stopped daemon and the owner of `secure/`; members are checked", BACKUP),
    Promise("OPS-7.13", "Restoring cancels approvals and grants, ends sessions, marks executing as unknown", BACKUP),
    Promise("OPS-7.14", "Restoring lists scripts and tokens revoked since, asks, and records both heads", BACKUP),
    Promise("OPS-7.15", "kill -9 at any moment loses no acknowledged decision"),
    Promise("OPS-7.16", "A full disk gives a clear error and no half state"),
    Promise("OPS-7.17", "A clock that jumps gives no half state and no event out of order"),
    Promise("OPS-7.18", "A locked database gives a clear error and no half state"),
    Promise("OPS-7.19", "SIGTERM stops the daemon cleanly"),
    Promise("OPS-7.20", "Cron lines with a timezone and one-off runs start approved scripts", SCHEDULES),
    Promise("OPS-7.21", "Scheduled runs never overlap, and missed ones follow their policy", SCHEDULES),
    Promise("OPS-7.22", "A scheduled run's output goes to a notification channel or to memory", SCHEDULES),
)
