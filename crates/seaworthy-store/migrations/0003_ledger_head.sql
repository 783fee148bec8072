-- Digest of the newest record of the ledger at that time; 64 zeros where there was none, empty in runs that were kept before this column was.
ALTER TABLE runs ADD COLUMN ledger_head TEXT NOT NULL DEFAULT '';
