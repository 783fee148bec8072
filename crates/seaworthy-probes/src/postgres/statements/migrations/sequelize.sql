SELECT name::text, true, NULL::text FROM "SequelizeMeta" ORDER BY name LIMIT 5001
