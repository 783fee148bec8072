DROP INDEX links_by_target;
ALTER TABLE links DROP COLUMN created_at;
