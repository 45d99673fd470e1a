-- The foundation: one identity, the audit, what is shared by all daemons, and the people.
--
-- Rules of these files: forward only; one text for every engine, in the SQL that both speak; what an engine needs
-- besides stands in NNNN_name.sqlite.sql or NNNN_name.postgres.sql. Instants are microseconds (BIGINT), truths are
-- 0 or 1, documents are canonical JSON in TEXT. The state tables of the domain are repeated here as CHECKs.

CREATE TABLE store_identity (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- One row a chain: where it ends. A chain has one writer at a time.
CREATE TABLE audit_chains (
    chain TEXT PRIMARY KEY,
    seq BIGINT NOT NULL CHECK (seq >= 0),
    head TEXT NOT NULL CHECK (length(head) = 64)
);

CREATE TABLE audit_events (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq >= 1),
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN
        ('done', 'refused', 'failed', 'begun', 'unknown',
         'allowed', 'denied', 'approval_required', 'malformed', 'error')),
    decision_id TEXT,
    request_id TEXT,
    policy_version TEXT,
    details TEXT NOT NULL,
    prev TEXT NOT NULL CHECK (length(prev) = 64),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    PRIMARY KEY (chain, seq)
);

CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_actor ON audit_events (actor, at);
CREATE INDEX audit_events_target ON audit_events (target, at);

CREATE TABLE audit_checkpoints (
    number BIGINT PRIMARY KEY CHECK (number >= 1),
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
);

-- A deed outside: begun before it leaves, ended after. `unknown` may still learn its end.
CREATE TABLE effects (
    id TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    holder TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'failed', 'unknown')),
    begun_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((state = 'begun') = (ended_at IS NULL))
);

CREATE INDEX effects_open ON effects (holder) WHERE state = 'begun';

-- Who does a job that only one may do. `epoch` grows with every new holder, so that a late one is known as such.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL CHECK (epoch >= 1),
    expires_at BIGINT NOT NULL
);

-- What has to leave this machine, written in the transaction that caused it.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    claimed_by TEXT,
    claimed_until BIGINT NOT NULL,
    last_error TEXT,
    ended_at BIGINT,
    CHECK ((state = 'pending') = (ended_at IS NULL))
);

CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending';

-- How often something was tried inside the running window: sign-ins, set-up codes.
CREATE TABLE throttles (
    name TEXT PRIMARY KEY,
    window_at BIGINT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0)
);

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'reviewer', 'admin')),
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    password_hash TEXT NOT NULL,
    totp_sealed TEXT,
    totp_step BIGINT NOT NULL,
    failures BIGINT NOT NULL CHECK (failures >= 0),
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    password_at BIGINT NOT NULL,
    seen_at BIGINT
);

CREATE TABLE memberships (
    person TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    PRIMARY KEY (person, name)
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES people (id),
    secret_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT,
    revoked_at BIGINT
);

CREATE UNIQUE INDEX tokens_live_name ON tokens (owner, name) WHERE revoked_at IS NULL;

-- The one-time code that makes the first administrator; only its hash is kept.
CREATE TABLE setup_code (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    code_hash TEXT,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT
);
