SELECT migration_name::text, finished_at IS NOT NULL, checksum::text FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name LIMIT 5001
