DROP TRIGGER links_limit ON links;
DROP FUNCTION links_limit();
