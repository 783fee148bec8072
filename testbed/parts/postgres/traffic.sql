-- What the service asks again and again, as its role: the statements that pg_stat_statements ranks.
\set QUIET on
SELECT format('SELECT id, name, status FROM files WHERE user_id = %L ORDER BY created_at DESC LIMIT 20',
              md5('account ' || 1 + n % 2000)::uuid)
  FROM generate_series(1, 300) AS g (n) \gexec
SELECT format('SELECT target FROM links WHERE code = %L', translate(left(md5('link ' || n), 8), '0189', 'wxyz'))
  FROM generate_series(1, 300) AS g (n) \gexec
SELECT format('SELECT event_id, amount_cents FROM payments WHERE received_at BETWEEN now() - interval ''%s minutes'' AND now() - interval ''%s minutes''',
              n + 20, n)
  FROM generate_series(1, 300) AS g (n) \gexec
