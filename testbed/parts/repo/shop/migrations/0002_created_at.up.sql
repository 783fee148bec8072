ALTER TABLE links ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
