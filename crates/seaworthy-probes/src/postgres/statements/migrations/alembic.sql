SELECT version_num::text, true, NULL::text FROM alembic_version ORDER BY version_num LIMIT 5001
