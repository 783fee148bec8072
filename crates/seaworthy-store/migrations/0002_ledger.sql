-- What people said, in order. Each record carries the digest of the one before, and of the newest run at that time.
CREATE TABLE ledger (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    service TEXT NOT NULL,
    environment TEXT,
    -- The DSSE envelope as JSON.
    envelope TEXT NOT NULL,
    -- Digest of the newest run; 64 zeros where there is none.
    runs_head TEXT NOT NULL,
    -- Digest of the record before, in hex; 64 zeros in the first.
    previous TEXT NOT NULL,
    -- SHA-256 over sequence, previous and everything above as JSON, in hex.
    digest TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
