SELECT (SELECT CASE WHEN v.value ~ '^[0-9]+$' THEN v.value::int8 * 1024 ELSE pg_catalog.pg_size_bytes(v.value) END
          FROM pg_catalog.pg_db_role_setting AS s
         CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS u (setting)
         CROSS JOIN LATERAL (SELECT pg_catalog.split_part(u.setting, '=', 2) AS value) AS v
         WHERE u.setting LIKE 'work\_mem=%'
           AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
           AND (s.setrole = 0 OR s.setrole = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1))
         ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
         LIMIT 1) AS bytes
 LIMIT 2
