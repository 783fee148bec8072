ALTER TABLE links ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX links_by_target ON links (target);
