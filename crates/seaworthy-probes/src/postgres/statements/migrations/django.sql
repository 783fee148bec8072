SELECT (app::text || '.') || name::text, true, NULL::text FROM django_migrations ORDER BY app, name LIMIT 5001
