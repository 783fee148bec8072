SELECT name::text, true, NULL::text FROM pgmigrations ORDER BY name LIMIT 5001
