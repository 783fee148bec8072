SELECT name::text, true, NULL::text FROM migrations ORDER BY name LIMIT 5001
