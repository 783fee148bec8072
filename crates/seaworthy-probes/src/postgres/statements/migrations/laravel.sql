SELECT migration::text, true, NULL::text FROM migrations ORDER BY migration LIMIT 5001
