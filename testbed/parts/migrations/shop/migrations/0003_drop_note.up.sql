-- irreversible: the notes are gone with their column
-- forward-fix: add the column again and fill it from the export in the backups
ALTER TABLE links DROP COLUMN note;
