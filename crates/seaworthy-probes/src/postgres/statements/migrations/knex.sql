SELECT name::text, true, NULL::text FROM knex_migrations ORDER BY name LIMIT 5001
