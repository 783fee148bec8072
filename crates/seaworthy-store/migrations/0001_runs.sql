-- Runs, whole and in order. Each carries the digest of the one before.
CREATE TABLE runs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    started_at TEXT NOT NULL,
    service TEXT NOT NULL,
    environment TEXT,
    target TEXT NOT NULL,
    headline TEXT NOT NULL,
    -- The run as JSON, compressed with gzip.
    document BLOB NOT NULL,
    -- SHA-256 over the record before, in hex; 64 zeros in the first.
    previous TEXT NOT NULL,
    -- SHA-256 over sequence, previous and the run's JSON, in hex.
    digest TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER runs_are_not_changed BEFORE UPDATE ON runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;

CREATE TRIGGER runs_are_not_deleted BEFORE DELETE ON runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;
