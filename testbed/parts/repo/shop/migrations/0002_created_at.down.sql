ALTER TABLE links DROP COLUMN created_at;
