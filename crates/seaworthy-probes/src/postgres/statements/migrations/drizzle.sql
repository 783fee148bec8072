SELECT created_at::text, true, hash::text FROM __drizzle_migrations ORDER BY created_at LIMIT 5001
