SELECT h.line_number::int8,
       h.type::text,
       h.database::text[],
       h.user_name::text[],
       h.address::text,
       h.netmask::text,
       h.auth_method::text,
       COALESCE((SELECT pg_catalog.bool_or(o LIKE 'clientcert=verify-%')
                   FROM pg_catalog.unnest(h.options) AS u (o)), false) AS demands_certificate,
       h.error IS NOT NULL AS faulty
  FROM pg_catalog.pg_hba_file_rules AS h
 ORDER BY (pg_catalog.to_jsonb(h) ->> 'rule_number')::int8 NULLS LAST, h.line_number
 LIMIT 1001
