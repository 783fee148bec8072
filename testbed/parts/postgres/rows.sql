SET ROLE shop_owner;
INSERT INTO accounts (id, email, password_hash, created_at)
SELECT md5('account ' || n)::uuid, 'user' || n || '@example.com', 'x', now() - n * interval '1 hour'
  FROM generate_series(1, 2000) AS g (n);
INSERT INTO files (id, user_id, name, content_type, size_bytes, status, created_at)
SELECT md5('file ' || n)::uuid, md5('account ' || 1 + n % 2000)::uuid, 'file ' || n, 'image/png', n, 'ready',
       now() - n * interval '1 minute'
  FROM generate_series(1, 20000) AS g (n);
INSERT INTO links (code, user_id, target, created_at)
SELECT translate(left(md5('link ' || n), 8), '0189', 'wxyz'), md5('account ' || 1 + n % 2000)::uuid,
       'https://example.com/' || n, now() - n * interval '1 minute'
  FROM generate_series(1, 3000) AS g (n)
    ON CONFLICT DO NOTHING;
INSERT INTO payments (event_id, kind, amount_cents, currency, received_at)
SELECT 'evt_' || n, 'payment.succeeded', n, 'EUR', now() - n * interval '1 minute'
  FROM generate_series(1, 20000) AS g (n);
