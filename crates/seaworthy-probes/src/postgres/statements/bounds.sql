SELECT pg_catalog.set_config('search_path', '', true),
       pg_catalog.set_config('statement_timeout', '5000', true),
       pg_catalog.set_config('lock_timeout', '500', true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '30000', true)
