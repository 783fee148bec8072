SELECT id::text, exectype::text IN ('EXECUTED', 'RERAN', 'MARK_RAN', 'SKIPPED'), md5sum::text FROM databasechangelog ORDER BY orderexecuted LIMIT 5001
