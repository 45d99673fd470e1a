-- Secrets: sealed values with what their owners allow. No value stands here in the clear.

-- One row. Its number grows with every change, so that a reader knows whether what it remembers still holds; whoever
-- seals changes it first, so that nobody seals while the master key turns.
CREATE TABLE secrets_state (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    generation BIGINT NOT NULL CHECK (generation >= 0)
);

INSERT INTO secrets_state (one, generation) VALUES (1, 0);

-- `hosts` and `scripts` are NULL where the owner did not say; an empty list agrees to nothing.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    hosts TEXT,
    scripts TEXT,
    places TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('sealed', 'plain')),
    short BIGINT NOT NULL CHECK (short IN (0, 1)),
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    expires_at BIGINT
);

-- When each was last used, whatever defines it: also one of the configuration, which has no row above.
CREATE TABLE secret_uses (
    name TEXT PRIMARY KEY,
    used_at BIGINT NOT NULL
);
